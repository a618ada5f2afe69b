"""Attempts to make processes, to leave some behind, and to disturb those of others."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

from attacks.attempt import Attempt

__all__ = ["ATTEMPTS"]


def _proc(name: str, body: str, **more: object) -> Attempt:
    return Attempt(name=name, kind="proc", body=body, **more)  # type: ignore[arg-type]


ABOVE = "a control's parent is the test itself"
ATTEMPTS = [
    _proc("fork", """
        pid = os.fork()
        if not pid:
            os._exit(0)
        return os.waitpid(pid, 0)
    """),
    _proc("fork by raw call", """
        pid = call(57)
        if not pid:
            os._exit(0)
        return pid
    """),
    _proc("clone a process", """
        pid = call(56, 17, 0, 0, 0, 0)
        if not pid:
            os._exit(0)
        return pid
    """),
    _proc("clone3", """
        pid = call(435, room(struct.pack('8Q', 0, 0, 0, 0, 17, 0, 0, 0), 88), 64)
        if not pid:
            os._exit(0)
        return pid
    """),
    _proc("clone into a new user namespace", """
        pid = call(56, 0x10000000 | 17, 0, 0, 0, 0)
        if not pid:
            os._exit(0)
        return pid
    """, control="machine"),
    _proc("clone a thread with a namespace", "return call(56, 0x3D0F00 | 0x20000000, 0, 0, 0, 0)", control=None,
          why="the kernel refuses the combination to everybody"),
    _proc("a daemon that outlives its parent", """
        if not os.fork():
            os.setsid()
            if not os.fork():
                time.sleep(5)
            os._exit(0)
        os.wait()
    """),
    _proc("a fork bomb of forty", """
        for n in range(40):
            if not os.fork():
                time.sleep(1)
                os._exit(0)
        return n
    """),
    _proc("spawn", "return os.posix_spawn('/bin/true', ['true'], {})"),
    _proc("a shell", """
        import subprocess
        return subprocess.check_output(['/bin/sh', '-c', 'echo hello'])
    """),
    _proc("system()", "assert os.system('exit 0') == 0, 'no shell'"),
    _proc("popen of the C library", """
        libc.popen.restype = ctypes.c_void_p
        assert libc.popen(b'true', b'r'), os.strerror(ctypes.get_errno())
    """),
    _proc("replace itself", """
        try:
            os.execv('/bin/echo', ['echo', 'OUTCOME THROUGH by exec'])
        except FileNotFoundError:
            os.execv(sys.executable, [sys.executable, '-c', 'print("OUTCOME THROUGH by exec")'])
    """),
    _proc("run Python again", """
        if os.access(sys.executable, os.R_OK):
            os.execv(sys.executable, [sys.executable, '-c', 'print("OUTCOME THROUGH by exec")'])
        os.execv('/bin/echo', ['echo', 'OUTCOME THROUGH by exec'])
    """),
    _proc("execute a program of its own", """
        open('p', 'w').write('#!/bin/sh\\necho OUTCOME THROUGH by script\\n')
        os.chmod('p', 0o755)
        os.execv('./p', ['p'])
    """),
    _proc("execute from memory", """
        handle = call(319, b'x', 0)
        os.write(handle, open('/bin/echo', 'rb').read())
        return call(322, handle, b'', struct.pack('QQ', 0, 0), 0, 0x1000)
    """, control=None, why="the parts have controls: memory without a file below, executing above"),
    _proc("load a program of its own as a library", """
        open('lib.so', 'wb').write(open('/proc/self/exe', 'rb').read(64))
        os.chmod('lib.so', 0o755)
        return ctypes.CDLL('./lib.so')
    """, control=None, why="64 bytes are no library; test_native.py tries real ones"),
    _proc("a pseudo terminal", """
        import pty
        return pty.openpty()
    """, control="machine"),
    _proc("multiprocessing by fork", """
        import multiprocessing
        context = multiprocessing.get_context('fork')
        process = context.Process(target=print, args=('x',))
        process.start()
        process.join()
        assert process.exitcode == 0
    """),
    _proc("shared memory of multiprocessing", """
        from multiprocessing import shared_memory
        segment = shared_memory.SharedMemory(create=True, size=100)
        segment.close()
        segment.unlink()
    """, control="machine"),
    _proc("kill", "os.kill(F['victim'], 9)"),
    _proc("stop", "os.kill(F['victim'], signal.SIGSTOP)"),
    _proc("ask whether it lives", "os.kill(F['victim'], 0)"),
    _proc("kill a thread of it", "call(234, F['victim'], F['victim'], 9)"),
    _proc("kill by an old call", "call(200, F['victim'], 9)"),
    _proc("signal with a value", """
        call(129, F['victim'], 9, room(struct.pack('iii', 9, 0, -1), 128))
    """),
    _proc("signal a thread with a value", """
        call(297, F['victim'], F['victim'], 9, room(struct.pack('iii', 9, 0, -1), 128))
    """),
    _proc("signal by descriptor", "call(424, call(434, F['victim'], 0), 9, 0, 0)", control="machine"),
    _proc("hold a process by descriptor", "return call(434, F['victim'], 0)", control="machine"),
    _proc("signal all", "os.kill(-1, signal.SIGCONT)"),
    _proc("kill all", "os.kill(-1, 9)", control=None, why="it would kill whatever the user runs; SIGCONT to all stands for it"),
    _proc("signal its own group", "os.killpg(0, signal.SIGCONT)"),
    _proc("stop the supervisor", "os.kill(os.getppid(), signal.SIGSTOP)", control=None, why=ABOVE),
    _proc("kill the supervisor", "os.kill(os.getppid(), 9)", control=None, why=ABOVE),
    _proc("stop the fork servers", """
        for server in F['servers']:
            os.kill(server, signal.SIGSTOP)
        assert F['servers'], 'none'
    """, control=None, why=ABOVE),
    _proc("kill process 1", "os.kill(1, 9)", control=None, why="process 1 of a machine is never the user's"),
    _proc("have signals sent by its output", """
        fcntl.fcntl(1, fcntl.F_SETOWN, F['victim'])
        fcntl.fcntl(1, 10, 9)
        fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | 0x2000)
    """),
    _proc("have signals sent by its output, by ioctl", "fcntl.ioctl(1, 0x8901, struct.pack('i', F['victim']))", control=None,
          why="pipes do not take this ioctl; the call itself is what must not go through"),
    _proc("have signals sent by a pair of sockets", """
        a, b = socket.socketpair()
        fcntl.ioctl(a.fileno(), 0x8901, struct.pack('i', F['victim']))
    """),
    _proc("asynchronous notice by ioctl", "fcntl.ioctl(1, 0x5452, struct.pack('i', 1))"),
    _proc("asynchronous notice by flag alone", """
        fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | 0x2000)
    """, harmless=dict.fromkeys(("namespaces", "landlock", "seccomp"), "without an owner the notice goes to nobody")),
    _proc("enlarge the pipes that it writes to", "return fcntl.fcntl(1, 1031, 1 << 20)"),
    _proc("type into a terminal", "fcntl.ioctl(0, 0x5412, b'x')", control=None, why="a control has no terminal either"),
    _proc("paste from a console", "fcntl.ioctl(0, 0x541C, b'\\x03')", control=None, why="a control has no terminal either"),
    _proc("leave the session", "return call(112)", control=None, why="a control leads its session already"),
    _proc("move to another process group", "os.setpgid(0, os.getppid())", control=None, why="a control leads its session"),
    _proc("become root", "os.setuid(0)", control="root"),
    _proc("take other groups", "os.setgroups([0])", control=None, why="namespaces made by a user may not set groups"),
    _proc("regain capabilities", """
        header = room(struct.pack('Ii', 0x20080522, 0), 8)
        call(126, header, room(struct.pack('6I', 1 << 21, 1 << 21, 0, 0, 0, 0), 24))
    """, control="root"),
    _proc("raise its own limits", "resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20))", control=None,
          why="only root's hard limits can be raised"),
    _proc("lower the limits of another", "resource.prlimit(F['victim'], resource.RLIMIT_CPU, (1, 1))", control="machine"),
    _proc("lower the limits of the supervisor", "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))", control=None,
          why=ABOVE),
    _proc("slow another down", "os.setpriority(os.PRIO_PROCESS, F['victim'], 19)"),
    _proc("slow all of the user down", "os.setpriority(os.PRIO_USER, 0, 19)", control=None, why="it would slow the user down"),
    _proc("pin another to one CPU", "os.sched_setaffinity(F['victim'], {0})"),
    _proc("pin the supervisor to one CPU", "os.sched_setaffinity(os.getppid(), {0})", control=None, why=ABOVE),
    _proc("make another run only when idle", "os.sched_setscheduler(F['victim'], os.SCHED_IDLE, os.sched_param(0))"),
    _proc("run before all others", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))", control=None,
          why="real-time priorities are root's"),
    _proc("change the disk priority of another", "return call(251, 1, F['victim'], 0x6007)"),
    _proc("have itself called first", "call(157, 36, 1, 0, 0, 0)"),
    _proc("undo dying with its parent", "call(157, 1, 0, 0, 0, 0)"),
    _proc("let itself be traced by all", "call(157, 0x59616D61, -1, 0, 0, 0)", control=None, why="only kernels with Yama know it"),
    _proc("forbid to be looked at", "call(157, 4, 0, 0, 0, 0)"),
    _proc("rewrite its command line", "reached(157, 35, 8, 4096, 0, 0)", control=None, why="root's only"),
    _proc("change the clock of the machine", "call(227, 0, struct.pack('QQ', 0, 0))", control=None, why="root's only"),
    _proc("wait with threads that never end", """
        import threading
        threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
        raise TimeoutError('a thread is no process')
    """, control=None, why="threads end with their process; that nothing survives is checked for every run"),
]  # fmt: skip
