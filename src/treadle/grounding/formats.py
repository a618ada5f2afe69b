"""Forms of an answer: each is a constraint for engines that take one, and a parser that judges any engine's answer.

Both are made of the same pieces, so that what an engine draws under the constraint is read, and what is read could have been
drawn. Of JSON the parser is the wider one: keys may come in any order and bounded numbers may have exponents, while engines
write keys in the order of the schema. It refuses alone what Python cannot hold (1e999) and a key given twice that the schema
does not name. Nothing may stand before or after an answer; strip what a chat adds.
"""

from __future__ import annotations

import html
import json
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, Protocol, TypeVar, runtime_checkable

import jsonschema
import jsonschema.exceptions
import jsonschema.validators
import referencing
import referencing.exceptions

from treadle.errors import FormatError, UsageError, nearest
from treadle.types import Constraint

__all__ = ["Format", "Rows", "SchemaModel", "choices", "html_table", "json_schema", "markdown_table", "regex", "yes_no"]

T_co = TypeVar("T_co", covariant=True)

Rows = list[dict[str, str]]
"""A table that was read: of each row the text under each column."""

_SHOWN = 40
_PLACES = {" ": "a blank", "\n": "a new line", "": "the end of the text"}


@dataclass(frozen=True, slots=True)
class Format(Generic[T_co]):
    """A form that an answer must have.

    Args:
        wanted: it, in words for a message or a prompt.
        constraint: for engines that take one.
        parse: the value of a text that has the form; raises ``FormatError`` otherwise.
    """

    wanted: str
    constraint: Constraint
    parse: Callable[[str], T_co]


@runtime_checkable
class SchemaModel(Protocol):
    """A class that has a JSON schema, as those of pydantic do."""

    def model_json_schema(self) -> dict[str, Any]:
        """The schema of its instances."""
        ...


# --------------------------------------------------------------------------------------------------- words


def choices(options: Sequence[str]) -> Format[str]:
    """One of the texts.

    Raises:
        UsageError: there is none, one is empty, or one is given twice.
    """
    known = _names(options, "choices")
    wanted = f"one of {', '.join(map(repr, known))}" if len(known) > 1 else repr(known[0])

    def parse(text: str) -> str:
        if text in known:
            return text
        whole = max((option for option in known if text.startswith(option)), key=len, default="")
        if whole:
            _deviates(text, len(whole), f"nothing after {whole!r}")
        close = nearest(text[:200], known, 1)
        _deviates(text, 0, wanted, f"; the nearest is {close[0]!r}" if close else "")

    return Format(wanted, Constraint(kind="regex", text="|".join(map(_literal, known))), parse)


def yes_no() -> Format[bool]:
    """Yes or no, with a small or a capital letter."""
    words = choices(["yes", "no", "Yes", "No"])
    return Format("yes or no", words.constraint, lambda text: words.parse(text).lower() == "yes")


_ONLY_PYTHON = re.compile(r"\\[0-9AZbBN<>]|\(\?(?:<?[=!]|P=|\(|>|#)")
"""Looking around, references backwards and the like: what engines cannot follow, or read in another sense than Python."""


