"""Expectations of kind 'schema': the program's output is strict JSON of the shape that the user gave."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import jsonschema.exceptions
import jsonschema.validators
import referencing
import referencing.exceptions

from treadle.coding.checks.base import Check, failed, passed
from treadle.types import Expectation, Run, Verdict

__all__ = ["judge_schema", "strict_json"]

_ARTIFACT = "result.json"
_STRUCTURE = frozenset({"type", "required", "additionalProperties", "items", "properties", "minItems", "uniqueItems"})
"""Keywords whose messages hold no value that the model could copy into its program."""


def judge_schema(check: Check, expectation: Expectation, run: Run | None) -> Verdict:
    """Validates the whole output, else its last line, else the file result.json."""
    found, document, why = _document(run)
    if not found:
        hint = f"print the result as one JSON document and nothing else, or write it to {_ARTIFACT}"
        return failed(check, f"the output is not strict JSON: {why}", hint, name=expectation.text)
    kind = jsonschema.validators.validator_for(expectation.expected, default=jsonschema.Draft202012Validator)
    # an empty registry: references to other documents are errors, never fetched
    validator = kind(expectation.expected, registry=referencing.Registry())
    try:
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    except (referencing.exceptions.Unresolvable, RecursionError) as trouble:
        return failed(check, f"the schema cannot be applied: {trouble}", name=expectation.text)
    if error is None:
        return passed(check, "the output satisfies the schema", name=expectation.text)
    where = "/".join(str(part) for part in error.absolute_path) or "its top"
    reason = f"the output does not satisfy the schema: at {where}: {error.message[:300]}"
    hint = reason if error.validator in _STRUCTURE else f"the output does not satisfy the schema at {where}"
    return failed(check, reason, hint, name=expectation.text)


def strict_json(text: str) -> Any:
    """``json.loads`` without NaN, Infinity and repeated keys.

    Raises:
        ValueError: the text is anything but one strict JSON document.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _document(run: Run | None) -> tuple[bool, Any, str]:
    candidates: list[str] = []
    if run is not None and run.stdout.strip() and not run.stdout_truncated:
        candidates += [run.stdout, run.stdout.strip().splitlines()[-1]]
    if run is not None:
        files = [artifact.content for artifact in run.artifacts if artifact.name == _ARTIFACT]
        candidates += [content.decode("utf-8", errors="replace") for content in files]
    why = "nothing was printed"
    for number, text in enumerate(candidates):
        try:
            return True, strict_json(text), ""
        except ValueError as error:
            why = str(error) if number == 0 else why
    return False, None, why
