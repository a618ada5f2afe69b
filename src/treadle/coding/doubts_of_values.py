"""Doubts about what was printed: values that cannot be the answer to the question."""

from __future__ import annotations

import math
import re

from treadle.coding.expectations import metrics_in
from treadle.types import DataSummary

__all__ = ["value_doubts"]

_NUMBER_ASKED = re.compile(
    r"\b(?:what|how (?:many|much|large|strongly)|count|mean|average|median|fraction|number of)\b", re.IGNORECASE
)
_METRIC = re.compile(r"^\s*METRIC:\s*[\w./-]+\s*=\s*(.*?)\s*$", re.MULTILINE)
_NOT_A_COUNT = (
    r"\b(?:mean|average|averaged|fraction|percentage|ratio|per event|weight\w*|efficiency|share|correlation|median|"
    r"deviation|spread|rate|sum of)\b|\bhow many per ?cent\b"
)
_SIGNED = (
    r"\b(?:difference|charge|charges|phi|phi\d|asymmetry|correlation|slope|minus|relative|log|p[xyz]\d?|rapidity|skewness|"
    r"[xyz]|x_\w+|y_\w+|bias|change|shift|subtract\w*)\b"
)
_NOT_A_FRACTION = r"\b(?:ratio|cut|how many|count|number of|mean|average|median|plot|histogram)\b"
_POSITIVE = (
    r"\b(?:p_?t\d?|\w+_pt|transverse moment(?:um|a)|mass(?:es)?|M|mll|MET|energy|E\d|HT|distance|delta ?r|absolute|abs)\b"
)


def value_doubts(asked: str, output: str, data: DataSummary) -> list[str]:
    """Doubts about the printed value; only where one METRIC was printed, so that it is clear what it answers."""
    printed = _METRIC.findall(output)
    metrics = metrics_in(output)
    if not metrics:
        if printed and re.fullmatch(r"[+-]?(?:nan|inf)", printed[0], re.IGNORECASE):
            return [f"the program prints {printed[0]}"]
        numberless = bool(printed) or not re.search(r"\d", output)
        return ["a number was asked for, the program prints none"] if numberless and _NUMBER_ASKED.search(asked) else []
    bad = [text for text in printed if re.fullmatch(r"[+-]?(?:nan|inf)", text, re.IGNORECASE)]
    if bad:
        return [f"the program prints {bad[0]}"]
    if len(metrics) > 1:
        return []
    return _one_value(asked, next(iter(metrics.values())), data)


def _one_value(asked: str, value: float, data: DataSummary) -> list[str]:
    text = asked.lower()
    if _asks_count(text):
        return _count(text, value, data)
    shown = f"{value:g}"
    if re.search(r"\b(?:fraction|percentage|efficiency|proportion)\b", text) and not re.search(_NOT_A_FRACTION, text):
        highest = 100 if re.search(r"percent|per cent|%", text) else 1
        return [] if -1e-9 <= value <= highest * (1 + 1e-9) else [f"a fraction cannot be {shown}"]
    if re.search(r"\bcorrelation\b|\bcorrelated\b", text):
        return [] if abs(value) <= 1 + 1e-9 else [f"a correlation cannot be {shown}"]
    if re.search(r"\bstandard deviation\b|\brms\b|\bspread\b|\bvariance\b", text) and value < 0:
        return [f"a spread cannot be {shown}"]
    window = re.search(r"from (-?\d+(?:\.\d+)?) to (-?\d+(?:\.\d+)?)|between (-?\d+(?:\.\d+)?) and (-?\d+(?:\.\d+)?)", text)
    if window and re.search(
        r"\b(?:cent(?:er|re)|position|midpoint|edge) of the (?:[\w-]+ ){0,3}bin\b|\bbin cent(?:er|re)\b", text
    ):
        low, high = (float(x) for x in window.groups() if x is not None)
        return [] if low <= value <= high else [f"a bin between {low:g} and {high:g} cannot be at {shown}"]
    if re.search(r"\b(?:delta|Δ)[ _-]?phi\b|\bdphi\b", text) and re.search(
        r"\bmean\b|\bmax\w*|\bmedian\b|\blargest\b", text
    ):
        return [] if abs(value) <= math.pi + 1e-3 else [f"a difference of phi cannot be {shown}"]
    return _sign(asked, value)


def _sign(asked: str, value: float) -> list[str]:
    reduced = re.search(r"\b(?:mean|average|median|maximum|minimum|largest|smallest|highest|lowest)\b", asked, re.IGNORECASE)
    absolute = re.search(
        r"\babsolute (?:value|difference|eta|phi|delta)\b|\bmean abs|\|\s?\w+\s?\|\s*[?.]?$", asked, re.IGNORECASE
    )
    positive = re.search(_POSITIVE, asked) and not re.search(_SIGNED + r"|\beta\d?\b|_eta\b", asked, re.IGNORECASE)
    if value < 0 and reduced and (absolute or positive):
        return [f"the value cannot be negative, it is {value:g}"]
    return []


def _asks_count(text: str) -> bool:
    return re.search(r"\bhow many\b|^\W*count\b|\bnumber of\b", text) is not None and not re.search(_NOT_A_COUNT, text)


def _count(text: str, value: float, data: DataSummary) -> list[str]:
    if value < 0 or abs(value - round(value)) > 1e-9:
        return [f"a number of things cannot be {value:g}"]
    entries = max((table.entries or 0 for table in data.tables), default=0)
    events = re.search(r"\bhow many events\b|\bcount (?:the )?events\b|\bnumber of events\b|\bin how many events\b", text)
    if events and entries and value > entries:
        return [f"the program counts {value:g} events, the file has {entries}"]
    return []
