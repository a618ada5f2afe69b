"""Functions of Python that is installed, as texts to train on: the standard library, and packages whose licences permit it.

A line of the file is ``{"text": ..., "source": "numpy 2.4.6", "licence": "BSD-3-Clause ..."}``: one function that stands at
the top of a module and has a docstring, as it is written there. Modules are read and parsed, never imported.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import platform
import random
import re
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from treadle.coding.training import write_lines
from treadle.errors import UsageError
from treadle.synthesis.leaks import HeldOut

__all__ = ["PACKAGES", "CodeReport", "Function", "functions_of", "installed", "licence_of", "make_code", "told"]

STANDARD = "the standard library"
PACKAGES = (
    STANDARD, "numpy", "awkward", "uproot", "vector", "hist", "boost-histogram", "particle", "hepunits", "uhi", "mplhep",
    "histoprint", "networkx", "sympy", "scipy", "toolz", "mpmath",
)  # fmt: skip
"""What is read: what particle physicists compute with, and mathematics in plain Python."""
_PERMISSIVE = re.compile(r"\b(?:0?BSD|MIT|PSF|Python Software Foundation|Apache|ISC|BSL|Zlib|CC0)\b", re.IGNORECASE)
_OTHER = re.compile(r"GPL|MPL|Mozilla|proprietary|EUPL|CDDL", re.IGNORECASE)
_NOT_READ = frozenset(
    {"test", "tests", "testing", "idlelib", "lib2to3", "turtledemo", "ensurepip", "site-packages", "_vendor"}
)
"""Folders: tests, others' code, and the parts of Python that are no library."""
_FEWEST_LINES, _MOST_CHARACTERS = 3, 1400


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    text: str
    source: str
    licence: str


@dataclass
class CodeReport:
    """Functions by source, licences by source, and why functions were left out."""

    sources: Counter[str] = field(default_factory=Counter)
    licences: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def make_code(
    most: int, seed: int, out: Path, held_out: Sequence[str] = (), packages: Sequence[str] = PACKAGES
) -> CodeReport:
    """Write at most ``most`` functions to ``out``, in an order that ``seed`` draws, none of which holds a text of
    ``held_out``. Packages that are not installed are passed over.

    Raises:
        UsageError: the licence of a package does not permit it, or the file cannot be written.
    """
    report, known = CodeReport(), HeldOut(held_out)
    found = [function for name in packages for function in installed(name)]
    random.Random(f"{seed} order").shuffle(found)  # noqa: S311
    write_lines(_lines(_kept(found, known, report, most)), out, empty=True)
    return report


def _lines(functions: Iterable[Function]) -> Iterator[tuple[str, str]]:
    for one in functions:
        document = {"text": one.text, "source": one.source, "licence": one.licence}
        yield one.source, json.dumps(document, ensure_ascii=False)


def _kept(found: Iterable[Function], known: HeldOut, report: CodeReport, most: int) -> Iterator[Function]:
    seen = set[str]()
    for one in found:
        if report.sources.total() == most:
            return
        reason = "the same text" if one.text in seen else "held out" if known.text_leaks(one.text) else ""
        if reason:
            report.left_out[reason] += 1
            continue
        seen.add(one.text)
        report.sources[one.source] += 1
        report.licences[one.source] = one.licence
        yield one


def installed(package: str) -> Iterator[Function]:
    """The functions of a package as it is installed here; none where it is not.

    Raises:
        UsageError: its licence does not permit it.
    """
    try:
        source, licence, files = _package(package)
    except importlib.metadata.PackageNotFoundError:
        return
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # modules in other encodings are old, and few
        yield from (Function(text=function, source=source, licence=licence) for function in functions_of(text))


def _package(name: str) -> tuple[str, str, list[Path]]:
    """The name with its version, the licence, and the modules in the order of their names."""
    if name == STANDARD:
        root = Path(sysconfig.get_paths()["stdlib"])
        files = sorted(path for path in root.rglob("*.py") if not _NOT_READ & set(path.relative_to(root).parts))
        return f"Python {platform.python_version()}", "PSF-2.0", files
    distribution = importlib.metadata.distribution(name)
    listed = [file for file in distribution.files or () if file.suffix == ".py" and not _NOT_READ & set(file.parts)]
    found = (Path(str(file.locate())) for file in sorted(listed, key=str))
    return f"{name} {distribution.version}", licence_of(name), [path for path in found if path.is_file()]


def licence_of(package: str) -> str:
    """As the package's metadata has it.

    Raises:
        UsageError: it is none that permits use without conditions beyond naming it.
    """
    metadata = importlib.metadata.metadata(package)
    classified = [line.rpartition("::")[2].strip() for line in metadata.get_all("Classifier", []) if "License" in line]
    told = [*metadata.get_all("License-Expression", []), " AND ".join(classified), *metadata.get_all("License", [])]
    licence = next((text.strip().split("\n")[0] for text in told if text.strip()), "")
    if not _PERMISSIVE.search(licence) or _OTHER.search(licence):
        raise UsageError(f"{package} is not taken: its licence is {licence or 'not told'}, and only permissive ones are")
    return licence


def functions_of(source: str) -> Iterator[str]:
    """The functions at the top of a module that have a docstring and at least three lines after it, none very long."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = source.split("\n")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None and len(node.body) > 1:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            last = node.end_lineno or node.lineno
            text = "\n".join(lines[first - 1 : last])
            if last - node.body[1].lineno + 1 >= _FEWEST_LINES and len(text) <= _MOST_CHARACTERS and text.isascii():
                yield text


def told(report: CodeReport) -> str:
    """The report in words, several lines."""
    lines = [f"{report.sources.total()} functions of {len(report.sources)} sources"]
    lines += [f"{number:6} {source} ({report.licences[source]})" for source, number in report.sources.most_common()]
    left = ", ".join(f"{reason} {number}" for reason, number in report.left_out.most_common())
    return "\n".join([*lines, f"left out: {left or 'none'}"])
