"""Expressions of Python as rules, flat: operands joined by operators, without precedence, which nothing here needs.

Rules are written once for each *place*, which decides on white space and strings: ``t`` a line, ``i`` brackets,
``d`` and ``s`` the braces of an f-string in double and single quotes; and for each vocabulary: ``b``, bound names only,
and ``f``, any name, for what a comprehension or lambda may bind. A *family* is a set of operands that an expression begins
with; its rules sort expressions by what may follow their last operand: ``w`` ends in a word (a keyword needs a space), ``c``
closes with a bracket or quote, ``n`` is a number, ``x`` any of them, ``l`` one with the space that a keyword needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treadle.grounding.python.lexis import Sheet
from treadle.grounding.python.names import Known, Names

__all__ = ["Place", "write_expressions", "write_parameters"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands. ``gap``: its white space; ``strings``: what may stand for a string."""

    label: str
    free: bool
    gap: str
    strings: Sequence[str]

    @property
    def tight(self) -> bool:
        """Whether keywords may be followed by a bracket or quote without a space."""
        return self.label in "ti" and self.suffix != "tf"

    @property
    def inside(self) -> str:
        """The suffix of rules for what stands inside a bracket opened here; in f-strings any name may stand there."""
        return "i" + self.suffix[1] if self.label in "ti" else self.label + "f"

    @property
    def inside_free(self) -> str:
        return self.inside[0] + "f"

    @property
    def suffix(self) -> str:
        return self.label + ("f" if self.free else "b")


_STRINGS = {
    "t": ("STRING", "fstring"),
    "i": ("STRING", "fstring"),
    "d": ("INSQ", "INFSQ"),
    "s": ("INDQ", "INFDQ"),
}
_GAPS = {"t": "SP", "i": "WS", "d": "BS", "s": "BS"}


def write_expressions(sheet: Sheet, names: Names) -> None:
    """Write the rules of all places. Entry points: ``test_*``, ``list_*`` (with commas), ``args_*`` and ``x_*``, ``l_*``."""
    for gap in dict.fromkeys(_GAPS.values()):
        _signs(sheet, gap)
    _names(sheet, names)
    for label, gap in _GAPS.items():
        for free in (False, True):
            place = Place(label, free, gap, _STRINGS[label])
            _families(sheet, names, place)
            _tests(sheet, place)
            _targets(sheet, names, place)
            if label == "i" or (label != "t" and free):
                _brackets(sheet, names, place)
    _fstrings(sheet)


def _signs(sheet: Sheet, gap: str) -> None:
    """What stands before operands and between them, where ``gap`` is the white space."""
    at = gap.lower()
    sheet.rule(f"nots_{at}", f'"not" {gap}', f'nots_{at} "not" {gap}')
    sheet.rule(f"sign_{at}", f"SIGN {gap}?", f"sign_{at} SIGN {gap}?", f'"await" {gap}')
    sheet.rule(f"first_{at}", "", f"nots_{at}", f"sign_{at}", f"nots_{at} sign_{at}")
    sheet.rule(f"compare_{at}", '"in"', '"is"', f'"is" {gap} "not"', f'"not" {gap} "in"')
    sheet.rule("logic", '"and"', '"or"')


def _names(sheet: Sheet, names: Names) -> None:
    """Operands that are names, of which no more is known: ``plain_*`` those of variables, ``name_*`` with the constants."""
    for at, word, held in (("b", names.words["bound"], names.held), ("f", names.words["free"], [])):
        plain = sheet.rule(f"plain_{at}", word, *names.plain, *held)
        sheet.rule(f"name_{at}", plain, '"None"', '"True"', '"False"')


