"""What probabilities add up to, where tokens stand, and the forms of a view: whole, safe, and readable without colour."""

from __future__ import annotations

import io
import itertools
import json
import math
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from treadle.display.colours import colour, ink
from treadle.errors import UsageError
from treadle.tokens.probabilities import (
    NameProbability,
    ProbsView,
    alternative_of,
    parse_branch,
    places,
    probs_data,
    seen_tokens,
)
from treadle.tokens.probs_page import probs_frame, probs_html
from treadle.tokens.probs_shown import show_beside, show_probs
from treadle.types import Alternative, Outcome, Rung, Scored, Token, Verdict

HOSTILE = "</script><script>alert(1)</script>&\"'\x1b[31m\u202e é漢\n"


def token(text: str, probability: float, *others: tuple[str, float], cut: float | None = None) -> Token:
    alternatives = tuple(Alternative(text=t, logprob=math.log(p)) for t, p in others)
    return Token(text=text, logprob=math.log(probability), alternatives=alternatives, cut=cut)


def view_of(*tokens: Token, text: str | None = None, **fields: object) -> ProbsView:
    written = "".join(t.text for t in tokens) if text is None else text
    made = {"title": "a title", "engine": "scripted", "text": written, "tokens": seen_tokens(tokens, written, 5), **fields}
    return ProbsView(**made)  # type: ignore[arg-type]


SORTED = (
    token("return", 0.5),
    token(" sorted", 0.966, (" sorted", 0.966), (" list", 0.021), (" i", 0.012)),
    token("(xs", 0.02, ("(", 0.9)),
    token(")\n", 0.8),
)


# ------------------------------------------------------------------------------------------------ figures


@given(st.integers(2, 60_000), st.integers(1, 40))
def test_a_uniform_model_over_v_tokens_has_perplexity_v(v: int, n: int) -> None:
    view = view_of(*[token("x", 1 / v)] * n)
    assert view.perplexity == pytest.approx(v)
    assert view.bits == pytest.approx(n * math.log2(v))


@given(st.lists(st.tuples(st.text("ab \n", min_size=1, max_size=5), st.floats(1e-6, 1.0)), min_size=1, max_size=30))
def test_the_parts_of_a_text_multiply_to_the_whole(pairs: list[tuple[str, float]]) -> None:
    view = view_of(*[token(text, p) for text, p in pairs])
    assert math.prod(math.exp(-part.nats) for part in view.lines) == pytest.approx(math.prod(p for _, p in pairs))
    assert sum(part.tokens for part in view.lines) == len(pairs)
    assert "\n".join(part.text for part in view.lines) == view.text


def test_sums_ranks_and_surprise() -> None:
    first, chosen, shared, _ = view_of(*SORTED).tokens
    assert chosen.rank == 1
    assert first.rank is None
    assert (first.rank_shown, shared.rank_shown) == ("?", ">1")
    assert chosen.cumulative == pytest.approx(math.log(0.5 * 0.966))
    assert first.bits == 1
    assert [a.text for a in chosen.alternatives] == [" sorted", " list", " i"]
    scored = seen_tokens([Scored(text="x", logprob=-9.0, rank=3000)], "x", 5)
    assert scored[0].rank == 3000


def test_what_is_shown_sums_to_at_most_one_and_comes_in_order() -> None:
    for seen in view_of(*SORTED).tokens:
        shares = [math.exp(a.logprob) for a in seen.alternatives]
        assert sum(shares) <= 1
        assert shares == sorted(shares, reverse=True)


def test_nothing_has_no_perplexity_and_what_was_impossible_has_none_that_is_finite() -> None:
    assert view_of(text="").perplexity is None
    impossible = view_of(Token(text="x", logprob=-math.inf))
    assert impossible.perplexity == math.inf
    data = json.loads(json.dumps(probs_data(impossible), allow_nan=False))
    assert (data["perplexity"], data["tokens"][0]["logprob"], data["tokens"][0]["probability"]) == (None, None, 0.0)


# ------------------------------------------------------------------------------------------------ places


