"""Packs are read as they are written; mistakes are named with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import PackError
from treadle.retrieval import builtin_packs, load_pack
from treadle.retrieval import packs as packs_module

PACK_TOML = 'name = "mine"\nversion = "1"\ndescription = "d"\nlicence = "CC0-1.0"\n'
DATA = (
    "# request: Count\n# kind: data\n# data: d.root\n# tags: a, b\n# expect: n = 3\n# expect: m = 2.5 +- 1%\n"
    "# ---\nx = 1\n# ---\ny = x\n"
)
FUNCTION = "# request: Write f(x): x.\n# kind: function\n# check: f(2) == [2]\n# ---\ndef f(x):\n    return [x]\n"


def pack(folder: Path, toml: str = PACK_TOML, **examples: str) -> Path:
    (folder / "examples").mkdir()
    (folder / "data").mkdir()
    (folder / "data" / "d.root").write_bytes(b"")
    (folder / "pack.toml").write_text(toml)
    for name, text in examples.items():
        (folder / "examples" / f"{name}.py").write_text(text)
    return folder


def test_load_pack(tmp_path: Path) -> None:
    loaded = load_pack(pack(tmp_path, one=DATA, two=FUNCTION))
    assert (loaded.name, loaded.version, loaded.licence, loaded.hints) == ("mine", "1", "CC0-1.0", "")
    one, two = loaded.examples
    assert (one.id, one.kind, one.data, one.tags, one.body) == ("mine/one", "data", "d.root", ("a", "b"), "y = x")
    assert one.program == "x = 1\n\ny = x\n"
    assert two.program == two.body + "\n" == "def f(x):\n    return [x]\n"
    count, mean = loaded.expectations["mine/one"]
    assert (count.subject, count.expected, count.relative) == ("n", 3.0, 0.0)
    assert (mean.expected, mean.relative, mean.absolute) == (2.5, 0.01, 0.0)
    (check,) = loaded.expectations["mine/two"]
    assert (check.subject, check.expected, check.kind) == ("f(2)", [2], "call")
    assert loaded.data_path(one) == tmp_path / "data" / "d.root"
    assert loaded.data_path(two) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DATA.replace("# kind", "# kidn"), r"bad.py, line 2: unknown key 'kidn'. Did you mean 'kind'"),
        (DATA.replace("kind: data", "kind: date"), r"line 2: unknown kind 'date'. Did you mean 'data'"),
        (DATA.replace("d.root", "e.root"), r"line 3: no file 'e.root' .* Did you mean 'd.root'"),
        (DATA.replace("n = 3", "n = three"), r"line 5: 'three' is not a number"),
        (DATA.replace("n = 3", "n: 3"), r"line 5: write 'expect: name = number"),
        (DATA.replace("# request: Count\n", ""), r"line 1: the header lacks '# request"),
        (DATA.replace("# request: Count", "# request: a\n# request: b"), r"line 2: 'request' is given twice"),
        (DATA.replace("# request: Count", "request"), r"line 1: expected '# key: value'"),
        (DATA.replace("x = 1\n# ---\n", ""), r"line 8: kind 'data' has a preamble"),
        (DATA.replace("# ---\n", ""), r"line 7: expected '# key: value'"),
        ("# request: x\n", r"line 1: the header has no end"),
        (DATA.replace("y = x", "y = ("), r"does not parse"),
        (DATA.replace("y = x", ""), r"line 8: the body is empty"),
        (FUNCTION.replace("== [2]", "> 1"), r"line 3: write 'check: f"),
        (FUNCTION.replace("[2]", "g()"), r"line 3: the right side of the check is not a plain value"),
        (FUNCTION.replace("f(2) ==", "f(2 =="), r"line 3: the check is not an expression"),
        (FUNCTION.replace("# check", "# data: d.root\n# check"), r"line 3: kind 'function' takes no data"),
    ],
)
def test_malformed_examples_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        load_pack(pack(tmp_path, bad=text))


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (PACK_TOML + 'license = "x"\n', r"pack.toml, line 5: unknown key 'license'. Did you mean 'licence'"),
        (PACK_TOML.replace('"1"', "1"), r"line 2: 'version' must be a text"),
        (PACK_TOML.replace('version = "1"\n', ""), r"the key 'version' is missing"),
        ("name = ", r"pack.toml: "),
    ],
)
def test_malformed_description(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        load_pack(pack(tmp_path, toml))


def test_folder_without_description(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"is no pack: there is no file pack\.toml"):
        load_pack(tmp_path)


def test_not_text(tmp_path: Path) -> None:
    folder = pack(tmp_path)
    (folder / "examples" / "x.py").write_bytes(b"\xff\xfe")
    with pytest.raises(PackError, match="not UTF-8"):
        load_pack(folder)


def test_builtin_packs_in_a_checkout() -> None:
    assert [p.name for p in builtin_packs()] == ["python", "scikit-hep"]


def test_builtin_packs_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site" / "treadle" / "packs" / "mine").mkdir(parents=True)
    pack(tmp_path / "site" / "treadle" / "packs" / "mine", two=FUNCTION)
    monkeypatch.setattr(packs_module.resources, "files", lambda _: tmp_path / "site" / "treadle")
    assert [p.name for p in builtin_packs()] == ["mine"]
    monkeypatch.setattr(packs_module.resources, "files", lambda _: tmp_path / "other" / "treadle")
    with pytest.raises(PackError, match="missing"):
        builtin_packs()
