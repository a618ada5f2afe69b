"""How likely the model found each name and literal of its program, joined with what the checks found out about it.

A draft is text that became a program: taken out of a fence, moved to the margin, brought into the house style. So the
program is laid beside the text word by word, and the probability of a name is the product over the tokens that hold its
characters. That is before constraints and sampling filters; ``allowed`` is the same of what constraints let through.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from treadle.coding.certainty_python import words_of_python
from treadle.coding.sql.base import Dialect
from treadle.coding.words import Word
from treadle.display.readable import percent
from treadle.tokens.probabilities import NameProbability, places
from treadle.types import Draft, Outcome, Request, Rung, Token, Verdict

__all__ = ["FREE", "certainty_of", "least_certain", "told_certainty"]

_PIECE = re.compile(r"\w+|[^\w\s]")
FREE = frozenset({"new name", "text"})
"""Words that a program may choose as it likes: what is unlikely about them says nothing."""
_DIALECTS: dict[str, Dialect] = {
    "duckdb": "duckdb",
    "parquet": "duckdb",
    "csv": "duckdb",
    "json": "duckdb",
    "postgresql": "postgres",
}
_MOST_TOLD = 3
_SURE = 0.5
_MEMBERS = frozenset({"method", "attribute", "member"})
_IMPORTED = frozenset({"module", "imported name"})
_OF_SQL = frozenset({"column", "table", "table alias", "SQL function"})
_TOLD_APART = frozenset({"module", "imported name", "member", "variable", "table", "SQL function"})
"""Kinds of which a check knows each: what it did not find missing is there."""
_OF_CHECK = {
    "modules exist": _IMPORTED | {"member"},
    "variables exist": frozenset({"variable"}),
    "columns exist": frozenset({"column", "attribute"}),
    "names exist": _OF_SQL,
}
"""The kinds of names that each check judges."""
_RUN_TIME = (
    (re.compile(r"has no attribute '(\w+)'"), _MEMBERS),
    (re.compile(r"NameError: name '(\w+)'"), frozenset({"variable"})),
    (re.compile(r"No module named '(?:\w+\.)*(\w+)'"), _IMPORTED),
    (re.compile(r"cannot import name '(\w+)'"), _IMPORTED),
    (re.compile(r"KeyError: ['\"](.+?)['\"]"), frozenset({"column"})),
    (re.compile(r"unexpected keyword argument '(\w+)'"), frozenset({"keyword"})),
    (re.compile(r"no such (?:column|table|function): (?:\w+\.)?(\w+)"), _OF_SQL),
)
"""What Python and SQLite say of a name that is not there, and its kinds."""


def certainty_of(draft: Draft, request: Request, verdicts: Sequence[Verdict] = ()) -> tuple[NameProbability, ...]:
    """Every name and literal that the model wrote, in the order of the program; empty where nothing is known of its tokens.

    What was written before the draft (imports, the opening of the data) is no part of it and is left out.
    """
    tokens, program = draft.completion.tokens, draft.program
    if not tokens or program is None:
        return ()
    words = _words(program, request)
    spans = places([token.text for token in tokens], draft.completion.text)
    found = _Laid(program, draft.completion.text)
    names = []
    for word in words:
        where = found.place(word.start, word.end)
        if where is None:
            continue
        held = [i for i, (start, end) in enumerate(spans) if start < where[1] and end > where[0]]
        if held:
            shared = spans[held[0]][0] < where[0] - _blanks(draft.completion.text, where[0]) or spans[held[-1]][1] > where[1]
            names.append(_probable(word, tokens, held, shared, program))
    return _judged(names, verdicts, request)


def _words(program: str, request: Request) -> list[Word]:
    if request.language == "sql":
        from treadle.coding.sql.certainty import words_of_sql

        kind = "" if request.data is None else request.data.kind
        return words_of_sql(program, _DIALECTS.get(kind, "sqlite"))
    return words_of_python(program)


def _blanks(text: str, at: int) -> int:
    """White space before a place: a token that brings it along holds nothing else than the name."""
    return at - len(text[:at].rstrip())


def _probable(word: Word, tokens: Sequence[Token], held: Sequence[int], shared: bool, program: str) -> NameProbability:
    own = [tokens[i] for i in held]
    cuts = [token.cut for token in own if token.cut is not None]
    allowed = [min(1.0, math.exp(t.logprob) / max(1 - (t.cut or 0.0), 1e-12)) for t in own] if any(cuts) else []
    return NameProbability(
        kind=word.kind,
        text=word.text,
        probability=math.exp(sum(token.logprob for token in own)),
        start=word.start,
        end=word.end,
        line=program.count("\n", 0, word.start) + 1,
        tokens=tuple(held),
        shared=shared,
        allowed=math.prod(allowed) if allowed else None,
    )


class _Laid:
    """A program beside the text that it was taken from, words and signs compared without regard to case and blanks."""

    def __init__(self, program: str, text: str) -> None:
        ours, theirs = list(_PIECE.finditer(program)), list(_PIECE.finditer(text))
        matcher = SequenceMatcher(None, [m[0].lower() for m in ours], [m[0].lower() for m in theirs], autojunk=False)
        self._found: dict[int, tuple[int, int]] = {}
        self._ours = ours
        for block in matcher.get_matching_blocks():
            for offset in range(block.size):
                self._found[block.a + offset] = theirs[block.b + offset].span()

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """Where characters of the program stand in the text; None where they do not."""
        inside = [i for i, piece in enumerate(self._ours) if piece.start() < end and piece.end() > start]
        spans = [self._found.get(i) for i in inside]
        if not inside or spans[0] is None or spans[-1] is None or spans[-1][1] < spans[0][0]:
            return None
        return spans[0][0], spans[-1][1]


# ------------------------------------------------------------------------------------------------ verdicts


def _judged(names: Sequence[NameProbability], verdicts: Sequence[Verdict], request: Request) -> tuple[NameProbability, ...]:
    """Names with what is known of their existence."""
    missing = _missing(verdicts)
    judging = {v.check for v in verdicts if v.rung is Rung.NAMES and v.outcome is not Outcome.SKIPPED}
    judged = frozenset[str]().union(*(_OF_CHECK.get(check, frozenset()) for check in judging))
    columns = frozenset() if request.data is None else request.data.column_names

    def exists(name: NameProbability) -> bool | None:
        if any(name.kind in kinds and _same(name.text, text, request) for kinds, text in missing):
            return False
        if name.kind == "column":
            return True if "column" in judged and name.text in columns else None
        return True if name.kind in judged & _TOLD_APART else None

    return tuple(replace(name, exists=exists(name)) for name in names)


def _same(one: str, other: str, request: Request) -> bool:
    return one.lower() == other.lower() if request.language == "sql" else one == other


def _missing(verdicts: Sequence[Verdict]) -> list[tuple[frozenset[str], str]]:
    """Names that a check, or the run, says are not there, each with the kinds that it may be of."""
    found: list[tuple[frozenset[str], str]] = []
    for verdict in verdicts:
        if verdict.outcome is not Outcome.FAILED:
            continue
        said = verdict.evidence.get("missing")
        if verdict.rung is Rung.NAMES and isinstance(said, str):
            found.append((_OF_CHECK.get(verdict.check, frozenset()), said))
        elif verdict.rung is Rung.RAN:
            found += [(kinds, name) for pattern, kinds in _RUN_TIME for name in pattern.findall(verdict.reason)]
    return found


# ------------------------------------------------------------------------------------------------ in one line


def least_certain(names: Sequence[NameProbability], most: int = _MOST_TOLD) -> tuple[NameProbability, ...]:
    """The names that the model was least sure of, each once, least certain first; none that it may choose freely.

    One that does not exist comes first, whatever its probability.
    """
    lowest: dict[tuple[str, str], NameProbability] = {}
    for name in names:
        key = name.kind, name.text
        if name.kind not in FREE and (key not in lowest or name.probability < lowest[key].probability):
            lowest[key] = name
    doubted = [name for name in lowest.values() if name.probability < _SURE or name.exists is False]
    return tuple(sorted(doubted, key=lambda n: (n.exists is not False, n.probability))[:most])


def told_certainty(names: Sequence[NameProbability]) -> str:
    """One line: 'least certain: method .to_hist, 4 %, and it does not exist'; empty where the model was sure of all."""
    if not names:
        return ""
    chosen = least_certain(names)
    if not chosen:
        return f"least certain: nothing; every name and literal had at least {percent(_SURE)}"
    return "least certain: " + "; ".join(map(_told, chosen))


def _told(name: NameProbability) -> str:
    written = f".{name.text}" if name.kind in ("method", "attribute") else name.text
    bound = "at least " if name.shared else ""
    allowed = f" ({percent(name.allowed)} of what was allowed)" if name.allowed is not None else ""
    exists = ", and it does not exist" if name.exists is False else ""
    return f"{name.kind} {written}, {bound}{percent(name.probability)}{allowed}{exists}"
