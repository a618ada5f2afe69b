"""Worlds written to disk as real files: ROOT, Parquet, CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from treadle.synthesis.python.worlds import Field, World

__all__ = ["write_world"]

_WHOLE = ("poisson", "choice", "index", "flag", "sign")


def write_world(world: World, folder: Path) -> Path:
    """Write the file of a world into a folder; its path."""
    path = folder / world.file
    {"root": _root, "parquet": _parquet, "csv": _csv}[world.format](world, path)
    return path


def _dtype(field: Field) -> type[np.generic]:
    if field.drawn[0] in _WHOLE:
        # Half of the files hold flags as truth values; which half depends on the name alone.
        return np.bool_ if field.is_flag and len(field.name) % 2 else np.int32
    return np.float32


def _flat(field: Field) -> np.ndarray:
    return np.asarray(field.values, dtype=np.float64).astype(_dtype(field))


def _jagged(field: Field) -> Any:
    import awkward as ak

    counts = np.asarray([len(v) for v in field.values], dtype=np.int64)  # type: ignore[arg-type]
    flat = np.asarray([v for event in field.values for v in event], dtype=np.float64)  # type: ignore[union-attr]
    return ak.unflatten(flat.astype(_dtype(field)), counts)


def _root(world: World, path: Path) -> None:
    import awkward as ak
    import uproot

    scalars = [*world.scalars, *([world.gaps] if world.gaps is not None else [])]
    columns: dict[str, Any] = {f.name: _flat(f) for f in scalars}
    names: dict[tuple[str, str], str] = {}
    counters: dict[str, str] = {}
    for number, thing in enumerate(world.things):
        if not thing.jagged:
            columns |= {f.name: _flat(f) for f in thing.fields.values()}
            continue
        key = f"c{number}"
        columns[key] = ak.zip({what: _jagged(f) for what, f in thing.fields.items()})
        names |= {(key, what): f.name for what, f in thing.fields.items()}
        counters[key] = thing.counter
    rank = {name: k for k, name in enumerate(world.order)}
    firsts = {key: next(n for (k, _), n in names.items() if k == key) for key in counters}
    ordered = dict(sorted(columns.items(), key=lambda item: rank.get(firsts.get(item[0], item[0]), 0)))
    with uproot.recreate(path) as file:
        # uproot's own name for the tree's folder ('ana/tree') is made on the way.
        tree = file.mktree(
            world.tree,
            {name: _kind(values) for name, values in ordered.items()},
            counter_name=lambda counted: counters[counted],
            field_name=lambda outer, inner: names[outer, inner],
        )
        tree.extend(ordered)


def _kind(values: Any) -> Any:
    return values.dtype if isinstance(values, np.ndarray) else values.type.content


def _parquet(world: World, path: Path) -> None:
    import awkward as ak

    columns = {f.name: _jagged(f) if f.jagged else _flat(f) for f in world.columns()}
    ordered = {name: columns[name] for name in world.order}
    if any(f.jagged for f in world.columns()):
        ak.to_parquet(ak.zip(ordered, depth_limit=1), path)
        return
    import pyarrow as pa
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table(ordered), path)


def _csv(world: World, path: Path) -> None:
    columns = {f.name: _flat(f) for f in world.columns()}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";" if len(world.file) % 7 == 0 else ",")
        writer.writerow(world.order)
        writer.writerows(zip(*([_shown(v) for v in columns[name]] for name in world.order), strict=True))


def _shown(value: Any) -> str:
    if value.dtype.kind in "bi":
        return str(int(value))
    return "" if np.isnan(value) else str(value)
