"""What a user says must hold: examples in the request, options, test files, schemas; and the metrics a program prints.

An example is only taken for one where it can be nothing else: a call with plain arguments, an operator, and a plain
value. Prose that looks similar ('n = 3', 'Q1 * Q2 < 0', 'f(x) returns x') is left alone, so an expectation in a form
that is not listed here is silently not one; ``--expect`` complains instead.
"""

from __future__ import annotations

import ast
import builtins
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema.exceptions
import jsonschema.validators

from treadle.coding.examples import (
    ABOUT,
    NUMBER,
    WITH_TOLERANCE,
    called_names,
    number,
    read_call,
    read_examples,
    tolerance_fields,
    value_fields,
)
from treadle.coding.extract import parse_source
from treadle.coding.testfile import tests_something, what_cannot_be_run
from treadle.coding.wording import KNOWN_MODULES, NumberMention, declared_functions, numbers_in
from treadle.errors import ExpectationError
from treadle.types import Expectation

__all__ = [
    "NumberMention",
    "as_metric_name",
    "expectations_in",
    "function_names",
    "load_schema",
    "load_tests",
    "metrics_in",
    "numbers_in",
    "parse_expect",
    "read_examples",
    "repeated_metrics",
    "requested_signature",
    "unread_metrics",
]

_MAX_FILE_BYTES = 1 << 20
_METRIC_OPTION = re.compile(r"^\s*(?P<name>[A-Za-z_][\w.]*)\s*(?P<op>==|=|~|≈)\s*(?P<rest>.+?)\s*$", re.DOTALL)
_METRIC_LINE = re.compile(rf"^METRIC:\s*([A-Za-z_][\w./-]*)\s*=\s*({NUMBER}|[+-]?nan)\s*$", re.IGNORECASE)
_NEARLY_A_METRIC = re.compile(rf"^METRIC:[^=]+=\s*(?:{NUMBER}|[+-]?nan)\s*\S*$", re.IGNORECASE)
_FORMS = (
    "accepted forms: NAME == NUMBER, NAME ~ NUMBER (within 1 %), NAME ~ NUMBER +- NUMBER, NAME ~ NUMBER +- PERCENT%, "
    "CALL == VALUE. Example: --expect 'mean_pt ~ 37.05 +- 1%'"
)


# ------------------------------------------------------------------------------------------------ in the request


def expectations_in(text: str) -> list[Expectation]:
    """The examples that a request gives. See ``read_examples`` for those that could not be used."""
    return read_examples(text)[0]


def function_names(text: str) -> list[str]:
    """Names of the functions that a request asks for: declared ones first, then those that only examples call."""
    names = [name for name, _ in declared_functions(text)]
    for expectation in expectations_in(text):
        names += [name for name in called_names(expectation.subject) if not hasattr(builtins, name)]
    return list(dict.fromkeys(names))


def requested_signature(text: str) -> tuple[str, str] | None:
    """(name, source of the parameters) of the first function whose signature the request gives."""
    for name, parameters in declared_functions(text):
        if parameters is not None:
            return name, parameters
    return None


# ------------------------------------------------------------------------------------------------ options


def parse_expect(option: str) -> Expectation:
    """Read one ``--expect``.

    Raises:
        ExpectationError: it has none of the accepted forms; the message lists them.
    """
    found = read_call(option.strip()) or _metric(option)
    if found is None:
        raise ExpectationError(f"cannot read the expectation {option!r}; {_FORMS}")
    unknown = next(iter(_names_without_a_value(found.expected_source or "")), None)
    if unknown is not None:
        raise ExpectationError(
            f"the expectation {option!r} has {unknown!r} on its right side, which only the program could know; write a "
            "plain value there, and one expectation for each --expect"
        )
    numbers = [n for n in (found.expected, found.relative, found.absolute) if isinstance(n, float)]
    if found.kind == "metric" and not all(map(math.isfinite, numbers)):
        raise ExpectationError(f"the expectation {option!r} holds a number that is too large")
    return found


def _metric(option: str) -> Expectation | None:
    metric = _METRIC_OPTION.match(option)
    fields = _metric_fields(metric.group("rest"), about=metric.group("op") in ABOUT) if metric is not None else None
    if metric is None or fields is None:
        return None
    return Expectation(kind="metric", subject=metric.group("name"), text=option.strip(), origin="--expect", **fields)


def _names_without_a_value(source: str) -> list[str]:
    """Names in an expression that are neither builtin, nor bound in it, nor modules that are commonly imported."""
    nodes = list(ast.walk(parse_source(source)))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    used = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return [name for name in used if name not in bound and name not in KNOWN_MODULES and not hasattr(builtins, name)]


def _metric_fields(rest: str, *, about: bool) -> dict[str, Any] | None:
    tolerant = WITH_TOLERANCE.fullmatch(rest)
    if tolerant is not None:
        return tolerance_fields(tolerant)
    if re.fullmatch(NUMBER, rest) is None:
        return None
    return value_fields(number(rest), about=about)


