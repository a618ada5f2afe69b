"""What a user says must come out of a statement: the number of rows, or a value in the first row."""

from __future__ import annotations

import re

from treadle.coding.expectations import parse_expect
from treadle.errors import ExpectationError
from treadle.types import Expectation

__all__ = ["parse_sql_expect"]

_TEXT = re.compile(r"""^\s*(?P<name>[A-Za-z_][\w.]*)\s*==?\s*(?P<quote>['"])(?P<value>.*)(?P=quote)\s*$""", re.DOTALL)
_FORMS = "accepted forms: rows == 3, COLUMN == NUMBER, COLUMN == 'text', COLUMN ~ NUMBER +- 1%; 'value' names the only value"


def parse_sql_expect(text: str) -> Expectation:
    """``rows == 3``, ``value ~ 26.03 +- 1%``, ``name == 'pi+'``: of a column the value in the first row counts.

    Raises:
        ExpectationError: another form.
    """
    match = _TEXT.match(text)
    if match is not None:
        return Expectation(kind="metric", subject=match["name"], text=text, origin="--expect", expected=match["value"])
    try:
        found = parse_expect(text)
    except ExpectationError:
        found = None
    if found is None or found.kind != "metric":
        raise ExpectationError(f"cannot read the expectation {text!r}; {_FORMS}")
    return found
