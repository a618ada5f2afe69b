"""Views of probabilities: of a text that an engine scores or continues, of a stored draft, and of what else could have been.

All values are the model's own, before sampling filters and constraints (``tokens/probabilities.py``).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from treadle.coding.certainty import certainty_of
from treadle.display.readable import readable_text
from treadle.engines.base import Engine, OnTokens, continuing, require_score
from treadle.errors import UnknownNameError, UnsupportedError, UsageError
from treadle.threads.base import ThreadRecord
from treadle.tokens.probabilities import (
    BEFORE_FILTERS,
    ProbsView,
    SeenToken,
    alternative_of,
    seen_tokens,
    unknown_alternative,
)
from treadle.types import Constraint, Draft, EngineIdentity, Prompt, RawText, Sampling, Scored, Token

__all__ = [
    "branch_of_draft",
    "branch_of_text",
    "check_same_model",
    "continued_text",
    "draft_of",
    "scored_text",
    "stored_draft",
]

_WITH = "ask again with an engine that gives probabilities: llama:smollm2, torch:smollm2"


# ------------------------------------------------------------------------------------------------ texts


def scored_text(
    engine: Engine,
    text: str,
    top: int,
    on_tokens: OnTokens | None = None,
    command: str = "",
    *,
    reads_special: bool = False,
) -> ProbsView:
    """A text as the engine's model finds it, each token given those before it. Texts of special tokens are read as such
    tokens where ``reads_special``, else they are an error.

    Raises:
        UsageError: the text is empty, or spells a special token.
        UnsupportedError: the engine gives no probabilities of a text, or not so many alternatives.
        ContextLengthError: the text is too long for the model.
    """
    if not text:
        raise UsageError("the text is empty; write one, for example: treadle probs 'def mean(xs):'")
    require_score(engine, top)
    tokens = engine.score(text, top, on_tokens)
    name = engine.identity.name
    view = _view(name, f"{name} reads {_quoted(text)}", text, tokens, top, len(tokens))
    if not reads_special and _spells_special(engine, text, tokens):
        place = next((s.start for s, t in zip(view.tokens, tokens, strict=True) if _is_special(engine, [t])), 0)
        raise UsageError(
            f"Encountered text corresponding to a disallowed special token of {name}, at {text[place : place + 24]!r}. "
            "Special tokens steer a model, so none is read by accident; say that this one is meant: --special read"
        )
    return replace(view, notes=_notes_of_text(engine, text, tokens), command=command)


def continued_text(engine: Engine, view: ProbsView, sampling: Sampling, on_tokens: OnTokens | None = None) -> ProbsView:
    """A scored text with what the model writes after it; the new tokens are marked as drawn."""
    tokens = [_token(seen) for seen in view.tokens]
    text = RawText(pieces=((view.text, True),), begins=not _is_special(engine, tokens[:1]))
    drawn = continuing(engine).continue_text(text, [sampling], on_tokens)[0]
    whole = _view(view.engine, view.title, view.text + drawn.text, [*tokens, *drawn.tokens], view.top, len(tokens))
    how = "greedily" if sampling.temperature == 0 else f"at temperature {sampling.temperature:g}, seed {sampling.seed}"
    told = (
        f"The last {len(drawn.tokens)} tokens were drawn {how}; their probabilities are those before sampling filters, too."
    )
    return replace(whole, notes=(*view.notes, told), command=view.command)


def branch_of_text(
    engine: Engine, view: ProbsView, position: int, wanted: str, sampling: Sampling, on_tokens: OnTokens | None = None
) -> ProbsView:
    """The text of ``view`` up to ``position``, with another token there, and what the model writes after it.

    Raises:
        UsageError: there is no such position.
        UnknownNameError: the alternative is not listed there, and is not one token either.
    """
    text = _alternative(engine, view, position, wanted)
    before = view.text[: view.tokens[position].start]
    given = scored_text(engine, before + text, view.top, on_tokens, reads_special=True)
    notes = given.notes
    if len(given.tokens) != position + 1 or given.tokens[-1].text != text:
        notes = (*notes, "Read anew with the alternative, the text has other tokens than before.")
    title = f"with {_quoted(text)} at {position}"
    return continued_text(engine, replace(given, title=title, notes=notes), sampling, on_tokens)


def _alternative(engine: Engine, view: ProbsView, position: int, wanted: str) -> str:
    """The text of an alternative that is listed, or of any one token of the vocabulary."""
    text = alternative_of(view, position, wanted)
    if text is not None:
        return text
    if not engine.capabilities.exact_token_counts:
        raise unknown_alternative(view, position, wanted, "Of this engine only those that are listed can be taken.")
    count = engine.count_tokens(wanted)
    if count != 1:
        raise unknown_alternative(view, position, wanted, f"It is not one token of the vocabulary, but {count}.")
    return wanted


def _is_special(engine: Engine, tokens: Sequence[Token]) -> bool:
    return engine.capabilities.exact_token_counts and any(engine.count_tokens(token.text) != 1 for token in tokens)


def _spells_special(engine: Engine, text: str, tokens: Sequence[Token]) -> bool:
    """Whether special tokens were read: as plain text they are several tokens."""
    return engine.capabilities.exact_token_counts and engine.count_tokens(text) != len(tokens)


def _notes_of_text(engine: Engine, text: str, tokens: Sequence[Token]) -> tuple[str, ...]:
    notes = [BEFORE_FILTERS]
    notes.append("The first token has nothing before it but the model's beginning-of-text token.")
    if _spells_special(engine, text, tokens):
        notes.append("The text spells special tokens, which were read as such.")
    return tuple(notes)


# ------------------------------------------------------------------------------------------------ stored drafts


def draft_of(record: ThreadRecord, wanted: str | None) -> Draft:
    """The draft of a thread that is meant: by its id, else the answer's, else the first whose tokens are stored.

    Raises:
        UnknownNameError: the thread has no such draft.
        UsageError: the tokens of the draft, or of all, are not stored.
    """
    by_id = {draft.id: draft for draft in record.drafts}
    if wanted is not None and wanted not in by_id:
        raise UnknownNameError(f"draft of thread {record.info.id}", wanted, by_id)
    known = [draft for draft in record.drafts if draft.completion.tokens]
    if not record.drafts:
        raise UsageError(f"thread {record.info.id} has no drafts: it was stopped before the first; ask again")
    if not known:
        raise UsageError(
            f"no draft of thread {record.info.id} was stored with probabilities: engine {record.engine.name} gave none; "
            f"{_WITH}"
        )
    if wanted is None:
        answer = None if record.answer is None else by_id.get(record.answer.draft_id or "")
        return answer if answer is not None and answer.completion.tokens else known[0]
    if not by_id[wanted].completion.tokens:
        raise UsageError(
            f"draft {wanted} has no probabilities: it was written by rules, or the engine gave none. Drafts that have: "
            f"{', '.join(draft.id for draft in known)}"
        )
    return by_id[wanted]


def stored_draft(record: ThreadRecord, draft: Draft, top: int, chosen: bool) -> ProbsView:
    """A draft as it was stored, with the probabilities of its names and its verdicts. ``chosen``: the user named it."""
    completion = draft.completion
    verdicts = record.verdicts.get(draft.id, ())
    view = _view(
        record.engine.name,
        f"Draft {draft.id} of thread {record.info.id}, {record.engine.name}",
        completion.text,
        completion.tokens,
        top,
        given=0,
    )
    return replace(
        view,
        notes=_notes_of_draft(record, draft, top, chosen),
        command=f"treadle probs --thread {record.info.id} --draft {shlex.quote(draft.id)}",
        program=draft.program or "",
        names=certainty_of(draft, record.request, verdicts),
        verdicts=verdicts,
    )


def _notes_of_draft(record: ThreadRecord, draft: Draft, top: int, chosen: bool) -> tuple[str, ...]:
    notes = [BEFORE_FILTERS]
    answer = None if record.answer is None else record.answer.draft_id
    if not chosen and answer not in (None, draft.id):
        notes.append(f"The answer is draft {answer}, which has no probabilities (written by rules); this is another draft.")
    tokens = draft.completion.tokens
    stored = max(len(token.alternatives) for token in tokens)
    if stored == 0:
        notes.append("It was stored without alternatives; --top-logprobs N of ask and sql stores them.")
    elif stored < top:
        notes.append(f"{stored} alternatives a token were stored; --top-logprobs N of ask and sql stores more.")
    if any(token.cut for token in tokens):
        notes.append("cut: what grammar and names took away before the token was drawn; at 100 % the model had no choice.")
    elif _was_held(record.options) and all(token.cut is None for token in tokens):
        notes.append("What grammar and names took away from it, if anything, was not told by the engine (torch: tells it).")
    return tuple(notes)


def _was_held(options: Mapping[str, Any]) -> bool:
    return bool(options.get("grounding", "none") != "none")


def check_same_model(stored: EngineIdentity, opened: EngineIdentity) -> None:
    """Raise ``UsageError`` where a draft would be continued by another model than the one that wrote it."""
    same = stored.sha256 == opened.sha256 if stored.sha256 and opened.sha256 else stored.model == opened.model
    adapters = [{n: v for n, v in identity.versions.items() if n.startswith("adapter ")} for identity in (stored, opened)]
    if not same or adapters[0] != adapters[1]:
        raise UsageError(
            f"the draft was written by {stored.name} ({stored.model}), and {opened.name} ({opened.model}) is another model; "
            "name the engine of the thread, or add --other-model to let this one go on"
        )


def branch_of_draft(
    engine: Engine, record: ThreadRecord, draft: Draft, view: ProbsView, position: int, wanted: str, sampling: Sampling,
    on_tokens: OnTokens | None = None,
) -> ProbsView:  # fmt: skip
    """The draft up to ``position``, with another token there, and what the model writes after it, to the same prompt.

    Raises:
        UsageError: there is no such position.
        UnknownNameError: the alternative is not listed there, and is not one token either.
    """
    text = _alternative(engine, view, position, wanted)
    own = draft.completion
    before = own.text[: view.tokens[position].start]
    prompt = record.prompts[record.prompt_of[draft.id]]
    begun = replace(prompt, primer=prompt.primer + before)
    listed = next((a for a in view.tokens[position].alternatives if a.text == text), None)
    logprob = _forced(engine, begun, text) if listed is None else listed.logprob
    drawn = engine.complete(replace(begun, primer=begun.primer + text), [sampling], on_tokens)[0]
    others = view.tokens[position].alternatives
    taken = Token(text=text, logprob=logprob, id=None if listed is None else listed.id, alternatives=others)
    tokens = [*own.tokens[:position], taken, *drawn.tokens]
    title = f"with {_quoted(text)} at {position}, held to no grammar"
    note = (
        "The branch is held to no grammar and to no names, whatever held the draft, and was not run: it is what the model "
        "alone would have written, and may not parse."
    )
    found = _view(engine.identity.name, title, before + text + drawn.text, tokens, view.top, position + 1)
    return replace(found, notes=(note, BEFORE_FILTERS))


def _forced(engine: Engine, prompt: Prompt, text: str) -> float:
    """The log-probability of one token after ``prompt``: it is drawn under a constraint, which changes no probability."""
    only = Constraint(kind="lark", text=f"start: {json.dumps(text, ensure_ascii=False)}\n")
    if "lark" not in engine.capabilities.constraints:
        raise UnsupportedError(f"engine {engine.identity.name} can take only the alternatives that are listed")
    drawn = engine.complete(prompt, [Sampling(max_tokens=1, temperature=0, top_logprobs=1, constraint=only)])[0]
    if not drawn.tokens or drawn.tokens[0].text != text:
        raise UsageError(f"{text!r} cannot stand there as one token; take one of the alternatives that are listed")
    return drawn.tokens[0].logprob


# ------------------------------------------------------------------------------------------------ pieces


def _view(engine: str, title: str, text: str, tokens: Sequence[Token], top: int, given: int) -> ProbsView:
    seen = seen_tokens(tokens, text, top, given)
    return ProbsView(title=title, engine=engine, text=text, tokens=seen, top=top)


def _token(seen: SeenToken) -> Scored:
    return Scored(
        text=seen.text,
        logprob=seen.logprob,
        id=seen.id,
        alternatives=seen.alternatives,
        cut=seen.cut,
        rank=seen.rank,
    )


def _quoted(text: str) -> str:
    shown = readable_text(text[:40])
    return f"'{shown}...'" if len(text) > 40 else f"'{shown}'"
