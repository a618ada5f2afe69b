"""Does the search find the right example when the question is asked in other words, and how long does it take?

    python -m benchmarks.retrieval [--quick] [--json OUT]

Three ways: BM25 alone, static word vectors alone (extra `similarity`), and both, as `ask` uses them. Recall is over the
paraphrases of ``paraphrases.txt``; the weights of the sum were chosen on the half 'chosen on', so only 'held out' tells
anything. Each figure of speed and memory is taken in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: python benchmarks/retrieval.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.speed import machine
from treadle.retrieval import Search, builtin_packs
from treadle.retrieval.similarity import static_vectors
from treadle.types import Example

__all__ = ["main", "paraphrases", "recalls", "speed"]

PARAPHRASES = Path(__file__).with_name("paraphrases.txt")
GOAL_SECONDS = 0.005
WAYS = ("BM25", "similarity", "both")
Find = Callable[[str], list[str]]
"""From a request to the ids of examples, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Of how many paraphrases the example meant comes first, or among the first four."""

    section: str
    half: str
    way: str
    pairs: int
    at_1: float
    at_4: float


# --------------------------------------------------------------------------------------------------- recall


def paraphrases(path: Path = PARAPHRASES) -> dict[str, list[tuple[str, str]]]:
    """The pairs (what is stored, what is asked) of each section, in the order of the file."""
    sections: dict[str, list[tuple[str, str]]] = {}
    pairs: list[tuple[str, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            pairs = sections.setdefault(line.strip()[1:-1], [])
        elif line.strip() and not line.startswith("#"):
            stored, _, asked = line.partition(" | ")
            pairs.append((stored.strip(), asked.strip()))
    return sections


def _corpus(section: str, pairs: list[tuple[str, str]]) -> tuple[list[Example], list[str]]:
    """The examples that are searched, and the id of the one meant by each pair."""
    if section == "sql":
        stored = [_example(f"sql/{i:03}", request) for i, (request, _) in enumerate(pairs)]
        return stored, [e.id for e in stored]
    stored = [e for pack in builtin_packs() for e in pack.examples if e.kind == section]
    by_name = {e.id.partition("/")[2]: e.id for e in stored}
    return stored, [by_name[name] for name, _ in pairs]


def _example(name: str, request: str) -> Example:
    return Example(id=name, request=request, program=name, body=name, pack="p", kind="sql")


def _find(way: str, examples: list[Example]) -> Find:
    kind = examples[0].kind
    if way != "similarity":
        search = Search(examples, meaning=way == "both")
        return lambda request: [e.id for e, _ in search.search(request, kind, 4)]
    vectors = static_vectors()
    assert vectors is not None
    rows = vectors.embed(e.request for e in examples)

    def find(request: str) -> list[str]:
        cosines = np.einsum("ij,j->i", rows, vectors.embed([request])[0])  # one thread, as in the search
        return [examples[i].id for i in (-cosines).argsort(kind="stable")[:4]]

    return find


def _ways() -> tuple[str, ...]:
    return WAYS if static_vectors() is not None else ("BM25",)


def recalls() -> list[Recall]:
    """Recall of every section, half and way; 'all' pools the sections."""
    hits: dict[tuple[str, str, str], list[tuple[bool, bool]]] = {}
    for section, pairs in paraphrases().items():
        examples, wanted = _corpus(section, pairs)
        for way in _ways():
            find = _find(way, examples)
            for position, ((_, asked), name) in enumerate(zip(pairs, wanted, strict=True)):
                found = find(asked)
                half = "held out" if position % 2 else "chosen on"
                for pool in (section, "all"):
                    hits.setdefault((pool, half, way), []).append((found[:1] == [name], name in found))
    return [
        Recall(
            section=section,
            half=half,
            way=way,
            pairs=len(found),
            at_1=statistics.fmean(first for first, _ in found),
            at_4=statistics.fmean(four for _, four in found),
        )
        for (section, half, way), found in sorted(hits.items(), key=lambda item: (item[0][1], item[0][0]))
    ]


# ---------------------------------------------------------------------------------------------------- speed


def speed(way: str, count: int, queries: int) -> dict[str, Any]:
    """Seconds to build and to search ``count`` examples, and by how much the process grew (with the vectors of all tokens).

    To be called in a fresh process.
    """
    draw = random.Random(1)
    asked = [text for pairs in paraphrases().values() for pair in pairs for text in pair]
    examples = [_example(f"p/{i}", f"{draw.choice(asked)} In sample {i}, {draw.choice(asked)}") for i in range(count)]
    before = _resident_bytes()
    if way != "BM25":
        static_vectors()
    started = time.perf_counter()
    find = _find(way, examples)
    find("warm up: the index is made by the first search")
    built = time.perf_counter() - started
    grown = _resident_bytes() - before
    seconds = []
    for i in range(queries):
        request = asked[i % len(asked)]
        started = time.perf_counter()
        find(request)
        seconds.append(time.perf_counter() - started)
    seconds.sort()
    median, slow = statistics.median(seconds), seconds[int(0.95 * (len(seconds) - 1))]
    return {"way": way, "examples": count, "build": built, "median": median, "p95": slow, "bytes": grown}


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _in_a_process(way: str, count: int, queries: int) -> dict[str, Any]:
    code = (
        "import json, sys; from benchmarks.retrieval import speed; "
        "print(json.dumps(speed(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))"
    )
    command = [sys.executable, "-c", code, way, str(count), str(queries)]
    root = Path(__file__).resolve().parent.parent
    found: dict[str, Any] = json.loads(subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout)
    return found


# --------------------------------------------------------------------------------------------------- printing


def _show(found: list[Recall], speeds: list[dict[str, Any]]) -> None:
    console = Console(highlight=False)
    table = Table("half", "section", "pairs", "way", "recall@1", "recall@4", title="the same question in other words")
    for one in found:
        table.add_row(one.half, one.section, str(one.pairs), one.way, f"{one.at_1:.2f}", f"{one.at_4:.2f}")
    console.print(table)
    table = Table("examples", "way", "build", "query, median", "met: 5 ms", "95 %", "memory", title="speed of the search")
    for row in speeds:
        table.add_row(
            f"{row['examples']:,}",
            row["way"],
            f"{row['build']:.2f} s",
            f"{row['median'] * 1e3:.2f} ms",
            "yes" if row["median"] < GOAL_SECONDS else "NO",
            f"{row['p95'] * 1e3:.2f} ms",
            f"{row['bytes'] / 2**20:.0f} MiB",
        )
    console.print(table)
    if len(_ways()) == 1:
        console.print("the extra `similarity` is not installed: pip install 'treadle[similarity]'")


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few examples and queries: shows that the benchmark works")
    parser.add_argument("--json", type=Path, default=None, help="write the figures there, too")
    arguments = parser.parse_args(argv)
    where = machine()
    counts = (200,) if arguments.quick else (200, 1000, 10_000)
    found = recalls()
    speeds = [_in_a_process(way, n, 20 if arguments.quick else 200) for n in counts for way in _ways()]
    _show(found, speeds)
    print(f"{where.cpu}, {where.cores} cores, load {where.load:.2f} at the start; {where.system}")
    if not where.idle:
        print("not idle: do not quote the speeds; recall does not depend on it")
    if arguments.json:
        document = {"machine": asdict(where), "recall": [asdict(r) for r in found], "speed": speeds}
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