def load_tests(path: str | Path) -> Expectation:
    """The user's own test file.

    Raises:
        ExpectationError: the file is missing, no Python, holds nothing that tests, or what cannot be run here.
    """
    text = _read(path, "tests")
    try:
        tree = parse_source(text)
    except SyntaxError as error:
        raise ExpectationError(f"the tests {str(path)!r} are not Python: line {error.lineno}: {error.msg}") from error
    if not tests_something(tree):
        raise ExpectationError(
            f"the file {str(path)!r} holds no test; write functions test_..., a function check(candidate), or "
            "asserts at the top level. Example: assert longest_run('aab') == 2"
        )
    refused = what_cannot_be_run(tree)
    if refused:
        raise ExpectationError(f"the tests {str(path)!r} cannot be run here: {refused}")
    return Expectation(
        kind="tests", subject=str(path), text=f"tests in {Path(path).name}", origin="--tests", expected_source=text
    )


def load_schema(path: str | Path) -> Expectation:
    """A JSON schema that the program's output must satisfy.

    Raises:
        ExpectationError: the file is missing, no JSON, or no valid JSON schema.
    """
    text = _read(path, "schema")
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExpectationError(f"the schema {str(path)!r} is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise ExpectationError(f"the schema {str(path)!r} must be a JSON object, for example {{'type': 'object'}}")
    try:
        jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
    except RecursionError:
        raise ExpectationError(f"the schema {str(path)!r} is nested too deeply to be checked") from None
    except jsonschema.exceptions.SchemaError as error:
        where = "/".join(str(part) for part in error.absolute_path) or "its top"
        raise ExpectationError(f"{str(path)!r} is not a valid JSON schema: at {where}: {error.message}") from error
    trouble = _cannot_be_applied(schema)
    if trouble:
        raise ExpectationError(f"the schema {str(path)!r} cannot be applied: {trouble}")
    return Expectation(
        kind="schema", subject=str(path), text=f"schema {Path(path).name}", origin="--schema", expected=schema
    )


def _cannot_be_applied(schema: dict[str, Any]) -> str:
    """Why no output could ever be held against the schema: it refers to what is not in it, or to nothing but itself."""
    import referencing
    import referencing.exceptions
    import referencing.jsonschema

    resource = referencing.jsonschema.DRAFT202012.create_resource(schema)
    resolver = referencing.Registry().with_resource("", resource).resolver()
    try:
        for reference in _references(schema):
            resolver.lookup(reference)
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        list(kind(schema, registry=referencing.Registry()).iter_errors({}))
    except referencing.exceptions.Unresolvable:
        return f"it refers to {reference!r}, which is not in it; other documents are not fetched"
    except RecursionError:
        return "it refers to itself without end"
    return ""


def _references(part: Any) -> Iterator[str]:
    """Every ``$ref`` but those below an ``$id``, which start from another place."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for key, value in part.items():
            if not (isinstance(value, dict) and "$id" in value) and key not in ("const", "enum", "examples", "default"):
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _read(path: str | Path, kind: str) -> str:
    file = Path(path)
    if not file.is_file():
        raise ExpectationError(f"no file {str(path)!r} for --{kind}")
    if file.stat().st_size > _MAX_FILE_BYTES:
        raise ExpectationError(f"the file {str(path)!r} for --{kind} is larger than 1 MiB")
    try:
        return file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise ExpectationError(f"cannot read the file {str(path)!r} for --{kind}: {error}") from error


# ------------------------------------------------------------------------------------------------ what was printed


def metrics_in(stdout: str) -> dict[str, float]:
    """The ``METRIC: name=value`` lines of a program's output; of repeated names the last one counts.

    A value is a finite decimal number or nan; every other line, also a METRIC line of another shape, is ignored.
    """
    return dict(_metric_pairs(stdout))


def repeated_metrics(stdout: str) -> list[str]:
    """Names that were printed more than once with different values."""
    values: dict[str, set[str]] = {}
    for name, value in _metric_pairs(stdout):
        values.setdefault(name, set()).add(repr(value))
    return [name for name, seen in values.items() if len(seen) > 1]


def unread_metrics(stdout: str) -> list[str]:
    """Lines that begin like a METRIC with one value, and whose name or value cannot be read as one."""
    lines = [line.strip() for line in stdout.splitlines()]
    return [
        line[:80]
        for line in lines
        if re.match(r"METRIC:", line) and _METRIC_LINE.match(line) is None and _NEARLY_A_METRIC.match(line)
    ]


def as_metric_name(line: str) -> str:
    """A name for the metric of such a line: what is no letter or digit becomes '_'."""
    told = line.partition(":")[2].partition("=")[0]
    return re.sub(r"\W+", "_", told).strip("_") or "result"


def _metric_pairs(stdout: str) -> list[tuple[str, float]]:
    matches = (_METRIC_LINE.match(line.strip()) for line in stdout.splitlines())
    pairs = [(match.group(1), float(match.group(2))) for match in matches if match is not None]
    return [(name, value) for name, value in pairs if not math.isinf(value)]
