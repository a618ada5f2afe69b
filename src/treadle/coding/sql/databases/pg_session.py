"""One statement through libpq: parsed by the server as exactly one, described before it is executed, fetched row by row.

The connection is watched from here: when the time is up the statement is cancelled by the client, because a session may
switch its own timeouts off.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

__all__ = ["CancelledError", "RowTooLargeError", "StatementError", "bare", "fetch", "stop"]

_GRACE_SECONDS = 5.0
_CANCEL_SECONDS = 3.0


class StatementError(Exception):
    """The server refused the statement or failed in it; the message is its own."""


class CancelledError(Exception):
    """The time was up."""


class RowTooLargeError(Exception):
    """The first row alone is larger than everything that may come back."""


class _Wire:
    """Sends messages and reads results, until the time is up."""

    def __init__(self, connection: psycopg.Connection[Any], wall_seconds: float) -> None:
        self._connection, self._pgconn = connection, connection.pgconn
        self._deadline = time.monotonic() + wall_seconds

    def send(self, send: Callable[[], None]) -> None:
        send()
        while self._pgconn.flush():
            self._wait(reading=False)

    def next(self) -> PGresult | None:
        """The next result, None at the end of the answer. Raises StatementError, at the end of the answer, for an error."""
        from psycopg.pq import ExecStatus

        result = self._next()
        if result is not None and result.status == ExecStatus.FATAL_ERROR:
            self._drain()
            raise StatementError(_message(result))
        return result

    def _next(self) -> PGresult | None:
        if self._connection.closed:
            return None
        while self._pgconn.is_busy():
            self._wait(reading=True)
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _drain(self) -> None:
        """Read on to the end of the answer; a connection that does not get there is closed."""
        import psycopg

        try:
            while self._next() is not None:
                pass
        except (CancelledError, psycopg.Error):
            self._connection.close()

    def described(self, sql: str) -> PGresult:
        """Let the server parse ``sql`` as the unnamed statement and say what it will return."""
        self.send(lambda: self._pgconn.send_prepare(b"", sql.encode()))
        self._only()
        self.send(lambda: self._pgconn.send_describe_prepared(b""))
        return self._only()

    def execute(self) -> None:
        self.send(lambda: self._pgconn.send_query_prepared(b"", []))
        self._pgconn.set_single_row_mode()

    def cancel(self) -> None:
        """Ask the server to stop, and read on until it did; a server that does not loses the connection."""
        stop(self._connection)
        self._deadline = time.monotonic() + _GRACE_SECONDS
        self._drain()

    def _only(self) -> PGresult:
        found = None
        while (result := self.next()) is not None:
            found = result
        if found is None:
            raise StatementError("the server gave no answer")
        return found

    def _wait(self, *, reading: bool) -> None:
        handle, left = self._pgconn.socket, self._deadline - time.monotonic()
        if left <= 0 or not any(select.select([handle], [] if reading else [handle], [], left)):
            raise CancelledError


def stop(connection: psycopg.Connection[Any]) -> None:
    """Ask the server to cancel what it does for this connection; where it cannot be asked, the connection is closed."""
    import psycopg

    try:
        connection.cancel_safe(timeout=_CANCEL_SECONDS)
    except psycopg.Error:
        connection.close()


def fetch(
    connection: psycopg.Connection[Any], sql: str, wall_seconds: float, max_rows: int, max_bytes: int
) -> tuple[list[str], list[list[Any]], bool]:
    """Columns, rows and whether there were more; within the transaction that is open.

    Raises:
        StatementError: not one statement, one that returns no rows, or one that failed.
        CancelledError: it took longer than ``wall_seconds``.
        RowTooLargeError: see there.
        psycopg.OperationalError: the connection is lost.
    """
    wire = _Wire(connection, wall_seconds)
    try:
        described = wire.described(sql)
        if described.nparams:
            raise StatementError("the statement has parameters ($1), for which there are no values")
        if not described.nfields:
            raise StatementError("the statement is empty or returns no rows; allowed is one SELECT")
        types = [described.ftype(number) for number in range(described.nfields)]
        try:
            wire.described(_measured(bare(sql), types, max_bytes))
        except StatementError as error:
            raise StatementError(f"the statement is no SELECT, which alone is allowed ({error})") from None
        wire.execute()
        columns = [(described.fname(number) or b"").decode("utf-8", "replace") for number in range(described.nfields)]
        rows, truncated = _collect(wire, types, max_rows, max_bytes)
        return columns, rows, truncated
    except CancelledError:
        wire.cancel()
        raise


# ------------------------------------------------------------------------------------------------ statements

_PIECES = re.compile(
    r"""\b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$
    | --[^\n]* | (?P<open>/\*) | (?P<end>;)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"/\*|\*/")


