"""Grammars in which every part is a rule: the same language, with each thing said once."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("llguidance")

from treadle.errors import EngineError
from treadle.grounding.accept import Vocabulary
from treadle.grounding.sharing import shared
from treadle.tokens.grammars import Grammars
from treadle.types import Constraint

PLAIN = """\
start: "a" SP? item (SP? "," SP? item)* ("!" | "?"){0,2}
item: NAME | "(" SP? item SP? ")" | /[0-9]+/ SP?
  | ""
NAME: /[b-d]+/
SP: " "
"""


def taken(grammar: str, text: str) -> bool:
    matcher = Vocabulary().matcher(Constraint(kind="lark", text=grammar))
    return matcher.try_consume_tokens(list(text.encode())) == len(text) and bool(matcher.is_accepting())


def test_every_part_is_said_once() -> None:
    grammar = shared(PLAIN)
    rules = [line.partition(": ")[2] for line in grammar.splitlines()]
    for part in ('","', '"("', "/[0-9]+/", "NAME", "SP", "t__sp?"):
        assert rules.count(part) == 1, part
        inside = re.compile(rf"(^|[ (]){re.escape(part)}([ )?]|$)")
        assert sum(len(inside.findall(rule)) for rule in rules if not rule.startswith(("/[b", '" "'))) == 1, part


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a bc", True),
        ("abc, (d),(( bcd )), 12 ,", True),
        ("a", True),
        ("ad?!", True),
        ("ad?!?", False),
        ("a  b", False),
        ("a(b", False),
        ("b", False),
    ],
)
def test_the_language_stays_the_same(text: str, fits: bool) -> None:
    assert taken(PLAIN, text) is fits
    assert taken(shared(PLAIN), text) is fits


def test_a_rule_and_a_terminal_of_one_name_stay_apart() -> None:
    grammar = shared('start: x? X? "!"\nx: "1" "2"\nX: "3"\n')
    assert [taken(grammar, t) for t in ("!", "12!", "3!", "123!", "312!")] == [True, True, True, True, False]


def test_a_constraint_without_a_word_is_told_where_it_is_probed() -> None:
    endless = Constraint(kind="lark", text='start: start "a"')
    grammars = [Grammars([b"a", b"<end>"], [1], [1], lambda text: [0] * len(text)) for _ in range(2)]
    assert not grammars[0].matcher(endless, probe=False).compute_bitmask()[0] & 1
    with pytest.raises(EngineError):
        grammars[1].matcher(endless)
