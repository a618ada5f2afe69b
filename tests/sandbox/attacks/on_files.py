"""Attempts on files: to read what is not the program's, to change it, and to change the data files it was given."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

from attacks.attempt import Attempt

__all__ = ["ATTEMPTS"]

METADATA = dict.fromkeys(("landlock", "seccomp"), "file metadata is visible in these tiers: docs/sandbox.md says so")
OWN_NAME = {
    "landlock": "the name in the working directory is a link of the run's own; the file behind it stays",
    "seccomp": "the name in the working directory is the run's own; the file behind it stays",
}


def _file(name: str, body: str, **more: object) -> Attempt:
    return Attempt(name=name, kind="file", body=body, **more)  # type: ignore[arg-type]


READING = [
    _file("read a secret", "return open(F['home'] + '/.ssh/id_rsa').read()"),
    _file("read the list of users", "return open('/etc/passwd').read()[:80]"),
    _file("read the machine's name and mounts", "return open('/etc/hostname').read() + open('/proc/1/mountinfo').read()[:99]",
          control="machine"),
    _file("read through /proc/self/root", "return open('/proc/self/root' + F['home'] + '/.ssh/id_rsa').read()"),
    _file("read through /proc/self/cwd", "return open('/proc/self/cwd/' + '../' * 12 + F['home'] + '/.ssh/id_rsa').read()"),
    _file("read upwards from the working directory", "return open('../' * 12 + F['home'] + '/.ssh/id_rsa').read()"),
    _file("read from a descriptor of the root", """
        top = os.open('/', os.O_RDONLY | os.O_DIRECTORY)
        return os.read(os.open(F['home'].lstrip('/') + '/.ssh/id_rsa', os.O_RDONLY, dir_fd=top), 100)
    """),
    _file("open a path only, then open it again", """
        handle = os.open(F['home'] + '/.ssh/id_rsa', os.O_PATH)
        return open(f'/proc/self/fd/{handle}').read()
    """),
    _file("step into the directory and read", "os.chdir(F['home'] + '/.ssh'); return open('id_rsa').read()"),
    _file("list a directory", "return os.listdir(F['home'])"),
    _file("scan a directory by its descriptor", "return [e.name for e in os.scandir(os.open(F['home'], os.O_RDONLY))]"),
    _file("read through a link of its own", "os.symlink(F['home'] + '/.ssh/id_rsa', 'l'); return open('l').read()"),
    _file("read through a link of a directory", "os.symlink(F['home'], 'd'); return open('d/.ssh/id_rsa').read()"),
    _file("make a hard link and read it", "os.link(F['home'] + '/.ssh/id_rsa', F['home'] + '/h'); return open(F['home'] + '/h').read()"),
    _file("hard link into the working directory", "os.link(F['home'] + '/.ssh/id_rsa', 'h'); return open('h').read()"),
    _file("move a secret into the working directory", "os.rename(F['home'] + '/.ssh/id_rsa', 'r'); return open('r').read()"),
    _file("import a module from there", "sys.path.insert(0, F['home']); import unlucky; return unlucky.found"),
    _file("read with the C library", """
        libc.fopen.restype = ctypes.c_void_p
        stream = libc.fopen((F['home'] + '/.ssh/id_rsa').encode(), b'r')
        text = room(size=100)
        assert stream and libc.fread(text, 1, 99, ctypes.c_void_p(stream)), 'not opened'
        return text.value
    """),
    _file("map a secret", """
        handle = os.open(F['home'] + '/.ssh/id_rsa', os.O_RDONLY)
        return mmap.mmap(handle, 0, prot=mmap.PROT_READ)[:]
    """),
    _file("read a traceback's source line", """
        import linecache
        return linecache.getlines(F['home'] + '/unlucky.py')[1]
    """),
    _file("open by handle", """
        identity, mount = room(struct.pack('Ii', 128, 0)), room()
        call(303, -100, (F['home'] + '/.ssh/id_rsa').encode(), identity, mount, 0)
        return 'a handle of the file'
    """),
    _file("openat2 from the root", """
        handle = call(437, -100, (F['home'] + '/.ssh/id_rsa').encode(), room(struct.pack('QQQ', 0, 0, 0)), 24)
        return os.read(handle, 100)
    """),
    _file("execute a secret to learn of it", "os.execv(F['home'] + '/.ssh/id_rsa', ['x'])", control=None,
          why="it is no program: the answer differs, but nothing can be executed"),
    _file("attach a database elsewhere", """
        import sqlite3
        sqlite3.connect(':memory:').execute('attach ? as a', (F['home'] + '/a.db',)).execute('create table a.t (x)')
    """),
    _file("open the disk", "return os.open('/dev/vda', os.O_RDONLY)", control=None, why="the disk is open to root only"),
    _file("open memory devices", "return os.open('/dev/mem', os.O_RDONLY)", control=None, why="they are open to root only"),
    _file("open terminals", "return os.open('/dev/ptmx', os.O_RDWR)", control="machine"),
    _file("open the kernel's log", "return os.open('/dev/kmsg', os.O_RDONLY)", control=None, why="it is open to root only"),
    _file("open the fuse device", "return os.open('/dev/fuse', os.O_RDWR)", control="machine"),
]  # fmt: skip

WRITING = [
    _file("make a file", "open(F['home'] + '/new', 'w').write('x')"),
    _file("make a file beside", "open(F['work'] + '/evil.pth', 'w').write('import os')"),
    _file("make a file in the temporary directory", "open(os.path.dirname(F['home']) + '/new', 'w').write('x')"),
    _file("make a file without a name, then link it", """
        handle = os.open(F['home'], os.O_TMPFILE | os.O_WRONLY)
        os.link(f'/proc/self/fd/{handle}', F['home'] + '/linked', follow_symlinks=True)
    """, control="machine"),
    _file("overwrite", "open(F['home'] + '/victim.txt', 'w').write('x')"),
    _file("append", "open(F['home'] + '/victim.txt', 'a').write('x')"),
    _file("append to a start-up file", "open(F['home'] + '/.bashrc', 'a').write('x')"),
    _file("truncate", "os.truncate(F['home'] + '/victim.txt', 0)"),
    _file("truncate by opening for reading", "os.open(F['home'] + '/victim.txt', os.O_RDONLY | os.O_TRUNC)"),
    _file("truncate by descriptor", "os.ftruncate(os.open(F['home'] + '/victim.txt', os.O_RDWR), 0)"),
    _file("punch a hole", """
        handle = os.open(F['home'] + '/victim.txt', os.O_RDWR)
        call(285, handle, 3, 0, 4)
    """, control="machine"),
    _file("delete", "os.unlink(F['home'] + '/victim2.txt')"),
    _file("delete a directory", "os.rmdir(F['home'] + '/empty')"),
    _file("rename", "os.rename(F['home'] + '/victim3.txt', F['home'] + '/moved.txt')"),
    _file("put a file of its own in the place", "open('mine', 'w').write('x'); os.rename('mine', F['home'] + '/victim.txt')"),
    _file("exchange two files", """
        open('mine', 'w').write('x')
        call(316, -100, b'mine', -100, (F['home'] + '/victim.txt').encode(), 2)
    """, control="machine"),
    _file("make a directory", "os.mkdir(F['home'] + '/d')"),
    _file("make a symbolic link", "os.symlink('x', F['home'] + '/l')"),
    _file("make a pipe", "os.mkfifo(F['home'] + '/p')"),
    _file("make a device", "os.mknod(F['home'] + '/dev', 0o60666, os.makedev(254, 0))", control=None,
          why="devices are root's; in namespaces of its own not even root's"),
    _file("make a unix socket by name", "socket.socket(socket.AF_UNIX).bind(F['home'] + '/s')"),
    _file("change the mode", "os.chmod(F['home'] + '/victim.txt', 0o600)"),
    _file("change the mode of a directory", "os.chmod(F['home'], 0o700)"),
    _file("change the mode by a new call", "call(452, -100, (F['home'] + '/victim.txt').encode(), 0o600, 0)", control="machine"),
    _file("make it set-user-id", "os.chmod(F['home'] + '/victim.txt', 0o4777)"),
    _file("change the group", "os.chown(F['home'] + '/victim.txt', -1, os.getgid())"),
    _file("change the times", "os.utime(F['home'] + '/victim.txt', (1, 1))"),
    _file("change the times by an old call", "call(235, (F['home'] + '/victim.txt').encode(), 0)"),
    _file("set an attribute", "os.setxattr(F['home'] + '/victim.txt', 'user.x', b'x')", control="machine"),
    _file("remove an attribute", "os.removexattr(F['home'] + '/victim.txt', 'user.mark')", control="machine"),
    _file("set an attribute by path descriptor", """
        handle = os.open(F['home'] + '/victim.txt', os.O_PATH)
        os.setxattr(f'/proc/self/fd/{handle}', 'user.x', b'x')
    """, control="machine"),
    _file("set the immutable flag", """
        handle = os.open(F['home'] + '/victim.txt', os.O_RDONLY)
        fcntl.ioctl(handle, 0x40086602, struct.pack('l', 0x40))
    """, control="machine"),
    _file("watch a directory", """
        watch = call(294, 0)
        return call(254, watch, F['home'].encode(), 0xFFF)
    """),
    _file("watch by fanotify", "return call(300, 0x200, 0)", control="machine"),
    _file("learn whether a path exists", "return os.stat(F['home'] + '/.ssh/id_rsa').st_size", harmless=METADATA),
    _file("learn where a link points", "return os.readlink('/etc/mtab')", control="machine", harmless=METADATA),
    _file("learn how full the disk is", "return os.statvfs(F['home']).f_bfree", harmless=METADATA),
    _file("write to shared memory by name", "open('/dev/shm/treadle-attempt', 'w').write('x'); os.unlink('/dev/shm/treadle-attempt')",
          control="machine"),
    _file("write to a foreign scratch disk", "open('/var/tmp/treadle-attempt', 'w').write('x'); os.unlink('/var/tmp/treadle-attempt')"),
    _file("alter Python for the next run", "open(os.__file__, 'a').write('x')", control=None,
          why="Python belongs to another user, so the control fails too; that it stays as it was is checked for every run"),
    _file("alter the sandbox's own code", "open(sys.modules['treadle'].__file__, 'a').write('x')", control=None,
          why="without a sandbox the module is not loaded"),
]  # fmt: skip

DATA = [
    _file("open the data for writing", "os.open(F['data'], os.O_RDWR)"),
    _file("append to the data", "open(F['data'], 'ab').write(b'x')"),
    _file("open the data by its real path", "os.open(F['data_path'], os.O_WRONLY)"),
    _file("open the data again through /proc", """
        handle = os.open(F['data'], os.O_RDONLY)
        os.write(os.open(f'/proc/self/fd/{handle}', os.O_RDWR), b'changed')
    """),
    _file("empty the data by opening", "os.open(F['data'], os.O_RDONLY | os.O_TRUNC)"),
    _file("truncate the data", "os.truncate(F['data'], 3)"),
    _file("let the owner make it writable", "os.chmod(F['data'], 0o777); os.open(F['data'], os.O_RDWR)"),
    _file("change its mode by descriptor", "os.fchmod(os.open(F['data'], os.O_RDONLY), 0o600)"),
    _file("change its times by descriptor", "os.utime(os.open(F['data'], os.O_RDONLY), (1, 1))"),
    _file("change its times by name", "os.utime(F['data'], (1, 1))"),
    _file("give it an attribute", "os.setxattr(os.open(F['data'], os.O_RDONLY), 'user.x', b'x')", control="machine"),
    _file("map it shared and write", """
        handle = os.open(F['data'], os.O_RDWR)
        mmap.mmap(handle, 0)[:3] = b'xyz'
    """),
    _file("map it shared for reading, then ask to write", """
        handle = os.open(F['data'], os.O_RDONLY)
        libc.mmap.restype = ctypes.c_void_p
        place = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, handle, ctypes.c_long(0))
        if libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(4096), 3):
            raise OSError(ctypes.get_errno(), 'mprotect')
    """, control=None, why="the kernel refuses it to everybody: the file was opened for reading"),
    _file("write into a mapping through /proc/self/mem", """
        handle = os.open(F['data'], os.O_RDONLY)
        libc.mmap.restype = ctypes.c_void_p
        place = libc.mmap(None, ctypes.c_size_t(4096), 1, 2, handle, ctypes.c_long(0))
        os.pwrite(os.open('/proc/self/mem', os.O_RDWR), b'changed', place)
        return ctypes.string_at(place, 7)
    """, harmless={}),
    _file("copy into it within the kernel", """
        source = os.open(F['data'], os.O_RDONLY)
        return call(326, source, 0, os.open(F['data'], os.O_WRONLY), 0, 4, 0)
    """, control=None, why="source and destination may not overlap; opening for writing is what is tried"),
    _file("clone a file's blocks onto it", """
        open('mine', 'w').write('x' * 4096)
        fcntl.ioctl(os.open(F['data'], os.O_RDONLY), 0x40049409, os.open('mine', os.O_RDONLY))
    """, control=None, why="few file systems can, and none on a descriptor for reading"),
    _file("splice into its pages", """
        reading, writing = os.pipe()
        call(275, os.open(F['data'], os.O_RDONLY), struct.pack('q', 0), writing, 0, 1, 0)
        return os.write(writing, b'changed')
    """),
    _file("move it away", "os.rename(F['data'], 'other'); os.symlink('x', F['data'])", harmless=OWN_NAME),
    _file("delete it", "os.unlink(F['data'])", harmless=OWN_NAME),
    _file("give it a second name", "os.link(F['data_path'], 'second')"),
    _file("give its own name a second one", "os.link(F['data'], 'second', follow_symlinks=False)",
          control=None, why="a control's own name belongs to the tests", harmless={
        "landlock": "a second name for a link of the run's own", "seccomp": "a second name for a link of the run's own"}),
    _file("take a lease", "fcntl.fcntl(os.open(F['data'], os.O_RDONLY), 1024, 0)"),
    _file("lock the data against others", """
        import fcntl
        fcntl.flock(os.open(F['data'], os.O_RDONLY), fcntl.LOCK_EX)
    """, harmless=dict.fromkeys(("namespaces", "landlock", "seccomp"), "locks are advisory and end with the run")),
    _file("be told of changes", "fcntl.fcntl(os.open('.', os.O_RDONLY), 1026, 0x8000003F)"),
    _file("mount over it", "return call(165, b'none', F['data'].encode(), b'tmpfs', 0, 0)", control=None,
          why="a file system cannot be mounted on a file; mounts at large have a control of their own"),
]  # fmt: skip

ATTEMPTS = [*READING, *WRITING, *DATA]
