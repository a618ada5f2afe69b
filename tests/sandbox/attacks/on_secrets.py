"""Attempts on what other processes hold in memory, in their environment or behind their descriptors."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

from attacks.attempt import Attempt

__all__ = ["ATTEMPTS"]


def _secret(name: str, body: str, **more: object) -> Attempt:
    return Attempt(name=name, kind="secret", body=body, **more)  # type: ignore[arg-type]


ATTEMPTS = [
    _secret("read a token in its environment", "return os.environ['SECRET_TOKEN']"),
    _secret("read its first environment", """
        text = open('/proc/self/environ').read()
        assert 'SECRET' in text, 'nothing there'
        return text
    """),
    _secret("read the victim's environment", "return open(f\"/proc/{F['victim']}/environ\").read()"),
    _secret("read every environment", """
        found = []
        for entry in os.listdir('/proc'):
            try:
                if entry.isdigit() and 'CANA' + 'RY' in open(f'/proc/{entry}/environ').read():
                    found.append(entry)
            except OSError:
                pass
        assert int(F['victim']) in map(int, found), 'none'
        return found
    """),
    _secret("read the parent's environment", """
        assert os.getppid() > 1, 'no parent'
        return open(f'/proc/{os.getppid()}/environ').read()
    """, control="machine"),
    _secret("read the fork servers' files in /proc", """
        found = []
        for server in F['servers']:
            for name in ('environ', 'maps', 'cmdline', 'mountinfo', 'status', 'stat'):
                try:
                    found.append(open(f'/proc/{server}/{name}').read()[:40])
                except OSError:
                    pass
        assert found, 'none'
        return found
    """, control=None, why="a control has no fork server above it"),
    _secret("take the socket that fork servers are told by", """
        taken = []
        for server in F['servers']:
            for n in range(3, 12):
                for how in (lambda: os.open(f'/proc/{server}/fd/{n}', os.O_RDWR), lambda: call(438, call(434, server, 0), n, 0)):
                    try:
                        handle = how()
                        os.write(handle, b'{"preload": ["unlucky"]}')
                        taken.append((server, n))
                    except OSError:
                        pass
        assert taken, 'none'
        return taken
    """, control=None, why="a control has no fork server above it"),
    _secret("look at the tests' own process", """
        found = []
        for name in ('environ', 'maps', 'cmdline', 'status'):
            try:
                found.append(open(f"/proc/{F['tests']}/{name}").read()[:40])
            except OSError:
                pass
        assert found, 'none'
        return found
    """),
    _secret("read the victim's memory as a file", """
        memory = os.open(f"/proc/{F['victim']}/mem", os.O_RDONLY)
        return os.pread(memory, 4090, F['stack'])
    """, control="machine"),
    _secret("read the victim's memory by call", """
        text = room(size=4096)
        here = struct.pack('QQ', ctypes.addressof(text), 4090)
        return call(310, F['victim'], here, 1, struct.pack('QQ', F['stack'], 4090), 1, 0)
    """, control="machine"),
    _secret("write the victim's memory by call", """
        text = room(b'SECRET=changed', 64)
        here = struct.pack('QQ', ctypes.addressof(text), 8)
        return call(311, F['victim'], here, 1, struct.pack('QQ', F['stack'], 8), 1, 0)
    """, control="machine"),
    _secret("read the parent's memory by call", """
        text = room(size=64)
        here = struct.pack('QQ', ctypes.addressof(text), 64)
        there = struct.pack('QQ', ctypes.addressof(libc), 64)
        return reached(310, os.getppid() or 1, here, 1, there, 1, 0)
    """, control="machine"),
    _secret("trace the victim", "return call(101, 16, F['victim'], 0, 0)", control="machine"),
    _secret("seize the victim", "return call(101, 0x4206, F['victim'], 0, 0)", control="machine"),
    _secret("trace the supervisor", "return call(101, 16, os.getppid(), 0, 0)", control=None,
            why="a control's parent is the test itself"),
    _secret("let itself be traced by the supervisor", "return call(101, 0, 0, 0, 0)"),
    _secret("take a descriptor of the victim's", """
        other = call(434, F['victim'], 0)
        return call(438, other, 0, 0)
    """, control="machine"),
    _secret("take a descriptor of the supervisor's", """
        other = call(434, os.getppid() or 1, 0)
        return [call(438, other, n, 0) for n in range(10)]
    """, control=None, why="a control's parent is the test itself"),
    _secret("open the victim's descriptors", "return os.listdir(f\"/proc/{F['victim']}/fd\")"),
    _secret("enter the victim's root", "return os.listdir(f\"/proc/{F['victim']}/root/\")"),
    _secret("enter the victim's directory", "os.chdir(f\"/proc/{F['victim']}/cwd\"); assert 'etc' in os.listdir(), 'not its directory'"),
    _secret("learn where the victim stands", "os.chdir(f\"/proc/{F['victim']}/cwd\"); return os.getcwd()"),
    _secret("compare descriptors with the victim", "return call(312, os.getpid(), F['victim'], 0, 0, 0)", control="machine"),
    _secret("advise on the victim's memory", """
        other = call(434, F['victim'], 0)
        return call(440, other, room(struct.pack('QQ', F['stack'] & ~4095, 4096)), 1, 20, 0)
    """, control="machine"),
    _secret("move the victim's pages", "return reached(256, F['victim'], 8, room(b'\\x01'), room(b'\\x01'))", control="machine"),
    _secret("attach shared memory", """
        libc.shmat.restype = ctypes.c_void_p
        place = libc.shmat(F['shm_id'], None, 0)
        assert place not in (None, ctypes.c_void_p(-1).value), os.strerror(ctypes.get_errno())
        text = ctypes.string_at(place, 10)
        ctypes.memmove(place, b'OVERWRITTEN', 10)
        return text
    """, control="machine"),
    _secret("make a shared segment", "return call(29, 0, 4096, 0o1666)", control="machine"),
    _secret("make a message queue", "return call(68, 0, 0o1666)", control="machine"),
    _secret("make a semaphore", "return call(64, 0, 1, 0o1666)", control="machine"),
    _secret("make a POSIX message queue", "return call(240, b'treadle', 0o102, 0o600, 0)", control="machine"),
    _secret("read the session keyring", "return call(250, 0, -3, 0)", control="machine"),
    _secret("add a key", "return call(248, b'user', b'treadle', b'x', 1, -2)", control="machine"),
    _secret("ask for a key", "return reached(249, b'user', b'treadle', 0, 0)", control="machine"),
    _secret("read the kernel's messages", "return call(103, 3, room(), 4096)", control=None, why="often root's only"),
    _secret("measure the machine", "return call(298, room(struct.pack('IIQ', 1, 128, 9), 128), 0, -1, -1, 0)", control="machine"),
    _secret("find expected values on the heap", """
        import gc
        found = [o for o in gc.get_objects() if isinstance(o, dict) and 'expected' in o]
        assert found, 'none'
        return found[0]
    """, control=None, why="it is about what the fork server holds; a control has none"),
    _secret("search its own memory for what the tests hold", """
        wanted = ('CANARY-' + 'PARENT').encode()
        own, found, memory = (wanted[:7], wanted[7:]), 0, os.open('/proc/self/mem', os.O_RDONLY)
        for line in open('/proc/self/maps'):
            span, mode = line.split()[:2]
            low, high = (int(x, 16) for x in span.split('-'))
            if mode.startswith('rw') and high < 1 << 47:
                try:
                    found += os.pread(memory, min(high - low, 64 << 20), low).count(wanted + b'-IN-THE-ENVIRONMENT')
                except OSError:
                    pass
        assert found, 'not there'
        return found
    """),
    _secret("descriptors that it should not have", """
        found = []
        for n in range(3, 1024):
            try:
                status = os.fstat(n)
                if [status.st_dev, status.st_ino] != F['data_inode']:  # in one tier the data come as a descriptor
                    found.append(n)
            except OSError:
                pass
        assert found, 'none'
        return found
    """, control=None, why="what a process inherits depends on who started it"),
    _secret("read its standard input", """
        text = sys.stdin.read() or os.read(0, 10)
        assert text, 'nothing'
        return text
    """, control=None, why="standard input is empty by construction, in a control as well"),
    _secret("read time and boot of the machine", "return open('/proc/uptime').read()", control="machine"),
    _secret("read the mounts", "return open('/proc/mounts').read()[:50]", harmless={
        "namespaces": "the mounts are the run's own", "landlock": "names of mounts are metadata"}),
    _secret("read the kernel's command line", "return open('/proc/cmdline').read()", control="machine"),
    _secret("read network addresses", "return open('/proc/net/tcp').read()[:60]", control="machine"),
    _secret("read network addresses of its own /proc", """
        return [open(f'/proc/self/{name}/tcp').read()[:60] for name in ('net', f'task/{os.getpid()}/net')]
    """, control="machine"),
    _secret("read hardware from /sys", "return os.listdir('/sys/class/net')", control="machine"),
]  # fmt: skip
