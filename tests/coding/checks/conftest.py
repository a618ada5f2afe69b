"""The real sandbox, one data file, and a way to climb the ladder in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pytest
import uproot

from treadle.coding.checks import Context, Introspector, Ladder
from treadle.coding.expectations import expectations_in
from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Column, Completion, DataSummary, Draft, Expectation, Limits, Request, Table, Verdict


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox()
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def introspector(sandbox: Sandbox) -> Introspector:
    return Introspector(sandbox)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSummary:
    """A small ROOT file: flat columns, a jagged collection, and a histogram beside the tree."""
    path = tmp_path_factory.mktemp("data") / "muons.root"
    columns = {name: np.arange(1.0, 11.0) * (n + 1) for n, name in enumerate(("pt1", "pt2", "M", "Muon_pt", "extra"))}
    with uproot.recreate(path) as file:
        file.mktree("events", {name: values.dtype for name, values in columns.items()})
        file["events"].extend(columns)
        file["h"] = np.histogram(columns["M"])
    listed = tuple(
        Column(name=name, type="double") for name in columns if name != "extra"
    )  # the summary need not be complete
    table = Table(name="events", columns=listed, entries=10)
    return DataSummary(path=str(path), kind="root", sha256="", size_bytes=path.stat().st_size, tables=(table,))


class Climb(Protocol):
    def __call__(
        self, text: str, program: str | None, data: DataSummary | None = None, expectations: Sequence[Expectation] = ()
    ) -> list[Verdict]: ...


@pytest.fixture
def climb(sandbox: Sandbox, introspector: Introspector) -> Climb:
    def climbing(
        text: str, program: str | None, data: DataSummary | None = None, expectations: Sequence[Expectation] = ()
    ) -> list[Verdict]:
        request = Request(text=text, data=data, expectations=(*expectations_in(text), *expectations))
        draft = Draft(id="d", completion=Completion(text=""), program=program)
        limits = Limits(cpu_seconds=1.0, wall_seconds=5.0)
        context = Context(request=request, sandbox=sandbox, limits=limits, introspector=introspector)
        return Ladder().climb(draft, context)[0]

    return climbing


@pytest.fixture
def summary() -> DataSummary:
    names = ("pt1", "pt2", "M", "Muon_pt", "Muon_eta")
    table = Table(name="events", columns=tuple(Column(name=name, type="double") for name in names))
    return DataSummary(path="/data/z.root", kind="root", sha256="", size_bytes=1, tables=(table,))
