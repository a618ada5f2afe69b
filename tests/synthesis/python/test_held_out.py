"""No invented file looks like one of the evaluation; its requests are met by chance only, and can be left out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.python.invent import invent
from treadle.synthesis.python.run import held_out_texts
from treadle.synthesis.python.tasks import tasks_for

DATA = Path(__file__).parents[4] / "shared" / "data" / "hep"
WORLDS = 120


@pytest.fixture(scope="module")
def held() -> HeldOut:
    uproot = pytest.importorskip("uproot")
    if not DATA.is_dir():
        pytest.skip(f"the evaluation's data are not at {DATA}")
    shapes = []
    for path in sorted(DATA.glob("*.root")):
        with uproot.open(path) as file:
            trees = [key for key, kind in file.classnames().items() if kind == "TTree"]
            shapes.append({key.partition(";")[0]: list(file[key].keys()) for key in trees})
    return HeldOut(held_out_texts(DATA / "tasks.yaml"), shapes)


def test_no_file_has_the_shape_of_one_that_is_held_out(held: HeldOut) -> None:
    for seed in range(WORLDS):
        world = invent(seed)
        assert not held.shape_leaks({world.tree or "table": [f.name for f in world.columns()]})


def test_hardly_a_request_has_words_of_one_that_is_held_out(held: HeldOut) -> None:
    requests = [t.request for seed in range(WORLDS) for t in tasks_for(invent(seed), random.Random(seed), 6)]
    met = [r for r in requests if held.text_leaks(r)]
    assert len(met) <= 0.005 * len(requests), met
