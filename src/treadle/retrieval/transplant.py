"""Examples moved onto the user's own data file: the same program, with the file's own columns in it.

A small model copies names from the examples it is shown: given ``events["mu1_pt"]`` it writes ``mu1_pt``, whatever the file
holds. So the columns of an example are replaced by columns of the user's file that play the same part: first those
that the request names, then those of the same quantity (``pt``, ``eta``, ``charge``...) of the objects that it speaks
of. An example whose columns have no counterpart is left out. The caller runs every moved example before a model sees it:
only what was executed on the file and gave a result is an example.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from treadle.types import Column, Example, Table
from treadle.words import KINEMATICS, name_terms, terms

__all__ = ["columns_used", "transplant", "with_numbers"]

OBJECTS = ("muon", "electron", "photon", "jet", "tau", "lepton", "met", "track", "vertex")
"""Terms that name a kind of object; the word for it in an example's request is replaced with the columns."""

_QUANTITIES = frozenset({*KINEMATICS, "weight", "btag", "isolation", "iso", "time"})


@dataclass(frozen=True, slots=True)
class _Role:
    """What a column is: whose quantity, which of several, and how it is laid out."""

    column: str
    shape: str
    object: str
    index: str
    quantity: str

    @property
    def entity(self) -> tuple[str, str]:
        return self.object, self.index


def _role(column: Column) -> _Role:
    parts = name_terms(column.name)
    object_ = next((p for p in parts if p in OBJECTS), "")
    index = next((p for p in parts if p.isdigit()), "")
    quantity = next((p for p in reversed(parts) if p in _QUANTITIES), "")
    if object_ == "met" and not quantity:
        quantity = "pt"  # 'met' alone is its size
    return _Role(
        column.name, column.shape, object_, index, quantity or "_".join(p for p in parts if p not in (object_, index))
    )