def bare(sql: str) -> str:
    """One statement without its semicolon and what follows it."""
    start = 0
    while (piece := _PIECES.search(sql, start)) is not None:
        if piece["end"]:
            return sql[: piece.start()]
        start = piece.end()
        depth = 1 if piece["open"] else 0
        while depth and (mark := _COMMENT.search(sql, start)) is not None:  # comments may hold comments
            depth += 1 if mark[0] == "/*" else -1
            start = mark.end()
    return sql


def _measured(statement: str, types: Sequence[int], max_bytes: int) -> str:
    """``statement`` as a table, with a last column that says whether a row is too large to be sent.

    The client would have to take a row in at one go, so the server measures it. ``statement`` is complete by itself, so
    it cannot reach beyond the parentheses.
    """
    names = [f"c{number}" for number in range(len(types))]
    sizes = [f"coalesce(octet_length(CAST({n} AS text)), 0)" for n, of in zip(names, types, strict=True) if of not in _SMALL]
    if not sizes:
        return f"SELECT *, false FROM (\n{statement}\n) AS q ({', '.join(names)})"  # noqa: S608
    kept = [n if of in _SMALL else f"CASE WHEN size <= {max_bytes} THEN {n} END" for n, of in zip(names, types, strict=True)]
    inner = f"SELECT *, {' + '.join(sizes)} AS size FROM (\n{statement}\n) AS q ({', '.join(names)}) OFFSET 0"  # noqa: S608
    return f"SELECT {', '.join(kept)}, size > {max_bytes} FROM ({inner}) AS r"  # noqa: S608


# ------------------------------------------------------------------------------------------------ results


def _collect(wire: _Wire, types: Sequence[int], max_rows: int, max_bytes: int) -> tuple[list[list[Any]], bool]:
    readers = [_READERS.get(of, _text) for of in types]
    rows: list[list[Any]] = []
    left = max_bytes
    while (result := wire.next()) is not None:
        for number in range(result.ntuples):
            values = [result.get_value(number, place) for place in range(len(readers))]
            left -= sum(len(value) + 8 for value in values if value is not None)
            if left < 0 or len(rows) == max_rows or result.get_value(number, len(readers)) == b"t":
                wire.cancel()
                if not rows:
                    raise RowTooLargeError
                return rows, True
            rows.append([None if v is None else read(v) for read, v in zip(readers, values, strict=True)])
    return rows, False


def _message(result: PGresult) -> str:
    """The server's words, with its hint."""
    from psycopg.pq import DiagnosticField

    fields = (DiagnosticField.MESSAGE_PRIMARY, DiagnosticField.MESSAGE_HINT)
    message, hint = ((result.error_field(field) or b"").decode("utf-8", "replace") for field in fields)
    message = message or result.get_error_message().strip()
    return f"{message}. {hint}" if hint else message


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _number(value: bytes) -> int | float:
    """A numeric: whole where it is written without a fraction."""
    return int(value) if value.lstrip(b"-").isdigit() else float(value)


_READERS: dict[int, Callable[[bytes], Any]] = {
    16: lambda value: value == b"t",
    17: lambda value: bytes.fromhex(value[2:].decode("ascii")),  # bytea as \x00ff
    **dict.fromkeys((20, 21, 23, 26), int),  # int8, int2, int4, oid
    **dict.fromkeys((700, 701), float),
    1700: _number,
}
"""By the type's number; everything else is its text."""

_SMALL = frozenset((16, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2278, 2950))
"""Types of bounded size: numbers, truth values, dates and times, intervals, uuid, void."""