def _families(sheet: Sheet, names: Names, place: Place) -> None:
    """The families: of all operands, of those that need no space before them, of those for the bracket of known columns."""
    at, inner, gap = place.suffix, place.inside, place.gap
    displays = (
        f'"(" {inner_gap(inner)} group_{inner} ")"',
        f'"[" {inner_gap(inner)} row_{inner} "]"',
        f'"{{" {inner_gap(inner)} set_{inner} "}}"',
    )
    sheet.rule(f"bytes_{at}", "BYTES", f"bytes_{at} {gap}? BYTES")
    sheet.rule(f"tight_{at}", *displays)
    full = [f"name_{at[1]}"]
    literals = [f"tight_{at}", '"..."', *([f"bytes_{at}"] if place.label in "ti" else [])]
    strings = list(place.strings)
    _family(sheet, names, place, "", _Operands(full, literals, strings))
    bare = "BARE"
    if place.label in "ti" and place.free:
        bound = place.label + "b"
        sheet.rule(f"walrus_{at}", f'pre_{bound} "(" WS? NAME WS? ":=" WS? test_ib WS? ")"')
        _family(sheet, names, place, "g", _Operands([], [f"walrus_{at}"], []))
    if place.tight:
        _family(sheet, names, place, "u", _Operands([], [f"tight_{at}"], [bare]))
    listed = f'"[" {inner_gap(inner)} qrow_{inner} "]"'
    formatted = [s for s in strings if s in {"fstring", "INFSQ", "INFDQ"}]
    _family(sheet, names, place, "q", _Operands(full, [displays[0], displays[2], listed, *literals[1:]], formatted))


@dataclass(frozen=True, slots=True)
class _Operands:
    """What a family begins with."""

    words: list[str]
    closed: list[str]
    strings: list[str]


def inner_gap(suffix: str) -> str:
    """Optional white space behind an opening bracket."""
    return "WS?" if suffix[0] == "i" else "BS?"


def _family(sheet: Sheet, names: Names, place: Place, name: str, begin: _Operands) -> None:
    """The rules of one family: its first operands, then whatever follows them, in which all operands are allowed.

    The family without words begins with a sign instead, and then with any operand.
    """
    at, gap, inner = place.suffix, place.gap, place.inside
    w, c, n, s, x, ready, lead, trail = (f"{name}{r}_{at}" for r in ("w", "c", "n", "s", "x", "l", "lead", "trail"))
    words, space = [f"name_{at[1]}"], gap.lower()
    closed = [f"tight_{at}", '"..."', *([f"bytes_{at}"] if place.label in "ti" else [])]
    joined = f"{x} {gap}? BINARY {gap}?"
    sheet.rule(f"{name}join_{at}", joined, f"{ready} compare_{space} {gap}", f"{ready} logic {gap} nots_{space}?")
    sheet.rule(lead, f"{name}join_{at} sign_{space}?", *([f"SIGN {gap}? sign_{space}?"] if name == "u" else []))
    start = f"first_{space}" if begin.words else ""
    either = sheet.rule(f"{name}pre_{at}", lead, *([start] if start else []))

    def operands(first: list[str], later: list[str]) -> list[str]:
        both = [f"{either} {o}" for o in first if o in later and start]
        only = [f"{start} {o}" for o in first if not (o in later and start)]
        return both + only + [f"{lead} {o}" for o in later if not (o in first and start)]

    sheet.rule(w, *operands(begin.words, words), f'{trail} {gap}? "." {gap}? NAME')
    sheet.rule(c, *operands(begin.closed, closed))
    sheet.rule(c, f"{ready} (compare_{space} | logic) tight_{at}", f'{ready} logic {gap} nots_{space}? "not" tight_{at}', s)
    sheet.rule(c, *([f'nots_{space}? "not" tight_{at}'] if begin.words else []))
    sheet.rule(c, f'{trail} {gap}? "(" {inner_gap(inner)} args_{inner} ")"')
    sheet.rule(c, f'{trail} {gap}? "[" {inner_gap(inner)} keys_{inner} "]"')
    sheet.rule(s, *operands(begin.strings, list(place.strings)))
    sheet.rule(s, *(f"{s} {gap}? {o}" for o in place.strings))
    sheet.rule(n, f"{either} NUMBER")
    sheet.rule(trail, w, c)
    sheet.rule(x, w, c, n)
    sheet.rule(ready, f"{w} {gap}", f"{n} {gap}", f"{c} {gap}?")
    for i, known in enumerate(names.known):
        if known.typed and place.free:
            continue
        here = sheet.rule(f"{name}known{i}_{at}", f"{either} {known.rule}")
        sheet.rule(x, here)
        sheet.rule(ready, f"{here} {gap}")
        _follow(sheet, place, here, i, known, w, c)


