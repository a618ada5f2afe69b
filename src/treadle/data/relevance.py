"""Which columns a request is about: named ones first, then those whose parts are spoken of, then the usual kinematics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from treadle.types import Column, DataSummary
from treadle.words import KINEMATICS, STOPWORDS, name_terms, terms

__all__ = ["columns_in_use", "mentioned_columns", "relevant_columns", "table_meant"]

_IMPLIED: dict[str, tuple[str, ...]] = {
    # what is needed to compute what is asked for
    "mass": ("pt", "eta", "phi", "energy", "px", "py", "pz"),
    "invariant": ("pt", "eta", "phi", "mass", "energy", "px", "py", "pz"),
    "transversemass": ("pt", "phi", "met"),
    "deltar": ("eta", "phi"),
    "deltaphi": ("phi",),
    "ht": ("jet", "pt"),
    "rapidity": ("energy", "pz"),
    "opposite": ("charge",),
    "same": ("charge",),
    "leading": ("pt",),
    "subleading": ("pt",),
    "isolated": ("iso",),
    "isolation": ("iso",),
}
_SPECIAL: dict[str, float] = {
    # columns of these kinds are rarely meant unless their word is said
    "trigger": 40.0,
    "flag": 40.0,
    "gen": 9.0,
    "mc": 9.0,
    "lhe": 9.0,
    "err": 6.0,
}
_NAMED, _PART, _WHOLE, _IMPLIED_PART, _KINEMATIC, _LONG_NAME = 1000.0, 10.0, 12.0, 4.0, 6.0, 1.0
_TOKEN = re.compile(r"\w+")


def columns_in_use(summary: DataSummary) -> list[Column]:
    """The columns a program can reach: those of the first table, for SQLite those of all tables."""
    tables = summary.tables if summary.kind == "sqlite" else summary.tables[:1]
    return [column for table in tables for column in table.columns]


def _place(name: str, request: str, flags: int = 0) -> int | None:
    """Where ``name`` stands in the request as a whole word, or None; plain English words count only in quotes."""
    word = re.escape(name)
    pattern = rf"[`'\"]{word}[`'\"]" if name.lower() in STOPWORDS else rf"(?<!\w){word}(?!\w)"
    found = re.search(pattern, request, flags)
    return found.start() if found else None


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def table_meant(summary: DataSummary, request: str) -> DataSummary:
    """The summary with the table first that the request is about, where it says so.

    It does by name ('in the livetime tree', 'tree mcB0'), or by columns: those that it names lie in one other table and none
    of them in the first.
    """
    tables = summary.tables
    named = [t for t in tables if (name := re.split(r"[/;]", t.name)[-1]) and _is_named(name, request)]
    if not named:
        mentioned = set(mentioned_columns(summary, request))
        having = [t for t in tables if mentioned & {c.name for c in t.columns}]
        named = having if mentioned and tables[0] not in having else []
    if len(named) != 1 or named[0] is tables[0]:
        return summary
    return replace(summary, tables=(named[0], *(t for t in tables if t is not named[0])))


def _is_named(name: str, request: str) -> bool:
    plain = re.escape(name)
    kinds = "(?:tree|ntuple|table)"
    return bool(re.search(rf"\b{kinds}\s+{plain}\b|(?<!\w){plain}\s+{kinds}\b", request, re.IGNORECASE))


def mentioned_columns(summary: DataSummary, request: str) -> list[str]:
    """The columns that the request names as whole words, in the order of the request.

    A word counts with other capitals than the column's when it means just one column. Words such as 'event' or 'a'
    count only in quotes or backticks.
    """
    names = _distinct(column.name for table in summary.tables for column in table.columns)
    present = set(_TOKEN.findall(request.lower()))
    # Most of a thousand names are ruled out by one of their words being absent.
    candidates = [n for n in names if n and present.issuperset(_TOKEN.findall(n.lower()))]
    exact = {n: place for n in candidates if (place := _place(n, request)) is not None}
    found = dict(exact)
    taken = {n.lower() for n in exact}
    by_lower: dict[str, list[str]] = {}
    for name in candidates:
        by_lower.setdefault(name.lower(), []).append(name)
    for lower, same in by_lower.items():
        if lower in taken or len(same) > 1:
            continue
        place = _place(same[0], request, re.IGNORECASE)
        if place is not None:
            found[same[0]] = place
    return sorted(found, key=lambda n: (found[n], -len(n)))


def _parts(name: str) -> list[str]:
    """The terms of a name without numbers; ``MClepton`` counts as mc, lepton, ``L1_SingleMu`` as flag, single, muon."""
    split = re.sub(r"^(MC|Gen)(?=[a-zA-Z])", r"\1_", re.sub(r"^L1_", "flag_", name))
    return [part for part in name_terms(split) if not part.isdigit()]


def _score(column: Column, asked: frozenset[str], implied: frozenset[str]) -> float:
    parts = _parts(column.name)
    if not parts:
        return 0.0
    hits = [part for part in parts if part in asked]
    hinted = [part for part in parts if part in implied and part not in asked]
    score = _PART * len(set(hits)) + _IMPLIED_PART * len(set(hinted))
    if not score:
        return 0.0
    others = [part for part in parts if part not in asked and part not in implied]
    if not others:
        score += _WHOLE
    elif hits and all(part in KINEMATICS for part in others) and not all(part in KINEMATICS for part in hits):
        score += _KINEMATIC - 0.1 * KINEMATICS.index(others[0])
    special = sum(cost for word, cost in _SPECIAL.items() if word in parts and word not in asked)
    return max(score - _LONG_NAME * len(others) - special, 0.0)


def ranked(columns: Sequence[Column], request: str, first: Sequence[str]) -> list[Column]:
    """All ``columns``: those named in ``first`` in that order, then by relevance, ties in file order."""
    said = terms(request)
    asked = frozenset(said)
    implied = frozenset(term for word in said for term in _IMPLIED.get(word, ()))
    order = {name: -_NAMED + i for i, name in enumerate(first)}
    keyed = [(order.get(c.name, -_score(c, asked, implied)), i, c) for i, c in enumerate(columns)]
    return [column for _, _, column in sorted(keyed, key=lambda k: k[:2])]


def relevant_columns(summary: DataSummary, request: str, limit: int) -> list[Column]:
    """The ``limit`` columns most relevant to the request, best first; columns nothing speaks for come last in file order."""
    return ranked(columns_in_use(summary), request, mentioned_columns(summary, request))[: max(limit, 0)]
