"""Worlds depend on their seed alone, and no two of their columns can be confused."""

from __future__ import annotations

import math

from treadle.prompts.preamble import WIDE_COLUMNS
from treadle.synthesis.python.invent import invent

SEEDS = range(60)


def test_the_same_seed_gives_the_same_world() -> None:
    assert invent(11) == invent(11)
    assert invent(11) != invent(12)


def test_no_two_columns_have_one_name_whatever_their_case() -> None:
    for seed in SEEDS:
        world = invent(seed)
        names = [f.name.lower() for f in (*world.columns(), *world.counters())]
        assert len(names) == len(set(names)), seed


def test_every_column_has_a_value_or_a_list_for_every_event() -> None:
    for seed in SEEDS:
        world = invent(seed)
        assert all(len(f.values) == world.entries for f in world.columns())
        assert sorted(world.order) == sorted(f.name for f in world.columns())


def test_the_lists_of_a_collection_are_of_one_length() -> None:
    for seed in SEEDS:
        for thing in invent(seed).collections():
            lengths = {tuple(len(v) for v in f.values) for f in thing.fields.values()}  # type: ignore[arg-type]
            assert len(lengths) == 1


def test_components_belong_together() -> None:
    pairs = [p for s in SEEDS if (p := invent(s).pair()) is not None and p[0].has("energy", "px", "py", "pz")]
    assert pairs
    for one, _ in pairs:
        e, x, y, z = (one[w].one(0) for w in ("energy", "px", "py", "pz"))
        assert e >= 0.999 * math.hypot(x, y, z)


def test_formats_layouts_and_kinds_of_columns_are_mixed() -> None:
    worlds = [invent(seed) for seed in SEEDS]
    assert {w.format for w in worlds} == {"root", "parquet", "csv"}
    assert any(w.collections() for w in worlds)
    assert any(w.pair() for w in worlds)
    assert any(w.gaps for w in worlds)
    assert len({w.tree for w in worlds}) > 10


def test_wide_worlds_have_more_columns_than_a_prompt_shows() -> None:
    wide = [w for seed in range(12) if (w := invent(seed, wide=True)).format == "root"]
    assert any(len(w.order) + len(w.counters()) >= WIDE_COLUMNS for w in wide)
