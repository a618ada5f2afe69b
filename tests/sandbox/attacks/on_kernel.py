"""Attempts at system calls that open new doors, and at old doors to the same system calls."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

from attacks.attempt import Attempt

__all__ = ["ATTEMPTS"]


def _kernel(name: str, body: str, **more: object) -> Attempt:
    return Attempt(name=name, kind="kernel", body=body, **more)  # type: ignore[arg-type]


ROOT = "root's only, also in a namespace of its own"
NEWER = "only newer kernels have it"
FOREIGN = """
    place = mmap.mmap(-1, 4096, prot=7)
    place.write(bytes.fromhex({code!r}))
    function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(place)))
    return function()
"""

ATTEMPTS = [
    _kernel("io_uring", "return call(425, 8, room(size=120))", control="machine"),
    _kernel("io_uring to register and enter", "return [reached(427, 0, 0, 0, 0), reached(426, 0, 1, 0, 0, 0, 0)]", control="machine"),
    _kernel("old asynchronous input and output", "return call(206, 8, room(struct.pack('Q', 0), 8))", control="machine"),
    _kernel("userfaultfd", "return call(323, 1)", control="machine"),
    _kernel("load a BPF program", "return reached(321, 0, room(size=128), 128)", control="root"),
    _kernel("memory without a file", "return os.memfd_create('x')"),
    _kernel("secret memory", "return call(447, 0)", control="machine"),
    _kernel("mount", "return call(165, b'none', b'/tmp', b'tmpfs', 0, 0)", control="root"),
    _kernel("mount what is there already elsewhere", "return call(165, b'/', b'/mnt', 0, 4096 | 16384, 0)", control="root"),
    _kernel("remount as writable", "return reached(165, b'none', b'/', 0, 32 | 4096, 0)", control="root"),
    _kernel("unmount", "return reached(166, b'/proc', 2)", control="root"),
    _kernel("fsopen", "return call(430, b'tmpfs', 0)", control="root"),
    _kernel("open_tree of a copy", "return call(428, -100, b'/', 1 | 0x8000)", control="root"),
    _kernel("open_tree of a path", "return call(428, -100, b'.', 0)", control="machine"),
    _kernel("move_mount", "return reached(429, -100, b'/', -100, b'/mnt', 0)", control="root"),
    _kernel("change attributes of mounts", """
        return call(442, -100, b'/', 0x8000, room(struct.pack('QQQQ', 1, 0, 0, 0), 32), 32)
    """, control="root"),
    _kernel("pivot_root", "return reached(155, b'.', b'.')", control="root"),
    _kernel("chroot", "os.chroot('.')", control="root"),
    _kernel("a new user namespace", "return call(272, 0x10000000)", control="machine"),
    _kernel("a new mount namespace", "return call(272, 0x20000)", control="root"),
    _kernel("a new file table", "return call(272, 0x400)"),
    _kernel("join a namespace", "return call(308, os.open('/proc/self/ns/net', os.O_RDONLY), 0)", control="root"),
    _kernel("a handle of a path", """
        return reached(303, -100, b'/', room(struct.pack('Ii', 128, 0)), room(), 0)
    """),
    _kernel("open by a handle", "return reached(304, -100, room(struct.pack('Ii', 8, 1)), 0)", control=None, why=ROOT),
    _kernel("openat2", "return call(437, -100, b'.', room(struct.pack('QQQ', 0, 0, 0)), 24)", control="machine"),
    _kernel("a wider set of Landlock rules", "return call(444, room(struct.pack('Q', 1)), 8, 0)", control="machine"),
    _kernel("restrict itself by Landlock again", "return reached(446, -1, 0)", control="machine"),
    _kernel("a filter of its own", """
        rule = room(struct.pack('HBBI', 6, 0, 0, 0x7FFF0000), 8)
        program = room(struct.pack('HxxxxxxQ', 1, ctypes.addressof(rule)), 16)
        call(157, 38, 1, 0, 0, 0)
        return call(317, 1, 0, program)
    """),
    _kernel("a filter that is asked outside", """
        rule = room(struct.pack('HBBI', 6, 0, 0, 0x7FFF0000), 8)
        program = room(struct.pack('HxxxxxxQ', 1, ctypes.addressof(rule)), 16)
        call(157, 38, 1, 0, 0, 0)
        return call(317, 1, 8, program)
    """),
    _kernel("strict mode", "return reached(157, 22, 9, 0, 0, 0)", control="machine"),
    _kernel("another personality", "return call(135, 0x0040000)"),
    _kernel("a personality without random addresses", "return call(135, 0xFFFFFFFF)"),
    _kernel("segments of the processor", "return call(154, 0, room(), 4096)", control="machine"),
    _kernel("ports of the machine", "return reached(173, 0x80, 1, 1)", control=None, why=ROOT),
    _kernel("all ports of the machine", "return reached(172, 3)", control=None, why=ROOT),
    _kernel("vmsplice", """
        reading, writing = os.pipe()
        text = room(b'x', 8)
        return call(278, writing, struct.pack('QQ', ctypes.addressof(text), 4), 1, 0)
    """),
    _kernel("splice", """
        reading, writing = os.pipe()
        other, to = os.pipe()
        os.write(writing, b'x')
        return call(275, reading, 0, to, 0, 1, 0)
    """),
    _kernel("tee", """
        reading, writing = os.pipe()
        other, to = os.pipe()
        os.write(writing, b'x')
        return call(276, reading, to, 1, 0)
    """),
    _kernel("release a process's memory", "return reached(448, -1, 0)", control="machine"),
    _kernel("load a module", "return reached(313, 0, b'', 0)", control=None, why=ROOT),
    _kernel("load a module from memory", "return reached(175, room(), 10, b'')", control=None, why=ROOT),
    _kernel("unload a module", "return reached(176, b'treadle', 0)", control=None, why=ROOT),
    _kernel("another kernel", "return reached(246, 0, 0, 0, 0)", control=None, why=ROOT),
    _kernel("restart the machine", "return reached(169, 0, 0, 0, 0)", control=None, why="it must never be tried outside"),
    _kernel("swap", "return reached(167, b'/tmp/x', 0)", control=None, why=ROOT),
    _kernel("accounting", "return reached(163, b'/tmp/x')", control=None, why=ROOT),
    _kernel("quotas", "return reached(179, 0x800002, 0, 0, 0)", control="machine"),
    _kernel("set the clock", "return reached(164, room(struct.pack('QQ', 0, 0)), 0)", control=None, why=ROOT),
    _kernel("look at the clock's discipline", "return reached(159, room(size=512))", control="machine"),
    _kernel("name spaces of hosts", "return call(171, b'treadle', 7)", control="root"),
    _kernel("where memory lies", "return reached(238, 0, 0, 0)", control="machine"),
    _kernel("move memory", "return reached(279, 0, 0, 0, 0, 0, 0)", control="machine"),
    _kernel("lock memory", "return call(151, 3)", control=None, why="limits on locked memory differ from machine to machine"),
    _kernel("lock one page", "return call(149, ctypes.addressof(room(size=8192)) & ~4095, 4096)", control="machine"),
    _kernel("huge pages", """
        libc.mmap.restype = ctypes.c_void_p
        place = libc.mmap(None, ctypes.c_size_t(2 << 20), 3, 0x40022, -1, ctypes.c_long(0))
        assert place != ctypes.c_void_p(-1).value, os.strerror(ctypes.get_errno())
        ctypes.memset(place, 1, 1)
    """, control=None, why="few machines have huge pages set aside"),
    _kernel("shadow stacks", "return reached(453, 0, 4096, 0)", control=None, why=NEWER),
    _kernel("look up mounts by number", "return reached(458, room(struct.pack('IIQQQ', 32, 0, 1, 0, 0)), room(), 8, 0)",
            control="machine"),
    _kernel("what the page cache holds", """
        handle = os.open(F['data'], os.O_RDONLY)
        return call(451, handle, room(struct.pack('QQ', 0, 4096)), room(), 0)
    """, control="machine"),
    _kernel("attributes by a new call", "return reached(463, -100, b'.', 0, b'user.x', room(), 16)", control="machine"),
    _kernel("a number that no kernel has", "return reached(9999)", control=None, why="no kernel has it: it must answer so"),
    _kernel("the number -1", "return reached(-1)", control=None, why="no kernel has it"),
    _kernel("int 0x80: a process number", FOREIGN.format(code="b814000000cd80c3"), deadly=True, control="machine"),
    _kernel("int 0x80: fork", FOREIGN.format(code="b802000000cd80c3"), deadly=True, control=None,
            why="the process number stands for it"),
    _kernel("int 0x80: open", FOREIGN.format(code="b80500000031db31c9cd80c3"), deadly=True, control=None,
            why="the process number stands for it"),
    _kernel("x32: a process number", "return reached(0x40000000 | 39)", deadly=True, control=None,
            why="most kernels are built without x32"),
    _kernel("x32: open", "return reached(0x40000000 | 2, b'/etc/passwd', 0)", deadly=True, control=None,
            why="most kernels are built without x32"),
    _kernel("x32: execve", "return reached(0x40000000 | 520, b'/bin/true', 0, 0)", deadly=True, control=None,
            why="most kernels are built without x32"),
    _kernel("the number with rubbish above", """
        place = mmap.mmap(-1, 4096, prot=7)
        # mov rax, 0x1_0000_0029 (socket, with bit 32 set); mov edi, 2; mov esi, 1; xor edx, edx; syscall; ret
        place.write(bytes.fromhex('48b82900000001000000bf02000000be0100000031d20f05c3'))
        got = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(place)))()
        if got < 0:
            raise OSError(-got, os.strerror(-got))
        return got
    """, control="machine"),
    _kernel("the old page of calls", """
        return ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(0xFFFFFFFFFF600400)(0)
    """, control=None, why="it tells the time; machines without it end the program",
            harmless=dict.fromkeys(("namespaces", "landlock", "seccomp"), "the time is not a secret")),
    _kernel("a copied system call instruction", """
        # The same as libc's: what counts is the number, not who calls.
        place = mmap.mmap(-1, 4096, prot=7)
        place.write(bytes.fromhex('b839000000' + '0f05c3'))
        got = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(place)))()
        if not got:
            os._exit(0)
        if got < 0:
            raise OSError(-got, os.strerror(-got))
        return got
    """),
    _kernel("write over its own code", """
        memory = os.open('/proc/self/mem', os.O_RDWR)
        place = ctypes.cast(libc.getpid, ctypes.c_void_p).value
        return os.pwrite(memory, ctypes.string_at(place, 4), place)
    """, control="machine"),
    _kernel("its own memory by call", """
        text = room(size=8)
        here = struct.pack('QQ', ctypes.addressof(text), 8)
        return call(311, os.getpid(), here, 1, here, 1, 0)
    """, control="machine"),
    _kernel("adjust who dies when memory ends", "open('/proc/self/oom_score_adj', 'w').write('900')"),
    _kernel("name itself in /proc", "open('/proc/self/comm', 'w').write('systemd')"),
    _kernel("map users of its own", "open('/proc/self/uid_map', 'w').write('0 0 1')", control=None, why="it can be written once"),
    _kernel("magic requests", "open('/proc/sysrq-trigger', 'w')", control=None, why=ROOT),
    _kernel("settings of the kernel", "open('/proc/sys/kernel/hostname', 'w').write('x')", control="root"),
    _kernel("where cores go", "open('/proc/sys/kernel/core_pattern', 'w')", control=None, why=ROOT),
    _kernel("control groups", "os.mkdir('/sys/fs/cgroup/x')", control=None, why=ROOT),
    _kernel("debugging of the kernel", "return os.listdir('/sys/kernel/debug')", control=None, why=ROOT),
    _kernel("memory of the kernel", "return os.open('/proc/kcore', os.O_RDONLY)", control=None, why=ROOT),
]  # fmt: skip
