"""Places where a part of the kernel is closed: each a real process that opens the sandbox there, and an attack in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError
from treadle.sandbox import landlock, open_sandbox

USER = 65534

INSIDE = """
import ctypes, json, os, struct, sys
blocked = json.loads(sys.argv[2])  # [number, errno, flags that a clone must not have] each
if blocked:
    code = [(0x20, 0, 0, 0)]
    for number, error, flags in blocked:
        denied = (6, 0, 0, 0x50000 | error)
        if flags:
            test = [(0x20, 0, 0, 16), (0x45, 0, 1, flags), denied, (0x20, 0, 0, 0)]
            code += [(0x15, 0, len(test), number), *test]
        else:
            code += [(0x15, 0, 1, number), denied]
    code.append((6, 0, 0, 0x7fff0000))
    text = b"".join(struct.pack("=HBBI", *line) for line in code)
    buffer = ctypes.create_string_buffer(text, len(text))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buffer)), 0, 0) == 0
from treadle.errors import SandboxRefusedError
from treadle.sandbox import open_sandbox
from treadle.types import Program
ATTACK = '''
import os, socket, sys
through = []
def attempt(name, f):
    try: f()
    except OSError: return
    through.append(name)
attempt("read", lambda: open(sys.argv[1]).read())
attempt("write", lambda: open(sys.argv[1], "a").write("x"))
attempt("delete", lambda: os.unlink(sys.argv[1]))
attempt("fork", os.fork)
attempt("socket", socket.socket)
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("root", lambda: os.setuid(0))
alive = sum(range(10))
'''
try:
    sandbox = open_sandbox(preload=())
except SandboxRefusedError as refusal:
    print(json.dumps({"tier": None, "why": str(refusal), "uid": os.getuid()}))
else:
    run = sandbox.run(Program(source=ATTACK, evaluate="(alive, through)", argv=(sys.argv[1],)))
    print(json.dumps({"tier": run.tier, "value": run.value, "absent": sandbox.absent, "uid": os.getuid()}))
    sandbox.close()
"""
NEW_NAMESPACES = 0x7E020000
CLONE, CLONE3, UNSHARE, MOUNT, SETNS, PIVOT_ROOT = 56, 435, 272, 165, 308, 155
LANDLOCK, SECCOMP, PRCTL = (444, 445, 446), 317, 157
AS_DOCKER = [[CLONE, 1, NEW_NAMESPACES], [CLONE3, 38, 0], *([n, 1, 0] for n in (UNSHARE, MOUNT, SETNS, PIVOT_ROOT))]
NO_LANDLOCK = [[number, 38, 0] for number in LANDLOCK]

needs_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filters are written for x86_64")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user or nest user namespaces")


@pytest.fixture
def victim(public_path: Path) -> Path:
    file = public_path / "victim.txt"
    file.write_text("intact", encoding="ascii")
    file.chmod(0o666)
    return file


def open_there(
    victim: Path, *before: str, blocked: Sequence[Sequence[int]] = (), python: str = sys.executable
) -> dict[str, object]:
    """Open the best sandbox in a process started by ``before``, behind a filter that refuses ``blocked``."""
    command = [*before, python, "-c", INSIDE, str(victim), json.dumps(blocked)]
    environment = {**os.environ, "PYTHONPATH": str(Path(landlock.__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    assert victim.read_text(encoding="ascii") == "intact"
    if found["tier"] is not None:
        assert found["value"] == [45, []]
    return found


def works(tier: str) -> bool:
    try:
        open_sandbox(tier, preload=()).close()
    except SandboxRefusedError:
        return False
    return True


def best(*tiers: str) -> str | None:
    return next((tier for tier in tiers if works(tier)), None)


AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")


def python_for_everybody() -> str:
    """A Python, new enough, that an ordinary user can run; skip where there is none, or where the sources are hidden."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    source = str(Path(landlock.__file__).resolve())
    check = f"import sys, subprocess; open({source!r}); assert sys.version_info >= (3, 11); "
    check += "subprocess.check_call([sys.executable, '-c', ''])"
    for name in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3", "/usr/bin/python3.11", "/usr/bin/python3.12"):
        command = [*AS_USER, name, "-c", check]
        if Path(name).exists() and not subprocess.run(command, capture_output=True, cwd="/", check=False).returncode:
            return name
    pytest.skip("another user can run no Python >= 3.11 here, or not read the sources")


