"""Feedback as a user leaves it behind: requests with two drafts, of which the one passes its check and the other does not.

Usage: `python examples/rlhf/feedback.py [pairs.jsonl]`.

Each request is asked as `treadle ask` does it, in a store of its own; the drafts are written down here (engine `scripted`),
the verdicts are those of the sandbox. The pairs are what `treadle threads export-training --format preference` then gives.
Whoever wants a function wants its result, so the drafts that print it fail.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

OUT = Path(__file__).parent / "pairs.jsonl"
FORMULAE = {
    "add": ("adds {n} to x", "x + {n}"),
    "drop": ("takes {n} from x", "x - {n}"),
    "scale": ("multiplies x by {n}", "x * {n}"),
    "power": ("gives x to the power {n}", "x ** {n}"),
    "rest": ("gives the rest of x divided by {n}", "x % {n}"),
    "least": ("gives the smaller one of x and {n}", "min(x, {n})"),
}
NUMBERS = range(2, 10)


def requests() -> Iterator[tuple[str, str]]:
    """Words of a request, and the formula that it asks for."""
    for number in NUMBERS:
        for name, (words, formula) in FORMULAE.items():
            body = formula.format(n=number)
            results = [eval(body, {"min": min}, {"x": x}) for x in (1, 5)]
            calls = ", ".join(f"{name}_{number}({x}) == {result}" for x, result in zip((1, 5), results, strict=True))
            yield f"Write {name}_{number}(x): {words.format(n=number)}. {calls}", body


def treadle(*words: str) -> None:
    """One command, in this process: starting fifty takes longer than their work."""
    from treadle.commands.app import app

    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        app(list(words), standalone_mode=False)


def main() -> None:
    out = (Path(sys.argv[1]) if len(sys.argv) > 1 else OUT).absolute()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number, (request, formula) in enumerate(requests(), 1):
            drafts = [f"\n    return {formula}\n", f"\n    print({formula})\n"]
            Path("script.json").write_text(json.dumps({"completions": [drafts[:: (-1) ** number]]}))
            treadle(
                "ask", request, "--engine", "scripted:script.json", "-n", "2", "--repairs", "0", "--store", "threads.sqlite"
            )
            print(f"\r{number} requests", end="", flush=True)
        treadle("threads", "export-training", "--format", "preference", "--out", str(out), "--store", "threads.sqlite")
    print(f"\n{len(out.read_text().splitlines())} pairs in {out}")


if __name__ == "__main__":
    main()
