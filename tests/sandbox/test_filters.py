"""The parts that can be looked at without running anything: the system call filter, the sentences, the paths."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from treadle.sandbox import limits, privileges, runtime, seccomp, syscall_table, syscalls
from treadle.sandbox.client import imports_packages
from treadle.types import Limits

ALLOW, EPERM, ENOSYS, EOPNOTSUPP, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x0005005F, 0x80000000
X86, ARM = 0xC000003E, 0xC00000B7


def decide(program: bytes, number: int, architecture: int = X86, arguments: tuple[int, ...] = ()) -> int:
    """A small interpreter of the BPF used here: what the kernel would answer."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    at, accumulator = 0, 0
    while True:
        code, yes, no, k = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x06:
            return int(k)
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif code == 0x54:
            accumulator &= k
        elif code == 0x05:
            at += k
        else:
            holds = {0x15: accumulator == k, 0x25: accumulator > k, 0x35: accumulator >= k}[code]
            at += yes if holds else no


def assembled(tier: str = "landlock", abi: int = 7, architecture: str = "x86_64", pid: int = 77) -> bytes:
    return seccomp.assemble(tier, abi, architecture).replace(seccomp.ANY_PID, struct.pack("=I", pid))


@pytest.mark.parametrize("tier", ["namespaces", "landlock", "seccomp"])
@pytest.mark.parametrize(("architecture", "column", "value"), [("x86_64", 0, X86), ("aarch64", 1, ARM)])
def test_the_filter_allows_exactly_its_table(tier: str, architecture: str, column: int, value: int) -> None:
    program = assembled(tier, architecture=architecture)
    tables = [syscall_table.PLAIN]
    tables += [] if tier == "seccomp" else [syscall_table.OPENING, syscall_table.WRITING]
    tables += [syscall_table.METADATA] if tier == "namespaces" else []
    allowed = {row[column] for table in tables for row in table.values()} - {None}
    fallocate = syscall_table.WRITING["fallocate"][column]
    checked = {row[column] for row in syscall_table.CHECKED.values()}
    absent = {row[column] for row in syscall_table.NOT_THERE.values()}
    if tier == "landlock":
        assert decide(program, fallocate or -1, value) == EOPNOTSUPP
        checked.add(fallocate)
    for number in set(range(600)) - checked:
        expected = ALLOW if number in allowed else ENOSYS if number in absent or number > 450 else EPERM
        assert decide(program, number, value) == expected, number


def published() -> dict[str, tuple[int | None, int | None]]:
    lines = (Path(__file__).parent / "data" / "syscalls.txt").read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return {row[0]: (None if row[1] == "-" else int(row[1]), None if row[2] == "-" else int(row[2])) for row in rows}


def test_the_tables_are_those_that_are_published() -> None:
    known = published()
    tables = (
        syscall_table.PLAIN, syscall_table.WRITING, syscall_table.OPENING, syscall_table.METADATA, syscall_table.CHECKED,
        syscall_table.EXECUTING, syscall_table.NOT_THERE,
    )  # fmt: skip
    ours = {name: row for table in tables for name, row in table.items()}
    assert len(ours) == sum(len(table) for table in tables)
    assert {name: known.get(name) for name in ours} == ours
    for column, machine in enumerate(("x86_64", "aarch64")):
        for name, number in syscalls.NUMBERS[machine].items():
            first = "landlock_create_ruleset" if name == "landlock" else name
            assert known[first][column] == number, (machine, name)
    assert max(n for row in known.values() for n in row if n is not None) == syscall_table.LAST_KNOWN


def test_foreign_calling_conventions_are_deadly() -> None:
    assert decide(assembled(), 0, 0x40000003) == KILL
    assert decide(assembled(), 0x40000000) == KILL
    assert decide(assembled(architecture="aarch64"), 63, X86) == KILL