def _follow(sheet: Sheet, place: Place, here: str, i: int, known: Known, word: str, closed: str) -> None:
    """What may follow ``here``, an operand of which something is known, added to the rules ``word`` and ``closed``."""
    gap, inner = place.gap, place.inside
    if known.attributes is None and not known.typed:
        return
    if known.attributes is not None:
        sheet.rule(word, f'{here} {gap}? "." {gap}? {known.attributes}')
    arguments = f"args{known.arguments}_{inner}" if known.arguments is not None else f"args_{inner}"
    sheet.rule(closed, f'{here} {gap}? "(" {inner_gap(inner)} {arguments} ")"')
    keys = f"keys{i}_{inner}" if known.columns else f"keys_{inner}"
    sheet.rule(closed, f'{here} {gap}? "[" {inner_gap(inner)} {keys} "]"')


def _behind(place: Place, what: str) -> list[str]:
    """What may stand behind a keyword: a space with any expression, or one that needs no space."""
    at = place.suffix
    return [f"{place.gap} {what}_{at}", *([f"u{what}_{at}"] if place.tight else [])]


def _tests(sheet: Sheet, place: Place) -> None:
    """Conditional expressions and lambdas around the families: ``test``, and ``testl`` where a keyword follows."""
    at, gap, free = place.suffix, place.gap, place.label + "f"
    for name in ("", "u", "q") if place.tight else ("", "q"):
        tern = sheet.rule(f"{name}tern_{at}", *(f'{name}l_{at} "if" {t} "else"' for t in _behind(place, "l")))
        sheet.rule(f"{name}test_{at}", f"{name}x_{at}", *(f"{tern} {t}" for t in _behind(place, "test")))
        sheet.rule(f"{name}testl_{at}", f"{name}l_{at}", *(f"{tern} {t}" for t in _behind(place, "testl")))
    if place.label in "ti":
        default = f'NAME {gap}? "=" {gap}? test_{at}'
        write_parameters(sheet, f"lambda_{at}", gap, ("NAME", default, "NAME"))
        head = f'"lambda" ({gap} lambda_{at})? {gap}? ":" {gap}?'
        sheet.rule(f"test_{at}", f"{head} test_{free}")
        sheet.rule(f"testl_{at}", f"{head} testl_{free}")
    if place.label in "ti" and not place.free:
        sheet.rule(f"test_{at}", f"gx_{free}")
        sheet.rule(f"testl_{at}", f"gl_{free}")
    walrus = [f'NAME {gap}? ":=" {gap}? test_{at}'] if place.label in "ti" else []
    sheet.rule(f"named_{at}", f"test_{at}", *walrus)
    plain = "named" if place.label == "i" else "test"
    sheet.rule(f"element_{at}", f"{plain}_{at}", f'"*" {gap}? star_{at}')
    sheet.rule(f"elements_{at}", f"element_{at}", f'elements_{at} {gap}? "," {gap}? element_{at}')
    more = f'{gap}? "," ({gap}? elements_{at} ({gap}? ",")?)?'
    sheet.rule(f"list_{at}", f"{plain}_{at}", f"element_{at} {more}")
    if place.tight:
        sheet.rule(f"unamed_{at}", f"utest_{at}")
        sheet.rule(f"ulist_{at}", f"utest_{at}", f"utest_{at} {more}", f'"*" {gap}? star_{at} {more}')


