"""The chart parser: rules join adjacent meanings, the cheapest is first, and words that no rule takes are remembered."""

from __future__ import annotations

from treadle.coding.chart import Costly, Edge, Grammar, parse, rule

NUMBERS = {"one": 1, "two": 2, "three": 3}


def edges(words: list[str]) -> list[Edge]:
    literal = [Edge(w, i, i + 1, w) for i, w in enumerate(words)]
    return literal + [Edge("N", i, i + 1, NUMBERS[w]) for i, w in enumerate(words) if w in NUMBERS]


SUMS = Grammar([rule("N", "N=a plus N=b", lambda a, b: a + b), rule("N", "[the] double [of] N=a", lambda a: 2 * a, 0.1)])


def read(text: str, grammar: Grammar = SUMS, free: frozenset[int] = frozenset()) -> list[tuple[object, float, list[int]]]:
    words = text.split()
    return [(e.meaning, round(e.cost, 3), sorted(e.over)) for e in parse(words, edges(words), grammar, "N", free)]


def test_rules_join_what_is_adjacent() -> None:
    assert read("one plus two")[0] == (3, 0.0, [])
    assert {meaning for meaning, _, over in read("double one plus two") if not over} == {4, 6}


def test_parts_in_square_brackets_may_be_left_out() -> None:
    assert read("the double of three")[0][0] == read("double three")[0][0] == 6


def test_alternatives_are_rules_of_their_own() -> None:
    made = rule("S", "A=x (of B=y|C)", lambda x, y=None: (x, y))
    assert [(r.parts, r.names) for r in made] == [(("A", "of", "B"), ("x", "", "y")), (("A", "C"), ("x", ""))]


def test_a_word_that_no_rule_takes_is_left_over_at_a_price() -> None:
    assert read("two indeed")[0] == (2, 10.0, [1])
    assert read("well two")[0] == (2, 10.0, [0])


def test_free_words_cost_next_to_nothing_and_are_not_left_over() -> None:
    meaning, cost, over = read("two indeed", free=frozenset({1}))[0]
    assert (meaning, over) == (2, [])
    assert cost < 0.1


def test_a_rule_refuses_by_none_and_by_lookup_error() -> None:
    def fussy(a: int) -> int | None:
        if a == 2:
            raise LookupError
        return None if a == 1 else a

    grammar = Grammar([rule("M", "N=a", fussy)])
    found = {n: [e.meaning for e in parse([n], edges([n]), grammar, "M", frozenset())] for n in NUMBERS}
    assert found == {"one": [], "two": [], "three": [3]}


def test_a_join_may_name_its_own_price() -> None:
    grammar = Grammar([rule("M", "N=a", lambda a: Costly(a, 0.7))])
    (edge,) = parse(["two"], edges(["two"]), grammar, "M", frozenset())
    assert (edge.meaning, edge.cost) == (2, 0.7)


def test_too_many_words_left_over_are_no_reading() -> None:
    assert read("two " + "really " * 6) == []
