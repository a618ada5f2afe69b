"""The words of Python as terminals of a constraint, and the sheet on which a constraint's rules are collected."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from treadle.grounding.sharing import SharedRule, shared_rule

__all__ = ["ATTRIBUTE", "Sheet", "literal", "names", "quoted_keys", "terminals"]

_LETTER = r"A-Za-z_\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0391-\u03a1\u03a3-\u03f5\u0400-\u0481"
_WORD = rf"[{_LETTER}][{_LETTER}0-9]*"
_KEYWORDS = "|".join(sorted(keyword.kwlist))
ATTRIBUTE = "NAME"

_DIGITS = "[0-9](_?[0-9])*"
_INTEGER = "(0[xX](_?[0-9a-fA-F])+|0[bB](_?[01])+|0[oO](_?[0-7])+|[1-9](_?[0-9])*|0(_?0)*)"
_FLOAT = rf"(({_DIGITS}\.({_DIGITS})?|\.{_DIGITS})([eE][+-]?{_DIGITS})?|{_DIGITS}[eE][+-]?{_DIGITS})"
_HEX = "[0-9a-fA-F]"
_ESCAPE = rf"\\([^xuUN\r\x00]|x{_HEX}{{2}}|u{_HEX}{{4}}|U000{_HEX}{{5}}|N\{{[A-Z][A-Z0-9 -]+\}})"
_BYTE = rf"\\([\n -wyz{{|}}~]|x{_HEX}{{2}})"
_LINE, _ANY, _ASCII = r"\\\n\r\x00", r"\\\r\x00", r"\\\n\r\x00\u0080-\U0010ffff"
_ANY_ASCII = r"\\\r\x00\u0080-\U0010ffff"


def _short(inside: str, escape: str) -> str:
    """Strings in single and double quotes; ``inside``: what the class of their characters excludes besides the quote."""
    return "|".join(f"{q}([^{q}{inside}]|{escape})*{q}" for q in "\"'")


def _long(character: str, escape: str) -> str:
    """Triple-quoted strings: up to two quotes in a row stand inside, none of them last."""
    return "|".join(f"{q * 3}({q}{{0,2}}([^{q}{character}]|{escape}))*{q * 3}" for q in "\"'")


_STRING = rf"[uU]?({_short(_LINE, _ESCAPE)}|{_long(_ANY, _ESCAPE)})"
_ESCAPED, _ESCAPED_ASCII = r"\\[^\r\x00]", r"\\[\n -~]"
_RAW = f"[rR]({_short(_LINE, _ESCAPED)}|{_long(_ANY, _ESCAPED)})"
_BYTES = rf"[bB]({_short(_ASCII, _BYTE)}|{_long(_ANY_ASCII, _BYTE)})"
_RAW_BYTES = rf"([rR][bB]|[bB][rR])({_short(_ASCII, _ESCAPED_ASCII)}|{_long(_ANY_ASCII, _ESCAPED_ASCII)})"


def terminals() -> dict[str, str]:
    """Terminals that every constraint may use, by name."""
    spaces = " {1,40}"
    wide = r"(( {0,80}\\?\n){0,3}( {0,80}#[^\n\r\x00]*(\n {0,80}){1,3})* {0,80})"
    return {
        "NAME": rf"/{_WORD}/ & ~/({_KEYWORDS})/",
        "NUMBER": rf"/{_INTEGER}|{_FLOAT}|({_FLOAT}|{_DIGITS})[jJ]/",
        "STRING": f"/{_STRING}|{_RAW}/",
        "BYTES": f"/{_BYTES}|{_RAW_BYTES}/",
        "BARE": f"/{_short(_LINE, _ESCAPE)}/",
        "SP": rf"/({spaces}|( {{0,40}}\\\n {{0,80}}))/",
        "WS": rf"/{wide}/ & /(?s:.)+/",
        "BS": f"/{spaces}/",
        "BINARY": r"/\*\*|\/\/|<<|>>|<=|>=|==|!=|[-+*\/%@&|^<>]/",
        "ARITHMETIC": r"/\*\*|\/\/|<<|>>|[-+*\/%@&|^]/",
        "AUGMENT": r"/(\*\*|\/\/|<<|>>|[-+*\/%@&|^])=/",
        "SIGN": "/[-+~]/",
        "FDQ": r'/([fF]|[fF][rR]|[rR][fF])"/',
        "FSQ": r"/([fF]|[fF][rR]|[rR][fF])'/",
        "FDT": r'/([fF]|[fF][rR]|[rR][fF])"""/',
        "FST": r"/([fF]|[fF][rR]|[rR][fF])'''/",
        "FEMPTY": "/([fF]|[fF][rR]|[rR][fF])(\"\"|'')/",
        "FDC": r'/[^"\\\n{}\r\x00]+/',
        "FSC": r"/[^'\\\n{}\r\x00]+/",
        "FDTC": r'/[^"\\{}\r\x00]+|"{1,2}/',
        "FSTC": r"/[^'\\{}\r\x00]+|'{1,2}/",
        "FESCAPE": rf"/\{{\{{|\}}\}}|{_ESCAPE}/",
        "INSQ": r"/'[^'\"\\\n\r\x00]*'/",
        "INDQ": r'/"[^"\'\\\n\r\x00]*"/',
        "INFSQ": rf"/f'([^'\"\\\n\r\x00{{}}]|\{{{_WORD}\}})*'/",
        "INFDQ": rf"/f\"([^'\"\\\n\r\x00{{}}]|\{{{_WORD}\}})*\"/",
        "SPEC": r"/[ -!#-&(-z|~]+/",
        "CONVERSION": "/![rsa]/",
    }


