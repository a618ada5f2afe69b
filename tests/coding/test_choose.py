"""The choice among judged drafts: filter, cluster, count origins, then likelihood. No program is run here."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable

from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.choose import Candidate, best_failed, choose, height
from treadle.types import Completion, Draft, Outcome, Rung, Status, Token, Verdict

RUNGS = list(Rung)


def candidate(
    name: str,
    *,
    failed_at: Rung | None = None,
    met: int = 0,
    behaviour: Hashable = None,
    doubts: tuple[str, ...] = (),
    logprob: float | None = None,
    origin: str | None = None,
    by_rules: bool = False,
    witness: bool = False,
    ordered: bool = False,
) -> Candidate:
    """A draft that passed every rung below ``failed_at`` and met ``met`` expectations."""
    verdicts = []
    for rung in RUNGS:
        if rung is failed_at:
            verdicts.append(Verdict(check="c", rung=rung, outcome=Outcome.FAILED, reason="it is wrong"))
            break
        if rung is Rung.EXPECTATIONS and not met:
            verdicts.append(Verdict(check="c", rung=rung, outcome=Outcome.SKIPPED, reason="none given"))
        count = met if rung is Rung.EXPECTATIONS else 1
        verdicts += [Verdict(check="c", rung=rung, outcome=Outcome.PASSED, reason="fine")] * count
    tokens = () if logprob is None else (Token(text="x", logprob=logprob),)
    draft = Draft(id=name, completion=Completion(text="x", tokens=tokens), program="x")
    return Candidate(
        draft=draft,
        verdicts=tuple(verdicts),
        behaviour=behaviour,
        doubts=doubts,
        origin=name if origin is None else origin,
        by_rules=by_rules,
        witness=witness,
        ordered=ordered,
    )


def test_nothing_drawn() -> None:
    choice = choose([], expected=False)
    assert (choice.status, choice.candidate, choice.agreement) == (Status.FAILED, None, (0, 0))


def test_all_failed_shows_the_one_that_got_furthest() -> None:
    drafts = [candidate("a", failed_at=Rung.PARSED, logprob=-0.1), candidate("b", failed_at=Rung.RAN, logprob=-9.0)]
    choice = choose(drafts, expected=True)
    assert (choice.status, choice.candidate) == (Status.FAILED, drafts[1])
    assert choice.reason == "ran: it is wrong"
    assert choice.agreement == (0, 2)


def test_drafts_that_need_a_witness_agree_only_with_one() -> None:
    drafts = [candidate(name, behaviour=1) for name in "abc"]
    alone = choose(drafts, expected=False, witness=True)
    assert (alone.status, alone.agreement) == (Status.RAN, (3, 3))
    assert "agrees with itself" in alone.reason
    other = candidate("rules", behaviour=2, by_rules=True)
    assert choose([*drafts, other], expected=False, witness=True).status is Status.RAN
    same = candidate("rules", behaviour=1, by_rules=True)
    assert choose([*drafts, same], expected=False, witness=True).status is Status.RAN, "it missed a word of the request"
    heard = candidate("rules", behaviour=1, by_rules=True, witness=True)
    assert choose([*drafts, heard], expected=False, witness=True).status is Status.AGREED
    assert choose(drafts, expected=False).status is Status.AGREED


def test_among_equals_more_expectations_met_then_fewer_doubts_then_likelier() -> None:
    def missed(name: str, met: int, logprob: float) -> Candidate:
        made = candidate(name, met=met, logprob=logprob)
        wrong = Verdict(check="c", rung=Rung.EXPECTATIONS, outcome=Outcome.FAILED, reason="it is wrong")
        return Candidate(draft=made.draft, verdicts=(*made.verdicts, wrong), origin=name)

    assert best_failed([missed("a", 1, -0.1), missed("b", 2, -5.0)]) == missed("b", 2, -5.0)
    assert best_failed([missed("a", 1, -2.0), missed("b", 1, -1.0)]) == missed("b", 1, -1.0)
    doubted = [candidate("a", doubts=("x",), logprob=-0.1), candidate("b", logprob=-3.0)]
    assert best_failed(doubted) == doubted[1]


def test_verified_needs_an_expectation_that_was_met() -> None:
    assert choose([candidate("a", met=1)], expected=True).status is Status.VERIFIED
    unchecked = choose([candidate("a", behaviour=1), candidate("b", behaviour=1)], expected=True)
    assert unchecked.status is Status.RAN
    assert unchecked.reason == "it ran; none of the expectations given could be checked"


def test_what_was_checked_goes_before_what_was_not() -> None:
    unchecked = [candidate(n, behaviour=1) for n in "ab"]
    choice = choose([*unchecked, candidate("c", met=1, behaviour=2)], expected=True)
    assert (choice.status, choice.candidate and choice.candidate.draft.id) == (Status.VERIFIED, "c")


def test_the_reason_counts_what_was_met_and_what_was_skipped() -> None:
    one = candidate("a", met=1)
    assert choose([one], expected=True).reason == "it met 1 expectation that you gave and failed none"
    skipped = Verdict(check="c", rung=Rung.EXPECTATIONS, outcome=Outcome.SKIPPED, reason="cannot be evaluated")
    two = candidate("a", met=2)
    both = Candidate(draft=two.draft, verdicts=(*two.verdicts, skipped), origin="a")
    expected = "it met 2 expectations that you gave and failed none; 1 could not be checked"
    assert choose([both], expected=True).reason == expected


def test_agreement_counts_origins_not_copies() -> None:
    copies = [candidate(f"a{i}", behaviour=1, origin="a") for i in range(5)]
    choice = choose(copies, expected=False)
    assert (choice.status, choice.agreement) == (Status.RAN, (1, 1))
    voices = [candidate("b", behaviour=2), candidate("c", behaviour=2)]
    choice = choose([*copies, *voices], expected=False)
    assert (choice.status, choice.agreement, choice.clusters) == (Status.AGREED, (2, 3), (2, 1))


def test_what_cannot_be_compared_agrees_with_nothing() -> None:
    choice = choose([candidate("a"), candidate("b"), candidate("c")], expected=False)
    assert (choice.status, choice.clusters) == (Status.RAN, (1, 1, 1))
    assert choice.reason == "it ran; its behaviour could not be compared with that of other drafts"


def test_doubted_drafts_never_agree() -> None:
    choice = choose([candidate(n, behaviour=1, doubts=("it ignores 3",)) for n in "abc"], expected=False)
    assert (choice.status, choice.reason) == (Status.RAN, "it ran, but it ignores 3")


def test_what_has_an_order_of_its_own_goes_before_the_likelier_that_leaves_it_to_chance() -> None:
    likely, ordered = candidate("1", behaviour="x", logprob=-0.1), candidate("2", behaviour="x", logprob=-2.0, ordered=True)
    assert choose([likely, ordered], expected=False).candidate is ordered
    other = candidate("3", behaviour="y", logprob=-2.0, ordered=True)
    assert choose([likely, candidate("4", behaviour="x", logprob=-0.5), other], expected=False).candidate is likely


def test_height() -> None:
    assert [height(candidate("a", failed_at=r)) for r in RUNGS] == [0, 1, 2, 3, 4]
    assert height(candidate("a")) == 5


def test_a_draft_that_never_ran_has_not_passed() -> None:
    nothing = Candidate(draft=candidate("a").draft, verdicts=(), origin="a")
    assert not nothing.passed
    assert choose([nothing], expected=False).status is Status.FAILED


# --------------------------------------------------------------------------------------------------- properties

logprobs = st.none() | st.floats(-20, 0, allow_nan=False)
candidates = st.lists(
    st.fixed_dictionaries(
        {
            "failed_at": st.sampled_from([None, None, None, *RUNGS]),
            "met": st.integers(0, 2),
            "behaviour": st.sampled_from([None, 1, 2, ("x", 2)]),
            "doubts": st.sampled_from([(), ("doubt",)]),
            "logprob": logprobs,
            "origin": st.sampled_from("abcd"),
        }
    ),
    max_size=8,
).map(lambda made: [candidate(f"0.{i}", **fields) for i, fields in enumerate(made)])


@settings(deadline=None)
@given(candidates, st.booleans(), st.randoms(use_true_random=False))
def test_order_changes_nothing_but_exact_ties(drafts: list[Candidate], expected: bool, rng: random.Random) -> None:
    shuffled = rng.sample(drafts, len(drafts))
    one, other = choose(drafts, expected), choose(shuffled, expected)
    assert (one.status, one.agreement, one.clusters) == (other.status, other.agreement, other.clusters)
    if one.candidate is not None and other.candidate is not None:
        first, second = (c.draft.completion.mean_logprob for c in (one.candidate, other.candidate))
        assert first == second or (one.status is not Status.FAILED and len(one.clusters) > 1)


@settings(deadline=None)
@given(candidates, st.booleans())
def test_what_is_promised(drafts: list[Candidate], expected: bool) -> None:
    choice = choose(drafts, expected)
    agreeing, drawn = choice.agreement
    assert 0 <= agreeing <= drawn <= len(drafts)
    assert drawn == len({c.origin for c in drafts})
    assert list(choice.clusters) == sorted(choice.clusters, reverse=True)
    if choice.status is Status.FAILED:
        assert not any(c.passed for c in drafts)
        return
    best = choice.candidate
    assert best is not None
    assert best.passed
    rivals = [c for c in drafts if c.passed and (c.met or not expected or not best.met)]
    assert best.doubts == () or all(c.doubts for c in rivals)
    if choice.status is Status.AGREED:
        same = [c for c in drafts if c.passed and not c.doubts and c.behaviour == best.behaviour]
        assert not expected
        assert not best.doubts
        assert best.behaviour is not None
        assert agreeing == len({c.origin for c in same}) >= 2
    if choice.status is Status.VERIFIED:
        assert expected
        assert best.met >= 1


@settings(deadline=None)
@given(candidates)
def test_the_chosen_one_is_the_likeliest_of_its_cluster(drafts: list[Candidate]) -> None:
    choice = choose(drafts, expected=False)
    if choice.status is Status.FAILED or choice.candidate is None or choice.candidate.behaviour is None:
        return
    best = choice.candidate
    rivals = [c for c in drafts if c.passed and bool(c.doubts) == bool(best.doubts) and c.behaviour == best.behaviour]
    means = [c.draft.completion.mean_logprob for c in rivals]
    own = best.draft.completion.mean_logprob
    assert (-math.inf if own is None else own) == max(-math.inf if m is None else m for m in means)
