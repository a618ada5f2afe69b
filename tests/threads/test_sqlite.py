"""Files, journals and the errors of disks and permissions."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from treadle.errors import StoreError, StoreVersionError
from treadle.threads import open_store
from treadle.threads.base import Store
from treadle.threads.filesystems import file_system_magic, journal_mode
from treadle.threads.sqlite import SYNCHRONOUS, _engine
from treadle.threads.store import SqlStore
from treadle.types import Draft, EngineIdentity, Message, Prompt, Request, Run

BIG = Prompt(messages=(Message(role="user", content=os.urandom(100_000).hex()),))


def pragma(store: Store, name: str) -> object:
    with cast(SqlStore, store)._engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


# ------------------------------------------------------------------------------------------------------- files


def test_folders_and_file_are_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "threads.sqlite"
    with closing(open_store(path)) as store:
        store.listing()
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_the_permissions_of_an_existing_file_stay(path: Path) -> None:
    path.touch()
    path.chmod(0o660)
    open_store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_closed_store_is_one_file(path: Path) -> None:
    open_store(path).close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "a?b=c#d %20.sqlite"):
        open_store(name).close()
        assert (tmp_path / name).stat().st_size > 0


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a directory; give the path of a file"):
        open_store(tmp_path)


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot create the thread store .*: (Not a directory|File exists)"):
        open_store(tmp_path / "file" / "threads.sqlite")


def test_an_address() -> None:
    with pytest.raises(StoreError, match="not an address of the kind postgresql://"):
        open_store("postgresql://host/threads")


def test_not_a_database(path: Path) -> None:
    path.write_bytes(b"From: me\n" * 1000)
    with pytest.raises(StoreError, match="not a SQLite database; choose another file, nothing was changed"):
        open_store(path)
    assert path.read_bytes() == b"From: me\n" * 1000


def test_a_corrupt_header(path: Path) -> None:
    open_store(path).close()
    with path.open("r+b") as file:
        file.write(b"\0" * 16)
    with pytest.raises(StoreError, match="not a SQLite database"):
        open_store(path)


def test_a_cut_off_file(path: Path) -> None:
    open_store(path).close()
    os.truncate(path, 6000)
    with pytest.raises(StoreError, match=r"cannot open the thread store .*damaged"):
        open_store(path)


def test_a_database_of_something_else(path: Path) -> None:
    change(path, "CREATE TABLE events (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"database of something else \(it holds the tables events\)"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_store_of_a_newer_treadle(path: Path) -> None:
    open_store(path).close()
    change(path, "UPDATE alembic_version SET version_num = '0999'")
    change(path, "UPDATE store_info SET value = '99.1'")
    with pytest.raises(StoreVersionError) as caught:
        open_store(path)
    for words in (
        str(path),
        "written by treadle 99.1 (store version 0999)",
        "up to 0002",
        "Upgrade treadle",
        "TREADLE_STORE",
    ):
        assert words in str(caught.value)
    change(path, "DROP TABLE store_info")
    with pytest.raises(StoreVersionError, match="written by a newer treadle"):
        open_store(path)


def as_a_user(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a script as a user whom permissions hold back, even where the tests run as root."""
    drop = "import os, sys, treadle.threads.store, treadle.threads.sqlite\nif os.getuid() == 0: os.setuid(65534)\n"
    command = [sys.executable, "-c", drop + script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that another user may enter: those above a temporary folder may be closed to others."""
    closed = [p for p in (tmp_path, *tmp_path.parents) if p.owner() == Path.home().owner() and not p.stat().st_mode & 1]
    for folder in closed:
        folder.chmod(folder.stat().st_mode | 0o011)
    yield tmp_path
    for folder in closed:
        folder.chmod(folder.stat().st_mode & ~0o011)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o666, 0o555)])
def test_not_writable(open_folder: Path, file_mode: int, folder_mode: int) -> None:
    path = open_folder / "sub" / "threads.sqlite"
    path.parent.mkdir()
    open_store(path).close()
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    done = as_a_user("from treadle.threads import open_store\nopen_store(sys.argv[1])", path)
    path.parent.chmod(0o755)
    assert "StoreError: the thread store" in done.stderr
    assert f"no permission to write {path if file_mode == 0o444 else path.parent}" in done.stderr


def test_a_folder_that_cannot_be_made(open_folder: Path) -> None:
    open_folder.chmod(open_folder.stat().st_mode & ~0o022)
    done = as_a_user("from treadle.threads import open_store\nopen_store(sys.argv[1])", open_folder / "sub" / "t.sqlite")
    assert "cannot create the thread store" in done.stderr
    assert "Permission denied" in done.stderr


# ------------------------------------------------------------------------------------------------------ journal


@pytest.mark.parametrize(
    ("magic", "mode"),
    [
        (0xEF53, "WAL"),  # ext4
        (0x58465342, "WAL"),  # XFS
        (0x9123683E, "WAL"),  # btrfs
        (0x01021994, "WAL"),  # tmpfs
        (None, "WAL"),
        (0x6969, "DELETE"),  # NFS
        (0x5346414F, "DELETE"),  # AFS
        (0x517B, "DELETE"),  # SMB
        (0xFF534D42, "DELETE"),  # CIFS
        (0x65735546, "DELETE"),  # FUSE
    ],
)
def test_the_journal_fits_the_file_system(magic: int | None, mode: str) -> None:
    assert journal_mode(magic) == mode


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="statfs(2) of Linux")
def test_the_magic_is_what_stat_says(tmp_path: Path) -> None:
    said = subprocess.run(["stat", "-f", "-c", "%t", tmp_path], capture_output=True, text=True, check=True).stdout
    assert file_system_magic(tmp_path) == int(said, 16)
    assert file_system_magic(tmp_path / "missing") is None


def test_a_local_store_is_durable(store: Store) -> None:
    assert [pragma(store, p) for p in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
    assert int(str(pragma(store, "busy_timeout"))) >= 10_000


def test_a_store_on_a_network_file_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(path).close()  # it was made on a local disk, and moved
    monkeypatch.setattr("treadle.threads.sqlite.file_system_magic", lambda _path: 0x6969)
    with closing(open_store(path)) as store:
        assert [pragma(store, p) for p in ("journal_mode", "synchronous")] == ["delete", 3]


def test_every_connection_is_prepared(path: Path) -> None:
    engine = _engine(path, "WAL")
    with closing(engine.raw_connection()) as first, closing(engine.raw_connection()) as second:
        assert [c.cursor().execute("PRAGMA synchronous").fetchone() for c in (first, second)] == [(2,), (2,)]
    engine.dispose()
    assert set(SYNCHRONOUS.values()) == {"FULL", "EXTRA"}


# ---------------------------------------------------------------------------------------------------- full disk


def check_full(store: Store, draft: Callable[[str], Draft]) -> str:
    """Fill the store, and see that it said what was lost, kept the rest and can go on reading; returns the thread."""
    thread = store.begin(Request(text="x"), EngineIdentity(name="e", backend="b", model="m"), {})
    stored = store.add_prompt(thread, BIG) + 1
    store.add_drafts(thread, 0, [draft("d1")])
    with pytest.raises(StoreError) as caught:  # noqa: PT012 - which one fails depends on the disk
        for _ in range(100):
            store.add_prompt(thread, BIG)
            stored += 1
    message = str(caught.value)
    assert message.startswith(f"thread {thread}: a prompt was not stored: the disk ")
    assert "full" in message
    assert message.endswith("What was stored before stays.")
    record = store.load(thread)
    assert [d.id for d in record.drafts] == ["d1"]
    assert len(record.prompts) == stored
    return thread


def test_no_more_pages(store: Store, draft: Callable[[str], Draft]) -> None:
    pragma(store, "max_page_count=150")
    thread = check_full(store, draft)
    pragma(store, "max_page_count=100000")
    store.add_run(thread, "d1", "first run", Run(tier="t", exit_code=0, value={"x": 1}))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting needs root and its capabilities")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_without_space(small_disk: Path, draft: Callable[[str], Draft]) -> None:
    with closing(open_store(small_disk / "threads.sqlite")) as store:
        check_full(store, draft)


LIMITED = """
import os, resource, sys
from treadle.errors import StoreError
from treadle.threads import open_store
from treadle.types import EngineIdentity, Message, Prompt, Request
store = open_store(sys.argv[1])
thread = store.begin(Request(text="x"), EngineIdentity(name="e", backend="b", model="m"), {})
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    for i in range(100):
        store.add_prompt(thread, Prompt(messages=(Message(role="user", content=os.urandom(50_000).hex()),)))
except StoreError as error:
    print(thread, len(store.load(thread).prompts) == i)
    print(error)
store.close()
"""


def test_a_limit_on_the_size_of_files(path: Path) -> None:
    """Like a quota, it reaches SQLite as an input/output error, not as a full disk."""
    command = [sys.executable, "-W", "error", "-c", LIMITED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    first, message = done.stdout.splitlines()
    thread, kept_all = first.split()
    assert kept_all == "True"
    assert f"thread {thread}: a prompt was not stored: the disk refused to read or write (full, over quota" in message
    with closing(open_store(path)) as store:
        assert store.load(thread).prompts
