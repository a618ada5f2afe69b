"""Static word vectors: read without the package they come in, without a network, and worth having."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import TreadleError
from treadle.retrieval import Search
from treadle.retrieval import similarity as module
from treadle.retrieval.search import CORRECTIONS
from treadle.retrieval.similarity import Vectors, overlap, relatedness, static_vectors
from treadle.types import Example

ROOT = Path(__file__).parents[2]
WORDS = ("mean", "sum", "of", "the", "x", "pt1", "count", "events", "above", "3", "median", "histogram", "\ud800", "ü")
texts = st.one_of(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), st.text(max_size=60))


def example(name: str, request: str, pack: str = "p") -> Example:
    return Example(id=name, request=request, program=name, body=name, pack=pack, kind="sql")


@pytest.fixture
def vectors() -> Vectors:
    found = static_vectors()
    if found is None:
        pytest.skip("the extra `similarity` is not installed")
    return found


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


# ------------------------------------------------------------------------------------------------------- loading

LOADING = """
import sys
opened = []
def watch(event, arguments):
    if event.startswith(("socket.", "urllib.")) or event == "subprocess.Popen":
        opened.append(event)
sys.addaudithook(watch)
from treadle.retrieval.similarity import static_vectors
print(sum(static_vectors().embed(["mean of the muon momenta"])[0] ** 2).round(3))
loaded = {m.partition(".")[0] for m in sys.modules} & {"wordllama", "requests", "urllib3", "huggingface_hub", "socket"}
print(opened, loaded)
"""


@pytest.mark.usefixtures("vectors")
def test_no_network_and_nothing_of_the_package(tmp_path: Path) -> None:
    """The package itself would fetch its tokenizer and set up logging."""
    done = run(LOADING)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1.0\n[] set()\n"


@pytest.mark.usefixtures("vectors")
def test_without_any_network_device() -> None:
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", LOADING]
    if subprocess.run(["unshare", "--net", "--map-root-user", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no namespace without a network can be made here")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "1.0\n[] set()\n", done.stderr


def test_nothing_is_loaded_until_it_is_needed() -> None:
    done = run(
        "import sys, treadle.retrieval, treadle.retrieval.similarity;"
        "print({'numpy', 'tokenizers', 'safetensors', 'wordllama', 'tantivy'} & set(sys.modules))"
    )
    assert done.stdout == "set()\n", done.stderr


@pytest.mark.parametrize("missing", ["wordllama", "tokenizers", "safetensors"])
def test_without_the_extra_terms_alone_are_compared(missing: str) -> None:
    script = (
        "import importlib.util, sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "known = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *a: None if name == {missing!r} else known(name, *a)\n"
        "from treadle.retrieval.similarity import overlap, relatedness, static_vectors\n"
        "from treadle.retrieval import Search, builtin_packs\n"
        "assert static_vectors() is None\n"
        "others = ['mean of x', 'sum of y']\n"
        "assert relatedness('mean of x', others) == [overlap('mean of x', other) for other in others]\n"
        "examples = [e for p in builtin_packs() for e in p.examples]\n"
        "found = Search(examples).search('mean of pt1', 'data', 4)\n"
        "assert found == Search(examples, meaning=False).search('mean of pt1', 'data', 4) != []\n"
    )
    done = run(script)
    assert (done.returncode, done.stderr) == (0, "")


def test_damaged_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("safetensors")
    for name in (module._WEIGHTS, module._TOKENIZER):
        (tmp_path / "wordllama" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "wordllama" / name).write_bytes(b"cut off")
    (tmp_path / "wordllama" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "wordllama", raising=False)
    with pytest.raises(
        TreadleError, match=r"the word vectors in .* cannot be read .* pip install --force-reinstall wordllama"
    ):
        static_vectors.__wrapped__()


# ------------------------------------------------------------------------------------------------------- vectors


def test_rows_are_directions(vectors: Vectors) -> None:
    rows = vectors.embed(["mean of pt1", "", "  ", "\ud800", "x" * 100_000])
    assert rows.shape == (5, vectors.size)
    lengths = (rows**2).sum(axis=1)
    assert lengths[0] == pytest.approx(1, abs=1e-5)
    assert list(lengths[1:3]) == [0, 0]


def test_other_words_of_the_same_meaning_are_nearer(vectors: Vectors) -> None:
    one, same, other = vectors.embed(
        ["which article is most expensive", "the product of highest price", "how many runs failed"]
    )
    assert one @ same > one @ other + 0.2


@settings(deadline=None, max_examples=60)
@given(texts, st.lists(texts, max_size=4))
def test_relatedness_is_a_share(one: str, others: list[str]) -> None:
    values = relatedness(one, others)
    assert len(values) == len(others)
    assert all(0 <= value <= 1 + 1e-6 for value in values)
    for other, value in zip(others, values, strict=True):
        assert relatedness(other, [one])[0] == pytest.approx(value, abs=1e-5)
        assert relatedness(one, [one])[0] >= value - 1e-5


def test_overlap_counts_operations_twice() -> None:
    assert overlap("mean of the charge", "mean of the energy") == 0.5
    assert overlap("mean of the charge", "median of the charge") == 0.2
    assert overlap("mean of x", "average of x") == overlap("mean", "mean") == 1
    assert overlap("", "") == overlap("mean", "sum") == 0


# -------------------------------------------------------------------------------------------------------- search


def test_meaning_finds_what_shares_no_term(vectors: Vectors) -> None:
    examples = [
        example("s/delivery", "Which product takes longest to deliver?"),
        example("s/orders", "How many orders did each customer place?"),
        example("s/stock", "Show the names of the goods that are out of stock."),
    ]
    asked = "What article has the slowest shipping?"
    assert Search(examples, meaning=False).search(asked, "sql", 1) == []
    assert [e.id for e, _ in Search(examples).search(asked, "sql", 1)] == ["s/delivery"]


@pytest.mark.parametrize("meaning", [True, False])
def test_a_correction_goes_before_an_example_as_near(meaning: bool) -> None:
    pair = [
        example("a/1", "What is the mean of the muon charge?"),
        example("z/1", "What is the muon charge's mean?", CORRECTIONS),
    ]
    for examples in (pair, pair[::-1]):
        (first,) = Search(examples, meaning=meaning).search("mean muon charge", "sql", 2)
        assert first[0].id == "z/1", "near-equal requests are kept once, and the correction is the one"
    other = example("z/2", "What is the mean of the muon charge in the barrel?", CORRECTIONS)
    found = Search([replace(other, id="a/2", pack="p"), replace(other, body="its own", data="x")], meaning=meaning).search(
        "mean muon charge", "sql", 2
    )
    assert [e.id for e, _ in found] == ["z/2", "a/2"]


def test_a_correction_does_not_push_away_what_is_clearly_nearer() -> None:
    pair = [
        example("a/1", "Count the muons above 20 GeV."),
        example("z/1", "What is the mean of the jet mass?", CORRECTIONS),
    ]
    assert Search(pair).search("how many muons lie above 25 GeV?", "sql", 2)[0][0].id == "a/1"


@pytest.mark.usefixtures("vectors")
def test_recall_on_paraphrases_that_were_held_out(tmp_path: Path) -> None:
    """With vectors the example meant comes first oftener than by BM25 alone, in every section; and the table is printed."""
    command = [sys.executable, "-m", "benchmarks.retrieval", "--quick", "--json", str(tmp_path / "figures.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert "speed of the search" in done.stdout
    document = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    found: dict[tuple[str, str, str], dict[str, Any]] = {(r["section"], r["half"], r["way"]): r for r in document["recall"]}
    assert found["all", "held out", "both"]["pairs"] >= 30
    for section in ("data", "function", "sql", "all"):
        both, alone = (found[section, "held out", way] for way in ("both", "BM25"))
        assert both["at_1"] >= alone["at_1"], section
        assert both["at_4"] >= alone["at_4"], section
    assert found["all", "held out", "both"]["at_1"] > found["all", "held out", "BM25"]["at_1"] + 0.1
    assert {row["examples"] for row in document["speed"]} == {200}
