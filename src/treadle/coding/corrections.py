"""Corrections as a pack: what users put right stands among the examples, and can be passed on as a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from treadle.data.files import sha256_of
from treadle.errors import UsageError
from treadle.retrieval import Pack, load_pack
from treadle.retrieval.search import CORRECTIONS
from treadle.retrieval.tables import tables_as_json
from treadle.threads.base import Basis, Store, StoredExample
from treadle.types import Example, Table

__all__ = ["Exported", "corrections_pack", "export_pack"]

LARGE_BYTES = 5_000_000
"""A data file from this size on is named when it is copied into a pack: packs are passed on."""


# ----------------------------------------------------------------------------------------------------- as a pack


def corrections_pack(store: Store) -> Pack:
    """The active corrections of the store, newest first, as a pack named 'corrections'.

    Their data files are not needed: what each was made on is read from the store when it is moved onto another file.
    """
    stored = store.examples()
    return Pack(
        name=CORRECTIONS,
        version="1",
        description="Corrections in the thread store",
        licence="the user's own",
        hints="",
        examples=tuple(_as_example(e) for e in stored),
        folder=Path(os.devnull),  # none: a relative one would let the folder one works in bring its style and data
        tables=_Tables(store, {f"{CORRECTIONS}/{e.id}": e.id for e in stored if e.data is not None}),
    )


def _as_example(stored: StoredExample) -> Example:
    return Example(
        id=f"{CORRECTIONS}/{stored.id}",
        request=stored.request,
        program=stored.program,
        body=stored.body,
        pack=CORRECTIONS,
        kind=stored.kind,
        tags=stored.tags,
        data=stored.data,
    )


class _Tables(Mapping[str, tuple[Table, ...]]):
    """Tables by example, read when they are asked for: of thousands of corrections a request tries a few dozen."""

    def __init__(self, store: Store, names: Mapping[str, str]) -> None:
        self._store, self._names = store, names
        self._known: dict[str, tuple[Table, ...]] = {}

    def __getitem__(self, example: str) -> tuple[Table, ...]:
        if example not in self._known:
            data = self._store.basis(self._names[example]).data
            self._known[example] = () if data is None else data.tables
        return self._known[example]

    def __contains__(self, example: object) -> bool:
        return example in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


# ------------------------------------------------------------------------------------------------------ exporting


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: the pack as it loads, and lines about what was left out or is large."""

    pack: Pack
    notes: tuple[str, ...]


def export_pack(
    store: Store, folder: Path, *, with_data: bool = False, name: str | None = None, licence: str = "not stated"
) -> Exported:
    """Write the active corrections into ``folder`` as a pack for ``--pack``.

    With ``with_data`` the data files are copied as well, so that the examples can be run on their own; without, their
    tables and columns are described, no value of them.

    Raises:
        UsageError: there is none, or the folder holds something or cannot be written.
    """
    examples = store.examples()
    if not examples:
        raise UsageError("there is no correction to export; make one with: treadle correct ID --file fixed.py")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there and not an empty folder; name a new one")
    try:
        notes = _write_whole(store, folder, with_data, examples, name or _name_from(folder), licence)
    except OSError as error:
        raise UsageError(f"cannot write the pack to {folder}: {error.strerror or error}") from None
    return Exported(pack=load_pack(folder), notes=tuple(notes))


