"""Which journal SQLite may use on which file system.

WAL keeps its index in memory shared by all processes that use the file, which works on one machine only: on a network or
cluster file system two machines would each have their own and corrupt the store. FUSE counts as one: EOS, sshfs and
gcsfuse are FUSE, and a local disk behind FUSE loses only speed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Literal

__all__ = ["NETWORK_FILE_SYSTEMS", "JournalMode", "file_system_magic", "journal_mode"]

JournalMode = Literal["WAL", "DELETE"]

NETWORK_FILE_SYSTEMS = {
    0x6969: "NFS",
    0x5346414F: "AFS",
    0x6B414653: "AFS",  # the kernel's own client, kAFS
    0x517B: "SMB",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x65735546: "FUSE",
    0x01021997: "9P",
    0x00C36400: "Ceph",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0x19830326: "BeeGFS",
}
"""Magic numbers of statfs(2)."""


def journal_mode(magic: int | None) -> JournalMode:
    """'DELETE' on a network file system, else 'WAL'; ``None`` (not known) counts as a local disk."""
    return "DELETE" if magic in NETWORK_FILE_SYSTEMS else "WAL"


def file_system_magic(path: Path) -> int | None:
    """The type of the file system that holds ``path``, or None where the system does not say (any but Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    # f_type comes first in struct statfs, as a C long on x86_64 and aarch64; the whole struct has 120 bytes.
    buffer = ctypes.create_string_buffer(512)
    if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(path), buffer) != 0:
        return None
    return int(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_long))[0]) & 0xFFFFFFFF
