"""Reports: complete, self-contained, and safe against what models wrote."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from treadle.evals.display import Bar, show_comparison, show_summary
from treadle.evals.plots import plots
from treadle.evals.report import as_html, as_markdown, write_reports
from treadle.evals.run import Plan, evaluate

Planning = Callable[..., Plan]
VOID = {"meta", "path", "use", "br", "img"}


@pytest.fixture
def summary(hep_plan: Planning) -> dict[str, Any]:
    return evaluate(hep_plan(), Bar())


class Balanced(HTMLParser):
    """Complains about tags that do not match, and collects links and visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(page: str) -> Balanced:
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_three_files_are_written(summary: dict[str, Any], tmp_path: Path) -> None:
    written = write_reports(summary, tmp_path)
    assert [path.name for path in written] == ["report.md", "report.html", "summary.json"]
    assert json.loads((tmp_path / "summary.json").read_text()) == json.loads(json.dumps(summary))


def test_markdown_has_every_figure(summary: dict[str, Any]) -> None:
    text = as_markdown(summary)
    assert "| solved by the first draft alone | 1 of 4 | 25 % | 5-70 % |" in text
    assert "| solved by the answer | 2 of 4 | 50 % | 15-85 % |" in text
    assert "| agreed | 3 | 1 | 2 (67 %, 21-94 %) |" in text
    assert "| parsed | names exist | ran | produced output | right |" in text
    assert "| easy | 2 | 1 | 2 |" in text
    assert "| mean-x | agreed | right | wrong | 3 of 4 |" in text
    assert re.search(r"Median \d+\.\d\d s a task \(prompt", text)
    widths = {line.count("|") for line in text.splitlines() if line.startswith(("| mean-x", "| task "))}
    assert len(widths) == 1


def test_html_loads_nothing_and_shows_everything(summary: dict[str, Any]) -> None:
    page = as_html(summary)
    parser = parsed(page)
    assert all(link.startswith("#") for link in parser.links)
    assert not re.search(r"(?i)<script|<link|@import|url\(\s*['\"]?http", page)
    assert page.count("<svg") == page.count("</svg>") == 5
    for word in ("mean-x", "2 of 4", "np.mean", "sha256", "doubt"):
        assert word in parser.text or word == "doubt"


def test_what_models_wrote_is_text(summary: dict[str, Any]) -> None:
    evil = "</pre><script>alert(1)</script>|x|\n\x1b[31m"
    for key in ("request", "program", "output", "reason"):
        summary["per_task"][0][key] = evil
    summary["per_task"][0]["doubts"] = [evil]
    page = as_html(summary)
    assert "<script" not in page
    assert parsed(page).text.count("alert(1)") >= 5
    summary["per_task"][0]["id"] = "a|b\n<i>"
    assert "| a\\|b &lt;i> |" in as_markdown(summary)


def test_a_change_of_the_code_is_told(summary: dict[str, Any]) -> None:
    said = "The code of treadle changed in the middle of this evaluation"
    assert said not in as_markdown(summary) + as_html(summary)
    summary["code"] = {"aa": 3, "bb": 1}
    assert f"**{said}: 3 tasks by aa, 1 tasks by bb.**" in as_markdown(summary)
    assert said in parsed(as_html(summary)).text


def test_plots_are_the_same_for_the_same_summary(summary: dict[str, Any]) -> None:
    one, again = plots(summary), plots(summary)
    assert one == again
    assert list(one) == [
        "Solved tasks",
        "Status and truth",
        "pass@k of the sampled drafts",
        "How far drafts got",
        "Seconds a task",
    ]


def test_without_matplotlib_the_page_says_so(summary: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = as_html(summary)
    assert "pip install &#x27;treadle[eval]&#x27;" in page
    assert "<svg" not in page
    parsed(page)


def test_an_evaluation_of_which_nothing_came(hep_plan: Planning, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tasks failed before a draft was drawn: no division by zero anywhere."""
    from treadle.errors import ContextLengthError
    from treadle.evals import bench

    def too_long(*_: Any) -> Any:
        raise ContextLengthError("too long")

    monkeypatch.setattr(bench, "ask", too_long)
    summary = evaluate(hep_plan(), Bar())
    as_markdown(summary)
    parsed(as_html(summary))
    show_summary(summary)


def test_the_terminal(summary: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_summary(summary)
    shown = capsys.readouterr().out
    assert "solved by the answer" in shown
    assert "2 (67 %, 21-94 %)" in shown
    assert "pass@k from 3 sampled drafts a task: @1 33 %, @2 42 %, @3 50 %" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_progress_without_a_terminal_is_a_line_a_task(hep_plan: Planning, capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        evaluate(hep_plan(limit=2), bar)
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\[1/2\] mean-x: agreed, right \(\d+\.\d s\); solved 1, first drafts 0", lines[0])
    assert len(lines) == 2
    with Bar() as bar:
        evaluate(hep_plan(limit=3), bar)
    assert capsys.readouterr().err.splitlines()[0] == "2 of 3 tasks are here already"


def test_a_comparison_in_the_terminal(
    hep_plan: Planning, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from treadle.evals.compare import compare

    monkeypatch.setenv("COLUMNS", "80")
    evaluate(hep_plan(), Bar())
    evaluate(hep_plan(folder=hep_plan().folder / "b"), Bar())
    capsys.readouterr()
    show_comparison(compare(hep_plan().folder, hep_plan().folder / "b"))
    shown = capsys.readouterr().out
    assert "answer right" in shown
    assert "1.000" in shown
