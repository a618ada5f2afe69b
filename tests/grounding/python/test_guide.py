"""What the guide for Python allows at the end of a text, and what it does not."""

from __future__ import annotations

import ast
import random
import re

import pytest

pytest.importorskip("llguidance")

from treadle.grounding.accept import Follower, Vocabulary, accepts
from treadle.grounding.base import Level
from treadle.grounding.python import Facts, Members, PythonGuide

FACTS = Facts(
    modules={
        "np": Members(names=frozenset({"sum", "mean", "linalg", "array"}), modules=frozenset({"linalg"})),
        "np.linalg": Members(names=frozenset({"norm"})),
    },
    variables={"events": None, "hits": Members(names=frozenset({"pt", "eta"}))},
    columns={"events": ["Muon_pt", "Muon_eta", "MET_pt"]},
    keywords={"np.sum": ["axis", "keepdims"]},
)
PREFIX = 'def request_3(events, cut):\n    """Count them."""'


def left(text: str, *, prefix: str = PREFIX, facts: Facts = FACTS) -> str | None:
    """What of ``text`` the guide does not allow, None where it allows all."""
    at = accepts(PythonGuide(facts, prefix, ends=("```", "\ndef ", "\n#")), text)
    return None if at is None else text.encode()[at:].decode()


ALLOWED = [
    '\n    n = np.sum(events["Muon_pt"] > cut, axis=0)\n    return n\n',
    "\n    return np.linalg.norm(np.array([1, 2]))\n",
    "\n    return events[['Muon_pt', \"MET_pt\"]]\n",
    "\n    return events[events['MET_pt'] > 1].Muon_pt\n",
    "\n    events['new'] = events['Muon_pt'] * 2\n",
    "\n    return hits.pt + sum(x for x in hits.eta if x > 0)\n",
    "\n    a, (b, *c) = 1, (2, 3)\n    return a + b + sum(c)\n",
    "\n    if (n := len(events)) > 3:\n        print(f'{n!r:>{10}} {n:.3f}')\n    elif cut:\n        pass\n"
    "    else:\n        return n\n",
    "\n    total = 0\n\n    # a remark\n    for i, x in enumerate(events):\n        total += x\n    return total\n",
    "\n    best = max(events, key=lambda e: e.pt)\n    return {k: v for k, v in best.items()}\n",
    "\n    try:\n        pass\n    except (ValueError, TypeError) as error:\n        raise RuntimeError('no') from error\n",
    "\n    def inner(a, /, b=1, *c, d, **e):\n        return later(a)\n    return inner(cut)\n",
    "\n    for x in events: print(x); y = x; print(y)\n    def f(a): return a + 1\n    return f(cut)\n",
    "\n    if cut and (n := len(events)) > 3 and n < 9:\n        return n\n",
    "\n    x = y = events['MET_pt']\n    a = (b, *c) = [d, e] = 1, 2\n    x[0] += events['MET_pt'][0]\n",
    "\n    s = b\"\"\"\\\na\n\"\"\" + br'''\\\n\n'''\n\n\n\n    t = cut\n",
    "\n    return events['Muon_' + 'p' + 't'] + events[\"MET_\" + str(cut)]\n",
]
REFUSED = [
    ("\n    return np.total(1)\n", "total"),
    ("\n    return np.linalg.nurm(1)\n", "urm"),
    ("\n    return events['Jet_pt']\n", "Jet_pt"),
    ("\n    return np.sum(cut, axes=0)\n", "es=0"),
    ("\n    return undefined\n", "ndefined"),
    ("\n    return hits.phi\n", "hi"),
    ("\n    else:\n", ":"),
    ("\n    x = events['new'] = cut\n", "new'] = cut\n"),
    ("\n    x = [events['new']] = cut\n", "new']] = cut\n"),
    ("\n    events['new'][0] = cut\n", "[0] = cut\n"),
    ("\n    events['new'] += cut\n", "+= cut\n"),
    ("\n    return events['Jet_' + cut]\n", "Jet_' + cut]\n"),
    ("\n    if cut:\n    pass\n", "pass"),
    ("\n    x = (1, 2\n\n\n\n\n", None),
    ("\n      return 1\n", "return"),
    ("\n    cut = 1\n\n\n\n\n\n\n", None),
]


@pytest.mark.parametrize("text", ALLOWED)
def test_correct_drafts_pass(text: str) -> None:
    assert left(text) is None


@pytest.mark.parametrize(("text", "rest"), REFUSED)
def test_wrong_drafts_are_stopped_where_they_go_wrong(text: str, rest: str | None) -> None:
    found = left(text)
    assert found is not None
    assert rest is None or found.startswith(rest)


@pytest.mark.parametrize("end", ["```", "def ", "#"])
def test_texts_that_end_a_draft_can_be_written(end: str) -> None:
    assert left(f"\n    return cut\n{end}") is None


def test_equal_states_give_equal_stages() -> None:
    one, other = (PythonGuide(FACTS, PREFIX) for _ in range(2))
    assert one.stage("\n    x = 1\n   ") == other.stage("\n    x = 2\n   ")
    assert one.stage("\n    x = 1\n") != one.stage("\n    y = 1\n")


def test_a_name_that_a_draft_binds_anew_is_no_longer_held() -> None:
    assert left("\n    events = cut\n    return events['anything']\n") is None


def test_indentation_may_come_with_the_line_break() -> None:
    text = "\n    if cut:\n        return 1\n    return 2\n"
    tokens = [b"\n   ", b"\n       ", b" return", b" if"]
    assert accepts(PythonGuide(FACTS, PREFIX), text, tokens) is None


