"""Forms of an answer: what the constraint lets an engine write and what the parser reads are the same."""

from __future__ import annotations

import html
import json
import random
from typing import Any

import pytest

from treadle.errors import FormatError, UsageError
from treadle.grounding.accept import Vocabulary
from treadle.grounding.formats import Format, choices, html_table, json_schema, markdown_table, regex, yes_no
from treadle.types import Constraint

PARTICLE = {
    "title": "Particle",
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "mass": {"type": "number", "minimum": 0},
        "charge": {"enum": [-1, 0, 1]},
        "decays": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["name", "mass"],
    "additionalProperties": False,
}
JSON = json_schema(PARTICLE)
COUNT = json_schema({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
NUMBER = json_schema({"type": "number"})
TABLE = markdown_table(["cut", "events"])
TWO = markdown_table(["cut", "events"], rows=2)
SLIDE = html_table(["cut", "p_T [GeV]", "a<b"])
HEAD = "<table><tr><th>cut</th><th>p_T [GeV]</th><th>a&lt;b</th></tr>"
CUTS = choices(["barrel", "endcap", "barrel+endcap", "none (all)"])
YES = yes_no()
RUN = regex(r"run [0-9]{6}( \((good|bad)\))?")


class Engine:
    """Judges like an engine that draws bytes under a constraint, and may end only where the constraint does."""

    def __init__(self) -> None:
        pytest.importorskip("llguidance")
        self._vocabulary = Vocabulary()

    def may_write(self, constraint: Constraint, text: str) -> bool:
        tokens = [*text.encode(), self._vocabulary.end]
        return bool(self._vocabulary.matcher(constraint).validate_tokens(tokens) == len(tokens))

    def writes(self, constraint: Constraint, seed: int) -> str:
        """Drawn at random, but what ends something more often than the rest, or it would hardly ever come to an end."""
        matcher, chance, written = self._vocabulary.matcher(constraint), random.Random(seed), bytearray()
        while True:
            bits = matcher.compute_bitmask()
            allowed = [token for token in range(257) if bits[token >> 3] >> (token & 7) & 1]
            ends = [token for token in allowed if token == self._vocabulary.end or token in b'<>|/&;"}]t\\\n']
            token = chance.choice(ends if ends and chance.random() < 0.6 else allowed)
            if token == self._vocabulary.end:
                return written.decode()
            matcher.consume_token(token)
            assert not matcher.is_error(), matcher.get_error()
            written.append(token)
            if matcher.is_stopped():
                return written.decode()


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


GOOD: list[tuple[Format[Any], str, Any]] = [
    (JSON, '{"name": "Z", "mass": 91.19}', {"name": "Z", "mass": 91.19}),
    (JSON, '{ "name":"W\\n+", "mass":80,\n "charge": 1 }', {"name": "W\n+", "mass": 80, "charge": 1}),
    (JSON, '{"name":"π","mass":0.1,"decays":["μ","e"]}', {"name": "π", "mass": 0.1, "decays": ["μ", "e"]}),
    (NUMBER, "-1.5e-3", -0.0015),
    (COUNT, '{"n": -3, "more": [true, null]}', {"n": -3, "more": [True, None]}),
    (TABLE, "| cut | events |\n| --- | --- |\n| pt > 20 | 7 |", [{"cut": "pt > 20", "events": "7"}]),
    (TABLE, "|cut|events|\n|:---|-----:|\n|a \\| b||\n| $\\eta$ | 2|", [
        {"cut": "a | b", "events": ""}, {"cut": "$\\eta$", "events": "2"}]),
    (TWO, "| cut | events |\n| --- | --- |\n| a | 1 |\n| b | 2 |", [
        {"cut": "a", "events": "1"}, {"cut": "b", "events": "2"}]),
    (markdown_table(["a|b"], rows=0), "| a\\|b |\n| --- |", []),
    (SLIDE, f"{HEAD}<tr><td>x &amp; y</td><td>20</td><td></td></tr></table>", [
        {"cut": "x & y", "p_T [GeV]": "20", "a<b": ""}]),
    (SLIDE, f"{HEAD}\n  <tr>\n    <td>1</td>\n<td>2</td> <td> 3 </td>\n</tr>\n</table>", [
        {"cut": "1", "p_T [GeV]": "2", "a<b": "3"}]),
    (YES, "yes", True),
    (YES, "No", False),
    (CUTS, "barrel", "barrel"),
    (CUTS, "barrel+endcap", "barrel+endcap"),
    (CUTS, "none (all)", "none (all)"),
    (RUN, "run 278509 (good)", "run 278509 (good)"),
    (RUN, "run 000001", "run 000001"),
]  # fmt: skip

BROKEN: list[tuple[Format[Any], str, str]] = [
    (JSON, "", "line 1, column 1, but found the end of the text"),
    (JSON, 'Sure! {"name": "Z", "mass": 91}', "line 1, column 1, but found 'Sure!"),
    (JSON, '{"name": "Z", "mass": 91}\n', "without blanks around it at line 1, column 26, but found a new line"),
    (JSON, '{"name": "Z",\n"mass": 91', "line 2, column 11, but found the end of the text"),
    (JSON, '{"name": "Z", "mass": NaN}', "NaN stands in it"),
    (JSON, '{"name": "Z", "mass": -Infinity}', "-Infinity stands in it"),
    (JSON, '{"name": "Z", "name": "W", "mass": 1}', "the key 'name' is given twice"),
    (JSON, '{"name": "Z", "mass": "91"}', "at mass: '91' is not of type 'number'"),
    (JSON, '{"name": "Z"}', "'mass' is a required property"),
    (JSON, '{"name": "Z", "mass": 91, "spin": 1}', "'spin' was unexpected"),
    (JSON, '{"name": "Z", "mass": -1}', "at mass: -1 is less than the minimum of 0"),
    (JSON, '{"name": "Z", "mass": 1, "charge": 2}', "at charge: 2 is not one of [-1, 0, 1]"),
    (JSON, '{"name": "Z", "mass": 1, "decays": ["e", 2]}', "at decays/1: 2 is not of type 'string'"),
    (JSON, '{"name": "\\ud800", "mass": 1}', "half of a surrogate pair"),
    (JSON, "{'name': 'Z', 'mass': 1}", "line 1, column 2"),
    (COUNT, '{"n": 1.0}', "at n: 1.0 is not of type 'integer'"),
    (COUNT, '{"n": 01}', "line 1, column 8"),
    (TABLE, "| cut | events |\n| a | 1 |", "a line of 2 times --- below the header at line 2, column 1"),
    (TABLE, "| Cut | events |\n| --- | --- |\n| a | 1 |", "expected the header | cut | events | at line 1, column 1"),
    (TABLE, "| cut | events |\n| --- | --- |\n| a |", "| at the end of row 1, which has 2 cells, at line 3, column 6"),
    (TABLE, "| cut | events |\n| --- | --- |\n| a | 1 | 2 |", "a new line and a row at line 3, column 10"),
    (TABLE, "| cut | events |\n| --- | --- |", "a row at line 2, column 14"),
    (TABLE, "| cut | events |\n| --- | --- |\n| a | 1 |\n", "column 1, but found the end of the text"),
    (TWO, "| cut | events |\n| --- | --- |\n| a | 1 |", "row 2 of 2"),
    (TWO, "| cut | events |\n| --- | --- |\n| a | 1 |\n| a | 1 |\n| a | 1 |", "nothing after the table of 2 rows"),
    (SLIDE, f"{HEAD}</table>", "<tr> at line 1"),
    (SLIDE, f"{HEAD}<tr><td>1</td><td>2</td></tr></table>", "the text 'a<b' of row 1"),
    (SLIDE, f"{HEAD}<tr><td>1</td><td>2</td><td>3</td></tr>", "<tr> or </table> at line 1"),
    (SLIDE, f"{HEAD}<tr><td>1 < 2</td><td>2</td><td>3</td></tr></table>", "<td>, the text 'cut' of row 1 and </td>"),
    (SLIDE, f"{HEAD}<tr><td><script>x</script></td><td>2</td><td>3</td></tr></table>", "the text 'cut'"),
    (SLIDE, f"{HEAD}<tr><td>1</td><td>2</td><td>3</td></tr></table> done", "nothing after the table of 1 row"),
    (YES, "YES", "one of 'yes', 'no', 'Yes', 'No' at line 1"),
    (YES, "yes, it is", "nothing after 'yes' at line 1, column 4"),
    (YES, "maybe", "but found 'maybe'"),
    (CUTS, "Barrel", "the nearest is 'barrel'"),
    (CUTS, "barrel endcap", "nothing after 'barrel' at line 1, column 7"),
    (CUTS, "", "but found the end of the text"),
    (RUN, "run 27850", "a text that matches"),
    (RUN, "run 278509 (ugly)", "nothing after 'run 278509' at line 1, column 11"),
    (RUN, "run 278509\n", "but found a new line"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "text", "value"), GOOD)
def test_good_answers(engine: Engine, form: Format[Any], text: str, value: Any) -> None:
    assert form.parse(text) == value
    assert engine.may_write(form.constraint, text)


@pytest.mark.parametrize(("form", "text", "reason"), BROKEN)
def test_broken_answers(engine: Engine, form: Format[Any], text: str, reason: str) -> None:
    with pytest.raises(FormatError) as raised:
        form.parse(text)
    assert reason in str(raised.value)
    assert not engine.may_write(form.constraint, text)


@pytest.mark.parametrize("form", [JSON, TABLE, TWO, SLIDE, YES, CUTS, RUN])
def test_whatever_is_drawn_is_read(engine: Engine, form: Format[Any]) -> None:
    for seed in range(40):
        form.parse(engine.writes(form.constraint, seed))


def test_where_the_parser_differs_from_the_constraint(engine: Engine) -> None:
    turned = '{"mass": 91, "name": "Z"}'
    assert JSON.parse(turned) == {"name": "Z", "mass": 91}
    assert not engine.may_write(JSON.constraint, turned), "keys are drawn in the order of the schema"
    assert JSON.parse('{"name": "Z", "mass": 1e2}')["mass"] == 100
    assert not engine.may_write(JSON.constraint, '{"name": "Z", "mass": 1e2}'), "numbers with bounds have no exponent"
    assert engine.may_write(NUMBER.constraint, "1e999")
    with pytest.raises(FormatError, match="'1e999' is too large"):
        NUMBER.parse("1e999")


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, '{"n": ' + "1" * 5000 + "}"])
def test_what_python_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        COUNT.parse(text)


