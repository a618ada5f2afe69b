"""Results as HTML: nothing that a file, a program or a model says becomes markup, and small pictures stand inline."""

from __future__ import annotations

import base64
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from treadle.markup import MOST_CHARACTERS, MOST_IMAGE_BYTES, said
from treadle.prompts.structured import Formed
from treadle.threads.base import ThreadInfo, ThreadRecord
from treadle.tokens.explained import Explained
from treadle.tokens.trained.run import Trained
from treadle.tokens.views import Comparison, Cost, FileCost, Level, Levels, Report, TokenList
from treadle.types import (
    Alternative,
    Answer,
    Artifact,
    Column,
    Completion,
    DataSummary,
    Draft,
    EngineIdentity,
    Example,
    Outcome,
    Prompt,
    PromptPart,
    Request,
    Run,
    Rung,
    Status,
    Table,
    Token,
    Verdict,
)

EVIL = "<script>alert(1)</script>\"'&\x1b[31m\u202e"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


def image(name: str = "plot.png", kind: str = "image/png", content: bytes = PNG) -> Artifact:
    return Artifact(name=name, media_type=kind, content=content)


ANSWER = Answer(
    status=Status.RAN,
    draft_id="0.0",
    program=f"print({EVIL!r}) # {EVIL}",
    verdicts=(Verdict(check="ran", rung=Rung.RAN, outcome=Outcome.PASSED, reason=EVIL),),
    reason=EVIL,
    output=EVIL,
    artifacts=(image(EVIL),),
    card={"claim": EVIL},
)
RUN = Run(tier="namespaces", exit_code=1, stdout=EVIL, stderr=EVIL, error=EVIL, artifacts=(image(EVIL),))
TOKENS = (Token(text=EVIL, logprob=-0.5, alternatives=(Alternative(text=EVIL, logprob=-1.0),)),)
COMPLETION = Completion(text=EVIL, tokens=TOKENS, seed=1, temperature=0.4)
SUMMARY = DataSummary(
    path=EVIL,
    kind="csv",
    sha256="ab" * 32,
    size_bytes=10,
    tables=(Table(name=EVIL, columns=(Column(name=EVIL, type=EVIL, note=EVIL),), entries=3),) * 2,
)
PROMPT = Prompt(messages=(), parts=(PromptPart(name=EVIL, source=EVIL, text=EVIL, tokens=3),))
DRAFT = Draft(id="0.0", completion=COMPLETION, program=None)
VERDICT = ANSWER.verdicts[0]
EXAMPLE = Example(id=EVIL, request=EVIL, program=EVIL, body=EVIL, pack=EVIL, kind="data", why=EVIL)
FORMED = Formed(value=EVIL, completion=COMPLETION, held=True)
THREAD = ThreadRecord(
    info=ThreadInfo(id="1", created="now", request=EVIL, state="answered", status="ran", engine=EVIL),
    request=Request(text=EVIL),
    engine=EngineIdentity(name=EVIL, backend="scripted", model=EVIL),
    options={},
    prompts=(PROMPT,),
    drafts=(DRAFT,),
    verdicts={},
    runs={},
    answer=ANSWER,
    prompt_of={},
)
TRAINED = Trained(
    path=Path(EVIL), algorithm="bpe", asked=9, size=3, files=1, corpus_bytes=1, words=1, different_words=1,
    held_out_bytes=0, measured_bytes=1, measured_tokens=1, unknown=1, left_out=((EVIL, EVIL, 1),),
)  # fmt: skip
LISTS = (TokenList(vocabulary=EVIL, ids=(1,), pieces=(EVIL.encode(),)),)
COMPARISON = Comparison(raw=EVIL.encode(), n_characters=len(EVIL), lists=LISTS * 2)
LEVELS = Levels(raw=EVIL.encode(), encoding="e", levels=(Level(name="words", how=EVIL, pieces=(EVIL.encode(),)),))
FILE = FileCost(
    name=EVIL, n_bytes=1, n_characters=1, n_lines=1, n_stray_bytes=1, first_stray=(0, b"\xff"), n_tokens=(1,)
)  # fmt: skip
COST = Cost(vocabulary=EVIL, n_tokens=1, n_space_tokens=0, n_space_bytes=0, costliest_line=(EVIL, 1, 1))
REPORT = Report(files=(FILE,), costs=(COST,), skipped=((EVIL, EVIL),))
RESULTS = {
    "verdict": VERDICT,
    "example": EXAMPLE,
    "formed": FORMED,
    "thread": THREAD,
    "open thread": replace(THREAD, answer=None, interruption=EVIL),
    "trained": TRAINED,
    "explained": Explained(text=EVIL, ids=(1,), lines=(EVIL,)),
    "comparison": COMPARISON,
    "levels": LEVELS,
    "report": REPORT,
    "answer": ANSWER,
    "run": RUN,
    "completion": COMPLETION,
    "summary": SUMMARY,
    "prompt": PROMPT,
    "draft": DRAFT,
}


class Checked(HTMLParser):
    """Opens and closes elements in order, and notes which there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        assert not [name for name, _ in attrs if name.startswith("on")], "no handlers"
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(html: str) -> Checked:
    found = Checked()
    found.feed(html)
    found.close()
    assert not found.open
    return found


@pytest.mark.parametrize("name", RESULTS)
def test_hostile_text_stays_text(name: str) -> None:
    html = RESULTS[name]._repr_html_()
    found = checked(html)
    assert not found.seen & {"script", "style", "iframe", "a"}
    assert "&lt;script&gt;" in html
    assert "\x1b" not in html
    assert "\u202e" not in html, "nothing turns the direction of writing"
    assert all(source.startswith("data:image/png;base64,") for source in found.sources), "nothing is fetched"


def test_small_pictures_stand_inline_and_large_ones_by_name() -> None:
    held = base64.b64encode(PNG).decode()
    assert held in RUN._repr_html_()
    large = Run(tier="t", exit_code=0, artifacts=(image(content=b"x" * (MOST_IMAGE_BYTES + 1)),))
    other = Run(tier="t", exit_code=0, artifacts=(image("t.html", "text/html", b"<b>"),))
    for run in (large, other):
        html = run._repr_html_()
        assert "<img" not in html
        assert run.artifacts[0].name in html


def test_an_answer_says_what_it_is_worth() -> None:
    html = ANSWER._repr_html_()
    assert ">ran</span>" in html
    failed = Answer(status=Status.FAILED, draft_id=None, program=None, verdicts=(), reason="nothing ran")._repr_html_()
    assert "no draft held a program" in failed
    best = Answer(status=Status.FAILED, draft_id="0.0", program="x", verdicts=(), reason="nothing ran")._repr_html_()
    assert "best draft, NOT an answer" in best


def test_tokens_show_their_probability_and_alternatives() -> None:
    html = Completion(
        text="ab", tokens=(Token(text="a", logprob=0.0, alternatives=(Alternative(text="b", logprob=-0.693147),)),)
    )._repr_html_()
    assert "100.0 %" in html
    assert "50.0 %" in html


def test_a_long_text_is_cut_with_a_word_on_how_much() -> None:
    assert said("x" * (MOST_CHARACTERS + 5)).endswith("... (5 more characters)")
