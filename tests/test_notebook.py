"""The magics, in a real IPython shell and in a real kernel: results drawn in place, errors as messages, interrupts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from treadle.notebook import as_text

pytest.importorskip("IPython")

ROOT = Path(__file__).parents[1]
GOOD = "\n    return [c for c in text if c in 'aeiou']\n"
ENDLESS = "\n    while True:\n        pass\n"
REQUEST = "Write vowels(text): the vowels of a text. vowels('bad') == ['a']"
DRIVER = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from IPython.utils.capture import capture_output
cells, terminal = json.loads(sys.stdin.read())
shell = (TerminalInteractiveShell if terminal else InteractiveShell).instance()
found = []
for cell in cells:
    with capture_output() as said:
        done = shell.run_cell(cell)
    html = getattr(done.result, "_repr_html_", None)
    found.append({
        "type": type(done.result).__name__,
        "error": None if done.error_in_exec is None else f"{type(done.error_in_exec).__name__}: {done.error_in_exec}",
        "html": html() if html else "",
        "out": said.stdout,
        "err": said.stderr,
        "shown": [o.data.get("text/plain", "") for o in said.outputs],
    })
print("FOUND" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "good.json").write_text(json.dumps({"completions": [[GOOD]]}))
    (folder / "endless.json").write_text(json.dumps({"completions": [[ENDLESS]]}))
    return folder


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TREADLE_", "XDG_", "JUPYTER", "IPYTHON"))}
    return {**kept, "HOME": str(home), "TREADLE_STORE": str(home / "threads.sqlite"), "COLUMNS": "80"}


def ask(script: str, *more: str) -> str:
    words = ["%%treadle ask --engine", f"scripted:{script}.json", "-n 1 --repairs 0", *more]
    return f"{' '.join(words)}\n{REQUEST}\n"


def run(home: Path, *cells: str, terminal: bool = False) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps([["%load_ext treadle", *cells], terminal]),
        capture_output=True,
        text=True,
        env=environment(home),
        cwd=home,
        timeout=600,
    )
    assert "FOUND" in done.stdout, done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.partition("FOUND")[2])
    assert found[0]["error"] is None, "the extension loads"
    return found[1:]


def test_in_a_shell_that_draws_html(home: Path) -> None:
    asked, kept, assigned, listed, tokens, unknown, unread, empty, option = run(
        home,
        ask("good"),
        "_treadle.answer.status.value",
        f"answer = %treadle ask {REQUEST!r} -e scripted:good.json -n 1 --repairs 0\nanswer.answer.draft_id",
        "%treadle threads list --json",
        "%%treadle tokens --encoding gpt2\n<b>lollipop",
        "%treadle tokenz x",
        "%treadle ask 'unbalanced",
        "%%treadle ask\n\n",
        "%treadle ask x --samplez 3",
    )
    assert asked["type"] == "Answered"
    assert asked["error"] is None
    assert "return [c for c in text" in asked["html"]
    assert ">verified</span>" in asked["html"]
    assert "verified it met 1 expectation" in asked["out"], "the plain text says the same"
    assert len(asked["out"]) < 2000
    assert asked["shown"][0].startswith("reading the data")
    assert asked["shown"][-1] == "", "progress is taken away"
    assert "'verified'" in kept["out"]
    assert "'0.0'" in assigned["out"], "%treadle gives a value"
    assert [thread["status"] for thread in json.loads(listed["out"])] == ["verified", "verified"]
    assert "ipop" in tokens["html"], "what is drawn with Rich is one result, too"
    assert "<b>" not in tokens["html"]
    assert "<|b|>|l|oll|ipop" in tokens["out"], "the plain text parts tokens without colours"
    for failed, told in ((unknown, "No such command 'tokenz'"), (unread, "No closing quotation"), (option, "--samplez")):
        assert failed["error"].startswith("CommandFailedError: ")
        assert told in failed["error"]
    assert "the request is empty" in empty["error"]
    for failed in (unknown, unread, empty, option):
        assert "Traceback" not in failed["out"] + failed["err"]
        assert "treadle: " in failed["out"] + failed["err"]


def test_the_glass_box_in_cells(home: Path) -> None:
    script = {
        "completions": [["Yes"]],
        "scores": {"a <x>": [{"text": "a", "logprob": -1.0, "id": 1}, {"text": " <x>", "logprob": -2.0, "id": 4}]},
    }
    (home / "glass.json").write_text(json.dumps(script))
    (home / "corpus.txt").write_text("a muon and a muon and an electron\n" * 50)
    counted, probs, explained, trained, free, formed, window, listed, *wrong = run(
        home,
        "%treadle tokens lollipop --count --encoding gpt2,cl100k_base",
        "%%treadle probs --engine scripted:glass.json\na <x>",
        "%treadle vocab explain lollipop --encoding gpt2",
        "%treadle vocab train corpus.txt --size 300 --out my.json",
        "%%treadle prompt -e scripted:glass.json\nIs 7 prime?",
        "%%treadle prompt -e scripted:glass.json --yes-no\nIs 7 prime?",
        "%treadle context 'Write f(x).' -e scripted:glass.json",
        "%treadle threads list",
        "%treadle probs",
        "%treadle probs 'a <x>' --branch here -e scripted:glass.json",
        "%treadle probs --thread nothing-like-it",
        "%treadle tokens",
        "%treadle tokens lollipop --encoding gpt5000",
        "%treadle tokens --file nothing-like-it.txt --count --model gpt-4",
        "%treadle vocab explain lollipop --encoding nothing-like-it.json",
        "%treadle embed",
        "%treadle context 'Write f(x).' --prompt 3",
        "%treadle",
    )
    names = ["Report", "ProbsView", "Explained", "Trained", "Completion", "Formed", "Context"]
    assert [one["type"] for one in (counted, probs, explained, trained, free, formed, window)] == names
    assert "white space" not in counted["html"], "a count looks at no white space"
    assert "cl100k_base" in counted["html"]
    assert "&amp;lt;x&amp;gt;" in probs["html"], "a page in a frame"
    assert "42800" in explained["html"]
    assert (home / "my.json").exists()
    assert "Yes" in free["html"]
    assert "judged afterwards" in formed["html"]
    assert listed["error"] is None
    for one in wrong[:-1]:
        assert one["error"].startswith("CommandFailedError: "), one
        assert "Traceback" not in one["out"] + one["err"]
        assert one["html"] == ""
    assert "gpt2" in wrong[4]["error"]


def test_in_a_terminal_commands_draw_themselves(home: Path) -> None:
    asked, failed = run(home, ask("good"), "%treadle threads show nothing-like-it", terminal=True)
    assert (asked["type"], asked["html"]) == ("NoneType", "")
    assert "verified: it met 1 expectation" in asked["out"]
    assert "Traceback" not in failed["out"] + failed["err"]
    assert "unknown thread" in failed["error"]


def test_plain_text_of_html() -> None:
    assert as_text("<div><b>a</b> &lt;b&gt;</div><table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>") == (
        "a <b>\n1  2\n3"
    )
    assert len(as_text("<p>" + "x" * 10_000 + "</p>")) < 5000


def test_loading_is_all_that_the_package_forwards() -> None:
    program = "import sys, treadle; print(callable(treadle.load_ipython_extension), 'treadle.notebook' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


# ------------------------------------------------------------------------------------------------ a kernel


@pytest.fixture
def kernel_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("nbclient")
    for name in [n for n in os.environ if n.startswith(("TREADLE_", "XDG_", "JUPYTER", "IPYTHON"))]:
        monkeypatch.delenv(name)
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    return home


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_is_run(kernel_environment: Path) -> None:
    import nbclient
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    failing = new_code_cell("%treadle threads show nothing-like-it", metadata={"tags": ["raises-exception"]})
    notebook = new_notebook(cells=[new_code_cell("%load_ext treadle"), new_code_cell(ask("good")), failing])
    nbclient.NotebookClient(
        notebook,
        timeout=600,
        startup_timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(kernel_environment)}},
    ).execute()
    nbformat.validate(notebook)
    loaded, asked, failed = (cell.outputs for cell in notebook.cells)
    assert loaded == []
    (result,) = [o for o in asked if o.output_type == "execute_result"]
    assert ">verified</span>" in result.data["text/html"]
    assert len(result.data["text/plain"]) < 2000
    lines = [o for o in asked if o.output_type == "display_data"]
    assert [o.data for o in lines] == [{"text/plain": ""}], "progress was shown on one line, and is gone"
    assert {o.output_type for o in asked} == {"execute_result", "display_data"}, "no noise beside it"
    (error,) = failed
    assert error.output_type == "error"
    assert len(error.traceback) == 1
    assert "unknown thread" in error.traceback[0]


@pytest.mark.filterwarnings("ignore")
def test_an_interrupt_stops_the_command_and_leaves_the_kernel(kernel_environment: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=300, cwd=str(kernel_environment))
    try:
        client.execute_interactive("%load_ext treadle", timeout=300)
        limits = "--cpu-seconds 10m --wall-seconds 10m"
        asked = client.execute(ask("endless", limits))
        _wait_for(client, asked, "checking 1 drafts")
        time.sleep(1)  # the program is running
        manager.interrupt_kernel()
        reply = _reply(client, asked)
        assert (reply["status"], reply["ename"]) == ("error", "CommandFailedError")
        assert "what was done is kept" in reply["evalue"]
        assert _reply(client, client.execute("1 + 1"))["status"] == "ok"
        again = _reply(client, client.execute(ask("good")))
        assert again["status"] == "ok", "the next request is answered"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _wait_for(client: Any, message: str, text: str) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        said = client.get_iopub_msg(timeout=300)
        if said["parent_header"].get("msg_id") == message and text in json.dumps(said["content"], default=str):
            return
    raise AssertionError(f"{text!r} was not shown")


def _reply(client: Any, message: str) -> dict[str, Any]:
    while True:
        reply = client.get_shell_msg(timeout=300)
        if reply["parent_header"].get("msg_id") == message:
            content: dict[str, Any] = reply["content"]
            return content