def write_parameters(sheet: Sheet, name: str, gap: str, one: tuple[str, str, str]) -> None:
    """Parameters in the order that Python asks for; ``one``: a plain one, one with a default, one behind stars."""
    plain, default, starred = one
    comma = f'{gap}? "," {gap}?'
    a, d, st, k = (f"{name}_{part}" for part in ("plain", "default", "star", "keyword"))
    sheet.rule(a, plain, f"{a} {comma} {plain}", f'{a} {comma} "/" {comma} {plain}')
    sheet.rule(d, default, f"{a} {comma} {default}", f'{a} {comma} "/" {comma} {default}', f"{d} {comma} {default}")
    before = f'({a} {comma} | {d} {comma} | {a} {comma} "/" {comma} | {d} {comma} "/" {comma})?'
    sheet.rule(st, f'{before} "*" {gap}? {starred}')
    either = f"({plain} | {default})"
    sheet.rule(k, f"{st} {comma} {either}", f'{before} "*" {comma} {either}', f"{k} {comma} {either}")
    most = f'({a} {comma} | {d} {comma} | {st} {comma} | {k} {comma} | {a} {comma} "/" {comma})?'
    last = f'{most} "**" {gap}? {starred}'
    sheet.rule(name, *(f'{r} ({gap}? ",")?' for r in (a, d, st, k, last, f'{a} {comma} "/"', f'{d} {comma} "/"')))


def _targets(sheet: Sheet, names: Names, place: Place) -> None:
    """What may stand before ``=`` or behind ``for``: names, which may be new, attributes and subscripts of operands."""
    at, gap, inner = place.suffix, place.gap, place.inside
    held = [] if place.free else names.held
    own = [(i, k) for i, k in enumerate(names.known) if not (k.typed and place.free)]
    sheet.rule(
        f"word_{at}", names.words["free" if place.free else "bound"], *(k.rule for _, k in own if k.attributes or k.typed)
    )
    prim = sheet.rule(f"prim_{at}", f"plain_{at[1]}", f'"(" {inner_gap(inner)} group_{inner} ")"')
    sheet.rule(prim, f"attribute_{at}", f"old_{at}", f'{prim} {gap}? "(" {inner_gap(inner)} args_{inner} ")"')
    attribute = sheet.rule(f"attribute_{at}", f'{prim} {gap}? "." {gap}? NAME', *held)
    old = sheet.rule(f"old_{at}", f'{prim} {gap}? "[" {inner_gap(inner)} keys_{inner} "]"')
    item = sheet.rule(f"item_{at}", old)
    for i, known in own:
        _follow(sheet, place, known.rule, i, known, attribute, sheet.rule(f"follow_{at}"))
        if known.columns:
            sheet.rule(item, f'{known.rule} {gap}? "[" {inner_gap(inner)} (STRING | fstring) {inner_gap(inner)} "]"')
    if own:
        sheet.rule(f"follow_{at}", f'follow_{at} {gap}? "." {gap}? NAME')
        sheet.rule(prim, f"follow_{at}")
        sheet.rule(old, f"follow_{at}")
    spread = [f"prim_{at}", f"word_{at}", f"tight_{at}", *place.strings]
    star = sheet.rule(f"star_{at}", *spread, *(f"star_{at} {gap}? ARITHMETIC {gap}? {o}" for o in spread))
    sheet.rule(star, f"{star} {gap}? ARITHMETIC {gap}? NUMBER")
    _target_lists(sheet, place, "", attribute, item)
    _target_lists(sheet, place, "k", attribute, old)


