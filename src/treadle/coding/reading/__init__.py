"""Requests on event data read by rules: what to compute, of which quantity, of which events and objects.

Rules answer only where every number, column and word of weight in the request has its place in the program; of 192 requests
of our own (benchmarks/requests), which they were made on, they answer 27, without a mistake.
"""

from __future__ import annotations

from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.request import read
from treadle.coding.reading.write import write
from treadle.types import Table

__all__ = ["program_by_rules"]


def program_by_rules(request: str, table: Table) -> str | None:
    """The body of a program over ``events`` that answers ``request``, or None where rules do not understand all of it."""
    catalogue = Catalogue(table)
    reading = read(request, catalogue)
    return None if reading is None else write(request, reading, catalogue)