@given(st.lists(st.text(min_size=1, max_size=4).filter(lambda t: "\ufffd" not in t)))
def test_whole_pieces_stand_one_after_the_other(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert [text[a:b] for a, b in places(pieces, text)] == pieces


@given(st.text(st.characters(exclude_characters="\ufffd", exclude_categories=["Cs"]), max_size=12), st.data())
def test_pieces_that_end_within_characters_share_them(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)))) | {0, len(raw)})
    pieces = [raw[a:b].decode("utf-8", "replace") for a, b in itertools.pairwise(cuts)]
    found = places(pieces, text)
    assert len(found) == len(pieces)
    assert all(0 <= a <= b <= len(text) for a, b in found)
    assert all(before[1] <= after[1] for before, after in itertools.pairwise(found))


def test_what_adds_nothing_is_empty_and_a_stop_may_cut_a_token() -> None:
    assert places(["ab", "<|end|>", "cd"], "abcd") == [(0, 2), (2, 2), (2, 4)]
    assert places(["ab", "cd```"], "abcd") == [(0, 2), (2, 4)]


# ------------------------------------------------------------------------------------------------ branches


def test_an_alternative_is_named_as_it_is_as_it_is_shown_or_by_its_place() -> None:
    view = view_of(*SORTED)
    for wanted in (" list", "\u2423list", "#2"):
        assert alternative_of(view, 1, wanted) == " list"
    assert alternative_of(view, 1, " tuple") is None
    assert parse_branch("1: list") == (1, " list")
    assert parse_branch("12:a:b") == (12, "a:b")


@pytest.mark.parametrize("spec", ["", "1", "x:y", "1:", ":a", "-1:a"])
def test_a_branch_has_a_form(spec: str) -> None:
    with pytest.raises(UsageError, match="POSITION:ALTERNATIVE"):
        parse_branch(spec)


def test_places_that_are_not_there_are_told() -> None:
    view = view_of(*SORTED)
    with pytest.raises(UsageError, match="no position 4: the text has 4 tokens"):
        alternative_of(view, 4, " list")
    with pytest.raises(UsageError, match="position 1 has no alternative #9: 3 are known"):
        alternative_of(view, 1, "#9")


# ------------------------------------------------------------------------------------------------ in a terminal


def shown(view: ProbsView, terminal: bool, **options: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=80, force_terminal=terminal, color_system="truecolor" if terminal else None, highlight=False,
        markup=False, emoji=False,
    )  # fmt: skip
    show_probs(console, view, **options)
    return out.getvalue()


def test_piped_it_is_a_table_without_colour_of_80_columns() -> None:
    out = shown(view_of(*SORTED, notes=("a note",)), terminal=False)
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"1 ␣sorted +96\.6 % +0\.05 +1\.0 +1 ␣sorted\s96\.6 +␣list\s2\.1 +␣i\s1\.2", out)
    assert "4 tokens" in out
    assert "a note" in out


