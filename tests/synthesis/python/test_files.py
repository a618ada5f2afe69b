"""What is written is what a world holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from treadle.synthesis.python.files import write_world
from treadle.synthesis.python.invent import invent
from treadle.synthesis.python.worlds import World

pytest.importorskip("uproot")
pytest.importorskip("pandas")


def _read(world: World, path: Path) -> Any:
    import awkward as ak
    import pandas as pd
    import uproot

    if world.format == "root":
        with uproot.open(path) as file:
            return file[world.tree].arrays()
    if world.format == "parquet":
        return ak.from_parquet(path)
    return pd.read_csv(path, sep=None, engine="python")


@pytest.mark.parametrize("kind", ["root", "parquet", "csv"])
def test_a_file_holds_the_values_of_its_world(kind: str, tmp_path: Path) -> None:
    for world in [w for seed in range(60) if (w := invent(seed)).format == kind][:4]:
        events = _read(world, write_world(world, tmp_path))
        for field in world.columns():
            found = events[field.name]
            for i in (0, world.entries - 1):
                np.testing.assert_allclose(np.asarray(found[i], dtype=float), field.values[i], rtol=1e-6)


def test_counters_stand_beside_the_lists(tmp_path: Path) -> None:
    world = next(w for seed in range(60) if (w := invent(seed)).format == "root" and w.collections())
    events = _read(world, write_world(world, tmp_path))
    for thing, counter in zip(world.collections(), world.counters(), strict=True):
        assert list(events[counter.name]) == [len(v) for v in thing.first.values]  # type: ignore[arg-type]
