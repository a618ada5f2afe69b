"""Which names may stand where, as rules: bound names, modules with their members, functions with their keywords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from treadle.grounding.python.facts import Facts, Members
from treadle.grounding.python.lexis import Sheet, literal, names, quoted_keys

__all__ = ["Known", "Names", "bound_words", "names_of"]

KEYWORD_LISTS = 8
"""How many different lists of keywords a constraint holds calls to: each costs some milliseconds a line."""


@dataclass(frozen=True, slots=True)
class Known:
    """What ends an operand of which something is known: its rule, and what may follow.

    ``attributes``: a rule for what may stand behind a dot, None where nothing does that is not an operand of its own.
    ``arguments``: which list of keywords its call takes, None where any. ``columns``: its keys' terminal.
    ``heads``: that of beginnings of keys, to which a program adds the rest. ``typed``: names whose kind is known, which
    comprehensions and lambdas may bind to something else.
    """

    rule: str
    attributes: str | None = None
    arguments: str | None = None
    columns: str | None = None
    heads: str | None = None
    typed: bool = False


@dataclass(slots=True)
class Names:
    """The vocabulary of a constraint. ``words``: by 'bound' and 'free', the terminal for a name with no facts."""

    words: Mapping[str, str]
    known: list[Known] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    """Rules of dotted words after which anything may follow."""
    keyword_lists: dict[tuple[str, ...], str] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    """Rules of typed names with one of their attributes."""


def names_of(sheet: Sheet, facts: Facts, bound_names: bool, hidden: frozenset[str], makers: Sequence[str] = ()) -> Names:
    """The vocabulary, without the terminal BOUND of the names that are bound, if ``bound_names`` are held.

    ``hidden``: names of which facts are no longer true; ``makers``: what made those whose kind is known; their names are
    the terminals TYPED and TYPED0, TYPED1...
    """
    modules = {m: v for m, v in facts.modules.items() if m.split(".")[0] not in hidden}
    special = _special(facts, hidden)
    called = _called(facts, hidden)
    taken = _taken(facts, hidden)
    free = sheet.terminal("FREE", f"{sheet.terminals['NAME']}" + (f" & ~{names(taken)}" if taken else ""))
    word = "BOUND" if bound_names else free
    found = Names({"bound": word, "free": free})
    labels = {module: f"m{i}" for i, module in enumerate(sorted(modules))}
    for module in labels:
        _module(sheet, module, labels, modules[module], called, found)
    if "module" in sheet.rules:
        found.known.append(Known("module"))  # one for all: nothing may follow that is no operand of its own
    for i, variable in enumerate(sorted(special)):
        _variable(sheet, f"v{i}", variable, facts, found)
    for i, (function, keywords) in enumerate(sorted(called.items())):
        if "." not in function:
            rule = sheet.rule(f"k{i}", literal(function))
            found.known.append(Known(rule, attributes="NAME", arguments=_list(sheet, found, keywords)))
    if makers:
        found.known.append(Known(sheet.rule("typed", "TYPED"), typed=True))
    for i, maker in enumerate(makers):
        attributes = sheet.terminal(f"ATTRIBUTE_T{i}", names(facts.results[maker].names))
        found.held.append(sheet.rule(f"held{i}", f'TYPED{i} SP? "." SP? {attributes}'))
    return found


def bound_words(facts: Facts, bound: frozenset[str], hidden: frozenset[str]) -> str:
    """The terminal BOUND: the names of which no more is known than that they are bound."""
    return names(((bound | facts.builtins | set(facts.variables)) - _taken(facts, hidden)) | {"None"})


def _special(facts: Facts, hidden: frozenset[str]) -> set[str]:
    """Variables of which columns or attributes are known."""
    known = [*facts.columns, *(v for v, m in facts.variables.items() if m is not None)]
    return {v for v in known if v not in hidden}


def _taken(facts: Facts, hidden: frozenset[str]) -> set[str]:
    """Names that have rules of their own."""
    dotted = [*(m for m in facts.modules if m.split(".")[0] not in hidden), *_called(facts, hidden)]
    return {d for d in dotted if "." not in d} | _special(facts, hidden)


def _called(facts: Facts, hidden: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Functions with their keywords, as far as they have no more than ``KEYWORD_LISTS`` different lists, in facts' order."""
    lists: dict[tuple[str, ...], None] = {}
    called: dict[str, tuple[str, ...]] = {}
    for function, keywords in facts.keywords.items():
        if keywords is None or function.split(".")[0] in hidden:
            continue
        own = tuple(sorted(keywords))
        if own in lists or len(lists) < KEYWORD_LISTS:
            lists[own] = None
            called[function] = own
    return called


def _list(sheet: Sheet, found: Names, keywords: tuple[str, ...]) -> str:
    """The label of a list of keywords, under which its arguments' rules are written."""
    if keywords not in found.keyword_lists:
        label = f"{len(found.keyword_lists)}"
        found.keyword_lists[keywords] = label
        if keywords:
            sheet.terminal(f"KEYS{label}", names(keywords))
    return found.keyword_lists[keywords]


def _module(
    sheet: Sheet,
    module: str,
    labels: Mapping[str, str],
    members: Members,
    called: Mapping[str, tuple[str, ...]],
    found: Names,
) -> None:
    """Rules for a module itself and for its members: those that are modules, those with known keywords, all others."""
    parent, _, last = module.rpartition(".")
    if parent and parent not in labels:
        return
    label = labels[module]
    sheet.rule(label, f'{labels[parent]} SP? "." SP? {literal(last)}' if parent else literal(last))
    sheet.rule("module", label)
    own = {m for m in members.names if f"{module}.{m}" not in labels}
    groups: dict[tuple[str, ...], list[str]] = {}
    for member in sorted(own):
        if f"{module}.{member}" in called:
            groups.setdefault(called[f"{module}.{member}"], []).append(member)
    rest = own - {m for g in groups.values() for m in g}
    if rest:
        terminal = sheet.terminal("MEMBER_" + label.upper(), names(rest))
        found.plain.append(sheet.rule(f"{label}_any", f'{label} SP? "." SP? {terminal}'))
    for keywords, group in sorted(groups.items()):
        arguments = _list(sheet, found, keywords)
        terminal = sheet.terminal(f"MEMBER_{label.upper()}_{arguments}", names(group))
        rule = sheet.rule(f"{label}_{arguments}", f'{label} SP? "." SP? {terminal}')
        found.known.append(Known(rule, attributes="NAME", arguments=arguments))


def _variable(sheet: Sheet, label: str, variable: str, facts: Facts, found: Names) -> None:
    """Rules for a variable with known attributes, known columns, or both."""
    members, columns = facts.variables.get(variable), facts.columns.get(variable)
    attributes = "NAME"
    if members is not None:
        attributes = sheet.terminal(f"ATTRIBUTE_{label.upper()}", names(members.names))
    keys = sheet.terminal(f"KEY_{label.upper()}", quoted_keys(columns)) if columns else None
    heads = {c[: i + 1] for c in columns or () for i in range(len(c) - 1) if c[i] == "_"} - set(columns or ())
    begun = sheet.terminal(f"HEAD_{label.upper()}", quoted_keys(heads)) if heads else None
    found.known.append(Known(sheet.rule(label, literal(variable)), attributes=attributes, columns=keys, heads=begun))
