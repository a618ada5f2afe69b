"""``treadle look``: the forms of each view, and errors that say how to go on. On a tiny model in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tiny_model import tiny_loaded
from treadle.commands.app import app
from treadle.commands.guard import guarded
from treadle.model.weights import save_folder

TEXT = "the cat sat on a mat"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    model = tiny_loaded()
    where = tmp_path_factory.mktemp("model") / "tiny"
    save_folder(model.transformer, model.vocabulary, where)
    return str(where)


class Told:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")

    def called(*words: str, engine: str | None = folder) -> Told:
        named = [] if engine is None else ["--engine", engine]
        code = guarded(lambda: app(["look", *words, *named], prog_name="treadle", standalone_mode=False))
        captured = capsys.readouterr()
        return Told(code, captured.out, captured.err)

    return called


VIEWS = {
    "attention": [TEXT, "--attention"],
    "a layer": [TEXT, "--attention", "--layer", "2"],
    "a head": [TEXT, "--attention", "--layer", "2", "--head", "4", "--last", "5"],
    "lens": [TEXT, "--lens"],
    "lens of a layer": [TEXT, "--lens", "--layer", "0", "--top", "2"],
    "norms": [TEXT, "--norms"],
    "neighbours": ["--neighbours", "the", "--top", "4"],
}


@pytest.mark.parametrize("words", VIEWS.values(), ids=VIEWS)
def test_every_view_in_every_form(run: Any, words: list[str], tmp_path: Path) -> None:
    shown = run(*words)
    assert (shown.code, shown.err) == (0, "")
    assert "\x1b" not in shown.out, "no colour where it is no terminal"
    assert max(map(len, shown.out.splitlines())) <= 80
    data = json.loads(run(*words, "--json").out)
    assert {"model", "view"} <= set(data)
    html = tmp_path / "x.html"
    written = run(*words, "--html", str(html))
    assert (written.code, written.out) == (0, "")
    assert f"wrote {html}" in written.err
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_picture(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    png = tmp_path / "x.png"
    assert run(TEXT, "--attention", "--layer", "1", "--png", str(png)).code == 0
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_bar_while_a_long_text_is_read(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["m" * 250, "--norms", "--last", "5", "--json"]
    assert run(*words).err == "", "no bar where it is no terminal"
    monkeypatch.setenv("FORCE_COLOR", "1")  # to the library that draws it, a terminal
    shown = run(*words)
    assert "reading 250 tokens" in shown.err
    assert json.loads(shown.out)["view"] == "norms"
    assert run("short", "--norms", "--json").err == ""


def test_json_holds_what_was_chosen(run: Any) -> None:
    data = json.loads(run(TEXT, "--attention", "--layer", "2", "--head", "4", "--json").out)
    assert (data["layer"], data["head"], len(data["heads"])) == (2, 4, 1)
    assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in data["weights"])
    assert [len(data["weights"])] * 2 == [len(data["tokens"]), len(data["weights"][0])]
    lens = json.loads(run(TEXT, "--lens", "--layer", "3", "--top", "2", "--json").out)
    assert [layer["layer"] for layer in lens["layers"]] == [3]
    assert {len(guesses) for guesses in lens["layers"][0]["positions"]} == {2}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([TEXT], "say what to look at: --attention, --lens, --norms or --neighbours TOKEN"),
        ([TEXT, "--attention", "--lens"], "not --attention and --lens at once"),
        (["--attention"], "--attention needs a text"),
        (["", "--lens"], "--lens needs a text"),
        ([TEXT, "--neighbours", "a"], "reads no text"),
        (["--neighbours", ""], "the token is empty"),
        ([TEXT, "--attention", "--layer", "9"], "no layer 9; this model has 1 to 4"),
        ([TEXT, "--attention", "--layer", "1", "--head", "9"], "no head 9; each layer of this model has heads 1 to 4"),
        ([TEXT, "--attention", "--head", "1"], "head 1 of which layer"),
        ([TEXT, "--lens", "--layer", "9"], "no layer 9; this model has 0 to 4; 0 is the embedding"),
        ([TEXT, "--lens", "--head", "1"], "--lens takes no --head; it takes --layer, --last, --top"),
        ([TEXT, "--norms", "--layer", "1"], "--norms takes no --layer"),
        ([TEXT, "--attention", "--top", "1"], "--attention takes no --top"),
        ([TEXT, "--lens", "--top", "0"], "--top takes 1 to 20"),
        ([TEXT, "--lens", "--last", "0"], "--last takes 1 to 128"),
        (["--neighbours", "the", "--top", "1000"], "--top takes 1 to 100"),
        (["x" * 200, "--norms"], "--last 128"),
        (["x" * 70, "--attention"], "--last 62"),
        (["x" * 50, "--lens", "--png", "x.png"], "--last 40"),
        (["a\udc80", "--lens"], "no UTF-8: byte 80 at character 1"),
    ],
)
def test_errors_say_how_to_go_on(run: Any, words: list[str], told: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    found = run(*words)
    assert (found.code, found.out) == (2, "")
    assert told in found.err
    assert found.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        ("llama:smollm2", "only torch does; for the same model: --engine torch:smollm2"),
        ("openai:http://127.0.0.1:1/v1#x", "only torch does"),
        ("torch:", "names no model"),
        ("torch:smolm2", "Did you mean 'smollm2'"),
        ("smolm2", "Did you mean 'smollm2'"),
        ("/nowhere/x.gguf", "/nowhere/x.gguf is not there"),
    ],
)
def test_models_that_cannot_be_looked_into(run: Any, engine: str, told: str) -> None:
    found = run(TEXT, "--lens", engine=engine)
    assert found.code in (1, 2)
    assert told in found.err


def test_files_are_never_overwritten(run: Any, tmp_path: Path) -> None:
    there, link = tmp_path / "there.html", tmp_path / "link.html"
    there.write_text("mine")
    link.symlink_to(tmp_path / "nowhere")
    for path in (there, link):
        found = run(TEXT, "--norms", "--html", str(path))
        assert (found.code, "exists and is left as it is" in found.err) == (2, True)
    assert there.read_text() == "mine"
    found = run(TEXT, "--norms", "--html", str(tmp_path / "no" / "x.html"))
    assert (found.code, "there is no folder" in found.err) == (2, True)
    found = run(TEXT, "--norms", "--html", "/proc/x.html")
    assert (found.code, "cannot write /proc/x.html" in found.err) == (2, True)


@pytest.mark.model
@pytest.mark.usefixtures("model_file")
def test_the_embedded_model_is_the_default(run: Any) -> None:
    found = run("Muons are heavier than", "--lens", "--layer", "30", "--top", "1", engine=None)
    assert found.code == 0
    assert len([line for line in found.out.splitlines() if line[:4].strip().isdigit()]) == 5


@pytest.mark.model
@pytest.mark.usefixtures("model_file")
def test_without_torch_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['torch'] = None\nfrom treadle.cli import main\nmain(['look', 'a', '--lens'])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.returncode == 1
    assert "pip install 'treadle[torch]'" in found.stderr
    assert "Traceback" not in found.stderr
