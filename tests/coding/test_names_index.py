"""The index of installed names: what it knows of the real libraries, what it leaves open, and its cache."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from treadle.coding import names_index as subject
from treadle.coding import names_program
from treadle.coding.names_index import MODULES, Index, names_index
from treadle.sandbox import Sandbox
from treadle.types import Limits, Program, Run

EXAMPLES = sorted((Path(__file__).parents[2] / "packs").glob("*/examples/*.py"))


class Answering:
    """A sandbox in whose place a test answers; ``asked`` counts the programs."""

    tier = "none"

    def __init__(self, *answers: Any, **fields: Any) -> None:
        self.answers, self.fields, self.asked = list(answers), {"exit_code": 0, "value_given": True, **fields}, 0

    def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
        self.asked += 1
        return Run(tier="none", value=self.answers.pop(0), **self.fields)

    def run_many(self, programs: Sequence[Program], files: Sequence[Path] = (), limits: Limits | None = None) -> list[Run]:
        return [self.run(program) for program in programs]

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache") / "below"


@pytest.fixture(scope="module")
def index(sandbox: Sandbox, cache: Path) -> Index:
    return names_index(sandbox, cache)


def described(**changes: Any) -> dict[str, Any]:
    """What the sandbox says of a module json with one class and one function."""
    said: dict[str, Any] = {"name": "json", "open": False, "module": [], "function": ["dumps"], "class": ["Reader"]}
    return said | {"value": [], "keywords": {"dumps": ["indent"]}, "members": {"Reader": ["read"]}, "results": {}} | changes


# --------------------------------------------------------------------------------------------------- real libraries


def test_the_standard_library(index: Index) -> None:
    assert index.is_module("collections.abc")
    assert index.is_module("json")
    assert not index.is_module("math.pi")
    assert "isclose" in (index.members("math") or ())
    assert "sqroot" not in (index.members("math") or ("sqroot",))
    assert index.keywords("math.isclose") == ("a", "b", "rel_tol", "abs_tol")
    assert index.keywords("json.dumps") is None, "it takes others"
    assert {"most_common", "__class__", "mro"} <= (index.members("collections.Counter") or set())
    assert "register" in (index.members("collections.abc.Mapping") or ()), "of its metaclass"
    assert "__dict__" in (index.members("math") or ())
    assert [index.kind(f"math.{name}") for name in ("pi", "sqrt", "nothing")] == ["value", "function", None]


def test_what_is_not_known_is_none(index: Index) -> None:
    for dotted in ("nowhere", "nowhere.to", "math.sqrt", "math.pi", ""):
        assert index.members(dotted) is None
        assert index.keywords(dotted) is None or dotted == "math.sqrt"
        assert not index.is_module(dotted)


def test_numpy(index: Index) -> None:
    pytest.importorskip("numpy")
    assert {"linalg", "matlib", "mean", "float64"} <= (index.members("numpy") or set()), "it hides matlib from dir()"
    assert "maen" not in (index.members("numpy") or ("maen",))
    assert {"norm", "eigh"} <= (index.members("numpy.linalg") or set())
    assert "reshape" in (index.members("numpy.ndarray") or ())
    assert index.keywords("numpy.mean") == ("a", "axis", "dtype", "out", "keepdims", "where")
    assert index.members("numpy.core") is None, "it has a __getattr__ and no __dir__"


def test_libraries_that_load_late(index: Index) -> None:
    pytest.importorskip("scipy")
    assert {"stats", "optimize", "integrate"} <= (index.members("scipy") or set())
    assert index.is_module("scipy.stats")
    assert "curve_fit" in (index.members("scipy.optimize") or ())
    assert index.keywords("scipy.optimize.curve_fit") is None
    assert {"method", "mode"} <= set(index.keywords("scipy.stats.kstest") or ()), "a wrapper still takes the old name"


def test_columns_of_a_frame_stay_open(index: Index) -> None:
    pytest.importorskip("pandas")
    assert index.members("pandas.DataFrame") is None
    assert "sep" in (index.keywords("pandas.read_csv") or ())


def test_names_that_stand_for_modules_of_another_name(index: Index) -> None:
    pytest.importorskip("particle")
    pytest.importorskip("matplotlib")
    assert index.is_module("particle.literals")
    assert index.is_module("matplotlib")
    assert index.members("matplotlib") is None
    assert {"hist", "savefig"} <= (index.members("matplotlib.pyplot") or set())


def uses(source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every dotted name of an imported module in a program, with the keywords of its call."""
    tree = ast.parse(source)
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {
                a.asname or a.name.partition(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for node in ast.walk(tree):
        call = isinstance(node, ast.Call)
        text = (
            ast.unparse(node.func if isinstance(node, ast.Call) else node) if call or isinstance(node, ast.Attribute) else ""
        )
        first, _, rest = text.partition(".")
        if first in aliases and text.replace(".", "").replace("_", "").isalnum():
            keywords = tuple(k.arg for k in node.keywords if k.arg) if isinstance(node, ast.Call) else ()
            yield f"{aliases[first]}.{rest}".rstrip("."), keywords


@pytest.mark.parametrize("packages", [("numpy", "awkward", "uproot", "hist", "vector", "matplotlib", "scipy", "pandas")])
def test_whatever_the_examples_of_the_packs_use_exists(index: Index, packages: tuple[str, ...]) -> None:
    for package in packages:
        pytest.importorskip(package)
    judged = 0
    for dotted, keywords in {use for path in EXAMPLES for use in uses(path.read_text(encoding="utf-8"))}:
        parts = dotted.split(".")
        for end in range(1, len(parts)):
            members = index.members(".".join(parts[:end]))
            assert members is None or parts[end] in members, dotted
            judged += members is not None
        known = index.keywords(dotted)
        assert known is None or set(keywords) <= set(known), dotted
    assert judged > 70


# --------------------------------------------------------------------------------------------------- cache, and forged words


def test_from_the_cache_nothing_is_asked(index: Index, cache: Path) -> None:
    again = Answering()
    assert names_index(again, cache) == index
    assert again.asked == 0
    assert len(list(cache.glob("names-*-*-*.json"))) == len([m for m in MODULES if m in index.modules])
    assert not list(cache.glob(".names-*"))


@pytest.mark.parametrize("damage", ["", "[", "[]", "{}", "[1]", '[{"name": "json"}]', "\udcff", "[" * 100_000])
def test_a_damaged_file_is_asked_for_again(tmp_path: Path, damage: str) -> None:
    good = names_index(Answering([described()]), tmp_path, ["json"])
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage.encode("utf-8", "surrogateescape"))
    asked = Answering([described()])
    assert names_index(asked, tmp_path, ["json"]) == good
    assert asked.asked == 1
    assert json.loads(path.read_text(encoding="utf-8")) == [described()]


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        [],
        [7],
        [described(name="os")],
        [described(), described()],
        [described(), described(name="os")],
        [described(open=1)],
        [described(function="dumps")],
        [described(function=["a b"])],
        [described(value=["dumps"])],
        [described(keywords={"dumps": [7]})],
        [described(keywords={"unlisted": ["x"]})],
        [described(members=[])],
    ],
)
def test_a_forged_word_counts_as_none_and_is_not_kept(tmp_path: Path, said: Any) -> None:
    assert names_index(Answering(said), tmp_path, ["json"]) == Index({})
    assert not list(tmp_path.iterdir())


