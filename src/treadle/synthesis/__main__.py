"""``python -m treadle.synthesis sql --rows N --seed S --out rows.jsonl``: the rows as a file, the report on the terminal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Make rows as ``words`` say; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m treadle.synthesis", description=__doc__)
    parser.add_argument("kind", choices=["sql"])
    parser.add_argument("--rows", type=int, default=200, help="questions in all; several may share a row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="GGUF file whose tokens count; default: an estimate")
    options = parser.parse_args(words)
    from treadle.synthesis.sql.run import make_rows, told

    report, tokens = make_rows(options.rows, options.seed, options.out, options.model)
    sys.stdout.write(told(report, tokens) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
