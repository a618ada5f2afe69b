"""The plots of a report, as SVG text. The same summary gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from treadle.errors import UsageError
from treadle.types import Status

__all__ = ["plots"]

# Chosen to be told apart without colour vision (Okabe and Ito); what is wrong is hatched, too.
_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
_SIZE = (5.2, 2.6)


def plots(summary: Mapping[str, Any]) -> dict[str, str]:
    """Title -> SVG of every plot that the summary has figures for.

    Raises:
        UsageError: matplotlib is not installed.
    """
    made = {"Solved tasks": _drawn(summary, _solved)}
    if "exact" not in summary:
        made["Status and truth"] = _drawn(summary, _statuses)
    if len(summary["pass_at"]) > 1:
        made["pass@k of the sampled drafts"] = _drawn(summary, _curve)
    made["How far drafts got"] = _drawn(summary, _rungs)
    made["Seconds a task"] = _drawn(summary, _seconds)
    return made


def _drawn(figures: Mapping[str, Any], draw: Callable[[Any, Mapping[str, Any]], None]) -> str:
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(f"plots need matplotlib ({error}); pip install 'treadle[eval]'") from None
    with mpl.rc_context({"svg.hashsalt": "treadle", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.add_subplot(), figures)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return text.getvalue()[text.getvalue().index("<svg") :]


def _solved(axes: Any, summary: Mapping[str, Any]) -> None:
    bars = (("any_right", "some draft", _ORANGE), ("solved", "answer", _BLUE), ("greedy_solved", "first draft alone", _GREY))
    tasks = max(summary["tasks"], 1)
    for place, (key, _, colour) in enumerate(bars):
        share = 100 * summary[key] / tasks
        low, high = (100 * end for end in summary["intervals"][key])
        axes.barh(place, share, color=colour, height=0.6)
        axes.errorbar(share, place, xerr=[[share - low], [high - share]], fmt="none", ecolor="black", capsize=3, lw=1)
    axes.set(yticks=range(3), yticklabels=[f"{told}\n{summary[key]} of {summary['tasks']}" for key, told, _ in bars])
    axes.set(xlim=(0, 100), xlabel="right, % of the tasks, with 95 % interval")


def _statuses(axes: Any, summary: Mapping[str, Any]) -> None:
    names = [status.value for status in Status][::-1]
    right = [_right(summary, name) for name in names]
    wrong = [summary[name] - r for name, r in zip(names, right, strict=True)]
    axes.barh(names, right, color=_GREEN, label="right", height=0.6)
    axes.barh(names, wrong, left=right, color=_ORANGE, hatch="///", edgecolor="white", label="wrong", height=0.6)
    axes.set(xlabel="tasks", xlim=(0, max(summary["tasks"], 1)))
    _whole_numbers(axes.xaxis)
    axes.legend(frameon=False, loc="best")


def _right(summary: Mapping[str, Any], status: str) -> int:
    false = summary.get(f"false_{status}")
    return int(summary[status] - false if false is not None else summary[f"{status}_right"])


def _curve(axes: Any, summary: Mapping[str, Any]) -> None:
    ks = [int(k) for k in summary["pass_at"]]
    values = [100 * v for v in summary["pass_at"].values()]
    ends = [[100 * end for end in summary["intervals"]["pass_at"][str(k)]] for k in ks]
    axes.fill_between(ks, [low for low, _ in ends], [high for _, high in ends], color=_BLUE, alpha=0.2, lw=0)
    axes.plot(ks, values, "o-", color=_BLUE, ms=4)
    axes.set(xlabel="k drafts", ylabel="pass@k, %", ylim=(0, 100), xticks=ks)


def _rungs(axes: Any, summary: Mapping[str, Any]) -> None:
    names = list(summary["coverage"])[::-1]
    shares = [100 * summary["coverage"][name] for name in names]
    bars = axes.barh(names, shares, color=[_GREEN if name == "right" else _BLUE for name in names], height=0.6)
    axes.bar_label(bars, [f"{share:.0f}" for share in shares], padding=3)
    axes.set(xlim=(0, 112), xticks=range(0, 101, 20), xlabel=f"% of {summary['drafts']} drafts of the first round")


def _seconds(axes: Any, summary: Mapping[str, Any]) -> None:
    totals: Sequence[float] = [record["seconds"]["total"] for record in summary["per_task"]]
    axes.hist(totals, bins=min(30, max(5, len(totals) // 3)), color=_BLUE, edgecolor="white", lw=0.5)
    axes.axvline(summary["seconds_per_task"], color=_ORANGE, lw=1.5)
    axes.set(xlabel=f"seconds a task; the line is the median, {summary['seconds_per_task']:.2f} s", ylabel="tasks")
    _whole_numbers(axes.yaxis)


def _whole_numbers(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))