@pytest.mark.parametrize(
    ("name", "arguments", "allowed"),
    [
        ("clone", (0x3D0F00,), True),
        ("clone", (17,), False),
        ("clone", (0x3D0F00 & ~0x400,), False),
        ("clone", (0x3D0F00 | 0x10000000,), False),
        ("kill", (77, 9), True),
        ("kill", (77, 18), False),
        ("kill", (78, 9), False),
        ("kill", (0xFFFFFFFF, 9), False),
        ("tgkill", (77, 78, 6), True),
        ("tgkill", (77, 78, 18), False),
        ("tgkill", (1, 1, 6), False),
        ("prctl", (15,), True),
        ("prctl", (1, 0), False),
        ("ioctl", (0, 0x5401), True),
        ("ioctl", (0, 0x5412), False),
        ("ioctl", (0, 0x541C), False),
        ("fcntl", (1, 3), True),
        ("fcntl", (1, 1031), False),
        ("prlimit64", (0, 7, 0), True),
        ("prlimit64", (0, 7, 1 << 32), False),
        ("prlimit64", (1, 7, 0), False),
        ("socketpair", (1, 0x80801), True),
        ("socketpair", (1, 2), False),
        ("socketpair", (2, 1), False),
        ("sched_setaffinity", (0, 8), True),
        ("sched_setaffinity", (77, 8), True),
        ("sched_setaffinity", (78, 8), False),
        ("sendto", (5, 0, 0, 0, 0), True),
        ("sendto", (5, 0, 0, 0, 1 << 40), False),
    ],
)
def test_calls_allowed_for_some_arguments(name: str, arguments: tuple[int, ...], allowed: bool) -> None:
    number = syscall_table.CHECKED[name][0]
    assert number is not None
    assert decide(assembled(), number, X86, arguments) == (ALLOW if allowed else EPERM)


@pytest.mark.parametrize(("abi", "truncates"), [(1, False), (2, False), (3, True)])
def test_truncation_is_denied_where_landlock_does_not_see_it(abi: int, truncates: bool) -> None:
    program = assembled(abi=abi)
    answer = ALLOW if truncates else EPERM
    assert decide(program, 76) == answer  # truncate
    for flags in (0x200, 0x203):  # opened for reading, emptied nevertheless
        assert decide(program, 2, X86, (0, flags)) == decide(program, 257, X86, (0, 0, flags)) == answer
    for flags in (0x0, 0x241, 0x242, 0x202):
        assert decide(program, 2, X86, (0, flags)) == decide(program, 257, X86, (0, 0, flags)) == ALLOW


@pytest.mark.parametrize(
    "name", ["socket", "connect", "bind", "execve", "fork", "vfork", "ptrace", "mount", "setns", "bpf", "io_uring_setup"]
)
def test_some_names_are_in_no_table(name: str) -> None:
    assert all(name not in table for table in (syscall_table.PLAIN, syscall_table.METADATA, syscall_table.CHECKED))


def test_sentences() -> None:
    assert limits.sentence("memory", Limits()) == "stopped: memory limit 2 GiB"
    assert limits.sentence("cpu", Limits()) == "stopped: CPU limit 10 s"
    assert limits.sentence("disk", Limits(disk_bytes=1000)) == "stopped: disk limit 1000 bytes"
    assert limits.sentence("whatever the program says", Limits()) is None


def test_visible_paths_hold_python_and_no_home() -> None:
    visible = runtime.visible_paths()
    assert any("/lib" in path for path in visible)
    assert not {"/", "/etc", "/home", "/root", "/tmp", "/usr", "/var", str(Path.home())} & set(visible)


def test_private_parents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o700)
    (tmp_path / "a" / "b").mkdir()
    assert privileges.first_private_parent(str(tmp_path / "a" / "b")) is not None
    assert privileges.first_private_parent("/usr") is None


@pytest.mark.parametrize(
    ("source", "packages"),
    [
        ("import numpy as np, math\nfrom collections import Counter", False),
        ("import json, awkward", True),
        ("  from uproot.source import x", True),
        ("", False),
    ],
)
def test_which_server_a_program_goes_to(source: str, packages: bool) -> None:
    assert imports_packages(source) is packages
