"""Training data from threads: chats whose answers are known to be good, and pairs of a better and a worse program.

Two forms, a JSON object a line, as TRL reads them: ``{"messages": [...]}`` for supervised fine-tuning (SFT), and
``{"prompt": [...], "chosen": [...], "rejected": [...]}`` for preference training (DPO, reward models). The user's turn is
what the model was told of the rules, the data and the request, without the examples: what they taught is to be learnt.

What is taken for good: a correction that is active; an answer rated good; an answer that was verified and not rated bad. A
thread that was corrected gives its correction only: its answer was wrong, whatever the checks said.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TextIO

from treadle.coding.example_form import same_program
from treadle.coding.progress import Progress, Silent
from treadle.errors import UsageError
from treadle.threads.base import Digest, DigestDraft, Pair, Store
from treadle.types import PromptPart, Status

__all__ = ["Form", "Row", "training_rows", "write_lines", "write_rows"]

Form = Literal["messages", "preference"]
_NOT_TOLD = ("example ", "template", "repair", "reading ")
"""Parts of a prompt that are no part of the user's turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of training data; ``source`` says what it was made of."""

    source: str
    data: Mapping[str, Any]


def training_rows(store: Store, form: Form, progress: Progress | None = None) -> Iterator[Row]:
    """The rows of ``form`` from all threads, oldest thread first, none twice."""
    progress = progress or Silent()
    pairs: dict[str, list[Pair]] = {}
    programs = {example.id: example.program for example in store.examples(every=True)}
    for pair in store.pairs():
        # As an example it begins like the programs that the model is asked for; what the user typed may not.
        pairs.setdefault(pair.thread, []).append(replace(pair, chosen=programs[pair.example]))
    threads = _telling(store, pairs)
    progress.phase(f"reading {len(threads)} thread{'s' if len(threads) != 1 else ''}", total=len(threads))
    seen: set[str] = set()
    by_request: dict[tuple[str, str, str], dict[str, list[tuple[str, Digest]]]] = {}
    for thread in threads:
        digest = store.digest(thread)
        own = pairs.get(thread, [])
        found = _chats(digest, own) if form == "messages" else _preferences(digest, own)
        yield from _fresh(found, seen)
        if form == "preference":
            _sort_by_rating(digest, own, by_request)
        progress.tokens(1)
    if form == "preference":
        yield from _fresh(_rated(by_request), seen)


def _telling(store: Store, pairs: Mapping[str, Sequence[Pair]]) -> list[str]:
    """The threads that can give anything, oldest first."""
    verified = {info.id for info in store.listing(1 << 62) if info.status == Status.VERIFIED}
    return sorted(verified | set(pairs) | set(store.ratings()))


