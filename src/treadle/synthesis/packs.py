"""Rows from the examples of packs and from corrections: each as inference would ask for it, without other examples.

An adapter trained on them knows a group's own way of writing before anything is shown to it.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from treadle.coding.ask import Options, Tools
from treadle.coding.expectations import expectations_in
from treadle.coding.plan import make_plan
from treadle.coding.sql.base import Database
from treadle.coding.sql.databases.open import open_database
from treadle.coding.sql.plan import make_sql_plan
from treadle.data import summarise
from treadle.data.files import sha256_of
from treadle.errors import DataError
from treadle.retrieval import Pack
from treadle.retrieval.search import CORRECTIONS
from treadle.synthesis.python.build import END, indented
from treadle.synthesis.rows import Row
from treadle.types import DataSummary, Example, Prompt, Request

__all__ = ["Taken", "rows_of_packs"]

_BARE = Options(shots=0, rules=False)
_KINDS: dict[str, Literal["root", "parquet", "csv", "json", "sqlite"]] = {
    ".root": "root", ".parquet": "parquet", ".csv": "csv", ".json": "json", ".sqlite": "sqlite",
}  # fmt: skip


@dataclass
class Taken:
    """What became rows, by pack, and what did not, by reason."""

    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def rows_of_packs(packs: Iterable[Pack], tools: Tools, taken: Taken) -> Iterator[Row]:
    """A row for each example whose prompt can be built: its data file is there, or described well enough.

    Raises:
        SandboxError: the sandbox failed.
    """
    for pack in packs:
        with contextlib.ExitStack() as stack:
            maker = _Maker(pack, tools, stack)
            for example in pack.examples:
                try:
                    row = maker.row(example)
                except DataError as error:
                    taken.left_out[str(error)] += 1
                    continue
                taken.rows[pack.name] += 1
                yield row


class _Maker:
    """Makes the rows of one pack, whose files are each opened once."""

    def __init__(self, pack: Pack, tools: Tools, stack: contextlib.ExitStack) -> None:
        self.pack, self.tools, self.stack = pack, tools, stack
        self.summaries: dict[Path, DataSummary] = {}
        self.databases: dict[Path, Database] = {}

    def row(self, example: Example) -> Row:
        """The row of one example.

        Raises:
            DataError: its prompt cannot be built, or its program is no answer to that prompt; says why.
        """
        prompt, answer = self._of_sql(example) if example.kind == "sql" else self._of_python(example)
        return Row(
            messages=prompt.messages,
            segments=((prompt.primer, answer),),
            source=f"pack/{self.pack.name}",
            licence=self.pack.licence,
            group=example.id,
        )

    def _of_sql(self, example: Example) -> tuple[Prompt, str]:
        path = self._file(example)
        if path is None:
            raise DataError("databases that are not here any more, or only described")
        if path not in self.databases:
            opened = open_database([str(path)], self.tools.sandbox)
            self.databases[path] = self.stack.enter_context(contextlib.closing(opened))
        prompt = make_sql_plan(example.request, self.databases[path], self.tools.engine, (), _BARE).prompt
        statement = example.body.strip().rstrip(";")
        if not statement.upper().startswith("SELECT"):
            raise DataError("statements that do not begin with SELECT")
        return prompt, f"{statement[len('SELECT') :]};"

    def _of_python(self, example: Example) -> tuple[Prompt, str]:
        request = Request(text=example.request, expectations=tuple(expectations_in(example.request)))
        if example.kind == "data":
            request = replace(request, data=self._summary(example))
        prompt = make_plan(request, replace(self.tools, packs=[]), _BARE).prompt
        if example.kind == "data":
            lines = example.body.strip("\n")
            return prompt, f"\n{indented(lines)}{END}"
        body = _after_docstring(example.body)
        if not prompt.primer.rstrip().endswith('"""') or body is None:
            raise DataError("functions without a docstring, or whose request names no signature")
        return prompt, f"\n{body}{END}"

    def _summary(self, example: Example) -> DataSummary:
        path = self._file(example)
        if path is None:
            tables, name = self.pack.tables.get(example.id, ()), example.data or ""
            kind = _KINDS.get(Path(name).suffix.lower())
            if not tables or kind is None:
                raise DataError("data files that are not described")
            return DataSummary(path=name, kind=kind, sha256="", size_bytes=0, tables=tuple(tables))
        if path not in self.summaries:
            self.summaries[path] = summarise(path, self.tools.sandbox)
        return self.summaries[path]

    def _file(self, example: Example) -> Path | None:
        """The data file of an example: the pack's; of a correction the one it was made on, where that is as it was."""
        if self.pack.name != CORRECTIONS:
            return self.pack.data_path(example)
        data = self.tools.store.basis(example.id.removeprefix(f"{CORRECTIONS}/")).data
        if data is None or not Path(data.path).is_file() or sha256_of(Path(data.path)) != data.sha256:
            return None
        return Path(data.path)


def _after_docstring(source: str) -> str | None:
    """The lines of the first function's body behind its docstring, to the end; None where it has none."""
    head, quotes, rest = source.partition('"""')
    _, end, body = rest.partition('"""')
    if not quotes or not end or not head.lstrip().startswith(("def ", "import ", "from ")):
        return None
    return body.strip("\n") or None