def _target_lists(sheet: Sheet, place: Place, kind: str, attribute: str, item: str) -> None:
    """Targets by themselves, in brackets and in lists. Those of kind 'k' store no new column: before the equals sign comes
    they look like values."""
    at, gap, inner = place.suffix, place.gap, place.inside
    single = sheet.rule(f"target{kind}_{at}", "NAME", attribute, item)
    within = f"{inner_gap(inner)} targetl{kind}_{inner} {inner_gap(inner)}"
    closed = sheet.rule(f"targetc{kind}_{at}", f'"(" {within} ")"', f'"[" {within} "]"')
    sheet.rule(closed, f'"[" {inner_gap(inner)} "]"', '"(" ")"')
    one = sheet.rule(f"targeto{kind}_{at}", single, closed, f'"*" {gap}? {single}', f'"*" {gap}? {closed}')
    many = sheet.rule(f"targetm{kind}_{at}", one, f'targetm{kind}_{at} {gap}? "," {gap}? {one}')
    sheet.rule(f"targetl{kind}_{at}", many, f'{many} {gap}? ","')
    sheet.rule(f"targets{kind}_{at}", f"targetl{kind}_{at} {gap}", closed, f'{many} {gap}? "," {gap}? {closed}')


def _brackets(sheet: Sheet, names: Names, place: Place) -> None:
    """What stands between brackets: groups, rows, sets, mappings, arguments, subscripts, comprehensions."""
    at, gap = place.suffix, place.gap
    _comprehension(sheet, place)
    items = f'elements_{at} {gap}? ("," {gap}?)?'
    comp = f"comp_{at} {gap}?"
    produce = f'"yield" ({gap} list_{at})? {gap}?'
    single = (f"named_{at} {gap}?", f'element_{at} {gap}? "," {gap}?')
    several = f'element_{at} {gap}? "," {gap}? elements_{at} {gap}? ("," {gap}?)?'
    sheet.rule(f"group_{at}", "", *single, several, comp, produce, f'"yield" {gap} "from" {gap} test_{at} {gap}?')
    sheet.rule(f"row_{at}", "", items, comp)
    first = f"qtest_{at}"
    sheet.rule(f"qrow_{at}", "", f"{first} {gap}?", f'{first} {gap}? "," {gap}? row_{at}', comp)
    pair = f'test_{at} {gap}? ":" {gap}? test_{at}'
    sheet.rule(f"pair_{at}", pair, f'"**" {gap}? star_{at}')
    sheet.rule(f"pairs_{at}", f"pair_{at}", f'pairs_{at} {gap}? "," {gap}? pair_{at}')
    sheet.rule(f"set_{at}", "", items, comp, f'pairs_{at} {gap}? ("," {gap}?)?', f"dictcomp_{at} {gap}?")
    _arguments(sheet, at, gap, "", "NAME")
    for keywords, label in names.keyword_lists.items():
        _arguments(sheet, at, gap, label, f"KEYS{label}" if keywords else None)
    _subscripts(sheet, names, at, gap)


def _comprehension(sheet: Sheet, place: Place) -> None:
    """An element in which any name may stand, since what follows may bind it; the first iterable knows bound names only."""
    at, gap, free = place.suffix, place.gap, place.inside_free
    later = Place(place.label, True, gap, place.strings)
    head = sheet.rule(f"for_{at}", f'"for" {gap} targets_{free} "in"', f'"async" {gap} "for" {gap} targets_{free} "in"')
    sheet.rule(f"for_{at}", f'"for" targetc_{free} "in"')
    for kind, element in (("comp", f"testl_{free}"), ("dictcomp", f'test_{free} {gap}? ":" {gap}? testl_{free}')):
        ready = f"{kind}l_{at}"
        for rule, end in ((f"{kind}_{at}", "x"), (ready, "l")):
            sheet.rule(rule, *(f"{element} {head} {x}" for x in _behind(place, end)))
            sheet.rule(rule, *(f'{ready} ({head} | "if") {x}' for x in _behind(later, end)))
    sheet.rule(f"comp_{at}", f'NAME {gap}? ":=" {gap}? comp_{at}')