def test_the_whole_language_takes_the_same_drafts() -> None:
    vocabulary = Vocabulary()
    for text in ALLOWED:
        whole = PythonGuide(FACTS, PREFIX).whole()
        assert whole is not None
        matcher = vocabulary.matcher(whole)
        tokens = vocabulary.encode(text)
        assert matcher.try_consume_tokens(tokens) == len(tokens), text
        assert matcher.is_accepting()


def walk(seed: int, vocabulary: Vocabulary, most: int = 400) -> str:
    """A draft that takes its tokens by chance, preferring those that bring it to an end once it is long."""
    chance = random.Random(seed)
    follower = Follower(PythonGuide(FACTS, PREFIX, ends=()), vocabulary)
    while len(follower.written) < most:
        if follower.may_end() and len(follower.written) > 100:
            break
        allowed = [t for t in follower.allowed() if t != vocabulary.end]
        plain = [t for t in allowed if vocabulary.tokens[t] in {b"\n", b")", b"]", b"}", b'"', b"'"}]
        assert follower.take(chance.choice(plain if plain and chance.random() < 0.4 else allowed))
    return follower.written.decode() if follower.may_end() else ""


@pytest.mark.slow
def test_what_is_drafted_by_chance_parses() -> None:
    vocabulary = Vocabulary([b"return ", b" for ", b" in ", b" if ", b" else ", b"lambda ", b" and ", b" not "])
    drafts = [d for d in (walk(seed, vocabulary) for seed in range(200)) if d]
    broken = [d for d in drafts if not parses(d)]
    assert len(drafts) > 50
    assert len(broken) <= 0.01 * len(drafts), broken[:3]


def parses(draft: str) -> bool:
    """Whether Python can read the program."""
    text = re.sub(r"\A\n+", "\n", PREFIX + draft)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def test_a_draft_that_becomes_a_program_returns_only_from_functions_of_its_own() -> None:
    guide = PythonGuide(Facts(), "def f(events):\n", returns=False)
    assert accepts(guide, "    return 1\n") is not None
    assert accepts(guide, "    def g(x):\n        return x\n    print(g(1))\n") is None
    assert accepts(guide, "    def g(x):\n        return x\n    return g(1)\n") is not None
    assert accepts(guide, "    def g(x): return x\n    print(g(1))\n") is None
    assert accepts(PythonGuide(Facts(), "def f(events):\n"), "    return 1\n") is None


def test_the_whole_language_lets_only_functions_of_the_draft_return() -> None:
    vocabulary = Vocabulary()
    whole = PythonGuide(Facts(), "def f(events):\n", returns=False).whole()
    assert whole is not None
    for text, fits in (
        ("    return 1\n", False),
        ("    if events:\n        return 1\n", False),
        ("    def g(x):\n        if x:\n            return x\n    print(g(1))\n", True),
        ("    def g(x): return x\n    print(g(1))\n", True),
        ("    def g(x):\n        return x\n    return g(1)\n", False),
    ):
        matcher, tokens = vocabulary.matcher(whole), vocabulary.encode(text)
        assert (matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()) == fits, text


def test_levels_hold_more_and_more() -> None:
    texts = ("\n    return (\n1 2", "\n    return np.total(1)\n", "\n    return events['Jet_pt']\n")
    levels: tuple[Level, ...] = ("grammar", "names", "all")
    for number, level in enumerate(levels):
        guide = PythonGuide(FACTS, PREFIX, level=level)
        held = [accepts(guide, text) is not None for text in texts]
        assert held == [place <= number for place in range(3)], level
    assert accepts(PythonGuide(FACTS, PREFIX, level="grammar"), "\n    return undefined\n") is None
    assert accepts(PythonGuide(FACTS, PREFIX, level="names"), "\n    return undefined\n") is not None


KINDS = Facts(
    modules={"np": Members(names=frozenset({"zeros"}))},
    results={
        "np.zeros": Members(names=frozenset({"shape", "mean"})),
        "[]": Members(names=frozenset({"append", "sort"})),
        "plt.subplots.0": Members(names=frozenset({"savefig"})),
        "plt.subplots.1": Members(names=frozenset({"hist"})),
    },
)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("    h = np.zeros(3)\n    h.maen()\n", "aen()\n"),
        ("    h = np.zeros((3, 2))\n    n = h.mean() + h[0].x\n    h[1] = n\n    h += n\n    print(h(1))\n", None),
        ("    xs = []\n    ys = [x for x in range(3)]\n    ys.append(1)\n    xs.push(1)\n", "push(1)\n"),
        ("    xs = []\n    xs = np.other(xs)\n", "other(xs)\n"),
        ("    xs = []\n    xs = xs + [1]\n    xs.push(1)\n", None),
        ("    xs = []\n    ys = [xs.push for xs in range(3)]\n    f = lambda xs: xs.push\n", None),
        ("    xs = []\n    for xs in range(3):\n        xs.push(1)\n", None),
        ("    fig, ax = plt.subplots(figsize=(3, 4))\n    ax.hist(1)\n    ax.savefig(1)\n", "savefig(1)\n"),
        ("    fig, ax = plt.subplots(2, 3)\n    ax.flat[0].hist(1)\n", None),
        ("    fig, ax = plt.subplots(ncols=3)\n    ax.flat[0].hist(1)\n", None),
    ],
)
def test_kinds_of_variables_are_held_where_they_are_certain(text: str, rest: str | None) -> None:
    assert left(text, prefix="import numpy as np\nimport matplotlib.pyplot as plt\ndef f(a):\n", facts=KINDS) == rest
