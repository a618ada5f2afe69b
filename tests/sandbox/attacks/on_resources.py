"""Attempts to take more than a run may have. They come to their end where the program notices, else they are stopped."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

from attacks.attempt import Attempt

__all__ = ["ATTEMPTS", "MEMORY_BYTES"]

MEMORY_BYTES = 128 << 20
"""The memory that a run of these gets; the attempts ask for several times as much, controls for no more than 1 GiB."""
BUSY = "it never ends, with or without a sandbox; that it is stopped is what is checked"
FILLS = "a control would fill the disk or the memory of the machine"


def _res(name: str, body: str, **more: object) -> Attempt:
    return Attempt(name=name, kind="resource", body=body, **more)  # type: ignore[arg-type]


ATTEMPTS = [
    _res("memory piece by piece", "return len([bytearray(32 << 20) for _ in range(16)])"),
    _res("memory at once", "return len(bytearray(600 << 20))"),
    _res("a long string", "return len('x' * (600 << 20))"),
    _res("address space without memory", "return len(mmap.mmap(-1, 8 << 30, flags=mmap.MAP_PRIVATE | 0x4000))"),
    _res("shared memory without a file", "m = mmap.mmap(-1, 600 << 20); m[::4096] = b'x' * (600 << 8); return len(m)"),
    _res("numpy arrays", "import numpy; return numpy.ones(80 << 20).sum()", control="machine"),
    _res("growing one mapping", "m = mmap.mmap(-1, 4096, flags=34); m.resize(600 << 20); m[::4096] = b'x' * (600 << 8); return len(m)"),
    _res("memory of the C library", """
        libc.malloc.restype = ctypes.c_void_p
        for n in range(40):
            place = libc.malloc(ctypes.c_size_t(16 << 20))
            if not place:
                raise MemoryError(n)
            ctypes.memset(place, 1, 16 << 20)
        return n
    """),
    _res("catching what says that memory ended", """
        kept = []
        while True:
            try:
                kept.append(bytearray(8 << 20))
            except MemoryError:
                if len(kept) > 40:
                    return len(kept)
                raise
    """, control=None, why=FILLS),
    _res("unpacking far more than was packed", """
        import zlib
        packed = zlib.compress(bytes(64 << 20), 9)
        return sum(len(zlib.decompress(packed)) for _ in range(1)) + len([zlib.decompress(packed) for _ in range(10)])
    """),
    _res("a deep recursion", """
        sys.setrecursionlimit(1 << 30)
        def down(n):
            return [down(n + 1)]
        return down(0)
    """, control=None, why="it ends in a crash everywhere"),
    _res("one large file", "open('big', 'wb').write(bytes(96 << 20)); return os.path.getsize('big')"),
    _res("many medium files", """
        for n in range(48):
            with open(f'f{n}', 'wb') as file:
                file.write(bytes(2 << 20))
                file.flush()
            time.sleep(0.005)
        time.sleep(0.3)
        return n
    """),
    _res("many small files", """
        for n in range(4000):
            open(f'f{n}', 'w').close()
        time.sleep(0.3)
        return n
    """),
    _res("many directories", """
        for n in range(4000):
            os.mkdir(f'd{n}')
        time.sleep(0.3)
        return n
    """),
    _res("a deep tree", """
        for n in range(3000):
            os.mkdir('d')
            os.chdir('d')
        time.sleep(0.3)
        return n
    """),
    _res("many links", """
        for n in range(4000):
            os.symlink('x' * 200, f'l{n}')
        time.sleep(0.3)
        return n
    """),
    _res("space set aside", """
        handle = os.open('big', os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(handle, 0, 200 << 20)
        return os.path.getsize('big')
    """),
    _res("a file of holes", """
        handle = os.open('holes', os.O_CREAT | os.O_RDWR)
        os.ftruncate(handle, 200 << 20)
        return os.path.getsize('holes')
    """),
    _res("files that no name holds any more", """
        kept = []
        for n in range(24):
            file = open('gone', 'wb')
            os.unlink('gone')
            file.write(bytes(4 << 20))
            file.flush()
            kept.append(file)
            time.sleep(0.02)
        time.sleep(0.3)
        return len(kept)
    """),
    _res("descriptors", "return len([os.pipe() for _ in range(400)])"),
    _res("descriptors of one file", "return [os.dup(0) for _ in range(600)][-1]"),
    _res("threads", """
        import threading
        for n in range(300):
            threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
        time.sleep(0.3)
        return n
    """, control="machine"),
    _res("timers", """
        made = [call(222, 1, 0, room(size=8)) for _ in range(5000)]
        return len(made)
    """),
    _res("output without end", """
        for n in range(64):
            os.write(1, b'y' * (1 << 20))
        raise EOFError('what is over the limit is thrown away, and the program does not notice')
    """, control=None, why="that it is cut off outside is what is checked"),
    _res("error output without end", """
        for n in range(64):
            os.write(2, b'y' * (1 << 20))
        raise EOFError('what is over the limit is thrown away, and the program does not notice')
    """, control=None, why="that it is cut off outside is what is checked"),
    _res("an endless loop", "while True: pass", control=None, why=BUSY),
    _res("an endless loop that catches all", """
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    """, control=None, why=BUSY),
    _res("signals ignored", """
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            pass
    """, control=None, why=BUSY),
    _res("signals blocked", """
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            pass
    """, control=None, why=BUSY),
    _res("loops in threads", """
        import threading
        def spin():
            while True:
                pass
        for _ in range(4):
            threading.Thread(target=spin).start()
        spin()
    """, control=None, why=BUSY),
    _res("a loop in a C function", "import re; return re.match('(a+)+$', 'a' * 60 + 'b')", control=None, why=BUSY),
    _res("a number without end", "return len(str(3 ** (1 << 26)))", control=None, why=BUSY),
    _res("sleep", "time.sleep(1e6)", control=None, why=BUSY),
    _res("wait for a lock that it holds", "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
         control=None, why=BUSY),
    _res("wait for input on its own output", """
        reading, writing = os.pipe()
        os.read(reading, 1)
    """, control=None, why=BUSY),
    _res("an exit function without end", """
        import atexit
        atexit.register(time.sleep, 1e6)
        raise TimeoutError('it waits at the end')
    """, control=None, why=BUSY),
    _res("a core file", """
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
        os.abort()
    """, control=None, why="a control has no core file either"),
]  # fmt: skip
