"""Figures and sentences of a report, from a summary: said once, for the terminal, Markdown and HTML alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.types import Status

__all__ = ["headline_rows", "mixed_code", "percent", "settings_line", "span", "status_rows", "told_rules", "told_seconds"]

_SOLVED = (
    ("greedy_solved", "solved by the first draft alone"),
    ("solved", "solved by the answer"),
    ("any_right", "some draft is right"),
    ("exact", "the answer is the masked text"),
)


def percent(share: float) -> str:
    """A share in per cent, without decimals."""
    return f"{100 * share:.0f} %"


def span(ends: list[float]) -> str:
    """An interval of shares: '12-34 %'."""
    return f"{100 * ends[0]:.0f}-{100 * ends[1]:.0f} %"


def headline_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(what, count, share, 95 % interval) of the solved tasks."""
    tasks = summary["tasks"]
    return [
        (told, f"{summary[key]} of {tasks}", percent(summary[key] / max(tasks, 1)), span(summary["intervals"][key]))
        for key, told in _SOLVED
        if key in summary
    ]


def status_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(status, tasks, in fact right, wrong with its share and interval). Of holes that were filled nothing is claimed."""
    rows = []
    for status in () if "exact" in summary else Status:
        count = summary[status.value]
        false = summary.get(f"false_{status.value}")
        right = count - false if false is not None else summary[f"{status.value}_right"]
        wrong = ""
        if false is not None:
            wrong = f"{false}"
            if count:
                wrong += f" ({percent(false / count)}, {span(summary['intervals'][f'false_{status.value}'])})"
        rows.append((status.value, str(count), str(right), wrong))
    return rows


def told_rules(summary: Mapping[str, Any]) -> str:
    """What rules wrote, as a sentence; nothing where they wrote nothing."""
    if not summary["by_rules"]:
        return ""
    return (
        f"rules wrote drafts for {summary['by_rules']} tasks, a right one for {summary['by_rules_right']}; "
        f"{summary['by_rules_chosen']} answers are theirs"
    )


def told_seconds(summary: Mapping[str, Any]) -> str:
    """Medians of seconds and tokens a task, as a sentence."""
    parts = summary["seconds"]
    split = ", ".join(f"{name} {parts[name]:.2f}" for name in ("prompt", "decode", "checks", "runs"))
    return (
        f"median {parts['total']:.2f} s a task ({split}); "
        f"median {summary['tokens_per_task']:.0f} tokens decoded, {summary['prompt_tokens_per_task']:.0f} in prompts"
    )


def settings_line(summary: Mapping[str, Any]) -> str:
    """What was evaluated, in one line."""
    settings, options = summary["settings"], summary["settings"]["options"]
    model = summary["model"] or {"file": "?", "sha256": None}
    digest = f", SHA-256 {model['sha256'][:12]}" if model["sha256"] else ""
    asked = f"{settings['kind']} ({settings['tasks']['file']}), engine {settings['engine']} ({model['file']}{digest})"
    drafts = f"{options['samples']} drafts, temperature {options['temperature']:g}"
    end = f"seed {options['seed']}, treadle {settings['treadle']} (code {' and '.join(summary['code'])})"
    if "way" in options:
        return f"{asked}, {options['way']}, {drafts}, {end}"
    examples = f"{options['shots']} examples at most" if options["shots"] else "no examples"
    corrections = ", with corrections" if settings["corrections"] else ""
    corrections += "" if options["rules"] else ", nothing read by rules"
    corrections += _told_grounding(options)
    return f"{asked}, {drafts}, {options['repairs']} rounds of repair, {examples}{corrections}, {end}"


def _told_grounding(options: Mapping[str, Any]) -> str:
    """What drafts were held to; older evaluations say only whether they were."""
    level = options.get("grounding", "all" if options.get("grounded") else "none")
    return {"none": "", "all": ", grounded"}.get(level, f", grounded ({level})")


def mixed_code(summary: Mapping[str, Any]) -> str:
    """A warning where the code changed in the middle of the evaluation, else nothing."""
    counts = summary["code"]
    if len(counts) < 2:
        return ""
    told = ", ".join(f"{count} tasks by {code}" for code, count in counts.items())
    return f"The code of treadle changed in the middle of this evaluation: {told}."
