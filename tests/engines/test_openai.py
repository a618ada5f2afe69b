"""The openai engine against llama.cpp's own server, and against endpoints that misbehave."""

from __future__ import annotations

import json
import math
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from treadle.engines.base import Engine
from treadle.engines.openai import OpenAIEngine
from treadle.engines.registry import open_engine
from treadle.errors import EndpointError, EngineError, UnsupportedError, UsageError
from treadle.settings import load_settings
from treadle.types import Constraint, Message, Prompt, Sampling

PROMPT = Prompt(messages=(Message(role="system", content="Be brief."), Message(role="user", content="Name three colours.")))
GREEDY = Sampling(max_tokens=8, temperature=0)
KEY = "sk-very-secret"


# ------------------------------------------------------------------------------------------------- a real endpoint


@pytest.fixture(scope="module")
def remote(model_file: Path) -> Iterator[OpenAIEngine]:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file)
    params.n_ctx, params.n_parallel, params.verbosity = 2048, 4, -1
    params.warmup = params.ui = False
    params.hostnames, params.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(params)
    with closing(OpenAIEngine(f"{server.listening_address}/v1#smollm2")) as engine:
        yield engine
    del server


@pytest.mark.model
def test_completions(remote: OpenAIEngine) -> None:
    assert isinstance(remote, Engine)
    counted: list[int] = []
    found = remote.complete(PROMPT, [GREEDY, GREEDY, Sampling(max_tokens=5, seed=3)], counted.append)
    assert found[0].text
    assert found[0].text == found[1].text
    assert [c.seed for c in found] == [1, 1, 3]
    assert [c.finish_reason for c in found] == ["length"] * 3
    assert len(counted) == 3
    assert found[0].tokens == ()


@pytest.mark.model
def test_the_same_model_says_the_same_embedded_and_remote(remote: OpenAIEngine, llama: Engine) -> None:
    assert remote.complete(PROMPT, [GREEDY])[0].text == llama.complete(PROMPT, [GREEDY])[0].text


@pytest.mark.model
def test_log_probabilities(remote: OpenAIEngine) -> None:
    (found,) = remote.complete(PROMPT, [Sampling(max_tokens=5, temperature=0, top_logprobs=3)])
    assert "".join(t.text for t in found.tokens) == found.text
    assert all(t.logprob <= 0 and len(t.alternatives) == 3 for t in found.tokens)


@pytest.mark.model
def test_streaming(remote: OpenAIEngine) -> None:
    chunks = list(remote.stream(PROMPT, GREEDY))
    assert "".join(c.text for c in chunks) == remote.complete(PROMPT, [GREEDY])[0].text
    assert [c.finish_reason for c in chunks if c.finish_reason] == ["length"]


@pytest.mark.model
def test_stop_strings(remote: OpenAIEngine) -> None:
    (whole,) = remote.complete(PROMPT, [GREEDY])
    (cut,) = remote.complete(PROMPT, [Sampling(max_tokens=8, temperature=0, stop=("q", "x", "z", "j", whole.text[4:7]))])
    assert cut.text == whole.text[: whole.text.index(whole.text[4:7])]


@pytest.mark.model
def test_a_schema(remote: OpenAIEngine) -> None:
    constraint = Constraint(kind="json_schema", text='{"enum": ["red", "blue"]}')
    (found,) = remote.complete(PROMPT, [Sampling(max_tokens=30, temperature=0, constraint=constraint)])
    assert found.text in ('"red"', '"blue"')


# ------------------------------------------------------------------------------------------------ what it refuses


@pytest.fixture
def unreachable() -> Iterator[OpenAIEngine]:
    with closing(OpenAIEngine("http://127.0.0.1:1/v1#m", api_key=KEY, timeout_seconds=2, retries=0)) as engine:
        yield engine


def test_what_it_refuses(unreachable: OpenAIEngine) -> None:
    with pytest.raises(UnsupportedError, match="cannot continue a begun answer"):
        unreachable.complete(Prompt(messages=PROMPT.messages, primer="x = "), [GREEDY])
    with pytest.raises(UnsupportedError, match="cannot score given text"):
        unreachable.score("x")
    with pytest.raises(UnsupportedError, match="no constraint of kind 'gbnf'; kinds it takes: json_schema"):
        unreachable.complete(PROMPT, [Sampling(constraint=Constraint(kind="gbnf", text='root ::= "a"'))])
    with pytest.raises(EngineError, match="the JSON schema given as a constraint cannot be used: it is not JSON"):
        unreachable.complete(PROMPT, [Sampling(constraint=Constraint(kind="json_schema", text="{"))])


def test_a_text_that_is_no_utf8_is_not_sent(unreachable: OpenAIEngine) -> None:
    broken = Prompt(messages=(Message(role="user", content="caf\udce9"),))
    with pytest.raises(UsageError, match=r"byte e9 at character 3 \(caf<e9>\)"):
        unreachable.complete(broken, [GREEDY])


