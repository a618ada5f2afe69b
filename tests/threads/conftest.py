"""A store in a temporary folder, and threads to fill it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from treadle.threads import open_store
from treadle.threads.base import Store
from treadle.types import (
    Alternative,
    Answer,
    Artifact,
    Completion,
    Draft,
    EngineIdentity,
    Expectation,
    Message,
    Outcome,
    Prompt,
    PromptPart,
    Request,
    Run,
    Rung,
    Status,
    Token,
    Verdict,
)

ENGINE = EngineIdentity(name="scripted:x", backend="scripted", model="x.gguf", sha256="ab" * 32, versions={"lib": "1.2"})
PICTURE = Artifact(name="mass.png", media_type="image/png", content=b"\x89PNG" + bytes(5000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "threads.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(open_store(path)) as opened:
        yield opened


@pytest.fixture
def draft() -> Callable[[str], Draft]:
    """Makes a draft with a given id."""

    def make(name: str) -> Draft:
        best = Alternative(text=" the", logprob=-0.5, id=7)
        tokens = (
            Token(text=" a", logprob=-0.25, id=3, alternatives=(best, Alternative(text="\udc80", logprob=float("-inf")))),
            Token(text="\n", logprob=-1.75),
        )
        completion = Completion(text=f"{name} a\n", tokens=tokens, seed=2**64 - 1, temperature=0.8, seconds=0.5)
        return Draft(id=name, completion=completion, program="print(1)")

    return make


@pytest.fixture
def verdict() -> Verdict:
    evidence = {"got": (1, {2.5}), 3: b"x"}
    return Verdict(check="ran", rung=Rung.RAN, outcome=Outcome.PASSED, reason="it ran", evidence={"all": evidence})


@pytest.fixture
def run() -> Run:
    value = {"a": [1, (2, {3}, frozenset({None}))], "$set": 1e300, 5: b"\0"}
    return Run(
        tier="namespaces", exit_code=0, stdout="\0\udc80ok", value=value, value_given=True, artifacts=(PICTURE, PICTURE)
    )


@pytest.fixture
def answer(verdict: Verdict) -> Answer:
    return Answer(
        status=Status.VERIFIED,
        draft_id="d1",
        program="print(1)",
        verdicts=(verdict,),
        reason="two of three drafts agree",
        artifacts=(PICTURE,),
        agreement=(2, 3),
        card={"status": "verified", "seeds": [1, 2]},
    )


@pytest.fixture
def begin(store: Store) -> Callable[[], str]:
    """Opens a thread with one prompt."""

    def start(text: str = "plot the mass") -> str:
        expectation = Expectation(kind="call", subject="f(1)", text="f(1) == (1, 2)", origin="request", expected=(1, 2))
        thread = store.begin(Request(text=text, expectations=(expectation,)), ENGINE, {"n": 3, "shape": (1, 2)})
        part = PromptPart(name="rules", source="rules.md", text="Be brief.", tokens=4)
        message = Message(role="user", content=text)
        store.add_prompt(thread, Prompt(messages=(message,), primer="```", program_prefix="import x", parts=(part,)))
        return thread

    return start


@pytest.fixture
def filled(
    store: Store, begin: Callable[[], str], draft: Callable[[str], Draft], verdict: Verdict, run: Run, answer: Answer
) -> str:
    """A thread with everything in it; two drafts of the first prompt, one of the second."""
    thread = begin()
    store.add_drafts(thread, 0, [draft("d1"), draft("d0")])
    second = store.add_prompt(thread, Prompt(messages=(Message(role="user", content="mend it"),)))
    store.add_drafts(thread, second, [draft("r1")])
    store.add_verdicts(thread, "d1", [verdict, verdict])
    store.add_verdicts(thread, "d1", [verdict])
    store.add_run(thread, "d1", "first run", run)
    store.add_run(thread, "r1", "repeat", Run(tier="namespaces", exit_code=None, signal=9))
    store.finish(thread, answer)
    store.add_feedback(thread, "correction", "print(2)", "off by one")
    return thread
