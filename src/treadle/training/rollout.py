"""Answers that the policy draws itself, and what was thought of them: what PPO and GRPO learn from.

Shapes: B answers, T their tokens, padded at the end; M tokens of answers in a packed batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from treadle.model.generate import forward, read_prompt
from treadle.model.transformer import Transformer
from treadle.tokens.pieces import check_length
from treadle.training.draws import Draws, own_draws
from treadle.training.loop import swapped
from treadle.training.objectives.masked import joined
from treadle.training.packing import Batch
from treadle.training.preference import Encoder, Reference, prompt_ids
from treadle.training.processes import current
from treadle.training.rows import Sample
from treadle.training.scores import learnt_logprobs
from treadle.types import Message

__all__ = ["Answered", "Judge", "Prompt", "Rollout", "Rollouts", "answered", "draw_answers", "frozen", "mask_of", "padded"]

Prompt = tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer as it is judged: its text, and its tokens behind those of the request."""

    prompt: Prompt
    text: str
    sample: Sample


Judge = Callable[[Sequence[Answered]], Sequence[float]]
"""Rewards of answers: a reward model, or a function that a recipe names (what a sandbox or a checker says of them)."""


def draw_answers(
    model: Transformer, ids: Sequence[int], n: int, most_new: int, ends: frozenset[int], generator: torch.Generator
) -> list[list[int]]:
    """``n`` continuations of at most ``most_new`` tokens, each with the token that ends it, if it came to that.

    Drawn at temperature 1 and without filters: with others, answers would come from another policy than is improved.

    Raises:
        ContextLengthError: prompt and answer do not fit into the model.
    """
    check_length(len(ids), most_new, model.config.max_positions, "the model")
    prefix = read_prompt(model, ids)
    cache, logits_BV = prefix.cache.branch(), prefix.logits.expand(n, -1)
    found: list[list[int]] = [[] for _ in range(n)]
    rows = list(range(n))
    for step in range(most_new):
        chances_BV = logits_BV.float().softmax(-1).cpu()
        drawn = torch.multinomial(chances_BV, 1, generator=generator)[:, 0].tolist()
        for row, token in zip(rows, drawn, strict=True):
            found[row].append(token)
        going = [place for place, token in enumerate(drawn) if token not in ends]
        rows = [rows[place] for place in going]
        if not rows or step == most_new - 1:
            break
        if len(going) < len(drawn):
            cache.keep(torch.tensor(going, device=logits_BV.device))
        logits_BV = forward(model, [[drawn[place]] for place in going], cache)[:, -1]
    return found


def answered(
    model: Transformer, encoder: Encoder, prompts: Sequence[Prompt], n: int, most_new: int, generator: torch.Generator
) -> list[Answered]:
    """``n`` answers to each prompt, those of one prompt side by side."""
    vocabulary, found = encoder.vocabulary, []
    for prompt in prompts:
        ids = prompt_ids(encoder, prompt)
        for tokens in draw_answers(model, ids, n, most_new, vocabulary.roles.ends, generator):
            sample = joined([(ids, False), (tokens, True)])
            found.append(Answered(prompt=prompt, text=vocabulary.decode(tokens), sample=sample))
    return found


def frozen(model: Transformer, parameters: Mapping[str, nn.Parameter]) -> Reference:
    """Log-probabilities under the model as it is now, whatever ``parameters`` become: the reference that drift is measured
    from. Only their present values are kept, so with an adapter it costs no second model."""
    values = {name: parameter.detach().clone() for name, parameter in parameters.items()}

    def reference(batch: Batch) -> Tensor:
        with torch.no_grad(), swapped(parameters, values):
            return learnt_logprobs(model, batch)

    return reference


# ------------------------------------------------------------------------------------------------ as tensors


def _counts(batch: Batch) -> list[int]:
    return [int(part.sum()) for part in torch.split(batch.learn, list(batch.lengths))]


def padded(values_M: Tensor, batch: Batch) -> Tensor:
    """Numbers of the learnt tokens by text: [B, T], 0 in the padding."""
    return pad_sequence(list(torch.split(values_M, _counts(batch))), batch_first=True)


def mask_of(batch: Batch) -> Tensor:
    """1 where ``padded`` has a token, [B, T]."""
    counts_B = torch.tensor(_counts(batch), device=batch.ids.device)
    return (torch.arange(int(counts_B.max()), device=counts_B.device) < counts_B[:, None]).float()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rollout:
    """A batch of answers with its tensors: ``sampled``, ``reference`` (log-probabilities), ``advantages``, ``mask``, all
    [B, T], for PPO ``values`` and ``returns``, too. ``mixed``: numbers of texts to be learnt beside them."""

    batch: Batch
    tensors: Mapping[str, Tensor]
    figures: Mapping[str, float]
    mixed: tuple[int, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As plain values and tensors, for a checkpoint."""
        batch = {"ids": self.batch.ids, "learn": self.batch.learn, "lengths": list(self.batch.lengths)}
        return {"batch": batch, "tensors": dict(self.tensors), "figures": dict(self.figures)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Rollout:
        """Back from ``plain``."""
        batch = Batch(plain["batch"]["ids"], plain["batch"]["learn"], tuple(plain["batch"]["lengths"]))
        return cls(batch=batch, tensors=plain["tensors"], figures=plain["figures"])


class Rollouts:
    """Rollouts without end: ``make`` draws one for the prompts whose numbers it is given; each is learnt from ``passes``
    times, beside texts that ``mixed_in`` draws anew each time.

    The state holds the rollout in use, so a run that is resumed between two passes goes on with the same answers.
    """

    def __init__(
        self,
        make: Callable[[list[int], torch.Generator], Rollout],
        n_prompts: int,
        size: int,
        *,
        passes: int = 1,
        seed: int = 0,
        mixed_in: Draws | None = None,
    ) -> None:
        self._make, self._passes, self._mixed_in = make, passes, mixed_in
        self._draws = own_draws(n_prompts, size, seed)
        self._generator = torch.Generator().manual_seed(seed + 1_000_003 * current().rank)  # each process draws others
        self._current: Rollout | None = None
        self._left = 0

    def __next__(self) -> Rollout:
        if self._current is None or not self._left:
            self._current, self._left = self._make(next(self._draws), self._generator), self._passes
        self._left -= 1
        if self._mixed_in is None:
            return self._current
        return replace(self._current, mixed=tuple(next(self._mixed_in)))

    def state(self) -> dict[str, Any]:
        current = None if self._current is None or not self._left else self._current.plain()
        mixed = None if self._mixed_in is None else self._mixed_in.state()
        random = self._generator.get_state()
        return {"draws": self._draws.state(), "random": random, "current": current, "left": self._left, "mixed": mixed}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._draws.restore(state["draws"])
        self._generator.set_state(state["random"])
        self._current = None if state["current"] is None else Rollout.of(state["current"])
        self._left = int(state["left"])
        if self._mixed_in is not None:
            self._mixed_in.restore(state["mixed"])
