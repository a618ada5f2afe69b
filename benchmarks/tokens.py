"""Prints two tables: how fast texts are encoded and counted, and what a vocabulary trained on code saves.

    python -m benchmarks.tokens [--megabytes 20] [--encodings cl100k_base,gpt2] [--no-training] [--quick] [--json OUT]

Texts are the Python sources of the packages installed here, every nth file up to the size. Each way encodes each text alone,
in one thread; figures are MB (10^6 bytes) a second of processor time, which other programs disturb least. A document
differs if one of its ids does. The code vocabulary learns from the installed packages of high-energy physics and is
measured on files of theirs that it did not see, and on packages of which it saw nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: python benchmarks/tokens.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from benchmarks.shown import show_table, titled, write_rows
from benchmarks.speed import Machine, machine
from treadle.tokens.encodings import ENCODINGS, open_encoding
from treadle.tokens.fast import open_fast
from treadle.tokens.trained.counts import LONGEST_WORD_BYTES

LEARNT = ("awkward", "boost_histogram", "hist", "histoprint", "uproot", "uhi", "vector", "mplhep", "particle", "hepunits")
UNSEEN = ("particle", "hepunits", "mplhep", "histoprint")
_HELD_OUT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One way to encode. ``differing``: documents whose ids (for a count: number of tokens) are not tiktoken's."""

    encoding: str
    way: str
    mb_a_second: float
    times_tiktoken: float
    differing: int
    documents: int
    mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Bytes a token of a vocabulary on two sets of files."""

    vocabulary: str
    size: int
    held_out_files: float
    held_out_mb: float
    unseen_packages: float
    unseen_mb: float


def sources(megabytes: float) -> list[str]:
    """Python files of the installed packages, spread evenly, of about so many megabytes together."""
    files = sorted(Path(next(p for p in sys.path if p.endswith("site-packages"))).rglob("*.py"))
    total = sum(file.stat().st_size for file in files)
    step = max(1, int(total / (megabytes * 1e6)))
    return [text for file in files[::step] if (text := _text(file))]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _memory_mib() -> float:
    """Memory of this process now."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def _seconds(encode: Callable[[str], Any], texts: Sequence[str], repeats: int) -> float:
    """Processor time of all threads, the best of ``repeats``."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        for text in texts:
            encode(text)
        best = min(best, time.process_time() - start)
    return best


def speeds(name: str, texts: Sequence[str], repeats: int) -> list[Speed]:
    """tiktoken, splintr as it counts for us, and ``tokenizers``, in one encoding."""
    before = _memory_mib()
    encode = open_encoding(name).encode_ordinary
    n_bytes, expected = sum(len(text.encode()) for text in texts), [encode(text) for text in texts]
    ways: list[tuple[str, Callable[[str], Any], Callable[[Any, list[int]], bool], float]] = []
    ways.append(("tiktoken encode_ordinary", encode, lambda found, ids: found == ids, _memory_mib() - before))
    before = _memory_mib()
    if (fast := open_fast(name)) is not None:
        ways.append(("treadle count_tokens (splintr)", fast, lambda found, ids: found == _packed(ids), 0.0))
        for text in texts[:50]:
            fast(text)
        ways[-1] = (*ways[-1][:3], _memory_mib() - before)
    before = _memory_mib()
    library = _library(name)
    ways.append(
        ("tokenizers encode", lambda text: library.encode(text).ids, lambda found, ids: found == ids, _memory_mib() - before)
    )
    reference, rows = 0.0, []
    for way, run, same, mib in ways:
        seconds = _seconds(run, texts, repeats)
        reference = reference or seconds
        differing = sum(not same(run(text), ids) for text, ids in zip(texts, expected, strict=True))
        rows.append(
            Speed(
                encoding=name, way=way, mb_a_second=n_bytes / 1e6 / seconds, times_tiktoken=reference / seconds,
                differing=differing, documents=len(texts), mib=mib,
            )
        )  # fmt: skip
    return rows


def _packed(ids: list[int]) -> bytes:
    import numpy as np

    return np.asarray(ids, dtype=np.uint32).tobytes()


def _library(name: str) -> Any:
    """The encoding as the library ``tokenizers`` has it: merges in the order of ranks."""
    import re

    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    from treadle.tokens.encodings import pattern_of, ranks_of
    from treadle.tokens.vocabulary import BYTE_CHARACTERS

    ranks, stand_in = ranks_of(name), {b: c for c, b in BYTE_CHARACTERS.items()}
    spelled = {token: "".join(stand_in[b] for b in token) for token in ranks}
    merges: list[tuple[str, str]] = []
    for token in sorted(
        ranks, key=ranks.__getitem__
    ):  # every pair that makes the token: which one comes up, lower ranks decide
        pairs = [(token[:at], token[at:]) for at in range(1, len(token))]
        known = sorted((ranks[a], ranks[b], a, b) for a, b in pairs if a in ranks and b in ranks)
        merges += [(spelled[a], spelled[b]) for _, _, a, b in known]
    model = models.BPE({spelled[t]: r for t, r in ranks.items()}, merges, ignore_merges=True)
    tokenizer = Tokenizer(model)
    # In Oniguruma {1,3}+ repeats {1,3}, and $ ends a line.
    pattern = re.sub(r"([+*?}])\+", r"\1", pattern_of(name)).replace("$", r"\z")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return tokenizer


# ------------------------------------------------------------------------------------------------ a vocabulary for code


def _package_files(name: str) -> list[Path]:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        return []
    return sorted(file for file in Path(found.origin).parent.rglob("*.py") if _text(file))


def _is_held_out(text: str) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") < _HELD_OUT * 2**64


def code_vocabulary(sizes: Sequence[int]) -> list[Saved]:
    """Vocabularies trained on packages of high-energy physics, beside cl100k_base; each is trained twice: on nine tenths of
    the files of all, and on all files of some to be measured on the others."""
    texts = {name: [_text(file) for file in _package_files(name)] for name in LEARNT}
    held_out = [text for found in texts.values() for text in found if _is_held_out(text)]
    learnt = [text for found in texts.values() for text in found if not _is_held_out(text)]
    unseen = [text for name in UNSEEN for text in texts[name]]
    others = [text for name in LEARNT if name not in UNSEEN for text in texts[name]]
    reference = open_encoding("cl100k_base")
    rows = [_saved("cl100k_base", reference.n_vocab, reference.encode_ordinary, reference.encode_ordinary, held_out, unseen)]
    for size in sizes:
        first = _trained(learnt, size)
        second = _trained(others, size)
        rows.append(_saved("--white-space", first.get_vocab_size(), _ids_by(first), _ids_by(second), held_out, unseen))
    return rows


def _ids_by(tokenizer: Any) -> Callable[[str], list[int]]:
    return lambda text: list(tokenizer.encode(text).ids)


def _trained(texts: Sequence[str], size: int) -> Any:
    """What ``treadle vocab train --white-space`` makes of these texts, none of them held out."""
    from treadle.tokens.trained.algorithms import cutter, pattern_for, train

    pattern = pattern_for(True)
    cut = cutter(pattern)
    words = Counter(word for text in texts for word in cut(text)).most_common()
    return train("bpe", size, pattern, ((word.encode(), n) for word, n in words if len(word.encode()) <= LONGEST_WORD_BYTES))


def _saved(
    name: str,
    size: int,
    first: Callable[[str], list[int]],
    second: Callable[[str], list[int]],
    held_out: Sequence[str],
    unseen: Sequence[str],
) -> Saved:
    counted = [
        (sum(len(t.encode()) for t in of), sum(len(by(t)) for t in of)) for by, of in ((first, held_out), (second, unseen))
    ]
    (a_bytes, a_tokens), (b_bytes, b_tokens) = counted
    return Saved(
        vocabulary=name, size=size, held_out_files=a_bytes / a_tokens, held_out_mb=a_bytes / 1e6,
        unseen_packages=b_bytes / b_tokens, unseen_mb=b_bytes / 1e6,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ what is shown


def show_speeds(rows: Sequence[Speed], where: Machine, quick: bool) -> None:
    """The table of speeds on standard output."""
    table = Table(
        "encoding",
        "way",
        "MB/s",
        "times tiktoken",
        "documents that differ",
        "memory, MiB",
        title=titled("encoding", where, quick),
    )
    for row in rows:
        differ = f"{row.differing} of {row.documents:,}"
        table.add_row(row.encoding, row.way, f"{row.mb_a_second:.1f}", f"{row.times_tiktoken:.1f}", differ, f"{row.mib:.0f}")
    show_table(table, where)


def show_saved(rows: Sequence[Saved], where: Machine, quick: bool) -> None:
    """The table of the code vocabulary on standard output."""
    held_out, unseen = (
        f"{rows[0].held_out_mb:.2f} MB of files held out",
        f"{rows[0].unseen_mb:.2f} MB of packages not learnt from",
    )
    title = f"bytes a token, on {held_out} and on {unseen}"
    table = Table("vocabulary", "tokens", "files held out", "packages not learnt from", title=titled(title, where, quick))
    for row in rows:
        table.add_row(row.vocabulary, f"{row.size:,}", f"{row.held_out_files:.3f}", f"{row.unseen_packages:.3f}")
    show_table(table, where)


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=20.0, help="size of the texts that are encoded")
    parser.add_argument("--encodings", default="gpt2,p50k_base,cl100k_base,o200k_base", help=f"of {', '.join(ENCODINGS)}")
    parser.add_argument("--sizes", default="32768,65536", help="sizes of the code vocabulary")
    parser.add_argument("--no-speed", action="store_true", help="train only")
    parser.add_argument("--no-training", action="store_true", help="leave out the code vocabulary")
    parser.add_argument("--quick", action="store_true", help="little text: shows that the benchmark works")
    parser.add_argument("--json", type=Path, default=None, help="write the rows there, too")
    arguments = parser.parse_args(argv)
    where, rows = machine(), []
    if not where.idle:
        print(f"warning: the machine is not idle (load {where.load:.2f})", file=sys.stderr)
    with Console(stderr=True).status("measuring") as status:
        if not arguments.no_speed:
            texts = sources(0.5 if arguments.quick else arguments.megabytes)
            for name in arguments.encodings.split(","):
                status.update(f"measuring: {name}")
                rows += speeds(name, texts, 1 if arguments.quick else 2)
        saved = []
        if not arguments.no_training:
            status.update("training on code")
            saved = code_vocabulary([2048] if arguments.quick else [int(size) for size in arguments.sizes.split(",")])
    if rows:
        show_speeds(rows, where, arguments.quick)
    if saved:
        show_saved(saved, where, arguments.quick)
    if arguments.json:
        write_rows(arguments.json, where, [*rows, *saved])


if __name__ == "__main__":
    main()
