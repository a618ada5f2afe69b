"""Real sandboxes, of every tier and of the best one, and a real PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox

PRELOAD = ("sqlite3", "duckdb")


@pytest.fixture(scope="session", params=("namespaces", "landlock"))
def tier(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    try:
        opened = open_sandbox(request.param, preload=PRELOAD)
    except SandboxRefusedError as refusal:
        pytest.skip(f"this machine has no {request.param} tier: {refusal}")
    with closing(opened):
        yield opened


@pytest.fixture(scope="session")
def one_tier() -> Iterator[Sandbox]:
    """The best tier, for what does not depend on it."""
    try:
        opened = open_sandbox(preload=PRELOAD)
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    with closing(opened):
        yield opened


# ------------------------------------------------------------------------------------------------ PostgreSQL


def _binaries() -> Path | None:
    """The folder of the newest PostgreSQL server here."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return installed[-1].parent if installed else None


def _server_user() -> dict[str, Any]:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    pytest.skip("a PostgreSQL server does not run as root, and there is no user postgres or nobody")


class Server:
    """A real PostgreSQL server of the tests' own, on loopback and a Unix socket."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    @property
    def admin_address(self) -> str:
        return self.address("admin", "bank")

    def address(self, user: str, database: str = "bank") -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}&port={self.port}"

    def by_network(self, user: str, password: str, database: str = "bank") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def admin(self, *statements: str, database: str = "bank") -> list[tuple[Any, ...]]:
        """Execute as the superuser; the rows of the last statement."""
        with psycopg.connect(self.address("admin", database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed here (initdb is not in PATH or /usr/lib/postgresql)")
    user = _server_user()
    with tempfile.TemporaryDirectory(prefix="treadle-pg-", ignore_cleanup_errors=True) as name, socket.socket() as free:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "password").write_text("of the admin")
        if user:
            for path in (folder, folder / "password"):
                os.chown(path, user["user"], user["group"])
        initdb = [binaries / "initdb", "-D", folder / "data", "-U", "admin", "--auth-local=trust", "--no-sync"]
        initdb += ["--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C"]
        made = subprocess.run(initdb, capture_output=True, text=True, cwd="/", **user)
        assert made.returncode == 0, made.stderr
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        options = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
        options |= {"shared_buffers": "16MB", "listen_addresses": "127.0.0.1", "log_min_messages": "fatal"}
        command = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port)]
        command += [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **user)
        try:
            started = Server(folder, port)
            _await(process, started)
            yield started
        finally:
            process.send_signal(signal.SIGINT)  # at once, without waiting for sessions
            process.wait(30)


def _await(process: subprocess.Popen[bytes], server: Server) -> None:
    for _ in range(300):
        try:
            server.admin("CREATE DATABASE bank", database="postgres")
        except psycopg.OperationalError:
            assert process.poll() is None, (server.folder / "log").read_text()
            time.sleep(0.05)
        else:
            return
    pytest.fail("the PostgreSQL server did not start in 15 s")