def _fresh(rows: Iterator[Row], seen: set[str]) -> Iterator[Row]:
    for row in rows:
        key = json.dumps(row.data, sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield row


# ------------------------------------------------------------------------------------------------------- turns


def _asked(digest: Digest) -> list[dict[str, str]]:
    """The user's turn: the parts of the first prompt that was sent, without examples; the bare request where none was."""
    sent = next((p for p in digest.prompts if p.messages), None)
    told = [_told(p) for p in sent.parts if not p.name.startswith(_NOT_TOLD) and p.text.strip()] if sent else []
    return [{"role": "user", "content": "\n\n".join(told) or digest.request.text}]


def _told(part: PromptPart) -> str:
    """Lines that a program begins with are code, all else is text."""
    text = part.text.strip()
    return f"The program begins with:\n```python\n{text}\n```" if part.name == "preamble" else text


def _answered(program: str, language: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": f"```{language}\n{program.strip()}\n```"}]


def _active(pairs: Sequence[Pair]) -> Pair | None:
    return next((p for p in pairs if p.state == "active"), None)


def _answer(digest: Digest) -> DigestDraft | None:
    return next((d for d in digest.drafts if d.id == digest.answer and d.program is not None), None)


def _good_answer(digest: Digest, pairs: Sequence[Pair]) -> tuple[str, str] | None:
    """(why it is good, the program), or None."""
    active, answer = _active(pairs), _answer(digest)
    if active is not None:
        return "corrected", active.chosen
    if answer is None or answer.program is None or digest.rating == "bad" or any(p.state == "replaced" for p in pairs):
        return None
    if digest.rating == "good":
        return "rated good", answer.program
    return ("verified", answer.program) if digest.status == Status.VERIFIED else None


# --------------------------------------------------------------------------------------------------------- rows


def _chats(digest: Digest, pairs: Sequence[Pair]) -> Iterator[Row]:
    good = _good_answer(digest, pairs)
    if good is not None:
        yield Row(source=good[0], data={"messages": [*_asked(digest), *_answered(good[1], digest.request.language)]})


def _preferences(digest: Digest, pairs: Sequence[Pair]) -> Iterator[Row]:
    active = _active(pairs)
    if active is not None:
        yield from _preference("correction", digest, active.chosen, active.rejected)
        for older in pairs:
            if older.state == "replaced":
                yield from _preference("correction replaced", digest, active.chosen, older.chosen)
                yield from _preference("correction", digest, active.chosen, older.rejected)
    elif _good_answer(digest, pairs) is not None:
        yield from _checked(digest)


def _checked(digest: Digest) -> Iterator[Row]:
    """Drafts that failed a check against the one that did not, drawn from the same prompt."""
    answer = _answer(digest)
    for bad in digest.drafts:
        if not bad.failed or bad.program is None:
            continue
        rivals = [d for d in digest.drafts if d.prompt == bad.prompt and d.program is not None and (d.met or d is answer)]
        best = answer if answer in rivals else max(rivals, key=_likelihood, default=None)
        if best is not None and best.program is not None:
            yield from _preference("verified against failed", digest, best.program, bad.program)


def _likelihood(draft: DigestDraft) -> float:
    return float("-inf") if draft.mean_logprob is None else draft.mean_logprob


def _preference(source: str, digest: Digest, chosen: str, rejected: str) -> Iterator[Row]:
    language = digest.request.language
    if same_program(chosen, rejected, language) or not rejected.strip():
        return
    data = {"prompt": _asked(digest), "chosen": _answered(chosen, language), "rejected": _answered(rejected, language)}
    yield Row(source=source, data=data)


def _sort_by_rating(
    digest: Digest, pairs: Sequence[Pair], into: dict[tuple[str, str, str], dict[str, list[tuple[str, Digest]]]]
) -> None:
    answer, request = _answer(digest), digest.request
    if digest.rating is None or answer is None or answer.program is None:
        return
    program = answer.program
    if digest.rating == "good" and pairs:
        return  # a corrected answer is not a good one, whatever was said of it before
    data = "" if request.data is None else request.data.sha256
    key = (" ".join(request.text.split()), request.language, data)
    into.setdefault(key, {}).setdefault(digest.rating, []).append((program, digest))


def _rated(by_request: Mapping[Any, Mapping[str, Sequence[tuple[str, Digest]]]]) -> Iterator[Row]:
    """Answers rated good against answers rated bad to the same request on the same data."""
    for rated in by_request.values():
        for good, digest in rated.get("good", ()):
            for bad, _ in rated.get("bad", ()):
                yield from _preference("rated good against bad", digest, good, bad)


# ------------------------------------------------------------------------------------------------------ writing


def write_rows(rows: Iterator[Row], out: Path) -> Counter[str]:
    """Write JSONL to ``out``, all of it or nothing, and count the rows by source; nothing is written where there is none.

    Raises:
        UsageError: the file cannot be written.
    """
    return write_lines(((row.source, json.dumps(row.data, ensure_ascii=True)) for row in rows), out, empty=False)


def write_lines(lines: Iterable[tuple[str, str]], out: Path, *, empty: bool) -> Counter[str]:
    """Write lines, each given with its source, in UTF-8, all of them or nothing; ``empty``: a file also where there is none.

    Raises:
        UsageError: the file cannot be written.
    """
    counts: Counter[str] = Counter()
    try:
        _take_away_left(out)
        with _partial(out) as file:
            for source, line in lines:
                file.write(line + "\n")
                counts[source] += 1
            file.flush()
            if counts or empty:
                Path(file.name).replace(out)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None
    return counts


@contextlib.contextmanager
def _partial(out: Path) -> Iterator[TextIO]:
    """A file beside ``out``, open to be written, and locked as long as it is: what has no lock was left by a process that
    was killed. What stays of it at the end is taken away."""
    while True:
        path = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
        with path.open("x", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists():  # taken for a leftover before it had its lock
                continue
            try:
                yield file
            finally:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            return


def _take_away_left(out: Path) -> None:
    """Take away what killed processes left beside ``out``; of those that still write nothing."""
    for path in out.parent.glob(f".{glob.escape(out.name)}.*.part"):
        with contextlib.suppress(OSError), path.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