def _write_whole(
    store: Store, folder: Path, with_data: bool, examples: Sequence[StoredExample], name: str, licence: str
) -> list[str]:
    """Write beside the folder and rename: a pack is whole or not there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        writer = _Writer(store, partial, with_data)
        writer.write(examples, name, licence)
        partial.chmod(0o755)
        os.rename(partial, folder)  # noqa: PTH104 - replaces an empty folder, which Path.rename promises nowhere
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return writer.notes


def _name_from(folder: Path) -> str:
    name = re.sub(r"[^\w-]+", "-", folder.resolve().name).strip("-").lower() or "mine"
    return f"{name}-pack" if name == CORRECTIONS else name  # that is the name of what the store itself holds


class _Writer:
    """Writes one pack; ``notes`` grow on the way."""

    def __init__(self, store: Store, folder: Path, with_data: bool) -> None:
        self._store, self._folder, self._with_data = store, folder, with_data
        self._hashes: dict[str, str] = {}
        self._tables: dict[str, dict[str, Table]] = {}
        self.notes: list[str] = []

    def write(self, examples: Sequence[StoredExample], name: str, licence: str) -> None:
        (self._folder / "examples").mkdir(parents=True, exist_ok=True)
        about = f"{len(examples)} corrections made with treadle"
        told = {"name": name, "version": "1", "description": about, "licence": licence}
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in told.items()]
        (self._folder / "pack.toml").write_bytes(("\n".join(lines) + "\n").encode("utf-8", "replace"))
        for example in examples:
            basis = self._store.basis(example.id)
            if self._take_data(example, basis):
                self._write_example(example, basis)
        for data, tables in self._tables.items():
            (self._folder / "tables").mkdir(exist_ok=True)
            (self._folder / "tables" / f"{data}.json").write_text(tables_as_json(list(tables.values())), encoding="utf-8")

    def _write_example(self, example: StoredExample, basis: Basis) -> None:
        mark, suffix = ("--", ".sql") if example.language == "sql" else ("#", ".py")
        header = [("request", " ".join(example.request.split())), ("kind", example.kind)]
        header += [("data", example.data)] if example.data is not None else []
        header += _told_of_statement(example, basis) if example.kind == "sql" else _told_of_program(example, basis)
        parts = [example.program.removesuffix(example.body), example.body] if example.kind == "data" else [example.program]
        text = "\n".join([f"{mark} {key}: {value}" for key, value in header])
        rule = f"\n{mark} ---\n"
        whole = text + "".join(f"{rule}{_without_rules(part, mark)}" for part in parts)
        path = self._folder / "examples" / f"{example.id.replace('.', '_').replace('-', '_')}{suffix}"
        path.write_bytes((whole.rstrip("\n") + "\n").encode("utf-8", "backslashreplace"))

    def _take_data(self, example: StoredExample, basis: Basis) -> bool:
        """Copy or describe the data of an example; False where another file of that name is in the pack already."""
        data = basis.data
        if data is None or example.data is None:
            return True
        if self._hashes.setdefault(example.data, data.sha256) != data.sha256:
            self.notes.append(f"{example.id} is left out: it was made on another file that is called {example.data}, too")
            return False
        here = self._folder / "data" / example.data
        if here.is_file() or (self._with_data and self._copy(Path(data.path), example, data.sha256)):
            return True
        known = self._tables.setdefault(example.data, {})
        for table in data.tables:
            before = known.get(table.name)
            known[table.name] = table if before is None else _joined(before, table)
        return True

    def _copy(self, source: Path, example: StoredExample, sha256: str) -> bool:
        if not source.is_file() or sha256_of(source) != sha256:
            self.notes.append(
                f"{source} is gone or has changed: the pack describes it, and {example.id} cannot be run there"
            )
            return False
        (self._folder / "data").mkdir(exist_ok=True)
        shutil.copyfile(source, self._folder / "data" / source.name)
        size = source.stat().st_size
        if size >= LARGE_BYTES:
            self.notes.append(f"data/{source.name} is large: {size / 1e6:.1f} MB")
        return True


def _value(value: float) -> str:
    """Whole numbers exactly; others to what another machine may differ by."""
    return f"{int(value)}" if value.is_integer() and abs(value) < 1e15 else f"{value!r} +- 0.001%"


def _told_of_program(example: StoredExample, basis: Basis) -> list[tuple[str, str]]:
    told = [("tags", ", ".join(example.tags))] if example.tags else []
    told += [("expect", f"{name} = {_value(value)}") for name, value in basis.metrics.items() if name.isidentifier()]
    calls = [f"{call.subject} == {call.expected!r}" for call in basis.calls] if example.kind == "function" else []
    told += [("check", call) for call in calls if "\n" not in call]
    return [*told, *(("artifact", artifact) for artifact in basis.artifacts)]


def _told_of_statement(example: StoredExample, basis: Basis) -> list[tuple[str, str]]:
    told = [("dialect", example.dialect)] if example.dialect else []
    tags = [tag for tag in example.tags if tag != example.dialect]
    told += [("tags", ", ".join(tags))] if tags else []
    return [*told, ("expect-rows", f"{basis.metrics['rows']:.0f}")] if "rows" in basis.metrics else told


def _without_rules(text: str, mark: str) -> str:
    """Without the lines that would part the file: a comment of dashes."""
    return re.sub(rf"(?m)^{mark}[^\S\n]*---[^\S\n]*$", f"{mark} --", text).strip("\n")


def _joined(one: Table, other: Table) -> Table:
    names = {c.name for c in one.columns}
    return replace(one, columns=(*one.columns, *(c for c in other.columns if c.name not in names)))
