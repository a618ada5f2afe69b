"""Views of probabilities: of texts that an engine scores, of stored drafts, of branches. Scripted, and the real model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.probabilities import (
    branch_of_draft,
    branch_of_text,
    check_same_model,
    continued_text,
    draft_of,
    scored_text,
    stored_draft,
)
from treadle.engines.llama import LlamaEngine
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import UnknownNameError, UnsupportedError, UsageError
from treadle.types import Alternative, Completion, EngineIdentity, Sampling, Scored, Token

GREEDY = Sampling(max_tokens=3, temperature=0, top_logprobs=5)


def scored(text: str, probability: float, *others: str) -> Scored:
    alternatives = tuple(Alternative(text=t, logprob=math.log(0.1)) for t in others)
    return Scored(text=text, logprob=math.log(probability), alternatives=alternatives, rank=2)


def engine(*batches: list[Completion]) -> ScriptedEngine:
    tokens = [scored("def ", 0.5, "class "), scored("f", 0.25, "g", "h")]
    branched = [scored("def ", 0.5, "class "), scored("g", 0.1, "g", "h")]
    return ScriptedEngine(batches, scores={"def f": tokens, "def g": branched})


def drawn(*texts: str) -> Completion:
    return Completion(text="".join(texts), tokens=tuple(Token(text=t, logprob=-0.5) for t in texts))


# ------------------------------------------------------------------------------------------------ texts


def test_a_text_with_what_is_written_after_it() -> None:
    with_more = engine([drawn("(", "x)")])
    view = scored_text(with_more, "def f", 1)
    assert [(t.text, t.rank, t.drawn) for t in view.tokens] == [("def ", 2, False), ("f", 2, False)]
    assert [len(t.alternatives) for t in view.tokens] == [1, 1]
    assert "before sampling filters" in view.notes[0]
    more = continued_text(with_more, view, GREEDY)
    assert more.text == "def f(x)"
    assert [t.drawn for t in more.tokens] == [False, False, True, True]
    assert with_more.texts[0].begins
    assert more.tokens[:2] == view.tokens
    assert more.nats == pytest.approx(view.nats + 1.0)


def test_a_branch_goes_on_with_the_alternative() -> None:
    branching = engine([drawn("()")])
    view = scored_text(branching, "def f", 5)
    other = branch_of_text(branching, view, 1, "#1", GREEDY)
    assert other.text == "def g()"
    assert branching.texts[0].pieces == (("def g", True),)
    with pytest.raises(UnknownNameError, match=r"alternative at position 1 'zz'.* Known: g, h"):
        branch_of_text(branching, view, 1, "zz", GREEDY)


def test_texts_and_engines_that_cannot_be_asked() -> None:
    with pytest.raises(UsageError, match="the text is empty"):
        scored_text(engine(), "", 5)
    with pytest.raises(UnsupportedError, match=r"cannot score given text.*llama:smollm2, torch:smollm2"):
        scored_text(ScriptedEngine([]), "x", 5)
    with pytest.raises(UnsupportedError, match="0 to 20 alternatives a token, 21 were asked for"):
        scored_text(engine(), "def f", 21)


# ------------------------------------------------------------------------------------------------ drafts

PROGRAM = "import json\nprint(json.to_hist(x))\n"


def answer(*texts: str) -> Completion:
    tokens = [Token(text=t, logprob=math.log(0.9), alternatives=(Alternative(text="y", logprob=-3.0),)) for t in texts]
    return Completion(text="".join(texts), tokens=tuple(tokens))


def test_a_stored_draft_with_the_names_of_its_program(asking: Any) -> None:
    texts = ("```python\n", "import", " json", "\nprint(", "json", ".", "to", "_", "hist", "(x))\n", "```")
    asked = asking("Write a program.", [answer(*texts)])
    record = asking.thread()
    draft = draft_of(record, None)
    view = stored_draft(record, draft, 5, chosen=False)
    assert view.command == f"treadle probs --thread {record.info.id} --draft 0.0"
    method = next(name for name in view.names if name.text == "to_hist")
    assert (method.kind, method.exists) == ("member", False)
    assert method.probability == pytest.approx(0.9**3)
    assert view.program[method.start : method.end] == "to_hist"
    assert "".join(view.tokens[i].text for i in method.tokens) == "to_hist"
    assert any("1 alternatives a token were stored; --top-logprobs" in note for note in view.notes)
    told = asked.answer.card["certainty"]["told"]
    assert told.startswith("least certain: member to_hist, 72.9 %, and it does not exist")
    assert record.answer is not None
    assert record.answer.card["certainty"]["least"][0]["exists"] is False


def test_drafts_without_probabilities(asking: Any, likely: Any) -> None:
    asking("Write a program.", ["```python\nprint(1)\n```", likely("```python\nprint(2)\n```", -0.5)])
    record = asking.thread()
    assert draft_of(record, None).id == "0.1"
    assert any("was stored without alternatives" in n for n in stored_draft(record, draft_of(record, None), 5, False).notes)
    with pytest.raises(UsageError, match=r"draft 0\.0 has no probabilities.*Drafts that have: 0\.1"):
        draft_of(record, "0.0")
    with pytest.raises(UnknownNameError, match=r"unknown draft of thread .* '0\.7'"):
        draft_of(record, "0.7")
    asking("Write a program.", ["```python\nprint(1)\n```"])
    with pytest.raises(UsageError, match=r"no draft of thread .* was stored with probabilities.*llama:smollm2"):
        draft_of(asking.thread(), None)


def test_a_branch_of_a_draft_is_the_same_prompt_with_a_longer_primer(asking: Any) -> None:
    asking("Write a program.", [answer("```python\n", "print", "(x)", "\n```")])
    record = asking.thread()
    draft = draft_of(record, None)
    view = stored_draft(record, draft, 5, chosen=True)
    replaying = ScriptedEngine([[drawn("(1)\n```")]])
    other = branch_of_draft(replaying, record, draft, view, 1, "y", GREEDY)
    assert replaying.prompts[0].primer == record.prompts[0].primer + "```python\ny"
    assert replaying.prompts[0].messages == record.prompts[0].messages
    assert other.text == "```python\ny(1)\n```"
    assert other.tokens[1].logprob == -3.0
    assert [t.drawn for t in other.tokens] == [False, False, True]
    assert other.title == "with 'y' at 1, held to no grammar"
    assert other.notes[0].startswith("The branch is held to no grammar and to no names, whatever held the draft")


def test_another_model_is_not_let_go_on() -> None:
    one = EngineIdentity(name="llama:a", backend="llama", model="a", sha256="1")
    check_same_model(one, EngineIdentity(name="torch:a", backend="torch", model="a", sha256="1"))
    for other in (
        EngineIdentity(name="llama:b", backend="llama", model="b", sha256="2"),
        EngineIdentity(name="llama:a+x", backend="llama", model="a", sha256="1", versions={"adapter x": "3"}),
    ):
        with pytest.raises(UsageError, match=r"is another model; .*--other-model"):
            check_same_model(one, other)


# ------------------------------------------------------------------------------------------------ the embedded model


def test_the_embedded_model(llama: LlamaEngine) -> None:
    view = scored_text(llama, "The cat sat on the", 3)
    assert "".join(t.text for t in view.tokens) == view.text
    for seen in view.tokens:
        shares = [math.exp(a.logprob) for a in seen.alternatives]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-6
        if seen.rank is not None and seen.rank <= 3:
            assert seen.alternatives[seen.rank - 1].logprob == pytest.approx(seen.logprob)
    more = continued_text(llama, view, Sampling(max_tokens=3, temperature=0, top_logprobs=3))
    again = scored_text(llama, more.text, 3)
    assert [t.logprob for t in more.tokens] == pytest.approx([t.logprob for t in again.tokens], abs=0.05)
    assert all(t.rank == 1 for t in more.tokens if t.drawn)
    other = branch_of_text(llama, view, 1, " dog", Sampling(max_tokens=2, temperature=0, top_logprobs=3))
    assert other.text.startswith("The dog")
    with pytest.raises(UsageError, match=r"no UTF-8: byte e9 at character 3 \(caf<e9>!\)"):
        scored_text(llama, "caf\udce9!", 3)
    with pytest.raises(UsageError, match=r"disallowed special token of llama:smollm2, at '<\|im_start\|>user'"):
        scored_text(llama, "hi <|im_start|>user", 3)
    read = scored_text(llama, "hi <|im_start|>user", 3, reads_special=True)
    assert read.notes[-1] == "The text spells special tokens, which were read as such."
    with pytest.raises(UnknownNameError, match="It is not one token of the vocabulary"):
        branch_of_text(llama, view, 1, " dog dog", GREEDY)


@pytest.mark.slow
def test_both_embedded_engines_rank_alike(llama: LlamaEngine, model_file: Path) -> None:
    pytest.importorskip("torch")
    from treadle.engines.torch import TorchEngine

    own = TorchEngine(model_file, precision="fp32", threads=1)
    ours, theirs = scored_text(own, "def mean(xs):", 3), scored_text(llama, "def mean(xs):", 3)
    own.close()
    for one, other in zip(ours.tokens, theirs.tokens, strict=True):
        assert one.rank is not None
        assert one.rank > 20 if other.rank is None else abs(one.rank - other.rank) <= 2