def regex(pattern: str) -> Format[str]:
    """A text that the regular expression matches from its beginning to its end.

    Raises:
        UsageError: it is empty, none of Python's, or uses what only Python has.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of [[ and && in a set, which mean something else to engines
            compiled = re.compile(pattern)
    except (re.error, Warning, RecursionError, OverflowError) as error:
        raise UsageError(f"{pattern!r} cannot be used as a regular expression: {error}") from error
    foreign = _ONLY_PYTHON.search(pattern.replace(r"\\", "  "))
    if foreign or not pattern:
        what = f"engines do not understand {foreign[0]!r}" if foreign else "it is empty"
        raise UsageError(f"{pattern!r} cannot be used as a regular expression: {what}")

    def parse(text: str) -> str:
        if compiled.fullmatch(text):
            return text
        begun = compiled.match(text)
        end = begun.end() if begun else 0
        _deviates(text, end, f"nothing after {_shown(text[:end])}" if end else wanted)

    wanted = f"a text that matches {pattern!r}"
    return Format(wanted, Constraint(kind="regex", text=pattern), parse)


# --------------------------------------------------------------------------------------------------- JSON


def json_schema(schema: Mapping[str, Any] | SchemaModel) -> Format[Any]:
    """A JSON document of the schema, or of that of a pydantic class, of which the value is then an instance.

    Raises:
        UsageError: it is no JSON schema.
    """
    rules = dict(schema) if isinstance(schema, Mapping) else schema.model_json_schema()
    kind = jsonschema.validators.validator_for(rules, default=jsonschema.Draft202012Validator)
    try:
        text = json.dumps(rules, allow_nan=False)
        kind.check_schema(rules)
    except RecursionError:
        advice = "write what repeats as a definition, and refer to it by $ref"
        raise UsageError(f"the schema is nested too deeply: {advice}") from None
    except (TypeError, ValueError) as error:
        raise UsageError(f"the schema cannot be written as JSON: {error}") from error
    except jsonschema.exceptions.SchemaError as error:
        raise UsageError(f"no valid JSON schema: at {_json_path(error)}: {error.message}") from error
    # To JSON schema 1.0 is an integer; engines draw, and their users mean, what Python calls one.
    whole = kind.TYPE_CHECKER.redefine("integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool))
    strict = jsonschema.validators.extend(kind, type_checker=whole)  # type: ignore[no-untyped-call]
    # An empty registry: references to other documents are errors, never fetched.
    validator = strict(rules, registry=referencing.Registry(), format_checker=kind.FORMAT_CHECKER)
    instance = getattr(schema, "model_validate_json", None)

    def parse(answer: str) -> Any:
        _check_json(answer, validator, wanted)
        return json.loads(answer) if instance is None else _instance(instance, answer, wanted)

    wanted = f"a JSON document of the schema {rules['title']!r}" if "title" in rules else "a JSON document of the schema"
    return Format(wanted, Constraint(kind="json_schema", text=text), parse)


def _check_json(answer: str, validator: Any, wanted: str) -> None:
    document = _strict_json(answer, wanted)
    try:
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    except (referencing.exceptions.Unresolvable, RecursionError) as trouble:
        raise UsageError(f"the schema cannot be applied: {trouble}") from trouble
    if error is not None:
        raise FormatError(f"expected {wanted}, but at {_json_path(error)}: {error.message[:300]}")


def _strict_json(answer: str, wanted: str) -> Any:
    if answer != answer.strip():
        blank = 0 if answer[:1].isspace() else len(answer.rstrip())
        _deviates(answer, blank, f"{wanted} without blanks around it")
    try:
        document = json.loads(answer, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        _deviates(answer, error.pos, wanted, f" ({error.msg})")
    except UnicodeEncodeError:
        raise FormatError(f"expected {wanted}, but a string holds half of a surrogate pair") from None
    except (ValueError, RecursionError) as error:  # what the hooks say; a number of too many digits; nested too deeply
        raise FormatError(f"expected {wanted}, but {error}") from error
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is given twice in one object")
        found[key] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} stands in it, which is no number of JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {_shown(digits)} is too large")
    return value


def _instance(validate: Callable[[str], Any], answer: str, wanted: str) -> Any:
    try:
        return validate(answer)
    except ValueError as error:  # what the class demands beyond its schema
        raise FormatError(f"expected {wanted}, but {error}") from error


def _json_path(error: Any) -> str:
    return "/".join(str(part) for part in error.absolute_path) or "its top"


# --------------------------------------------------------------------------------------------------- tables

_PIPE_CELL = r"(?:[^|\\\r\n]|\\[^\\\r\n])*"
"""A backslash takes the next character along, but no other one: what a pipe after two means is read in two ways."""
_PIPE_RULE = " *:?-{3,}:? *"
_HTML_CELL = "(?:[^<>&]|&(?:amp|lt|gt|quot|#39);)*"
_GAP = "[ \n]*"


def markdown_table(columns: Sequence[str], rows: int | None = None) -> Format[Rows]:
    """A table in Markdown with these columns, and as many rows, or one or more. Cells are read without blanks around them.

    Raises:
        UsageError: there are no columns, one of them is empty, spans lines or is given twice, or ``rows`` is negative.
    """
    names = _names(columns, "columns")
    if rows is not None and rows < 0:
        raise UsageError(f"a table cannot have {rows} rows")
    titles = [name.replace("|", r"\|") for name in names]
    if odd := [name for name in titles if not re.fullmatch(_PIPE_CELL, name) or name != name.strip()]:
        raise UsageError(
            f"the column {odd[0]!r} cannot head a table in Markdown: blanks at its ends, or a backslash too many"
        )
    head = [rf"\| *{_literal(title)} *" for title in titles]
    rule = [rf"\|{_PIPE_RULE}"] * len(names)
    row = rf"(?:\n(?:\|{_PIPE_CELL}){{{len(names)}}}\|)"
    grammar = "".join([*head, r"\|\n", *rule, r"\|", row, "+" if rows is None else f"{{{rows}}}"])
    shown = f"the header | {' | '.join(titles)} |"

    def parse(text: str) -> Rows:
        reader = _Reader(text)
        reader.take("".join(head) + r"\|\n", shown)
        reader.take("".join(rule) + r"\|", f"a line of {len(names)} times --- below the header")
        found: Rows = []
        while not reader.at_end() and (rows is None or len(found) < rows):
            reader.take(r"\n", "a new line and a row")
            cells = [
                reader.take(rf"\|{_PIPE_CELL}", f"| and the cell {name!r} of row {len(found) + 1}")[1:] for name in names
            ]
            reader.take(r"\|", f"| at the end of row {len(found) + 1}, which has {_counted(len(names), 'cell')},")
            found.append(dict(zip(names, (cell.strip().replace(r"\|", "|") for cell in cells), strict=True)))
        return _counted_rows(reader, found, rows)

    wanted = f"a Markdown table of the columns {', '.join(names)}" + (
        f" and {_counted(rows, 'row')}" if rows is not None else ""
    )
    return Format(wanted, Constraint(kind="regex", text=grammar), parse)


def html_table(columns: Sequence[str]) -> Format[Rows]:
    """A table in HTML with these columns and one or more rows; tags without attributes, no tags in a cell.

    Raises:
        UsageError: there are no columns, or one of them is empty, spans lines or is given twice.
    """
    names = _names(columns, "columns")
    titles = [html.escape(name).replace("&#x27;", "&#39;") for name in names]
    head = [f"<th>{_literal(title)}</th>{_GAP}" for title in titles]
    begin, end = f"<tr>{_GAP}", f"</tr>{_GAP}"
    cell = f"<td>{_HTML_CELL}</td>{_GAP}"
    grammar = f"<table>{_GAP}{begin}{''.join(head)}{end}(?:{begin}(?:{cell}){{{len(names)}}}{end})+</table>"

    def parse(text: str) -> Rows:
        reader = _Reader(text)
        reader.take(f"<table>{_GAP}{begin}", "<table><tr>")
        for title, pattern in zip(titles, head, strict=True):
            reader.take(pattern, f"<th>{title}</th>")
        reader.take(end, f"</tr> after {_counted(len(names), 'title')}")
        found: Rows = []
        while not found or not reader.sees("</table>"):
            reader.take(begin, "<tr>" if not found else "<tr> or </table>")
            where = f"of row {len(found) + 1}"
            cells = [reader.take(cell, f"<td>, the text {name!r} {where} and </td>") for name in names]
            reader.take(end, f"</tr> {where}, which has {_counted(len(names), 'cell')},")
            found.append(dict(zip(names, map(_cell_text, cells), strict=True)))
        reader.take("</table>", "</table>")
        return _counted_rows(reader, found, None)

    wanted = f"an HTML table of the columns {', '.join(names)}"
    return Format(wanted, Constraint(kind="regex", text=grammar), parse)


def _cell_text(cell: str) -> str:
    return html.unescape(cell.removeprefix("<td>").rpartition("</td>")[0]).strip()


def _counted_rows(reader: _Reader, found: Rows, rows: int | None) -> Rows:
    if not found and rows != 0:
        reader.deviates("a row")
    if rows is not None and len(found) < rows:
        reader.deviates(f"row {len(found) + 1} of {rows}")
    if not reader.at_end():
        reader.deviates(f"nothing after the table of {_counted(len(found), 'row')}")
    return found


class _Reader:
    """Reads a text piece by piece."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def take(self, pattern: str, wanted: str) -> str:
        found = re.compile(pattern).match(self._text, self._at)
        if found is None:
            self.deviates(wanted)
        self._at = found.end()
        return found[0]

    def sees(self, begun: str) -> bool:
        return self._text.startswith(begun, self._at)

    def at_end(self) -> bool:
        return self._at == len(self._text)

    def deviates(self, wanted: str) -> NoReturn:
        _deviates(self._text, self._at, wanted)


# --------------------------------------------------------------------------------------------------- common


def _deviates(text: str, at: int, wanted: str, more: str = "") -> NoReturn:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    raise FormatError(f"expected {wanted} at line {line}, column {column}, but found {_shown(text[at:])}{more}")


def _shown(text: str) -> str:
    return _PLACES.get(text) or (repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}...")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _names(given: Sequence[str], what: str) -> list[str]:
    names = [given] if isinstance(given, str) else list(given)
    twice = next((name for name in names if names.count(name) > 1), None)
    if not names or twice is not None:
        raise UsageError(f"no {what} are given" if not names else f"of the {what}, {twice!r} is given twice")
    if odd := [name for name in names if not name or not name.isprintable()]:
        raise UsageError(f"of the {what}, {odd[0]!r} is empty or not one line of printable text")
    return names


def _literal(text: str) -> str:
    """A pattern of this text alone, as Python and engines read it."""
    return re.escape(text)