def test_an_endpoint_that_is_down(unreachable: OpenAIEngine) -> None:
    with pytest.raises(EndpointError, match=r"cannot reach http://127\.0\.0\.1:1/v1 \(model m\): .*is the server running\?"):
        unreachable.complete(PROMPT, [GREEDY, GREEDY])
    with pytest.raises(EndpointError, match="cannot reach"):
        list(unreachable.stream(PROMPT, GREEDY))


# ------------------------------------------------------------------------------------------ endpoints that misbehave


class Endpoint:
    """Gives every request the same bytes; ``None`` means never to answer."""

    def __init__(self, answer: bytes | None) -> None:
        self._answer, self.requests = answer, list[str]()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._answer is None:
                self._open.append(connection)
                continue
            with connection:
                self.requests.append(self._read(connection))
                connection.sendall(self._answer)

    def _read(self, connection: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
        while len(body) < length:
            body += connection.recv(65536)
        return (head + b"\n\n" + body).decode()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()
        self._thread.join()


def http(status: str, kind: str, body: str, length: int | None = None) -> bytes:
    size = len(body.encode()) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


Serve = Callable[[bytes | None], tuple[Endpoint, OpenAIEngine]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    opened: list[Endpoint | OpenAIEngine] = []

    def start(answer: bytes | None) -> tuple[Endpoint, OpenAIEngine]:
        endpoint = Endpoint(answer)
        engine = OpenAIEngine(f"{endpoint.url}#m", api_key=KEY, timeout_seconds=1, retries=0)
        opened.extend((engine, endpoint))
        return endpoint, engine

    yield start
    for thing in opened:
        thing.close()


JSON, PAGE, EVENTS = "application/json", "text/html", "text/event-stream"
GOOD = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "red"}, "finish_reason": "stop"}]}
PIECE = 'data: {"choices": [{"index": 0, "delta": {"content": "re"}, "finish_reason": null}]}\n\n'
LIKELY = {"token": "red", "logprob": -0.5, "top_logprobs": [{"token": "red", "logprob": -0.5}]}


def saying(**fields: object) -> bytes:
    """A good answer with some fields of its choice replaced."""
    return http("200 OK", JSON, json.dumps({"choices": [{**GOOD["choices"][0], **fields}]}))


WRONG = [
    (
        "401",
        http("401 Unauthorized", JSON, '{"error": {"message": "bad key"}}'),
        "refuses the key; set TREADLE_OPENAI_API_KEY",
    ),
    ("403", http("403 Forbidden", JSON, "{}"), "refuses the key"),
    ("404", http("404 Not Found", JSON, '{"error": {"message": "no model m"}}'), "answers 'not found': .*no model m"),
    ("429", http("429 Too Many Requests", JSON, '{"error": "slow down"}'), "answers 429"),
    ("500", http("500 Internal Server Error", PAGE, "<h1>oops</h1>"), "answers 500"),
    (
        "a page",
        http("200 OK", PAGE, "<html>hello</html>"),
        r"did not answer with a chat completion .* end in /v1\?|sent none",
    ),
    ("an empty answer", http("200 OK", JSON, ""), "did not answer with a chat completion|sent none"),
    ("no choices", http("200 OK", JSON, '{"x": 1}'), "did not answer with a chat completion|sent none"),
    ("empty choices", http("200 OK", JSON, '{"choices": []}'), "did not answer with a chat completion|sent none"),
    ("odd choices", http("200 OK", JSON, '{"choices": [3]}'), "did not answer with a chat completion|sent none"),
    ("a list", http("200 OK", JSON, "[1]"), "did not answer with a chat completion|sent none"),
    ("half an answer", http("200 OK", JSON, '{"choices": [{"me'), "did not answer with a chat completion|sent none"),
    ("a cut connection", http("200 OK", JSON, '{"cho', length=5000), "cannot reach|did not answer"),
    ("a cut stream", http("200 OK", EVENTS, PIECE, length=5000), "cannot reach|did not answer"),
    ("a stream that just ends", http("200 OK", EVENTS, PIECE), "ended its answer in the middle|did not answer"),
    ("an odd stream", http("200 OK", EVENTS, "data: [3]\n\n"), "did not answer with a chat completion|sent none"),
    ("a message that is text", saying(message="hi"), "did not answer with a chat completion|sent none"),
    ("content that is a list", saying(message={"content": ["hi"]}), "did not answer with a chat completion|sent none"),
    ("nested too deeply", http("200 OK", JSON, '{"choices":' + "[" * 9999 + "]" * 9999 + "}"), "did not answer|sent none"),
    ("no HTTP", b"hello\n", "cannot reach"),
    ("nothing at all", b"", "cannot reach"),
    ("silence", None, "did not answer in time; TREADLE_OPENAI_TIMEOUT_SECONDS gives it longer"),
]


