"""Structured output: what an engine is sent, what is read, and what happens where the form is missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from treadle.engines.base import OnTokens
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import FormatError, UsageError
from treadle.grounding.accept import Vocabulary
from treadle.grounding.base import Guide
from treadle.grounding.formats import choices, json_schema, markdown_table, regex, yes_no
from treadle.prompts.structured import constraint_for, formed, formed_prompt
from treadle.types import Capabilities, Completion, Constraint, Message, Prompt, Sampling

QUESTION = (Message(role="system", content="Be brief."), Message(role="user", content="Is 7 prime?"))


class Answers(ScriptedEngine):
    """Gives the answers one after the other, and keeps what it was asked."""

    def __init__(self, *texts: str, kinds: Sequence[str] = (), reason: str = "stop") -> None:
        super().__init__([[text] for text in texts])
        self.samplings: list[Sampling] = []
        self._kinds, self._reason = frozenset(kinds), reason

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, constraints=self._kinds)

    def complete(
        self,
        prompt: Prompt,
        samplings: Sequence[Sampling],
        on_tokens: OnTokens | None = None,
        guide: Guide | None = None,
    ) -> list[Completion]:
        self.samplings += samplings
        found = super().complete(prompt, samplings, on_tokens)
        return [replace(c, finish_reason=self._reason) for c in found]  # type: ignore[arg-type]


def test_the_form_stands_in_the_request_and_its_constraint_where_the_engine_takes_one() -> None:
    engine = Answers(" yes\n", kinds=["regex"])
    found = formed(engine, QUESTION, yes_no(), Sampling(seed=5))
    assert found.value is True
    assert found.held
    assert not found.rejected
    assert engine.prompts[0].messages[1].content == "Is 7 prime?\n\nAnswer with yes or no, and nothing else."
    assert engine.samplings[0].constraint == yes_no().constraint
    plain = Answers("no")
    assert formed(plain, QUESTION, yes_no(), Sampling()).value is False
    assert plain.samplings[0].constraint is None


def test_a_pattern_becomes_a_grammar_where_only_grammars_are_taken() -> None:
    form = regex(r"\d+/[a/b]\\/\/")
    found = constraint_for(Answers(kinds=["lark"]), form)
    assert found == Constraint(kind="lark", text=r"start: /\d+\/[a\/b]\\\/\//")
    vocabulary = Vocabulary()
    for text, fits in ((r"12/a\//", True), (r"12/c\//", False)):
        matcher = vocabulary.matcher(found)
        taken = matcher.try_consume_tokens(vocabulary.encode(text))
        assert (taken == len(text) and matcher.is_accepting()) is fits
        try:
            assert (form.parse(text) == text) is fits
        except FormatError:
            assert not fits


def test_what_misses_the_form_is_shown_to_the_model_with_what_is_wrong() -> None:
    engine = Answers("Certainly! Yes.", "maybe", "yes")
    found = formed(engine, QUESTION, yes_no(), Sampling(seed=5))
    assert found.value is True
    assert not found.held
    assert [text for text, _ in found.rejected] == ["Certainly! Yes.", "maybe"]
    assert [s.seed for s in engine.samplings] == [5, 6, 7]
    roles = [m.role for m in engine.prompts[2].messages]
    assert roles == ["system", "user", "assistant", "user"]
    assert "'maybe'" in engine.prompts[2].messages[3].content


def test_an_answer_that_never_has_the_form_is_no_answer() -> None:
    with pytest.raises(FormatError, match=r"none of 2 answers has the form.*red.*\n.*\nblue"):
        formed(Answers("green", "blue"), QUESTION, choices(["red", "yellow"]), Sampling(), tries=2)


def test_what_was_cut_off_says_so() -> None:
    schema = json_schema({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    with pytest.raises(FormatError, match="cut off at 7 tokens"):
        formed(Answers('{"a": "b', reason="length"), QUESTION, schema, Sampling(max_tokens=7), tries=1)


def test_tables_are_read_as_rows() -> None:
    text = "| review | sentiment |\n| --- | --- |\n| good | Positive |\n| bad | Negative |"
    found = formed(Answers(text), QUESTION, markdown_table(["review", "sentiment"]), Sampling())
    assert [row["sentiment"] for row in found.value] == ["Positive", "Negative"]


def test_bad_use_is_told() -> None:
    with pytest.raises(UsageError, match="at the end of a message of the user"):
        formed_prompt([Message(role="assistant", content="x")], yes_no())
    with pytest.raises(UsageError, match="at least 1 try"):
        formed(Answers("yes"), QUESTION, yes_no(), Sampling(), tries=0)
