"""Names and literals of drafts with their probabilities: which tokens hold them, and what the checks know of them."""

from __future__ import annotations

import math

import pytest

from treadle.coding.certainty import certainty_of, least_certain, told_certainty
from treadle.coding.certainty_python import words_of_python
from treadle.coding.sql.certainty import words_of_sql
from treadle.types import Column, Completion, DataSummary, Draft, Outcome, Request, Rung, Table, Token, Verdict

DATA = DataSummary(
    path="z.csv",
    kind="csv",
    sha256="0",
    size_bytes=1,
    tables=(Table(name="z", columns=(Column(name="pt1", type="float"),)),),
)
PYTHON, SQL = Request(text="?", data=DATA), Request(text="?", data=DATA, language="sql")


def draft(program: str | None, *pairs: tuple[str, float], cuts: dict[int, float] | None = None) -> Draft:
    tokens = tuple(Token(text=text, logprob=math.log(p), cut=(cuts or {}).get(i)) for i, (text, p) in enumerate(pairs))
    return Draft(id="0.0", completion=Completion(text="".join(t for t, _ in pairs), tokens=tokens), program=program)


def failed(missing: str, rung: Rung = Rung.NAMES, reason: str = "?") -> Verdict:
    evidence = {"missing": missing} if missing else {}
    return Verdict(check="modules exist", rung=rung, outcome=Outcome.FAILED, reason=reason, evidence=evidence)


# ------------------------------------------------------------------------------------------------ words


def test_the_names_and_literals_of_a_program() -> None:
    program = (
        '"""About."""\nimport numpy as np\nfrom os.path import join as j\n\ndef mean(xs, n=2):\n    """Doc."""\n'
        '    h = events["pt1"].to_hist(bins=40.5)\n    return np.linalg.norm(h) + xs.size, "a\\n", ""\n'
    )
    found = [(w.kind, w.text) for w in words_of_python(program)]
    assert ("module", "numpy") in found
    assert [text for kind, text in found if kind == "module"] == ["numpy", "os", "path"]
    assert ("imported name", "join") in found
    assert ("new name", "mean") in found
    assert ("new name", "h") in found
    assert ("column", "pt1") in found
    assert ("method", "to_hist") in found
    assert ("keyword", "bins") in found
    assert ("number", "40.5") in found
    assert [text for kind, text in found if kind == "member"] == ["linalg", "norm"]
    assert ("attribute", "size") in found
    assert ("text", "a\\n") in found
    assert not any("About" in text or "Doc" in text for _, text in found)
    for word in words_of_python(program):
        assert program[word.start : word.end] in (word.text, '""')


def test_places_are_right_behind_letters_of_several_bytes() -> None:
    program = 'é = "漢"; x = é.größe("pt")\n'
    found = words_of_python(program)
    assert [(w.kind, program[w.start : w.end]) for w in found] == [
        ("new name", "é"), ("text", "漢"), ("new name", "x"), ("variable", "é"), ("method", "größe"), ("text", "pt"),
    ]  # fmt: skip


def test_a_program_that_does_not_parse_has_names_all_the_same() -> None:
    assert [(w.kind, w.text) for w in words_of_python("x = foo(40,\n")] == [("name", "x"), ("name", "foo"), ("number", "40")]
    assert next(w.text for w in words_of_python("a = 'open\nb = 2")) == "a"


def test_the_names_and_literals_of_a_statement() -> None:
    statement = "SELECT o.\"pt1\", COUNT(*) AS n\nFROM orders AS o\nWHERE o.name = 'pi+' AND mass > 0.5"
    found = [(w.kind, statement[w.start : w.end]) for w in words_of_sql(statement, "sqlite")]
    assert found == [
        ("table alias", "o"), ("column", "pt1"), ("SQL function", "COUNT"), ("new name", "n"), ("table", "orders"),
        ("new name", "o"), ("table alias", "o"), ("column", "name"), ("text", "pi+"), ("column", "mass"), ("number", "0.5"),
    ]  # fmt: skip
    assert words_of_sql("SELECT 'open", "sqlite") == []


# ------------------------------------------------------------------------------------------------ probabilities


def test_a_name_has_the_product_of_its_tokens() -> None:
    (name,) = certainty_of(draft("print(x)\n", ("print", 0.5), ("(", 0.9), ("x", 0.25), (")\n", 1.0)), PYTHON)[1:]
    assert (name.text, name.probability, name.shared) == ("x", pytest.approx(0.25), False)
    parts = draft("a.to_hist()\n", ("a", 1.0), (".", 0.9), ("to", 0.5), ("_", 0.4), ("hist", 0.2), ("()\n", 1.0))
    method = certainty_of(parts, PYTHON)[1]
    assert (method.kind, method.tokens) == ("method", (2, 3, 4))
    assert method.probability == pytest.approx(0.04)


