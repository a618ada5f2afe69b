"""The course of a run as a picture: losses, norm of the gradients, learning rate, and whatever else was logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from treadle.errors import DataError, UsageError
from treadle.training.log import read_log

__all__ = ["plot"]

_PANELS = (("loss", "evaluation_loss"), ("norm",), ("rate",), ("tokens_per_second",))
_LEFT_OUT = frozenset({"step", "weight", "tokens", "flops", "seconds", "mfu"} | {n for panel in _PANELS for n in panel})


def plot(log: Path, out: Path) -> Path:
    """Write the picture (its kind follows the name of ``out``) and return its path.

    Raises:
        DataError: there is no log, or nothing in it.
        UsageError: matplotlib is not installed, or cannot write such a file.
    """
    lines = read_log(log)
    if not lines:
        raise DataError(f"{log} has no step yet")
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise UsageError("a plot needs matplotlib: pip install 'treadle[hep]'") from error
    others = sorted({name for line in lines for name in line} - _LEFT_OUT)
    panels = [*_PANELS, *((name,) for name in others)]
    figure = Figure(figsize=(8, 2.2 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, names in zip(axes, panels, strict=True):
        for name in names:
            _draw(axis, lines, name)
        axis.legend(loc="best")
    axes[-1].set_xlabel("step")
    try:
        figure.savefig(out)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {out}: {error}") from error
    return out


def _draw(axis: Any, lines: list[dict[str, Any]], name: str) -> None:
    points = [(line["step"], line[name]) for line in lines if name in line]
    marker = "o" if name.startswith("evaluation") else None
    axis.plot([x for x, _ in points], [y for _, y in points], label=name, marker=marker, markersize=3)
