from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import UnknownNameError, UsageError
from treadle.training.recipe import Recipe, fingerprint, read_recipe

ROOT = Path(__file__).parents[2]


def read(text: str, folder: Path) -> Recipe:
    (folder / "x.toml").write_text(text)
    return read_recipe(folder / "x.toml", Recipe)


@pytest.mark.parametrize("path", [ROOT / "recipes" / "sft.toml", ROOT / "recipes" / "base.toml"], ids=lambda p: p.name)
def test_the_recipes_that_ship_are_recipes(path: Path) -> None:
    assert read_recipe(path, Recipe).run


def test_what_is_not_given_has_its_usual_value(tmp_path: Path) -> None:
    recipe = read('run = "r"\n[train]\nlearning_rate = 1\n[lora]\ntargets = ["q", "v"]', tmp_path)
    assert (recipe.train.learning_rate, recipe.train.seed) == (1.0, 0)
    assert recipe.lora.targets == ("q", "v")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", UsageError, "lacks run"),
        ("run = 3", UsageError, r"run in .* should be of type str"),
        ('run = "r"\nmodle = 1', UnknownNameError, "Did you mean 'model'"),
        ('run = "r"\n[train]\nlearning_rat = 1', UnknownNameError, r"'learning_rat'\. Did you mean 'learning_rate'"),
        ('run = "r"\n[train]\nschedule = "cosin"', UnknownNameError, r"'cosin'\. Did you mean 'cosine'"),
        ('run = "r"\n[train]\nsteps = 1.5', UsageError, r"train.steps in .* should be of type int"),
        ('run = "r"\n[train]\nsteps = true', UsageError, r"train.steps in .* should be of type int"),
        ('run = "r"\n[train]\nsteps = -1', UsageError, "should be 0 or more"),
        ('run = "r"\n[data]\ntrain = "x"', UsageError, r"data.train in .* should be of type list"),
        ('run = "r"\ntrain = 1', UsageError, r"should be a table \[train\]"),
        ("run = ", UsageError, "cannot read the recipe"),
    ],
)  # fmt: skip
def test_a_bad_recipe_is_told(text: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        read(text, tmp_path)


def test_another_recipe_has_another_fingerprint(tmp_path: Path) -> None:
    one, other = read('run = "r"', tmp_path), read('run = "r"\n[train]\nseed = 1', tmp_path)
    assert fingerprint(one, "x") == fingerprint(read('run = "r"', tmp_path), "x")
    assert len({fingerprint(one, "x"), fingerprint(one, "y"), fingerprint(other, "x")}) == 3