def test_a_token_that_holds_more_than_the_name_makes_it_a_lower_bound() -> None:
    before = certainty_of(draft("a.to_hist()\n", ("a", 1.0), (".to", 0.5), ("_hist", 0.2), ("()\n", 1.0)), PYTHON)[1]
    assert (before.shared, before.probability) == (True, pytest.approx(0.1))
    behind = certainty_of(draft("f(xs)\n", ("f(", 0.5), ("xs)", 0.3), ("\n", 1.0)), PYTHON)
    assert [name.shared for name in behind] == [True, True]
    blank = certainty_of(draft("x = y\n", ("x", 1.0), (" =", 1.0), (" y", 0.5), ("\n", 1.0)), PYTHON)[1]
    assert not blank.shared, "a blank that comes with a name is nothing beside it"


def test_the_text_is_laid_beside_the_program_that_became_of_it() -> None:
    body = draft(
        "import numpy as np\n\nm = np.mean(xs)\nprint(m)\n",
        ("    m", 0.5), (" = np", 0.9), (".mean", 0.4), ("(xs", 0.5), (")\n", 1.0), ("    print(m", 0.7), (")\n", 1.0),
        ("def next", 0.1),
    )  # fmt: skip
    found = certainty_of(body, PYTHON)
    assert [(n.text, round(n.probability, 3)) for n in found] == [
        ("m", 0.5), ("np", 0.9), ("mean", 0.4), ("xs", 0.5), ("print", 0.7), ("m", 0.7),
    ]  # fmt: skip
    assert [n.line for n in found] == [3, 3, 3, 3, 4, 4]


def test_a_statement_in_house_style_keeps_the_probabilities_of_its_names() -> None:
    styled = draft("SELECT pt1\nFROM z\nLIMIT 3", (" pt", 0.5), ("1", 0.5), (" from z", 0.8), (" limit 3", 0.9), (";", 1.0))
    assert [(n.kind, n.text, round(n.probability, 2)) for n in certainty_of(styled, SQL)] == [
        ("column", "pt1", 0.25), ("table", "z", 0.8), ("number", "3", 0.9),
    ]  # fmt: skip


def test_what_constraints_took_is_told_apart() -> None:
    held = draft("x.fit\n", ("x", 1.0), (".", 1.0), ("fit", 0.02), ("\n", 1.0), cuts={0: 0.0, 2: 0.96})
    name = certainty_of(held, PYTHON)[1]
    assert name.probability == pytest.approx(0.02)
    assert name.allowed == pytest.approx(0.5)
    assert certainty_of(held, PYTHON)[0].allowed is None
    assert "2 % (50.0 % of what was allowed)" in told_certainty([name]).replace("2.0 %", "2 %")


def test_nothing_is_known_without_tokens_or_a_program() -> None:
    assert certainty_of(draft(None, ("x", 0.5)), PYTHON) == ()
    assert certainty_of(Draft(id="0", completion=Completion(text="x"), program="x\n"), PYTHON) == ()
    assert told_certainty(()) == ""


# ------------------------------------------------------------------------------------------------ verdicts

TO_HIST = draft(
    "events.to_hist(pt1)\n", ("events", 0.9), (".", 1.0), ("to_hist", 0.04), ("(", 1.0), ("pt1", 0.1), (")\n", 1.0)
)


def test_the_least_certain_names_with_what_is_known_of_them() -> None:
    found = certainty_of(TO_HIST, PYTHON, [failed("", Rung.RAN, "'Array' object has no attribute 'to_hist'")])
    assert [n.exists for n in found] == [None, False, None]
    assert told_certainty(found) == "least certain: method .to_hist, 4.0 %, and it does not exist; variable pt1, 10.0 %"


@pytest.mark.parametrize(
    "reason",
    [
        "line 1: AttributeError: 'Array' object has no attribute 'to_hist'",
        "AttributeError: no field named 'x'; has no attribute 'to_hist'",
    ],
)
def test_what_the_run_says_counts_too(reason: str) -> None:
    (_, method, _) = certainty_of(TO_HIST, PYTHON, [failed("", Rung.RAN, reason)])
    assert method.exists is False


def test_a_check_that_passed_tells_what_is_there() -> None:
    passed = [
        Verdict(check=name, rung=Rung.NAMES, outcome=Outcome.PASSED, reason="")
        for name in ("modules exist", "variables exist", "columns exist")
    ]
    known = draft('m = np.mean(events["pt1"])\n', ('m = np.mean(events["pt1"])\n', 0.5))
    known = Draft(id="0", completion=known.completion, program="import numpy as np\n" + (known.program or ""))
    assert {n.text: n.exists for n in certainty_of(known, PYTHON, passed)} == {
        "m": None, "np": True, "mean": True, "events": True, "pt1": True,
    }  # fmt: skip
    assert all(n.exists is None for n in certainty_of(known, PYTHON))


def test_names_that_may_be_chosen_freely_are_not_told() -> None:
    free = draft('zz = "words"\n', ("zz", 0.01), (" =", 1.0), (' "', 1.0), ("words", 0.01), ('"\n', 1.0))
    found = certainty_of(free, PYTHON)
    assert [n.kind for n in found] == ["new name", "text"]
    assert least_certain(found) == ()
    assert told_certainty(found) == "least certain: nothing; every name and literal had at least 50.0 %"
