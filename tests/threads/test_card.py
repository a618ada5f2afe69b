"""The provenance card says where the code comes from and what its status does not claim."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from treadle.threads.card import CLAIMS, prompt_sha256, provenance_card, render_card
from treadle.types import DataSummary, EngineIdentity, Message, Prompt, Status

PROMPT = Prompt(messages=(Message(role="user", content="plot"),), primer="```")


def card(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "status": Status.RAN,
        "created": "2026-11-24T12:00:00+00:00",
        "engine": EngineIdentity(name="llama:x", backend="llama", model="x.gguf", sha256="ab" * 32, versions={"lib": "1"}),
        "sampling": {"temperature": 0.8, "top_p": 0.95},
        "seeds": [1, 2],
        "prompts": [PROMPT],
        "tier": "namespaces",
        "packages": {"uproot": "5.6", "awkward": "2.8"},
        "data": DataSummary(path="/data/user/events.root", kind="root", sha256="cd" * 32, size_bytes=12_345_678, tables=()),
        "examples": ["hist-1"],
        "thread": "20261124-3wq7k2q",
        "treadle": "0.1.0",
    }
    return provenance_card(**{**given, **changes})


def test_the_disclosure_line() -> None:
    line = "This code was drafted by a language model (x.gguf) and checked by treadle 0.1.0: ran."
    assert card()["disclosure"] == line


@pytest.mark.parametrize("status", Status)
def test_every_status_says_what_it_claims(status: Status) -> None:
    made = card(status=status)
    assert made["claim"] == CLAIMS[status]
    assert f"**{status}**: {CLAIMS[status]}" in render_card(made)


def test_the_card_is_strict_json_and_holds_everything() -> None:
    made = card()
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["model"] == {"file": "x.gguf", "sha256": "ab" * 32}
    assert list(made["packages"]) == ["awkward", "uproot"]
    assert made["prompt_sha256"] == [prompt_sha256(PROMPT)]
    assert (made["seeds"], made["sandbox"], made["examples"]) == ([1, 2], "namespaces", ["hist-1"])


def test_folders_of_the_user_stay_private() -> None:
    assert card()["data"] == {"file": "events.root", "sha256": "cd" * 32, "size_bytes": 12_345_678}
    assert "/data" not in render_card(card())


def test_the_hash_of_a_prompt_can_be_computed_by_others() -> None:
    sent = '{"messages": [{"content": "plot", "role": "user"}], "primer": "```"}'
    assert prompt_sha256(PROMPT) == hashlib.sha256(sent.encode()).hexdigest()


def test_the_markdown() -> None:
    text = render_card(card())
    for line in (
        "> This code was drafted by a language model (x.gguf) and checked by treadle 0.1.0: ran.",
        f"- model: `x.gguf`, SHA-256 `{'ab' * 32}`",
        "- sampling: `temperature = 0.8`, `top_p = 0.95`",
        "- packages: `awkward 2.8`, `uproot 5.6`",
        f"- data: `events.root`, 12,345,678 bytes, SHA-256 `{'cd' * 32}`",
        "- seeds: 1, 2",
        "- thread: `20261124-3wq7k2q`",
    ):
        assert line in text.splitlines()


def test_what_is_not_known_is_said() -> None:
    engine = EngineIdentity(name="openai:x", backend="openai", model="remote")
    text = render_card(card(engine=engine, tier=None, data=None, examples=(), seeds=(), packages={}, thread=None))
    for line in ("- model: `remote`, hash unknown", "- sandbox: nothing was executed", "- data: none", "- packages: none"):
        assert line in text.splitlines()


def test_names_cannot_write_into_the_markdown() -> None:
    engine = EngineIdentity(name="a`b``c\n# title", backend="x", model="<b>\n\n- item")
    text = render_card(card(engine=engine))
    assert "- engine: ``` a`b``c # title ```" in text.splitlines()
    assert "(&lt;b> - item)" in text
    assert not [line for line in text.splitlines() if line.startswith(("#", "- item"))]


def test_what_the_sandbox_lacks_is_said_where_something_is() -> None:
    assert "absent from the sandbox" not in render_card(card())
    made = card(absent=("network namespace",))
    assert made["sandbox_absent"] == ["network namespace"]
    assert "- absent from the sandbox: `network namespace`" in render_card(made)
    del made["sandbox_absent"]  # as in threads that an older treadle wrote
    assert "absent from" not in render_card(made)
