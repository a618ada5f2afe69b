"""The provenance card: where an answer comes from and what its status claims, for the reader of the code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from treadle import __version__
from treadle.threads.forms import to_plain
from treadle.threads.plain import encode
from treadle.types import DataSummary, EngineIdentity, Prompt, Status

__all__ = ["CLAIMS", "prompt_sha256", "provenance_card", "render_card"]

CLAIMS: Mapping[Status, str] = {
    Status.VERIFIED: (
        "It met at least one expectation that you gave and failed none of them; what you did not state was not tested."
    ),
    Status.AGREED: (
        "You gave no expectation; independent drafts gave the same output, which does not show that it is right: drafts of "
        "one model can share a mistake."
    ),
    Status.RAN: "It ran to its end in the sandbox; nothing was found out about whether its result is right.",
    Status.FAILED: "No draft passed the checks; the program, if there is one, shows how far the best got. Do not use it.",
}
"""What a status claims and does not claim, in one sentence each."""


def prompt_sha256(prompt: Prompt) -> str:
    """The hash of what the model was sent: the messages and the primer, as JSON with sorted keys."""
    plain = to_plain(prompt)
    sent = json.dumps({"messages": plain["messages"], "primer": plain["primer"]}, sort_keys=True)
    return hashlib.sha256(sent.encode("ascii")).hexdigest()


def provenance_card(
    *,
    status: Status,
    created: str,
    engine: EngineIdentity,
    sampling: Mapping[str, Any],
    seeds: Sequence[int],
    prompts: Sequence[Prompt],
    tier: str | None,
    packages: Mapping[str, str],
    data: DataSummary | None = None,
    examples: Sequence[str] = (),
    thread: str | None = None,
    treadle: str = __version__,
    absent: Sequence[str] = (),
) -> dict[str, Any]:
    """The card of an answer, as plain data that is strict JSON.

    ``sampling`` are the options the drafts were drawn with, ``prompts`` all that were sent (their hashes are kept),
    ``packages`` the versions that the program could import, ``examples`` the names of those shown to the model, ``tier``
    the sandbox's, or None where nothing was executed, ``absent`` what the machine does not give that tier, ``created`` an
    ISO 8601 time in UTC.

    Raises:
        UsageError: ``sampling`` holds something that is not plain data.
    """
    return {
        "disclosure": (
            f"This code was drafted by a language model ({engine.model}) and checked by treadle {treadle}: {status.value}."
        ),
        "status": status.value,
        "claim": CLAIMS[status],
        "created": created,
        "thread": thread,
        "treadle": treadle,
        "engine": engine.name,
        "model": {"file": engine.model, "sha256": engine.sha256},
        "engine_versions": dict(sorted(engine.versions.items())),
        "seeds": list(seeds),
        "sampling": encode(dict(sampling)),
        "prompt_sha256": [prompt_sha256(prompt) for prompt in prompts],
        "examples": list(examples),
        "sandbox": tier,
        "sandbox_absent": list(absent),
        "packages": dict(sorted(packages.items())),
        "data": _data(data),
    }


def _data(data: DataSummary | None) -> dict[str, Any] | None:
    """The file's name without its folder: a card is made to be passed on, folders of the user are not."""
    if data is None:
        return None
    name = data.path.replace("\\", "/").rpartition("/")[2]
    return {"file": name, "sha256": data.sha256, "size_bytes": data.size_bytes}


def render_card(card: Mapping[str, Any]) -> str:
    """A card as Markdown: the disclosure line, the claim, and a list of the rest."""
    lines = [f"> {_line(card['disclosure'])}", "", f"**{_line(card['status'])}**: {_line(card['claim'])}", ""]
    lines += [f"- {name}: {value}" for name, value in _entries(card)]
    return "\n".join(lines) + "\n"


def _entries(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    data = card["data"]
    return [
        ("created", _line(card["created"])),
        *([("thread", _code(card["thread"]))] if card["thread"] else []),
        ("treadle", _line(card["treadle"])),
        ("engine", _code(card["engine"])),
        ("model", f"{_code(card['model']['file'])}, {_hash(card['model']['sha256'])}"),
        *([("engine built on", _pairs(card["engine_versions"], " "))] if card["engine_versions"] else []),
        ("seeds", ", ".join(map(str, card["seeds"])) or "none"),
        ("sampling", _pairs(card["sampling"], " = ")),
        ("prompts", ", ".join(map(_hash, card["prompt_sha256"])) or "none"),
        ("examples shown to the model", ", ".join(map(_code, card["examples"])) or "none"),
        ("sandbox", _code(card["sandbox"]) if card["sandbox"] else "nothing was executed"),
        # Cards of older threads do not say.
        *([("absent from the sandbox", ", ".join(map(_code, absent)))] if (absent := card.get("sandbox_absent")) else []),
        ("packages", _pairs(card["packages"], " ")),
        ("data", f"{_code(data['file'])}, {data['size_bytes']:,} bytes, {_hash(data['sha256'])}" if data else "none"),
    ]


def _pairs(values: Mapping[str, Any], between: str) -> str:
    return ", ".join(_code(f"{name}{between}{value}") for name, value in values.items()) or "none"


def _hash(digest: str | None) -> str:
    return f"SHA-256 `{digest}`" if digest else "hash unknown"


def _line(text: str) -> str:
    """On one line and without HTML: a model's or file's name must not be able to write into the document."""
    return " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;")


def _code(text: str) -> str:
    """Code, whatever the text holds: fenced by more backticks than stand in it."""
    flat = " ".join(str(text).split())
    longest = max((len(run) for run in _runs_of_backticks(flat)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{flat}{space}{fence}"


def _runs_of_backticks(text: str) -> list[str]:
    return "".join(c if c == "`" else " " for c in text).split()