def literal(text: str) -> str:
    """``text`` as a literal of the notation."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def names(words: Iterable[str]) -> str:
    """A terminal for exactly ``words``; the same for the same set."""
    return "/" + "|".join(sorted(re.escape(w).replace("/", r"\/") for w in set(words))) + "/"


def quoted_keys(keys: Iterable[str]) -> str:
    """A terminal for string literals that spell exactly ``keys``, in either quote."""
    plain = sorted({k for k in keys if k.isprintable() and not set(k) & {'"', "'", "\\"}})
    inside = "|".join(re.escape(k).replace("/", r"\/") for k in plain)
    return f"/\"({inside})\"|'({inside})'/"


class Sheet:
    """Rules and terminals of one constraint, written down once and given out as far as they are reached."""

    def __init__(self) -> None:
        self.rules: dict[str, tuple[str, ...]] = {}
        self.terminals = terminals()

    def copy(self) -> Sheet:
        """A sheet to which more can be added."""
        other = Sheet()
        other.rules, other.terminals = dict(self.rules), dict(self.terminals)
        return other

    def rule(self, name: str, *alternatives: str) -> str:
        """Add alternatives to a rule; gives its name."""
        self.rules[name] = (*self.rules.get(name, ()), *alternatives)
        return name

    def terminal(self, name: str, pattern: str) -> str:
        """Name a terminal; gives the name."""
        self.terminals[name] = pattern
        return name

    def text(self) -> str:
        """The constraint: what is reached from ``start``, in the order in which it was written."""
        written: dict[str, SharedRule] = {}
        todo, needed = ["start"], {"start"}
        while todo:
            name = todo.pop()
            rule = written[name] = shared_rule(name, self.rules[name])
            todo.extend(word for word in rule.words - needed if word in self.rules)
            needed |= rule.words
        rules = [written[name] for name in self.rules if name in written]
        helpers = {name: text for rule in rules for name, text in rule.helpers.items()}
        terminals = [f"{name}: {pattern}\n" for name, pattern in self.terminals.items() if name in needed]
        return "".join([*(rule.text for rule in rules), *helpers.values(), *terminals])