def test_a_failed_run_leaves_the_module_unknown(tmp_path: Path) -> None:
    found = names_index(Answering([described()], limit_hit="stopped: memory"), tmp_path, ["json"])
    assert found.members("json") is None
    assert not list(tmp_path.iterdir())


def test_what_is_not_installed_is_not_asked_for(tmp_path: Path) -> None:
    assert names_index(Answering(), tmp_path, ["no_such_module_anywhere"]) == Index({})


def test_a_folder_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert names_index(Answering([described()]), tmp_path / "file", ["json"]).keywords("json.dumps") == ("indent",)


def test_a_module_without_a_version_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = names_index(Answering([described(name="mine")]), tmp_path / "cache", ["mine"])
    assert found.is_module("mine")
    assert not (tmp_path / "cache").exists()


# --------------------------------------------------------------------------------------------------- the program inside


def test_the_program_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "woven"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from math import sqrt\n\ndef weave(a, /, b, *, c=1): ...\ndef many(**rest): ...\n"
        "class Loom:\n    shuttle = 1\nclass Lazy:\n    def __getattr__(self, name): ...\n",
        encoding="utf-8",
    )
    (package / "broken.py").write_text("raise SystemExit(3)", encoding="utf-8")
    (package / "made_up.py").write_text("def __getattr__(name): return 1", encoding="utf-8")
    (package / "_private.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    said = names_program.describe("woven")
    assert said is not None
    top, made_up = said
    assert (top["name"], made_up["name"], top["open"], made_up["open"]) == ("woven", "woven.made_up", False, True)
    assert {"broken", "made_up", "_private"} <= {*top["module"], *top["value"]}
    assert top["keywords"]["weave"] == ["b", "c"]
    assert "many" not in top["keywords"]
    assert "shuttle" in top["members"]["Loom"]
    assert "Lazy" not in top["members"]
    assert subject._read_all("woven", said) is not None
    assert names_program.describe("woven_no_more") is None
    for name in [name for name in sys.modules if name.partition(".")[0] == "woven"]:
        del sys.modules[name]


def test_what_calls_give(sandbox: Sandbox, tmp_path: Path) -> None:
    index = names_index(sandbox, tmp_path, ("numpy", "math"))
    arrays = index.results("numpy")["zeros"]
    assert {"shape", "mean", "__len__"} <= arrays
    assert "append" not in arrays
    assert "normal" in index.results("numpy.random")["default_rng"]
    assert index.results("math") == {}
    assert index.results("nowhere") == {}
