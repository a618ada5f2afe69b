"""Tasks: requests read well, bodies are in the one style, the plain computations are right by hand."""

from __future__ import annotations

import ast
import math
import random
import re

from treadle.synthesis.python.invent import invent
from treadle.synthesis.python.parts import Task, wrapped
from treadle.synthesis.python.reduce import percentile
from treadle.synthesis.python.tasks import tasks_for
from treadle.synthesis.python.worlds import World

WORLDS = [invent(seed) for seed in range(40)]
TASKS: list[tuple[World, Task]] = [(w, t) for i, w in enumerate(WORLDS) for t in tasks_for(w, random.Random(i), 12)]


def test_the_same_seed_gives_the_same_tasks() -> None:
    assert tasks_for(WORLDS[3], random.Random(5), 6) == tasks_for(WORLDS[3], random.Random(5), 6)


def test_requests_are_sentences_without_leftovers_of_templates() -> None:
    for _, task in TASKS:
        assert not re.search(r"[{}]|  |\[|\]| [,;]", task.request), task.request
        assert 10 < len(task.request) < 420, task.request


def test_bodies_parse_and_print_each_result_as_a_metric() -> None:
    for _, task in TASKS:
        ast.parse(task.body)
        if task.kind != "mean of each group":
            assert re.findall(r"METRIC: (\w+)=", task.body) == list(task.expected), task.body


def test_bodies_use_columns_of_the_file_only() -> None:
    for world, task in TASKS:
        names = {f.name for f in (*world.columns(), *world.counters())}
        used = set(re.findall(r'(?:events|selected|two|one)\["([^"]+)"\]', task.body))
        assert used <= names, task.body


def test_names_that_a_request_wishes_are_those_of_its_results() -> None:
    for _, task in TASKS:
        told = re.search(r"(?:Report it as|Print it as|Call it) ([\w, ]+)\.$", task.request)
        if told:
            assert re.split(r", | and ", told[1]) == list(task.expected), task.request


def test_numbers_of_a_body_stand_in_its_request_where_it_cuts() -> None:
    for _, task in TASKS:
        for number in re.findall(r'"\] (?:[<>]=?) (-?[\d.]+)', task.body):
            words = {
                "0": ("0", "positive", "negative", "charge", "least", "any", "all", "asymmetry", "no "),
                "1": ("1", "one", "a "),
            }
            assert any(w in task.request for w in words.get(number, (number,))), f"{number}: {task.request}\n{task.body}"


def test_many_kinds_of_tasks_are_made() -> None:
    assert len({task.kind for _, task in TASKS}) > 50


def test_percentiles_between_neighbours() -> None:
    assert percentile([4, 1, 2, 3], 50) == 2.5
    assert percentile([10, 20], 25) == 12.5
    assert percentile([7], 90) == 7


def test_angles_are_wrapped() -> None:
    assert math.isclose(wrapped(3.5), 3.5 - 2 * math.pi)
    assert math.isclose(wrapped(-0.5), -0.5)
