"""PostgreSQL: statements are executed by a role that can only read, one at a time, and cancelled from here at their limit.

The boundary is the role, checked before use (``pg_rights``). Before it stand a read-only transaction that is always rolled
back and the extended protocol, which takes exactly one statement.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.databases import pg_rights, pg_session, pg_summary
from treadle.coding.sql.databases.sandboxed import MAX_ROWS, failed
from treadle.errors import DataError, UsageError
from treadle.sandbox.limits import sentence
from treadle.types import DataSummary, Limits, Run

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresDatabase"]

_TIER = "read-only role"
_CONNECT_SECONDS = 10
_SERVER_GRACE_SECONDS = 5
_HIDDEN = "***"
_SETTINGS = (
    "datestyle = 'ISO'", "intervalstyle = 'postgres'", "bytea_output = 'hex'", "standard_conforming_strings = on",
    "client_min_messages = 'error'", "client_encoding = 'UTF8'",
)  # fmt: skip


class PostgresDatabase:
    """A PostgreSQL database by its address, ``postgresql://user:password@host:port/database?...`` as libpq reads it.

    ``max_rows`` is how many rows of a result come back. Threads may share it; their statements wait for each other.

    Raises:
        UsageError: psycopg is not installed.
        DataError: the address cannot be read, no connection, or the role may do more than read.
    """

    def __init__(self, address: str, *, max_rows: int = MAX_ROWS) -> None:
        if find_spec("psycopg") is None:
            raise UsageError("questions to PostgreSQL need psycopg: pip install 'treadle[sql]'.")
        self._max_rows = max_rows
        self._parameters = _parameters(address)
        self._lock = threading.Lock()
        self._connection = self._connect()

    @property
    def dialect(self) -> Dialect:
        return "postgres"

    @property
    def address(self) -> str:
        """The address without password."""
        known = {name: str(value) for name, value in self._parameters.items() if value is not None}
        user = f"{quote(known['user'], safe='')}@" if known.get("user") else ""
        host, port = known.get("host", ""), known.get("port", "")
        if host.startswith("/"):  # the folder of a Unix socket
            extra = f"?host={quote(host, safe='')}" + (f"&port={port}" if port else "")
            return f"postgresql://{user}/{quote(known.get('dbname', ''), safe='')}{extra}"
        return f"postgresql://{user}{host}{f':{port}' if port else ''}/{quote(known.get('dbname', ''), safe='')}"

    @cached_property
    def summary(self) -> DataSummary:
        """All tables that the role may read, read once. Raises DataError where the connection fails or there are none."""
        import psycopg

        with self._lock:
            try:
                summary = pg_summary.summarise(self._ready(), self.address)
            except psycopg.Error as error:
                raise self._lost(error) from None
        if not summary.tables:
            raise DataError(f"{self.address} has no tables that its role may read; GRANT SELECT on them to it.")
        return summary

    @cached_property
    def functions(self) -> frozenset[str]:
        """Functions that a statement may call without naming their schema, asked once. Raises DataError as ``summary``."""
        import psycopg

        with self._lock:
            try:
                return pg_summary.functions(self._ready())
            except psycopg.Error as error:
                raise self._lost(error) from None

    def execute(self, sql: str, limits: Limits | None = None) -> Run:
        """Execute one SELECT within ``wall_seconds`` and ``value_bytes``. Raises DataError where there is no connection."""
        limits = limits or Limits()
        if "\x00" in sql:
            return failed(_TIER, "the statement holds a NUL character")
        try:
            sql.encode()
        except UnicodeEncodeError:
            return failed(_TIER, "the statement holds characters that are not valid Unicode")
        with self._lock:
            return self._execute(sql, limits)

    def close(self) -> None:
        self._connection.close()

    # -------------------------------------------------------------------------------------------- statements

    def _execute(self, sql: str, limits: Limits) -> Run:
        import psycopg

        connection, started = self._ready(), time.monotonic()
        error = limit = value = None
        try:
            with self._transaction(connection, limits):
                started = time.monotonic()
                columns, rows, truncated = pg_session.fetch(
                    connection, sql, limits.wall_seconds, self._max_rows, limits.value_bytes
                )
                value = {"columns": columns, "rows": rows, "truncated": truncated}
        except pg_session.StatementError as failure:
            error = str(failure)
        except pg_session.CancelledError:
            limit = sentence("wall", limits)
        except pg_session.RowTooLargeError:
            limit = sentence("value", limits)
        except psycopg.Error as failure:
            connection.close()
            raise self._lost(failure) from None
        return Run(
            tier=_TIER,
            exit_code=0 if value is not None else 1,
            value=value,
            value_given=value is not None,
            error=error,
            limit_hit=limit,
            wall_seconds=time.monotonic() - started,
        )

    @contextlib.contextmanager
    def _transaction(self, connection: psycopg.Connection[Any], limits: Limits) -> Iterator[None]:
        """A read-only transaction that ends in a rollback, with nothing of the session left behind it."""
        milliseconds = int((limits.wall_seconds + _SERVER_GRACE_SECONDS) * 1000)  # should this process die meanwhile
        settings = (
            *_SETTINGS,
            f"statement_timeout = {milliseconds}",
            f"idle_in_transaction_session_timeout = {milliseconds}",
        )
        # After a first query the transaction cannot be made writable any more.
        begin = "; ".join(["BEGIN READ ONLY", *(f"SET LOCAL {setting}" for setting in settings), "SELECT 1"])
        connection.execute(begin.encode())
        try:
            yield
        except (pg_session.StatementError, pg_session.CancelledError, pg_session.RowTooLargeError):
            self._clean(connection)
            raise
        except BaseException:  # Ctrl-C: nobody reads the rest of the answer
            pg_session.stop(connection)
            connection.close()
            raise
        self._clean(connection)

    def _clean(self, connection: psycopg.Connection[Any]) -> None:
        import psycopg

        if connection.closed:
            return
        try:
            connection.execute("ROLLBACK")
            connection.execute("DISCARD ALL")
        except psycopg.Error:
            connection.close()

    # -------------------------------------------------------------------------------------------- connection

    def _connect(self) -> psycopg.Connection[Any]:
        """A connection of a role that was found to have no right but reading."""
        import psycopg

        settings: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, "application_name": "treadle"}
        try:
            connection = psycopg.connect(**settings | self._parameters, autocommit=True, prepare_threshold=None)
            self._parameters |= {"user": connection.info.user, "dbname": connection.info.dbname}
            if connection.info.host:
                self._parameters |= {"host": connection.info.host, "port": connection.info.port}
            found = pg_rights.excesses(connection)
            if not found:
                return connection
            refusal = pg_rights.refusal(connection, self.address, found)
            connection.close()
        except psycopg.Error as error:
            raise self._lost(error, "no connection to") from None
        raise DataError(refusal)

    def _ready(self) -> psycopg.Connection[Any]:
        """The connection, a new one where the last one was lost, with the role checked again."""
        import psycopg

        if not self._connection.closed:
            try:
                self._connection.execute("SELECT 1")
                return self._connection
            except psycopg.Error:
                self._connection.close()
        self._connection = self._connect()
        return self._connection

    def _lost(self, error: Exception, what: str = "the connection was lost to") -> DataError:
        words = " ".join(str(error).split()).rstrip(".")
        return DataError(f"{what} {self.address}: {_without(words, self._parameters.get('password'))}.")


def _parameters(address: str) -> dict[str, Any]:
    """What libpq reads in an address."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return dict(conninfo_to_dict(address))
    except ProgrammingError as error:
        # libpq repeats parts of what it cannot read, which may be those of a password.
        reason = "" if ":" in address.partition("://")[2] else f" ({' '.join(str(error).split())})"
        raise DataError(
            f"the address of the database cannot be read{reason}; write postgresql://user@host:port/database, with special"
            " characters percent-encoded."
        ) from None


def _without(text: str, password: Any) -> str:
    """``text`` without the password, however it is written."""
    if not password:
        return text
    for written in {str(password), quote(str(password)), quote(str(password), safe="")}:
        text = text.replace(written, _HIDDEN)
    return text
