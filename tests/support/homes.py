"""A home directory of its own, with a thread store in it, and `treadle` run there as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Home"]


@dataclass
class Home:
    """Commands are real processes, in sessions of their own; what they find in the environment is all here."""

    home: Path
    columns: int = 80

    @property
    def store(self) -> Path:
        return self.home / "threads.sqlite"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.home),
            "TREADLE_STORE": str(self.store),
            "TREADLE_CACHE_DIR": str(self.home / "cache"),
            "COLUMNS": str(self.columns),
            "LANG": "C.UTF-8",
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "treadle.cli", *arguments],
            cwd=self.home,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **environment)
        try:
            out, err = process.communicate(timeout=300)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)