@pytest.mark.parametrize("way", ["complete", "stream"])
@pytest.mark.parametrize(("answer", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_an_endpoint_that_misbehaves(serve: Serve, answer: bytes | None, message: str, way: str) -> None:
    endpoint, engine = serve(answer)
    with pytest.raises(EndpointError, match=message) as caught:
        engine.complete(PROMPT, [GREEDY]) if way == "complete" else list(engine.stream(PROMPT, GREEDY))
    assert endpoint.url in str(caught.value)
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        7,
        ["red"],
        [{**LIKELY, "token": None}],
        [{**LIKELY, "logprob": None}],
        [{**LIKELY, "logprob": "likely"}],
        [{**LIKELY, "logprob": float("nan")}],
        [{"token": "red"}],
        [{**LIKELY, "top_logprobs": [5]}],
        [{**LIKELY, "top_logprobs": [{"token": "red", "logprob": None}]}],
    ],
    ids=repr,
)
def test_log_probabilities_that_are_none(serve: Serve, content: object) -> None:
    _, engine = serve(saying(logprobs={"content": content}))
    with pytest.raises(EndpointError, match="did not answer with a chat completion"):
        engine.complete(PROMPT, [GREEDY])


def test_log_probabilities_that_are_some(serve: Serve) -> None:
    _, engine = serve(saying(logprobs={"content": [LIKELY, {**LIKELY, "logprob": -1, "top_logprobs": None}]}))
    (found,) = engine.complete(PROMPT, [GREEDY])
    assert [(t.text, t.logprob, len(t.alternatives)) for t in found.tokens] == [("red", -0.5, 1), ("red", -1.0, 0)]


@pytest.mark.parametrize(
    ("url", "variable", "value"),
    [
        ("http://[::1/v1", "NO_PROXY", "*"),
        ("http://localhost/v1", "ALL_PROXY", "socks5://127.0.0.1:1"),
        ("http://localhost/v1", "HTTP_PROXY", "ftp://127.0.0.1:1"),
        ("http://localhost/v1", "SSL_CERT_FILE", "/nowhere/at/all.pem"),
    ],
)
def test_a_client_that_cannot_be_set_up(monkeypatch: pytest.MonkeyPatch, url: str, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(EngineError, match=r"the client for http://.* cannot be set up: .+; look at the address"):
        OpenAIEngine(f"{url}#m")


@pytest.mark.parametrize("key", ["ключ", "a\nb"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(UsageError, match="holds characters that no key has") as caught:
        OpenAIEngine("http://localhost/v1#m", api_key=key)
    assert key not in str(caught.value)


def test_a_password_in_the_address_is_shown_nowhere() -> None:
    with closing(OpenAIEngine("http://user:geheim@127.0.0.1:1/v1#m@x", timeout_seconds=2, retries=0)) as engine:
        assert engine.identity.name == "openai:http://***@127.0.0.1:1/v1#m@x"
        with pytest.raises(EndpointError) as caught:
            engine.complete(PROMPT, [GREEDY])
    assert "geheim" not in str(caught.value)


def test_what_came_before_the_cut_is_kept(serve: Serve) -> None:
    _, engine = serve(http("200 OK", EVENTS, PIECE * 2, length=5000))
    pieces = engine.stream(PROMPT, GREEDY)
    assert [next(pieces).text, next(pieces).text] == ["re", "re"]
    with pytest.raises(EndpointError):
        next(pieces)


def test_biases_are_sent_as_the_protocol_has_them(serve: Serve) -> None:
    endpoint, engine = serve(http("200 OK", JSON, json.dumps(GOOD)))
    engine.complete(PROMPT, [replace(GREEDY, logit_bias={5: -math.inf, 7: 2.5})])
    assert json.loads(endpoint.requests[0].partition("\n\n")[2])["logit_bias"] == {"5": -100.0, "7": 2.5}
    with pytest.raises(UnsupportedError, match="by ids of tokens only, got ' cat': its vocabulary is not known"):
        engine.complete(PROMPT, [replace(GREEDY, logit_bias={" cat": 1.0})])
    with pytest.raises(UnsupportedError, match=r"from -100 to 100, or -inf, got 101 of token 5"):
        engine.complete(PROMPT, [replace(GREEDY, logit_bias={5: 101.0})])


def test_what_is_sent(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endpoint, _ = serve(http("200 OK", JSON, json.dumps(GOOD)))
    monkeypatch.setenv("TREADLE_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text(f'openai_api_key = "{KEY}"\n', encoding="utf-8")
    with closing(open_engine(f"openai:{endpoint.url}#m", load_settings({}))) as engine:
        (found,) = engine.complete(PROMPT, [Sampling(max_tokens=9, seed=4, stop=("a", "b", "c", "d", "e"))])
        assert KEY not in repr(engine)
        assert KEY not in repr(engine.identity)
    assert (found.text, found.finish_reason, found.seed) == ("red", "stop", 4)
    head, _, body = endpoint.requests[0].partition("\n\n")
    assert f"authorization: bearer {KEY}" in head.lower()
    assert head.startswith("POST /v1/chat/completions ")
    sent = json.loads(body)
    assert (sent["model"], sent["max_tokens"], sent["seed"]) == ("m", 9, 4)
    assert sent["stop"] == ["a", "b", "c", "d", "e"]
    assert [m["role"] for m in sent["messages"]] == ["system", "user"]