def _arguments(sheet: Sheet, at: str, gap: str, label: str, key: str | None) -> None:
    """Arguments of a call; ``key``: the terminal of the keyword names that it takes, None where it takes none."""
    comma = f'{gap}? "," {gap}?'
    positional = sheet.rule(f"pos{label}_{at}", f"{'test' if label else 'named'}_{at}", f'"*" {gap}? test_{at}')
    named = sheet.rule(f"kw{label}_{at}", f'"**" {gap}? test_{at}', *([f'{key} {gap}? "=" {gap}? test_{at}'] if key else []))
    first, rest = f"posl{label}_{at}", f"kwl{label}_{at}"
    sheet.rule(first, positional, f"{first} {comma} {positional}")
    sheet.rule(rest, named, f"{first} {comma} {named}", f"{rest} {comma} {named}", f'{rest} {comma} "*" {gap}? test_{at}')
    end = f'{gap}? ("," {gap}?)?'
    sheet.rule(f"args{label}_{at}", "", f"{first} {end}", f"{rest} {end}", f"comp_{at} {gap}?")


def _subscripts(sheet: Sheet, names: Names, at: str, gap: str) -> None:
    """Subscripts and slices; those of a variable with known columns take no other plain string than these."""
    rest = f'":" {gap}? (test_{at} {gap}?)? (":" {gap}? (test_{at} {gap}?)?)?'
    key = sheet.rule(f"key_{at}", f"element_{at} {gap}?", f"test_{at} {gap}? {rest}", rest)
    sheet.rule(f"more_{at}", "", f'more_{at} "," {gap}? {key}')
    sheet.rule(f"keys_{at}", f'{key} more_{at} ("," {gap}?)?')
    qkey = sheet.rule(f"qkey_{at}", f"qtest_{at} {gap}?", f"qtest_{at} {gap}? {rest}", rest, f'"*" {gap}? star_{at} {gap}?')
    for i, known in enumerate(names.known):
        if known.columns:
            column = known.columns
            row = sheet.rule(f"columns{i}_{at}", f"{column} {gap}?", f'columns{i}_{at} "," {gap}? {column} {gap}?')
            chosen = f'{column} {gap} "if" {gap} l_{at} "else" {gap} {column} {gap}?'
            sheet.rule(f"keys{i}_{at}", row, f'"[" {gap}? {row} ("," {gap}?)? "]" {gap}?', chosen)
            sheet.rule(f"keys{i}_{at}", f'{qkey} more_{at} ("," {gap}?)?')
            if known.heads:
                sheet.rule(f"keys{i}_{at}", f'{known.heads} {gap}? "+" {gap}? test_{at} {gap}?')


def _fstrings(sheet: Sheet) -> None:
    """Strings with expressions in braces; inside, quotes of the other kind only, as Python 3.11 has it."""
    kinds = (("FDQ", "FDC", '"\\""', "d"), ("FSQ", "FSC", '"\'"', "s"))
    long = (("FDT", "FDTC", '/"{3,5}/', "s"), ("FST", "FSTC", "/'{3,5}/", "d"))
    sheet.rule("fstring", "FEMPTY")
    for opening, text, closing, place in (*kinds, *long):
        name = f"f_{opening.lower()}"
        sheet.rule("fstring", f"{opening} {name} {closing}")
        sheet.rule(name, "", f"{name} {text}", f"{name} FESCAPE", f"{name} hole_{place}")
    for place in "ds":
        end = 'CONVERSION? (":" spec_' + place + ')? "}"'
        sheet.rule(f"hole_{place}", f'"{{" BS? list_{place}b BS? ("=" BS?)? {end}')
        sheet.rule(f"spec_{place}", "", f"spec_{place} SPEC", f'spec_{place} "{{" BS? test_{place}b BS? CONVERSION? "}}"')