NEST = """
import ctypes, os, sys
setting, command = sys.argv[1], sys.argv[2:]
user, group = os.getuid(), os.getgid()
ready, go = os.pipe(), os.pipe()
child = os.fork()
if not child:
    if ctypes.CDLL(None).unshare(0x10000000):
        os._exit(77)
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    try:
        with open(f"/proc/sys/user/{setting}", "w") as file:
            file.write("0")
    except OSError:
        os._exit(77)
    os.execvp(command[0], command)
os.close(ready[1])
if os.read(ready[0], 1):
    if user:
        open(f"/proc/{child}/setgroups", "w").write("deny")
    for name, own in (("uid_map", user), ("gid_map", group)):
        with open(f"/proc/{child}/{name}", "w") as file:
            file.write(f"{own} {own} 1" if user else "0 0 70000")
    os.write(go[1], b"x")
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def nested(setting: str) -> tuple[str, ...]:
    """A user namespace in which a limit of the kernel is 0; the machine's own is not touched."""
    start = (sys.executable, "-c", NEST, setting)
    if subprocess.run([*start, "true"], capture_output=True, check=False).returncode == 77:
        pytest.skip(f"no nested user namespace with its own {setting}")
    return start


@as_root
def test_as_root_the_user_is_given_up_first(victim: Path) -> None:
    found = open_there(victim)
    assert (found["uid"], found["tier"]) == (0, best("namespaces", "landlock", "seccomp"))


@as_root
def test_as_an_ordinary_user(victim: Path) -> None:
    found = open_there(victim, *AS_USER, python=python_for_everybody())
    assert (found["uid"], found["tier"]) == (USER, best("namespaces", "landlock", "seccomp"))


def test_without_network_namespaces(victim: Path) -> None:
    found = open_there(victim, *nested("max_net_namespaces"))
    if works("namespaces"):
        assert (found["tier"], found["absent"]) == ("namespaces", ["network namespace"])


def test_without_user_namespaces(victim: Path) -> None:
    found = open_there(victim, *nested("max_user_namespaces"))
    assert found["tier"] == best("landlock", "seccomp")


@needs_x86
@pytest.mark.parametrize("user", ["this user", "an ordinary user"])
def test_in_a_container_that_allows_no_namespaces(victim: Path, user: str) -> None:
    if user != "this user":
        if os.geteuid() != 0:
            pytest.skip("only root can become another user")
        found = open_there(victim, *AS_USER, blocked=AS_DOCKER, python=python_for_everybody())
        assert (found["uid"], found["tier"]) == (USER, best("landlock", "seccomp"))
        return
    if os.geteuid() == 0:
        from treadle.sandbox import privileges, runtime

        if any(privileges.first_private_parent(path) for path in runtime.visible_paths() if Path(path).is_dir()):
            found = open_there(victim, blocked=AS_DOCKER)
            assert found["tier"] is None
            assert "only root may enter" in str(found["why"])
            return
    found = open_there(victim, blocked=AS_DOCKER)
    assert found["tier"] == best("landlock", "seccomp")


@needs_x86
@as_root
def test_without_landlock(victim: Path) -> None:
    found = open_there(victim, blocked=NO_LANDLOCK)
    if works("namespaces"):
        assert found["tier"] == "namespaces"
        assert "Landlock" in found["absent"]  # type: ignore[operator]


@needs_x86
def test_without_namespaces_and_landlock(victim: Path) -> None:
    found = open_there(victim, *nested("max_user_namespaces"), blocked=NO_LANDLOCK)
    assert found["tier"] == "seccomp"


@needs_x86
def test_without_seccomp_nothing_is_executed(victim: Path) -> None:
    found = open_there(victim, blocked=[[SECCOMP, 38, 0]])
    assert found["tier"] is None
    assert "nothing was executed" in str(found["why"])
    for tier in ("namespaces", "landlock", "seccomp"):
        assert f"{tier}:" in str(found["why"])
