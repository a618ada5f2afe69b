"""``treadle embed``: every form, and errors that say how to go on. On a tiny model in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiny_model import tiny_loaded
from treadle.commands.app import app
from treadle.commands.guard import guarded
from treadle.model.weights import save_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    model = tiny_loaded()
    where = tmp_path_factory.mktemp("model") / "tiny"
    save_folder(model.transformer, model.vocabulary, where)
    return str(where)


@pytest.fixture
def run(folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")

    def called(*words: str, engine: str = folder) -> tuple[int, str, str]:
        named = ["--engine", engine]
        code = guarded(lambda: app(["embed", *named, *words], prog_name="treadle", standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return called


def test_shown_within_80_columns(run: Any) -> None:
    code, out, err = run("the cat", "a \x1b[31mdog\x1b[0m")
    assert (code, err) == (0, "")
    assert "shape (5, 32)" in out
    assert "Alike by mean of the token vectors" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_json(run: Any) -> None:
    code, out, _ = run("the", "a", "--json")
    data = json.loads(out)
    assert code == 0
    assert [text["shape"] for text in data["texts"]] == [[1, 32], [1, 32]]
    assert data["similarity"][0]["by"] == "mean of the token vectors"
    assert all("wordllama" in s["by"] for s in data["similarity"][1:])


def test_vectors_in_a_file(run: Any, tmp_path: Path) -> None:
    table = tiny_loaded().transformer.embedding.weight.detach().numpy()
    ids = tiny_loaded().vocabulary.encode("the cat")
    code, _, err = run("the cat", "--out", str(tmp_path / "x.npy"))
    assert code == 0
    assert "wrote" in err
    assert np.allclose(np.load(tmp_path / "x.npy"), table[ids], atol=1e-6)
    assert run("the cat", "a", "--mean", "--out", str(tmp_path / "y.npy"))[0] == 0
    means = np.load(tmp_path / "y.npy")
    assert means.shape == (2, 32)
    assert np.allclose(means[0], table[ids].mean(0), atol=1e-6)


def test_neighbours_are_those_of_look(run: Any) -> None:
    code, out, _ = run("--neighbours", "the", "--top", "3", "--json")
    assert code == 0
    assert len(json.loads(out)["neighbours"]) == 3
    assert "Tokens nearest to the" in run("--neighbours", "the")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say what to embed"),
        ([""], "a text is empty"),
        (["a", "--top", "3"], "name a token with --neighbours"),
        (["a", "--mean"], "name a file with --out"),
        (["a", "--neighbours", "the"], "reads no text"),
        (["--neighbours", "cat"], "is 3 tokens here"),
        (["--neighbours", "id:99999"], "there is no token 99999"),
        (["a", "--out", "x.txt"], "ends with .npy"),
        (["a", "b", "--out", "x.npy"], "--mean writes one vector a text"),
        (["a", "--out", "/nowhere/x.npy"], "there is no folder"),
    ],
)
def test_errors_say_how_to_go_on(run: Any, words: list[str], told: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert told in err


def test_engines_that_show_nothing_of_their_inside(run: Any) -> None:
    code, _, err = run("a", engine="llama:smollm2")
    assert code == 2
    assert "--engine torch:smollm2" in err


def test_without_torch(folder: str) -> None:
    program = (
        "import sys; sys.modules['torch'] = None; from treadle.cli import main; main(['embed', 'a', '-e', sys.argv[1]])"
    )
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "pip install 'treadle[torch]'" in done.stderr
    assert "Traceback" not in done.stderr
