"""From a supervisor's reply to a ``Run``. The supervisor is ours; what the program put into its frame and files is not."""

from __future__ import annotations

import json
from typing import Any

from treadle.errors import SandboxError
from treadle.sandbox import limits as sentences
from treadle.sandbox.artifacts import MAX_BYTES, MEDIA_TYPES, suffix
from treadle.sandbox.protocol import ResultSlot
from treadle.sandbox.values import decode_value
from treadle.types import Artifact, Limits, Program, Run

__all__ = ["largest", "read"]

_OVERHEAD_BYTES = 1 << 20
_LAST_LINE = 1 << 30


def largest(limits: Limits) -> int:
    """No reply is longer than what the limits allow."""
    return 2 * limits.stream_bytes + limits.value_bytes + ResultSlot.HEADER_BYTES + MAX_BYTES + _OVERHEAD_BYTES


def read(answer: bytes, tier: str, program: Program, limits: Limits) -> Run:
    """Raises SandboxError where the sandbox itself failed."""
    facts, parts = _split(answer)
    if "failure" in facts:
        raise SandboxError(f"the {tier} sandbox failed, nothing is known about the program: {facts['failure']}")
    stdout, stderr, header, value = parts[:4]
    by_itself = facts["limit"] is None and facts["signal"] is None
    word = _word(header, value, facts.get("frame_error"), program, limits, by_itself)
    limit = sentences.sentence(facts["limit"], limits) if facts["limit"] else word.pop("limit")
    word.pop("limit", None)
    return Run(
        tier=tier,
        exit_code=facts["exit_code"],
        signal=facts["signal"],
        stdout=stdout.decode("utf-8", errors="replace"),
        stderr=stderr.decode("utf-8", errors="replace"),
        stdout_truncated=facts["truncated"][0],
        stderr_truncated=facts["truncated"][1],
        limit_hit=limit,
        artifacts=tuple(_artifact(name, content) for (name, _), content in zip(facts["artifacts"], parts[4:], strict=True)),
        wall_seconds=facts["wall_seconds"],
        cpu_seconds=facts["cpu_seconds"],
        peak_memory_bytes=facts["peak_memory_bytes"],
        **word,
    )


def _split(answer: bytes) -> tuple[dict[str, Any], list[bytes]]:
    start = 8 + int.from_bytes(answer[:8], "little")
    facts: dict[str, Any] = json.loads(answer[8:start])
    parts = []
    for n_bytes in facts["parts"]:
        parts.append(answer[start : start + n_bytes])
        start += n_bytes
    if start != len(answer):
        raise SandboxError("the sandbox answered with more or less than it announced")
    return facts, parts


def _artifact(name: str, content: bytes) -> Artifact:
    return Artifact(name=name, media_type=MEDIA_TYPES[suffix(name)], content=content)


def _word(
    header: bytes, value: bytes, problem: str | None, program: Program, limits: Limits, by_itself: bool
) -> dict[str, Any]:
    """The program's own word: error, line, limit and value. Whatever is wrong with it becomes the error."""
    nothing = {"error": problem, "error_line": None, "limit": None, "value": None, "value_given": False}
    if not header:
        if problem is None and program.evaluate is not None and by_itself:
            nothing["error"] = "ValueError: no value: the program ended before it was computed"
        return nothing
    try:
        report = _report(header)
        word = nothing | {"error": report["error"], "error_line": report["line"]}
        word["limit"] = sentences.sentence(report["limit"], limits) if report["limit"] else None
        if report["value"] and program.evaluate is not None:
            word |= {"value": decode_value(value, limits.value_bytes), "value_given": True}
        return word
    except (ValueError, RecursionError) as error:
        return nothing | {"error": f"ValueError: the result frame is not valid: {error}"}


def _report(header: bytes) -> dict[str, Any]:
    report = json.loads(header)
    expected: dict[str, tuple[type, ...]] = {
        "error": (str, type(None)),
        "line": (int, type(None)),
        "limit": (str, type(None)),
        "value": (bool,),
    }
    if not isinstance(report, dict) or set(report) != set(expected):
        raise ValueError("its header has other fields than error, line, limit and value")
    for name, kinds in expected.items():
        if type(report[name]) not in kinds:
            raise ValueError(f"its field {name!r} has a wrong type")
    if report["line"] is not None and not 0 <= report["line"] <= _LAST_LINE:
        raise ValueError("its field 'line' is no number of a line")
    if report["error"] is not None:
        report["error"] = report["error"].encode("utf-8", "replace").decode("utf-8")[:2000]
    return report
