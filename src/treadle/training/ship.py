"""Put the adapter of a run among those that come with the package: ``python -m treadle.training.ship RUN NAME --job JOB``.

The card of a shipped adapter is the run's, with the file's hash, the job, the commit and the commands that made it: who has
the commit and runs them gets the same rows, and on a CPU with as many threads the same adapter.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from treadle.engines.models import sha256_of
from treadle.engines.shipped import FOLDER, MOST_BYTES
from treadle.errors import DataError, UsageError
from treadle.training.export import ADAPTER, CARD

__all__ = ["main", "ship"]


def ship(run: Path, name: str, job: str, commit: str, made_by: Sequence[str], folder: Path = FOLDER) -> Path:
    """Copy a run's adapter to ``folder`` under ``name``, with its card.

    Raises:
        DataError: the run has no adapter, or no card.
        UsageError: the file is larger than may be shipped.
    """
    source, card_path = run / ADAPTER, run / CARD
    if not source.is_file() or not card_path.is_file():
        raise DataError(f"{run} has no {ADAPTER} with a {CARD}: is it a run that has ended?")
    if source.stat().st_size > MOST_BYTES:
        raise UsageError(f"{source} has {source.stat().st_size:,} bytes; at most {MOST_BYTES:,} are shipped: lower the rank")
    card = json.loads(card_path.read_text(encoding="utf-8"))
    card |= {"name": name, "job": job, "commit": commit, "made_by": list(made_by), "sha256": sha256_of(source)}
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.gguf"
    shutil.copyfile(source, target)
    text = json.dumps(card, indent=1, ensure_ascii=False)
    target.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    return target


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m treadle.training.ship", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="the folder of a run that has ended")
    parser.add_argument("name", help="how engines will call it: llama:smollm2+NAME")
    parser.add_argument("--job", required=True, help="the work that takes it by default: sql, data")
    parser.add_argument("--commit", required=True, help="of the code that made the rows and the run")
    parser.add_argument("--made-by", action="append", default=[], help="a command that made it; can be repeated")
    given = parser.parse_args()
    print(ship(given.run, given.name, given.job, given.commit, given.made_by))  # noqa: T201


if __name__ == "__main__":
    main()
