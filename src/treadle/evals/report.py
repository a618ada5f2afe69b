"""The report of an evaluation: Markdown, one self-contained HTML page, and the summary as JSON."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from treadle.errors import UsageError
from treadle.evals.figures import headline_rows, mixed_code, percent, settings_line, status_rows, told_rules, told_seconds
from treadle.evals.plots import plots

__all__ = ["as_html", "as_markdown", "write_reports"]

_NOTES = (
    "Intervals are of 95 %: Wilson's for shares, bootstrap over the tasks for pass@k. They cover the choice of tasks only.",
    "*Wrong* in the rows of verified and agreed counts answers that were said to hold and do not.",
    "pass@k is unbiased (1 - C(n-c,k)/C(n,k)) and made from the sampled drafts of the first round; the greedy one is apart.",
)
_HEADS = ("status", "tasks", "in fact right", "wrong")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
body { color: #1a1a1a; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem } code, pre { font-size: .85em }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; vertical-align: top }
th { border-bottom: 2px solid #888 } td { border-bottom: 1px solid #ddd } .note { color: #555; font-size: .9rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1rem } figure { margin: 0 }
figcaption { font-weight: 600 } svg { width: 100%; height: auto }
pre { background: #f5f5f5; padding: .6rem; overflow-x: auto } details { margin: .2rem 0 }
.right { color: #00664d } .wrong { color: #a34700 }
"""


def write_reports(summary: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write ``report.md``, ``report.html`` and ``summary.json`` into ``folder``; returns them.

    Raises:
        UsageError: they cannot be written.
    """
    texts = {
        "report.md": as_markdown(summary),
        "report.html": as_html(summary),
        "summary.json": json.dumps(summary, indent=1, allow_nan=False) + "\n",
    }
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"cannot write the report to {folder}: {error.strerror}; the results are kept") from None
    return [folder / name for name in texts]


# ------------------------------------------------------------------------------------------------ Markdown


def as_markdown(summary: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    lines = [f"# Evaluation: {_title(summary)}", "", settings_line(summary), ""]
    lines += [f"**{mixed_code(summary)}**", ""] if mixed_code(summary) else []
    lines += _table(("", "tasks", "share", "95 % interval"), headline_rows(summary))
    lines += _table(_HEADS, rows) if (rows := status_rows(summary)) else []
    lines += [f"{told_rules(summary).capitalize()}.", ""] if told_rules(summary) else []
    if summary["pass_at"]:
        ks = list(summary["pass_at"])
        lines += [f"pass@k from {summary['pass_at_drafts']} drafts a task:", ""]
        lines += _table([f"@{k}" for k in ks], [[percent(summary["pass_at"][k]) for k in ks]])
    coverage = summary["coverage"]
    lines += [f"How far the {summary['drafts']} drafts of the first round got:", ""]
    lines += _table(list(coverage), [[percent(share) for share in coverage.values()]])
    if summary["levels"]:
        rows = [(name, str(v["tasks"]), str(v["greedy_solved"]), str(v["solved"])) for name, v in summary["levels"].items()]
        lines += _table(("level", "tasks", "greedy", "solved"), rows)
    lines += [f"{told_seconds(summary).capitalize()}.", "", *(f"- {note}" for note in _NOTES), "", "## Tasks", ""]
    lines += _table(("task", "status", "answer", "first draft", "drafts right", "seconds"), _task_rows(summary["per_task"]))
    return "\n".join(lines)


def _title(summary: Mapping[str, Any]) -> str:
    return f"{summary['settings']['kind']}, {summary['tasks']} tasks"


def _task_rows(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    words = {True: "right", False: "wrong"}
    return [
        (
            record["id"],
            record["status"],
            words[record["right"]],
            words[record["greedy_right"]],
            f"{sum(d['right'] for d in record['drafts'])} of {len(record['drafts'])}",
            f"{record['seconds']['total']:.1f}",
        )
        for record in records
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return [*lines, *("| " + " | ".join(_cell(c) for c in row) + " |" for row in rows), ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


# ------------------------------------------------------------------------------------------------ HTML


def as_html(summary: Mapping[str, Any]) -> str:
    """The report as one page that loads nothing from elsewhere. What models wrote is escaped."""
    heading = html.escape(_title(summary))
    parts = [
        f"<h1>Evaluation: {heading}</h1><p>{html.escape(settings_line(summary))}</p>",
        f"<p class='wrong'>{html.escape(mixed_code(summary))}</p>" if mixed_code(summary) else "",
        _html_table(("", "tasks", "share", "95 % interval"), headline_rows(summary)),
        _html_table(_HEADS, rows) if (rows := status_rows(summary)) else "",
        f"<p>{html.escape(told_rules(summary).capitalize())}.</p>" if told_rules(summary) else "",
        f"<p>{html.escape(told_seconds(summary).capitalize())}.</p>",
        _html_plots(summary),
        "".join(f"<p class='note'>{html.escape(note.replace('*', ''))}</p>" for note in _NOTES),
        "<h2>Tasks</h2>",
        "".join(_html_task(record) for record in summary["per_task"]),
        f"<h2>Settings</h2><pre>{html.escape(json.dumps(summary['settings'], indent=1))}</pre>",
    ]
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{heading}</title>"
    return f"<!doctype html><html lang='en'><head>{head}<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def _html_plots(summary: Mapping[str, Any]) -> str:
    try:
        made = plots(summary)
    except UsageError as error:
        return f"<p class='note'>{html.escape(str(error))}</p>"
    figures = (f"<figure><figcaption>{html.escape(title)}</figcaption>{svg}</figure>" for title, svg in made.items())
    return f"<div class='plots'>{''.join(figures)}</div>"


def _html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _html_task(record: Mapping[str, Any]) -> str:
    word = "right" if record["right"] else "wrong"
    drafts = f"{sum(d['right'] for d in record['drafts'])} of {len(record['drafts'])} drafts right"
    line = (
        f"<code>{html.escape(record['id'])}</code> {record['status']}, <span class='{word}'>{word}</span>, {drafts}, "
        f"{record['seconds']['total']:.1f} s: {html.escape(_first(record['request']))}"
    )
    told = "".join(f"<p class='note'>doubt: {html.escape(doubt)}</p>" for doubt in record["doubts"])
    program = f"<pre>{html.escape(record['program'])}</pre>" if record["program"] else ""
    output = f"<pre>{html.escape(record['output'])}</pre>" if record["output"].strip() else ""
    request = f"<pre>{html.escape(record['request'])}</pre>"
    reason = f"<p class='note'>{html.escape(record['reason'])}</p>"
    return f"<details><summary>{line}</summary>{request}{reason}{told}{program}{output}</details>"


def _first(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else line[:87] + "..."