def test_on_a_terminal_marks_say_what_colours_say() -> None:
    out = shown(view_of(*SORTED), terminal=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
    assert "48;2;" in out, "cividis behind the tokens"
    at = plain.index("return sorted(xs)↵")
    assert plain[at + 1].rstrip() == "5     9      ·  8"
    assert any("tenths of probability" in line for line in plain)
    assert max(map(len, plain)) <= 80


def test_long_texts_show_the_most_surprising_unless_all_are_wanted() -> None:
    view = view_of(*[token(f"x{i} ", 0.9) for i in range(40)], token("!", 0.001))
    short, whole = shown(view, terminal=True), shown(view, terminal=True, whole_table=True)
    assert "most surprising of 41 tokens" in short
    assert len(short.splitlines()) + 20 < len(whole.splitlines())
    assert re.search(r"line +tokens +bits +perplexity +text", shown(view, terminal=False, lines=True))


def test_of_many_names_a_terminal_shows_the_least_certain_and_those_that_are_not_there() -> None:
    def name(number: int, exists: bool | None = None) -> NameProbability:
        return NameProbability(
            kind="member", text=f"n{number}", probability=number / 100, start=0, end=1, line=1, exists=exists
        )

    view = view_of(*SORTED, names=(*(name(i) for i in range(1, 40)), name(60, exists=False)))
    short, whole = shown(view, terminal=True), shown(view, terminal=True, whole_table=True)
    assert "13 of 40 (--table shows all):" in " ".join(re.sub(r"\x1b\[[0-9;]*m", "", short).split())
    assert [f"n{i} " in short for i in (12, 13, 60)] == [True, False, True]
    assert all(f"n{i} " in whole for i in range(1, 40))
    assert all(f"n{i} " in shown(view, terminal=False) for i in range(1, 40))


def test_letters_are_readable_on_every_colour() -> None:
    def luminance(rgb: tuple[int, int, int]) -> float:
        linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for step in range(101):
        low, high = sorted((luminance(colour(step / 100)), luminance(ink(step / 100))))
        assert (high + 0.05) / (low + 0.05) >= 4.5, step


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_steers_the_terminal(terminal: bool) -> None:
    view = view_of(token(HOSTILE, 0.5, (HOSTILE, 0.5)), title=HOSTILE, notes=(HOSTILE,), names=NAMES)
    out = shown(view, terminal, lines=True)
    assert "\u202e" not in out
    assert "\x1b[31m" not in out


def test_side_by_side_from_where_they_part() -> None:
    out = io.StringIO()
    one, other = view_of(*SORTED), view_of(*SORTED[:1], token(" list", 0.021), token("(xs)", 0.5))
    show_beside(Console(file=out, width=80), one, other, 6)
    assert "return sorted(xs)" in out.getvalue()
    assert "return list(xs)" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 80


# ------------------------------------------------------------------------------------------------ as a page

NAMES = (
    NameProbability(
        kind="method", text="<to_hist>", probability=0.04, start=0, end=9, line=1, tokens=(1, 2), shared=True, exists=False
    ),
    NameProbability(kind="number", text="40", probability=0.9, start=10, end=12, line=1, tokens=(3,), allowed=0.95),
)
VERDICT = Verdict(check="c", rung=Rung.NAMES, outcome=Outcome.FAILED, reason="<b>no</b> 'to_hist'")


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)


def parsed(document: str) -> Seen:
    seen = Seen()
    seen.feed(document)
    seen.close()
    return seen


def test_a_page_stands_alone_and_runs_nothing_of_the_text() -> None:
    view = view_of(
        token(HOSTILE, 0.5, (HOSTILE, 0.5)),
        token("", 0.2),
        title=HOSTILE,
        names=NAMES,
        verdicts=(VERDICT,),
        command="treadle",
    )
    page = parsed(probs_html(view, view))
    tags = [tag for tag, _ in page.tags]
    assert not {"link", "img", "iframe", "base", "form"} & set(tags)
    assert not any(name in ("src", "href") or name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert tags.count("script") == 3, "the data of two views, and the page's own"
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "content" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "alert(1)" not in page.scripts[-1]


def test_a_page_holds_what_pointing_shows_and_one_stop_of_the_tab_key() -> None:
    page = parsed(probs_html(view_of(*SORTED, command="treadle probs x", names=NAMES, verdicts=(VERDICT,))))
    spans = [a for t, a in page.tags if t == "span" and "role" in a]
    assert [a["tabindex"] for a in spans] == ["0", "-1", "-1", "-1"]
    data = json.loads(page.scripts[0])
    assert data["command"] == "treadle probs x"
    assert data["tokens"][1]["others"][:2] == [["\u2423sorted", " sorted", "96.6 %"], ["\u2423list", " list", "2.1 %"]]
    assert data["tokens"][1]["rank"] == "1"
    assert "unlikely" in (spans[2]["class"] or "")
    assert any(a.get("data-tokens") == "1,2" for _, a in page.tags)


def test_a_notebook_gets_the_page_in_a_frame() -> None:
    view = view_of(*SORTED)
    assert view._repr_html_() == probs_frame(view)
    (frame,) = parsed(probs_frame(view)).tags
    assert frame[0] == "iframe"
    assert frame[1]["sandbox"] == "allow-scripts"
    assert frame[1]["srcdoc"] == probs_html(view)
