"""The tier's probe leaves no way for another user of the machine to what it makes."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from treadle.sandbox.client import ForkServerSandbox
from treadle.sandbox.probe import TIERS, open_best, try_tier
from treadle.types import Limits, Program, Run


class _Looking(ForkServerSandbox):
    """The real sandbox; it notes who may write beside the files of the probe."""

    directory_mode = 0o777

    def probe(self, program: Program, files: Sequence[Path], limits: Limits) -> Run:
        self.directory_mode = stat.S_IMODE(files[0].parent.stat().st_mode)
        return super().probe(program, files, limits)


def test_nobody_else_can_replace_the_files_of_the_probe() -> None:
    with open_best(None, (), 65534) as best:
        tier, network = best.tier, "network namespace" not in best.absent
    assert tier in TIERS
    with _Looking(tier, (), uid=65534 if os.geteuid() == 0 else os.getuid(), network_namespace=network) as sandbox:
        assert try_tier(sandbox) is None
        assert not sandbox.directory_mode & 0o022