def columns_used(body: str, known: frozenset[str]) -> list[str]:
    """Names of ``known`` columns that stand as string constants in ``body``, in order of first use."""
    constants = [n for n in ast.walk(ast.parse(body)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    constants.sort(key=lambda n: (n.lineno, n.col_offset))
    return list(dict.fromkeys(n.value for n in constants if isinstance(n.value, str) and n.value in known))


def transplant(example: Example, source: Table, target: Table, preamble: str, request: str) -> Iterator[Example]:
    """``example`` on the columns of ``target``, best guess first; nothing where a column has no counterpart.

    Args:
        example: an example of kind 'data' whose body opens columns of ``source``.
        source: the table of the example's own data file.
        target: the table of the user's file.
        preamble: the lines that open the user's file as ``events``.
        request: the user's request; columns and objects that it names are preferred.
    """
    used = [
        c
        for c in source.columns
        if c.name in frozenset(columns_used(example.body, frozenset(c.name for c in source.columns)))
    ]
    order = columns_used(example.body, frozenset(c.name for c in used))
    roles = [_role(next(c for c in used if c.name == name)) for name in order]
    seen: set[tuple[tuple[str, str], ...]] = set()
    for mapping in _mappings(roles, [_role(c) for c in target.columns], request):
        key = tuple(sorted(mapping.items()))
        if key not in seen:
            seen.add(key)
            targets = {t.name: _role(t) for t in target.columns}
            yield _rewritten(example, mapping, roles, targets, preamble)


def _mappings(roles: list[_Role], targets: list[_Role], request: str) -> Iterator[dict[str, str]]:
    if not roles:
        yield {}  # an example that names no column ('how many events are in the file?') fits every file
        return
    named = _named(targets, request)
    yield from _by_quantity(roles, named)
    yield from _by_position(roles, named)
    yield from _by_object(roles, targets, request, named)


def _named(targets: list[_Role], request: str) -> list[_Role]:
    """Target columns that the request names as whole words, in the order of the request."""
    found = []
    for role in targets:
        match = re.search(rf"(?<![\w]){re.escape(role.column)}(?![\w])", request)
        if match:
            found.append((match.start(), role))
    return [role for _, role in sorted(found, key=lambda pair: pair[0])]


def _by_quantity(roles: list[_Role], named: list[_Role]) -> Iterator[dict[str, str]]:
    """Every column of the example finds one of the named columns with the same quantity, index order kept."""
    if not roles or len(roles) > len(named):
        return
    pool, mapping = list(named), {}
    for role in roles:
        same = [t for t in pool if t.quantity == role.quantity and t.shape == role.shape]
        if not same:
            return
        best = next((t for t in same if t.index == role.index), same[0])
        mapping[role.column] = best.column
        pool.remove(best)
    yield mapping


def _by_position(roles: list[_Role], named: list[_Role]) -> Iterator[dict[str, str]]:
    """As many columns in the example as the request names: the first becomes the first, and so on."""
    if roles and len(roles) == len(named) and all(r.shape == t.shape for r, t in zip(roles, named, strict=True)):
        yield {r.column: t.column for r, t in zip(roles, named, strict=True)}


def _by_object(roles: list[_Role], targets: list[_Role], request: str, named: list[_Role]) -> Iterator[dict[str, str]]:
    """Each object of the example becomes an object of the file that has all its quantities."""
    words = terms(request)
    quantities = [w for w in words if w in _QUANTITIES]
    entities: dict[tuple[str, str], list[_Role]] = {}
    for role in roles:
        entities.setdefault(role.entity, []).append(role)
    named_names = {t.column for t in named}
    mapping: dict[str, str] = {}
    taken: set[tuple[str, str, str]] = set()
    for entity, members in entities.items():
        best: tuple[float, dict[str, str], tuple[str, str, str]] | None = None
        for candidate, part in _candidates(members, targets, quantities, named_names):
            shape_key = (*candidate, members[0].shape)
            if shape_key in taken and len(entities) > 1:
                continue
            score = _affinity(entity, candidate, words, [t for t in part.values() if t in named_names])
            if best is None or score > best[0]:
                best = (score, part, shape_key)
        if best is None:
            return
        mapping |= best[1]
        taken.add(best[2])
    if mapping:
        yield mapping


def _candidates(
    members: list[_Role], targets: list[_Role], quantities: Sequence[str], named: set[str]
) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    by_entity: dict[tuple[str, str], list[_Role]] = {}
    for target in targets:
        by_entity.setdefault(target.entity, []).append(target)
    for entity, columns in by_entity.items():
        part: dict[str, str] = {}
        for member in members:
            wanted = [member.quantity]
            if len(members) == 1 and quantities:
                wanted = [*quantities, member.quantity]  # a lone column may become the quantity that was asked for
            fitting = [t for w in wanted for t in columns if t.quantity == w and t.shape == member.shape]
            if len(members) == 1:
                fitting = [t for t in columns if t.column in named and t.shape == member.shape] or fitting
            if not fitting:
                break
            part[member.column] = min(
                fitting, key=lambda t: (wanted.index(t.quantity) if t.quantity in wanted else -1, len(t.column))
            ).column
        else:
            yield entity, part


def _affinity(source: tuple[str, str], target: tuple[str, str], words: list[str], named: list[str]) -> float:
    score = 4.0 * len(named)
    if target[0] and target[0] in words:
        score += 4.0 - 0.1 * words.index(target[0])
    if not target[0] and not any(o in words for o in OBJECTS):
        score += 1.0
    score += 1.0 if source[0] == target[0] else 0.0
    score += 2.0 if source[1] == target[1] else 0.0
    return score


def _rewritten(
    example: Example, mapping: Mapping[str, str], roles: list[_Role], targets: Mapping[str, _Role], preamble: str
) -> Example:
    names = {old: new for old, new in mapping.items() if old != new}
    body, request = _replace_names(example.body, names), _replace_names(example.request, names)
    for role in roles:
        new = targets[mapping[role.column]]
        if role.object and new.object and role.object != new.object:
            request, body = _replace_object(request, role.object, new.object), _replace_object(body, role.object, new.object)
        if role.quantity != new.quantity and role.quantity in _QUANTITIES and new.quantity in _QUANTITIES:
            request = re.sub(rf"\b{re.escape(role.quantity)}\b", new.quantity, request)
    return replace(example, request=request, body=body, program=preamble + body)


def with_numbers(example: Example, request: str) -> Example:
    """``example`` with its numbers replaced by those of ``request``, first by first, where both give as many.

    'between 80 and 100' becomes 'between 40 and 60', in the request of the example and in its body. Left as it is where a
    number of the example does not stand in its body as it was said (a percentile, a sign, a count of bins plus one).
    """
    old, new = _numbers(example.request), _numbers(request)
    if not old or len(old) != len(new) or [v for _, v in old] == [v for _, v in new]:
        return example
    swaps = {o: n for (_, o), (_, n) in zip(old, new, strict=True)}
    if len(swaps) != len({o for _, o in old}) or not all(re.search(_literal(o), example.body) for o in swaps):
        return example
    body = re.sub("|".join(_literal(o) for o in swaps), lambda m: swaps[m.group()], example.body)
    pieces, position = [], 0
    for (start, _), (_, value) in zip(old, new, strict=True):
        pieces += [example.request[position : start.start()], value]
        position = start.end()
    text = "".join([*pieces, example.request[position:]])
    return replace(example, request=text, body=body, program=example.program.replace(example.body, body))


_NUMBER_WORDS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
_NUMBER = re.compile(r"(?<![\w.])(?:-?\d+(?:\.\d+)?|" + "|".join(_NUMBER_WORDS) + r")(?![\w]|\.\d)", re.IGNORECASE)


def _numbers(text: str) -> list[tuple[re.Match[str], str]]:
    return [(m, _NUMBER_WORDS.get(m.group().lower(), m.group())) for m in _NUMBER.finditer(text)]


def _literal(value: str) -> str:
    return rf"(?<![\w.\[]){re.escape(value)}(?![\w.\]])"


def _replace_names(text: str, names: Mapping[str, str]) -> str:
    """Replace column names: alone, and as an underscore-separated part of a variable (``mean_pt1``)."""
    if not names:
        return text
    alternatives = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![A-Za-z0-9])(?:{alternatives})(?![A-Za-z0-9])", lambda m: names[m.group()], text)


def _replace_object(text: str, old: str, new: str) -> str:
    def swap(match: re.Match[str]) -> str:
        word = match.group()
        return (new.capitalize() if word[0].isupper() else new) + ("s" if word.endswith("s") else "")

    # Not inside quotes: the strings of a body are column names, which were replaced already.
    return re.sub(rf"(?<![A-Za-z0-9\"'])(?:{old}s?)(?![A-Za-z0-9\"'])", swap, text, flags=re.IGNORECASE)
