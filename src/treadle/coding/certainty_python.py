"""The names and literals of a Python program with their places: places by ``tokenize``, kinds by the syntax tree.

A program that does not parse is read as far as it can be cut into words; all its names are then just names. F-strings are
one text each, as they are to Python 3.11.
"""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from collections.abc import Iterator

from treadle.coding.checks.imports import module_aliases
from treadle.coding.extract import parse_source
from treadle.coding.words import Word

__all__ = ["words_of_python"]

_READING = frozenset({"arrays", "array", "iterate"})
_CHOOSING = frozenset({"columns", "usecols", "filter_name", "expressions", "subset", "by"})

_Place = tuple[int, int]
"""Line from 1 and column from 0, in characters."""


def words_of_python(program: str) -> list[Word]:
    """Names, numbers and texts in their order, without docstrings and keywords of the language."""
    lines = program.split("\n")
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    kinds, skipped = _kinds(program, lines)
    other = "name" if kinds is None else "new name"
    known = kinds or {}
    words = []
    for token in _tokens(program):
        if token.type not in (tokenize.NAME, tokenize.NUMBER, tokenize.STRING):
            continue
        at, start, end = token.start, starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            words.append(Word(known.get(at, other), token.string, start, end))
        elif token.type == tokenize.NUMBER:
            words.append(Word("number", token.string, start, end))
        elif token.type == tokenize.STRING and at not in skipped:
            words.append(_text(known.get(at, "text"), token.string, start))
    return words


def _tokens(program: str) -> Iterator[tokenize.TokenInfo]:
    """Tokens up to where the program cannot be cut into words."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(program).readline)
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return


def _text(kind: str, written: str, start: int) -> Word:
    """A text by its content; the quotes around it are free. An empty one is its quotes."""
    quote = written.lstrip("rbfuRBFU")
    prefix = len(written) - len(quote)
    width = 3 if quote[:3] in ('"""', "'''") and len(quote) >= 6 else 1
    inner = written[prefix + width : len(written) - width]
    if not inner:
        return Word(kind, inner, start, start + len(written))
    return Word(kind, inner, start + prefix + width, start + len(written) - width)


# ------------------------------------------------------------------------------------------------ kinds


def _kinds(program: str, lines: list[str]) -> tuple[dict[_Place, str] | None, set[_Place]]:
    """Kinds by place, and the places of docstrings; None where the program does not parse."""
    try:
        tree = parse_source(program)
    except SyntaxError:
        return None, set()
    reader = _Kinds(tree, lines)
    return reader.kinds, reader.docstrings


class _Kinds:
    def __init__(self, tree: ast.Module, lines: list[str]) -> None:
        self.kinds: dict[_Place, str] = {}
        self.docstrings: set[_Place] = set()
        self._lines = lines
        self._aliases = module_aliases(tree)
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            self._read(node, called)

    def _at(self, line: int, byte: int) -> _Place:
        """The tree counts bytes of UTF-8, ``tokenize`` characters."""
        text = self._lines[line - 1]
        return line, byte if text.isascii() else len(text.encode("utf-8", "surrogatepass")[:byte].decode("utf-8", "replace"))

    def _read(self, node: ast.AST, called: set[int]) -> None:
        match node:
            case ast.Expr(value=ast.Constant(value=str()) as text):
                self.docstrings.add(self._at(text.lineno, text.col_offset))
            case ast.Name(ctx=ast.Load()):
                self.kinds[self._at(node.lineno, node.col_offset)] = "variable"
            case ast.Attribute(attr=name, end_lineno=int(line), end_col_offset=int(end)):
                start = end - len(name.encode("utf-8", "surrogatepass"))
                self.kinds[self._at(line, start)] = self._member(node, called)
            case ast.keyword(arg=str(name), value=value):
                self.kinds[self._at(node.lineno, node.col_offset)] = "keyword"
                if name in _CHOOSING:
                    self._columns(value)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                self._imported(node, names)
            case ast.Subscript(slice=index):
                self._columns(index)
            case ast.Call(args=arguments) if self._called(node) in _READING:
                for part in arguments:
                    self._columns(part)

    def _member(self, node: ast.Attribute, called: set[int]) -> str:
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            base = base.value
        if isinstance(base, ast.Name) and base.id in self._aliases:
            return "member"
        return "method" if id(node) in called else "attribute"

    def _called(self, node: ast.Call) -> str:
        return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")

    def _columns(self, node: ast.expr) -> None:
        """Texts that choose something out of data: ``x["pt"]``, ``x[["pt", "eta"]]``, ``arrays(["pt"])``."""
        for part in node.elts if isinstance(node, ast.List | ast.Tuple) else [node]:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                self.kinds[self._at(part.lineno, part.col_offset)] = "column"

    def _imported(self, node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> None:
        """Modules of an import by their places: the words of a dotted name stand one after the other."""
        line, column = self._at(node.lineno, node.col_offset)
        if isinstance(node, ast.ImportFrom) and node.module:
            self._dotted(node.module, line, self._lines[line - 1].find(node.module, column))
        for alias in names:
            at = self._at(alias.lineno, alias.col_offset)
            if isinstance(node, ast.ImportFrom):
                self.kinds[at] = "imported name"
            else:
                self._dotted(alias.name, *at)

    def _dotted(self, name: str, line: int, column: int) -> None:
        for part in name.split(".") if column >= 0 else ():
            self.kinds[line, column] = "module"
            column += len(part) + 1
