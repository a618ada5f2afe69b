"""What a program tries outside its working directory fails inside and works in a control outside the sandbox."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from treadle.sandbox import Sandbox
from treadle.types import Program

Control = Callable[..., subprocess.CompletedProcess[str]]
Alive = Callable[[], None]

SECRET = "a canary that must stay outside"

ATTEMPTS = {
    "read a file": "print(open(HOME + '/secret.txt').read())",
    "list a directory": "import os; print(os.listdir(HOME), 'canary')",
    "read through a link": "import os; os.symlink(HOME + '/secret.txt', 'l'); print(open('l').read())",
    "read through /proc": "print(open('/proc/self/root' + HOME + '/secret.txt').read())",
    "write a file": "open(HOME + '/victim.txt', 'w').write('changed'); print('canary')",
    "append to a file": "open(HOME + '/victim.txt', 'a').write('changed'); print('canary')",
    "make a file": "open(HOME + '/new.txt', 'w').write('x'); print('canary')",
    "truncate": "import os; os.truncate(HOME + '/victim.txt', 0); print('canary')",
    "truncate while reading": "import os; os.open(HOME + '/victim.txt', os.O_RDONLY | os.O_TRUNC); print('canary')",
    "delete": "import os; os.unlink(HOME + '/victim.txt'); print('canary')",
    "rename": "import os; os.rename(HOME + '/victim.txt', HOME + '/moved.txt'); print('canary')",
    "hard link": "import os; os.link(HOME + '/victim.txt', HOME + '/linked.txt'); print('canary')",
    "change the mode": "import os; os.chmod(HOME + '/victim.txt', 0o600); print('canary')",
    "change the time": "import os; os.utime(HOME + '/victim.txt', (1, 1)); print('canary')",
    "set an attribute": "import os; os.setxattr(HOME + '/victim.txt', 'user.x', b'x'); print('canary')",
    "connect by TCP": "import socket; socket.create_connection(('127.0.0.1', TCP), 2).send(b'x'); print('canary')",
    "send by UDP": (
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.sendto(b'x', ('127.0.0.1', UDP)); print('canary')"
    ),
    "connect to a unix socket": "import socket; socket.socket(socket.AF_UNIX).connect(UNIX); print('canary')",
    "connect to an abstract socket": "import socket; socket.socket(socket.AF_UNIX).connect(ABSTRACT); print('canary')",
    "listen": "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print('canary')",
    "fork": "import os\nif not os.fork(): os._exit(0)\nprint('canary')",
    "run a shell": "import subprocess; print(subprocess.check_output(['/bin/sh', '-c', 'echo canary'], text=True))",
    "use multiprocessing": (
        "import multiprocessing as m\nq = m.get_context('fork').Process(target=print, args=('canary',)); q.start(); q.join()"
    ),
    "signal a process": "import os; os.kill(VICTIM, 0); print('canary')",
    "read an environment": "print('canary' if b'canary' in open(f'/proc/{VICTIM}/environ', 'rb').read() else '')",
    "memory without a file": "import os; os.memfd_create('x'); print('canary')",
    "make a device or pipe": "import os; os.mkfifo(HOME + '/pipe'); print('canary')",
    "a foreign calling convention": (
        # mov eax, 20 (getpid for i386); int 0x80; ret
        "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(bytes.fromhex('b814000000cd80c3'))\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\nf(); print('canary')"
    ),
}
FOR_OWNER = {"change the mode", "change the time"}


@pytest.fixture
def outside(public_path: Path) -> Iterator[dict[str, object]]:
    """Things to attack: files open to everybody, listeners, a living process."""
    for name, text in (("secret.txt", SECRET), ("victim.txt", "intact")):
        (public_path / name).write_text(text, encoding="ascii")
        (public_path / name).chmod(0o666)
    abstract = f"\0treadle-test-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        tcp, udp, unix, hidden = (
            stack.enter_context(socket.socket(family, kind))
            for family, kind in (
                (socket.AF_INET, socket.SOCK_STREAM),
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
            )
        )
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(public_path / "socket"))
        hidden.bind(abstract)
        for listener in (tcp, unix, hidden):
            listener.listen()
        (public_path / "socket").chmod(0o777)
        victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"SECRET": "canary"})
        stack.callback(shutil.rmtree, public_path)
        stack.callback(victim.communicate)
        stack.callback(victim.kill)
        yield {
            "HOME": str(public_path),
            "TCP": tcp.getsockname()[1],
            "UDP": udp.getsockname()[1],
            "UNIX": str(public_path / "socket"),
            "ABSTRACT": abstract,
            "VICTIM": victim.pid,
        }


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_attempt_is_held_back(
    sandbox: Sandbox, outside: dict[str, object], attempt: str, run_outside: Control, alive: Alive
) -> None:
    preamble = "".join(f"{name} = {value!r}\n" for name, value in outside.items())
    source = preamble + ATTEMPTS[attempt]
    home = Path(str(outside["HOME"]))
    before = sorted((p.name, p.lstat().st_mode, p.lstat().st_mtime_ns, p.lstat().st_size) for p in home.iterdir())

    run = sandbox.run(Program(source=source))

    after = sorted((p.name, p.lstat().st_mode, p.lstat().st_mtime_ns, p.lstat().st_size) for p in home.iterdir())
    assert not run.ok
    assert "canary" not in run.stdout
    assert SECRET not in repr(run)
    assert after == before
    alive()
    control = run_outside(source)
    assert "canary" in control.stdout, f"the control must succeed: {control.stderr}"


def test_the_environment_is_not_inherited(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    run = sandbox.run(Program(source="import os", evaluate="dict(os.environ)"))
    assert run.value_given
    assert "OPENAI_API_KEY" not in run.value
    assert "canary" not in str(run.value)


def test_no_descriptor_but_the_standard_streams(sandbox: Sandbox) -> None:
    source = (
        "import os\nopen_now = []\nfor n in range(4096):\n"
        "    try: os.fstat(n)\n    except OSError: continue\n    open_now.append(n)"
    )
    assert sandbox.run(Program(source=source, evaluate="open_now")).value == [0, 1, 2]


def test_one_run_leaves_nothing_for_the_next(sandbox: Sandbox) -> None:
    first = "import builtins, numpy\nbuiltins.left = numpy.left = 'canary'\n"
    writes = sandbox.tier != "seccomp"
    assert sandbox.run(Program(source=first + "open('left.txt', 'w').write('canary')" * writes)).ok
    run = sandbox.run(
        Program(
            source="import builtins, numpy, os", evaluate="(hasattr(builtins, 'left'), hasattr(numpy, 'left'), os.listdir())"
        )
    )
    assert run.value == (False, False, [".tmp"] if writes else [])


def test_limits_cannot_be_raised(sandbox: Sandbox) -> None:
    source = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)"
    assert sandbox.run(Program(source=source)).error in (
        "ValueError: not allowed to raise maximum limit",
        "PermissionError: [Errno 1] Operation not permitted",
    )


def test_the_machine_is_invisible_with_namespaces(sandbox: Sandbox) -> None:
    if sandbox.tier != "namespaces":
        pytest.skip("the landlock tier lets file metadata through")
    look = "[os.path.exists(p) for p in ('/etc/passwd', '/home', '/var', '/dev/shm')]"
    run = sandbox.run(Program(source="import os", evaluate=look))
    assert run.value == [False] * 4