def test_odd_characters(engine: Engine) -> None:
    odd = [r"a\b", "a.b*", "<x>", "é [GeV/c²]", "a-b#c&d~e", "{1}", "100 %", '"q"', "it's"]
    form = choices(odd)
    assert [form.parse(text) for text in odd] == odd
    assert all(engine.may_write(form.constraint, text) for text in odd)
    assert not engine.may_write(form.constraint, "axb")
    columns = [name for name in odd if name != r"a\b"]
    titles = "".join(f"<th>{html.escape(name).replace('&#x27;', '&#39;')}</th>" for name in columns)
    table = f"<table><tr>{titles}</tr><tr>{'<td>1</td>' * len(columns)}</tr></table>"
    assert html_table(columns).parse(table) == [dict.fromkeys(columns, "1")]
    assert engine.may_write(html_table(columns).constraint, table)
    markdown = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n|{'1|' * len(columns)}"
    assert markdown_table(columns).parse(markdown) == [dict.fromkeys(columns, "1")]
    assert engine.may_write(markdown_table(columns).constraint, markdown)


class Model:
    """What a pydantic class offers, as far as it is needed."""

    def __init__(self, n: int) -> None:
        self.n = n

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

    @classmethod
    def model_validate_json(cls, text: str) -> Model:
        if (n := json.loads(text)["n"]) == 13:
            raise ValueError("13 brings bad luck")
        return cls(n)


