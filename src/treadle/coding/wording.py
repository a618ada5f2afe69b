"""What the words of a request name: functions with their signatures, and numbers.

This is pattern matching, not understanding. It prefers to miss a name over inventing one: a function that is found is
demanded from the program, a number that is found is looked for in it.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass

from treadle.coding.extract import parse_source

__all__ = [
    "KNOWN_MODULES",
    "NumberMention",
    "closing_bracket",
    "declared_functions",
    "is_plain_expression",
    "numbers_in",
    "string_end",
]

_BUILTINS = frozenset(dir(builtins))
KNOWN_MODULES = {"np": "numpy", "numpy": "numpy", "math": "math", "ak": "awkward", "awkward": "awkward", "pd": "pandas"}
"""Names that examples use for modules without importing them."""
_OPEN, _CLOSE = "([{", ")]}"
_VERB = r"(?:write|implement|define|code|complete|develop|program)"
_NOUN = r"(?:python\s+)?(?:function|routine|method|generator|helper)"
_DECLARATIONS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"\b{_VERB}\s+(?:me\s+)?(?:(?:a|an|the)\s+)?(?:{_NOUN}\s+)?[`'\"]?(?P<call>[A-Za-z_]\w*)\(",
        rf"\b{_NOUN}s?\s*:?\s+(?:(?:called|named)\s+)?[`'\"]?(?P<call>[A-Za-z_]\w*)\(",
        r"\bdef\s+(?P<call>[A-Za-z_]\w*)\(",
        r"^\s*[`'\"]?(?P<call>[A-Za-z_]\w*)\((?=[^()\n]*\)[`'\"]?\s*(?:->|:|that\b|which\b|returns?\b|should\b))",
        r"(?<!using )(?<!use )(?<!with )(?<!via )(?<!by )(?<!call )`(?P<call>[A-Za-z_]\w*)\((?=[^()\n]*\)`)",
        rf"\b{_NOUN}\s+(?:called|named)\s+[`'\"]?(?P<name>[A-Za-z_]\w*)\b(?!\()",
        rf"\b{_NOUN}\s*:?\s+[`'\"](?P<name>[A-Za-z_]\w*)[`'\"]",
        rf"\b{_NOUN}\s*:?\s+(?P<name>[A-Za-z]\w*_\w+)\b(?!\()",
        r"\b(?:called|named)\s+`(?P<name>[A-Za-z_]\w*)`",
    )
)
_NOT_NAMES = frozenset(
    {"a", "an", "and", "as", "by", "for", "in", "it", "of", "on", "that", "the", "this", "to", "which", "with"}
)
_WORD_NUMBERS = {
    word: value
    for value, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        start=1,
    )
}
_NUMBER = re.compile(
    r"(?<![\w.^])(?:(?P<sign>(?<!\d)(?<!\d\s)[-\u2212])\s?)?(?P<digits>\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<exponent>[eE][+-]?\d+)?(?P<percent>\s?%|\spercent\b|\sper\scent\b)?(?=(?:[GMTk]eV|cm|mm|px)\b|(?!\w))(?!\.\d)"
)
_NUMBER_WORD = re.compile(r"(?<![\w-])(" + "|".join(_WORD_NUMBERS) + r")(?![\w])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NumberMention:
    """A number in prose. ``value`` is as written (10 for '10 %'); ``start`` and ``end`` are offsets in the text."""

    value: float
    text: str
    start: int
    end: int
    percent: bool = False
    word: bool = False


def declared_functions(text: str) -> list[tuple[str, str | None]]:
    """(name, parameters or None) of every function that the request asks for, in the order of the text."""
    found: dict[str, tuple[int, str | None]] = {}
    for pattern in _DECLARATIONS:
        for match in pattern.finditer(text):
            name, parameters = _declared(text, match)
            if name is None:
                continue
            position, known = found.get(name, (match.start(), None))
            found[name] = (min(position, match.start()), known if known is not None else parameters)
    return [(name, parameters) for name, (_, parameters) in sorted(found.items(), key=lambda item: item[1][0])]


def _declared(text: str, match: re.Match[str]) -> tuple[str | None, str | None]:
    groups = match.groupdict()
    name = groups.get("call") or groups.get("name")
    if name is None or name.lower() in _NOT_NAMES or not name.isidentifier():
        return None, None
    if not groups.get("call"):
        return name, None
    end = closing_bracket(text, match.end("call"))
    parameters = text[match.end("call") + 1 : end] if end is not None else ""
    if end is None or not _are_parameters(parameters):
        return None, None
    # a builtin in backticks is a tool, not a wish; after a verb or 'def' it is one
    if name in _BUILTINS and match.group(0).lstrip().startswith("`"):
        return None, None
    return name, parameters.strip()


def _are_parameters(source: str) -> bool:
    try:
        parse_source(f"def _({source}): pass")
    except SyntaxError:
        return False
    return True


def closing_bracket(text: str, start: int) -> int | None:
    """Offset of the bracket that closes the one at ``start``, seeing through strings; None where there is none."""
    stack: list[str] = []
    position = start
    while position < len(text):
        char = text[position]
        if char in "'\"":
            end = string_end(text, position)
            if end is None:
                return None
            position = end
        elif char in _OPEN:
            stack.append(_CLOSE[_OPEN.index(char)])
        elif char in _CLOSE:
            if not stack or stack.pop() != char:
                return None
            if not stack:
                return position
        position += 1
    return None


def string_end(text: str, start: int) -> int | None:
    """Offset of the last character of the string literal that starts at ``start``; None where it is not closed."""
    quote = text[start] * 3 if text.startswith(text[start] * 3, start) else text[start]
    position = start + len(quote)
    while position < len(text):
        if text[position] == "\\":
            position += 2
        elif text.startswith(quote, position):
            return position + len(quote) - 1
        elif text[position] == "\n" and len(quote) == 1:
            return None
        else:
            position += 1
    return None


def numbers_in(text: str) -> list[NumberMention]:
    """The numbers that a text gives, as digits or as the words one to twelve, in its order.

    Digits that belong to a name (``pt1``, ``H2O``, ``x_3``) are no numbers. ``-`` counts as a sign unless it stands
    between two numbers, as in '60-120'.
    """
    mentions = [_from_digits(match) for match in _NUMBER.finditer(text)]
    mentions += [
        NumberMention(float(_WORD_NUMBERS[m.group(1).lower()]), m.group(1), m.start(), m.end(), word=True)
        for m in _NUMBER_WORD.finditer(text)
    ]
    return sorted(mentions, key=lambda mention: mention.start)


def _from_digits(match: re.Match[str]) -> NumberMention:
    digits = match.group("digits").replace(",", "") + (match.group("exponent") or "")
    value = float(digits) * (-1 if match.group("sign") else 1)
    return NumberMention(value, match.group(0).strip(), match.start(), match.end(), bool(match.group("percent")))


def is_plain_expression(node: ast.expr) -> bool:
    """Whether an expression can be evaluated without knowing any variable of the request.

    Names may only be builtins, called functions, or modules that are commonly imported under that name: ``f(s)`` is
    a signature, ``f('aab')`` an example.
    """
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {a.arg for n in ast.walk(node) if isinstance(n, ast.Lambda) for a in n.args.args}
    return all(
        id(n) in called or n.id in bound or n.id in _BUILTINS or n.id in KNOWN_MODULES
        for n in ast.walk(node)
        if isinstance(n, ast.Name)
    )
