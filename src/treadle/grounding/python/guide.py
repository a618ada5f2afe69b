"""The guide for drafts of Python: a stage for every logical line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from treadle.grounding.base import Level
from treadle.grounding.python.expressions import write_expressions
from treadle.grounding.python.facts import Facts, Members
from treadle.grounding.python.lexis import Sheet, literal, names
from treadle.grounding.python.names import bound_words, names_of
from treadle.grounding.python.reading import Reading, read
from treadle.grounding.python.statements import HEADERS, write_statements
from treadle.types import Constraint, Stage

__all__ = ["PythonGuide"]

BLANKS = 5
"""How many blank lines may stand in a row: of 300 real modules one had three, and a draft must come to its end."""
DEEPER = 8
"""How many columns a block may be deeper than the line that opens it."""


class PythonGuide:
    """Holds drafts to the grammar of Python and to the names that exist.

    Args:
        facts: what is known of names; of what is not there nothing is held.
        prefix: the program before the draft: whole lines, or up to the end of a docstring.
        ends: texts that stop a draft; they may be written where they can occur.
        bound_names: hold names in expressions to those that are bound by what was written before.
        level: 'grammar' holds no names, 'names' those that are bound and members of modules, 'all' all that is known.
        returns: the draft may return something. One that becomes a program at top level may not, but its own functions may.
    """

    def __init__(
        self,
        facts: Facts,
        prefix: str = "",
        *,
        ends: Sequence[str] = (),
        bound_names: bool = True,
        level: Level = "all",
        returns: bool = True,
    ) -> None:
        self._facts, self._prefix, self._returns = _of_level(facts, level), prefix, returns
        self._bound_names = bound_names and level in ("names", "all")
        self._cache: dict[object, Constraint] = {}
        self._sheets: dict[tuple[bool, frozenset[str], tuple[str, ...]], Sheet] = {}
        self._ends = tuple(sorted({e.lstrip("\n") for e in ends} - {""}))

    def stage(self, written: str) -> Stage | None:
        """The line that may follow ``written``; None behind a text that ends the draft."""
        text = self._prefix + written
        lines, spaces = re.fullmatch(r"(?s)(.*?)( *)", text).groups()  # type: ignore[union-attr]
        if lines and not lines.endswith("\n"):
            if written:
                return None
            return Stage(constraint=_lark(f"start: TAIL\n{_tail('TAIL', 40, ())}"))
        reading = _read(lines, len(self._prefix))
        blanks = len(re.search(r"(\n *)*$", lines)[0].split("\n")) - 2  # type: ignore[index]
        return Stage(constraint=self._line(reading, len(spaces), blanks), watched=True)

    def whole(self) -> Constraint | None:
        """One language for a whole draft, in which names are free but members, columns and keywords are held."""
        from treadle.grounding.python.whole import whole

        return whole(self._facts, self._prefix, self._ends, self._returns)

    def _line(self, reading: Reading, spaces: int, blanks: int) -> Constraint:
        bound = None if reading.free or not self._bound_names else reading.bound
        known = _known(self._facts)
        hidden = reading.rebound & known
        state = (spaces, max(blanks, 0), reading.columns, tuple(sorted(reading.follow.items())))
        more = (tuple(sorted(reading.only.items())), reading.opened, reading.matching, reading.returning)
        kinds = {} if bound is None else _kinds(self._facts, reading, hidden)
        key = (*state, *more, bound, hidden, tuple(kinds.items()))
        if key not in self._cache:
            sheet = self._rules(bound is not None, frozenset(hidden), tuple(kinds)).copy()
            typed = frozenset[str]().union(*kinds.values())
            if bound is not None:
                sheet.terminal("BOUND", bound_words(self._facts, bound - typed, hidden | typed))
            sheet.terminal("TYPED", names(typed))
            for i, own in enumerate(kinds.values()):
                sheet.terminal(f"TYPED{i}", names(own))
            self._cache[key] = _lark(_Line(sheet, reading, spaces, max(blanks, 0), self._ends).text())
        return self._cache[key]

    def _rules(self, bound_names: bool, hidden: frozenset[str], makers: tuple[str, ...]) -> Sheet:
        """What all lines have in common that know the same of the world."""
        key = bound_names, hidden, makers
        if key not in self._sheets:
            sheet = self._sheets[key] = Sheet()
            write_expressions(sheet, names_of(sheet, self._facts, bound_names, hidden, makers))
            write_statements(sheet, self._returns)
        return self._sheets[key]


def _of_level(facts: Facts, level: Level) -> Facts:
    if level == "all":
        return facts
    if level == "names":
        return Facts(modules=facts.modules, variables=dict.fromkeys(facts.variables), builtins=facts.builtins)
    return Facts(builtins=facts.builtins)


def _known(facts: Facts) -> set[str]:
    """Names of which something is known beyond that they are bound."""
    roots = [n.split(".")[0] for n in (*facts.modules, *facts.keywords)]
    return {*roots, *facts.columns, *facts.variables}


def _kinds(facts: Facts, reading: Reading, hidden: frozenset[str]) -> dict[str, frozenset[str]]:
    """Bound names of which the kind is known, by what made it; what has the same attributes counts as one."""
    found: dict[str, set[str]] = {}
    first: dict[Members, str] = {}
    for name, maker in sorted(reading.made.items()):
        known = name in reading.bound and name not in facts.builtins and maker.split(".")[0] not in hidden
        if known and maker in facts.results and name not in {*facts.variables, *facts.columns}:
            found.setdefault(first.setdefault(facts.results[maker], maker), set()).add(name)
    return {maker: frozenset(own) for maker, own in sorted(found.items())}


@lru_cache(maxsize=256)
def _read(text: str, begun: int) -> Reading:
    return read(text, begun)


def _lark(text: str) -> Constraint:
    return Constraint(kind="lark", text=text)


def _tail(name: str, deepest: int, ends: Sequence[str]) -> str:
    """The terminal for the end of a line: a comment, the line break, blank lines, the beginning of the next line."""
    stops = "".join("|" + re.escape(e).replace("/", r"\/") for e in ends)
    return rf"{name}: / {{0,40}}(#[^\n\r\x00]*)?\n( *\n){{0,{BLANKS}}}( {{0,{deepest}}}{stops})/" + "\n"


class _Line:
    """The constraint of one line, where ``spaces`` are written already behind ``blanks`` blank lines."""

    def __init__(self, sheet: Sheet, reading: Reading, spaces: int, blanks: int, ends: Sequence[str]) -> None:
        self.sheet = sheet
        self.reading, self.spaces, self.blanks, self.ends = reading, spaces, blanks, ends

    def text(self) -> str:
        """Its text."""
        self.sheet.rules["start"] = ()
        self._blank()
        self._comment()
        may_end = not self.reading.opened and not self.reading.only
        if may_end:
            self.sheet.rule("start", "", *(literal(e) for e in self.ends if self.spaces == 0))
        if self.reading.opened:
            self._opened()
        else:
            for column in self.reading.columns:
                if column >= self.spaces:
                    self._at(column)
        return self.sheet.text()

    def _end(self, deepest: int, ends: bool = True) -> str:
        """The terminal of a line's end behind which the next line may begin at ``deepest`` columns at most."""
        name = f"TAIL_{deepest}_{int(ends)}"
        if name not in self.sheet.terminals:
            self.sheet.terminal(name, _tail(name, deepest, self.ends if ends else ()).partition(": ")[2].rstrip("\n"))
        return name

    def _blank(self) -> None:
        if self.blanks < BLANKS:
            deepest = self._deepest()
            self.sheet.rule("start", self.sheet.terminal("BLANK", rf"/ {{0,80}}\n {{0,{deepest}}}/"))

    def _comment(self) -> None:
        self.sheet.terminal("COMMENT", r"/ {0,80}#[^\n\r\x00]*/")
        self.sheet.rule("start", f"COMMENT {self._end(self._deepest(), ends=False)}")

    def _deepest(self) -> int:
        innermost = self.reading.columns[-1]
        return innermost - 1 + DEEPER if self.reading.opened else innermost

    def _opened(self) -> None:
        """The first line of a block: deeper than the line that opened it, four columns where nothing else was begun."""
        least = max(self.reading.columns[-1] - self.spaces, 0)
        most = max(self.reading.columns[-1] - 1 + DEEPER - self.spaces, 0)
        self.sheet.terminal("DEEPER", f"/ {{{max(least, 1)},{max(most, 1)}}}/")
        before = "DEEPER" if least else "DEEPER?"
        deepest = self.reading.columns[-1] - 1 + DEEPER
        self._lines(before, deepest, ("case",) if self.reading.matching else None)

    def _at(self, column: int) -> None:
        before = literal(" " * (column - self.spaces)) if column > self.spaces else ""
        must = self.reading.only.get(column)
        if must == "decorator":
            self._lines(before, column, ("decorated",))
            return
        follow = self.reading.follow.get(column, ())
        headers = [h for h in HEADERS if h in follow]
        self._lines(before, column, headers if must == "try" else ("case",) if must == "case" else None, headers)

    def _lines(self, before: str, column: int, only: Sequence[str] | None, also: Sequence[str] = ()) -> None:
        """Lines at ``column``: all statements and the headers ``also``, or ``only`` some kinds."""
        plain, deeper = self._end(column), self._end(column + DEEPER, ends=False)
        opening = [f"header_{h}" for h in (also if only is None else [o for o in only if o != "decorated"])]
        if only == ("decorated",):
            opening = ["definition"]
        within = self.reading.columns[-1] if self.reading.opened else column
        simple = "rsimple" if within in self.reading.returning else "simple"
        if only is None:
            self.sheet.rule("start", f"{before} {simple} {plain}", f"{before} matcher {deeper}")
            opening += ["compound", "definition"]
        if only is None or only == ("decorated",):
            self.sheet.rule("start", f"{before} decorator {plain}")
        for rule in opening:
            inline = "rsimple" if rule == "definition" else simple
            self.sheet.rule("start", f"{before} {rule} {deeper}", f"{before} {rule} SP? {inline}f {plain}")