def test_a_class_with_a_schema(engine: Engine) -> None:
    form = json_schema(Model)
    assert form.parse('{"n": 4}').n == 4
    assert engine.may_write(form.constraint, '{"n": 4}')
    with pytest.raises(FormatError, match="13 brings bad luck"):
        form.parse('{"n": 13}')
    with pytest.raises(FormatError, match="at n: 'x' is not of type 'integer'"):
        form.parse('{"n": "x"}')


def test_a_class_of_pydantic(engine: Engine) -> None:
    pydantic = pytest.importorskip("pydantic")
    muon = pydantic.create_model("Muon", pt=(float, ...), charge=(int, ...))
    form = json_schema(muon)
    assert form.parse('{"pt": 20.5, "charge": -1}') == muon(pt=20.5, charge=-1)
    assert engine.may_write(form.constraint, '{"pt": 20.5, "charge": -1}')
    with pytest.raises(FormatError, match="expected a JSON document of the schema 'Muon', but at pt"):
        form.parse('{"pt": "high", "charge": -1}')


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: choices([]), "no choices are given"),
        (lambda: choices(["a", "a"]), "'a' is given twice"),
        (lambda: choices(["a", ""]), "'' is empty"),
        (lambda: markdown_table([]), "no columns are given"),
        (lambda: markdown_table(["a\nb"]), "not one line"),
        (lambda: markdown_table([" a"]), "cannot head a table"),
        (lambda: markdown_table(["a\\"]), "cannot head a table"),
        (lambda: markdown_table(["a"], rows=-1), "-1 rows"),
        (lambda: html_table(["a", "a"]), "'a' is given twice"),
        (lambda: regex(""), "it is empty"),
        (lambda: regex("a("), "cannot be used as a regular expression"),
        (lambda: regex("[[a]]"), "cannot be used as a regular expression"),
        (lambda: regex("(?=a)a"), "engines do not understand '(?='"),
        (lambda: regex(r"(a)\1"), r"engines do not understand '\\1'"),
        (lambda: json_schema({"type": "number", "minimum": "0"}), "at minimum"),
        (lambda: json_schema({"enum": [{1, 2}]}), "cannot be written as JSON"),
    ],
)
def test_what_no_form_can_be_made_of(make: Any, reason: str) -> None:
    with pytest.raises(UsageError) as raised:
        make()
    assert reason in str(raised.value)


def test_other_documents_are_not_fetched() -> None:
    form = json_schema({"$ref": "https://example.org/schema.json"})
    with pytest.raises(UsageError, match="cannot be applied"):
        form.parse("1")


def test_a_schema_that_is_nested_too_deeply() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"items": deep}
    with pytest.raises(UsageError, match=r"the schema is nested too deeply: .* \$ref"):
        json_schema(deep)
