"""Stretched rotary frequencies, as files describe them.

Hugging Face's files hold the numbers of the rule. GGUF files hold them for the linear rule; for Llama 3.1 they hold, as the
tensor ``rope_freqs.weight``, what each frequency is divided by. The rule is found again from these divisors.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig, RopeScaling
from treadle.model.transformer import rope_frequencies

__all__ = ["divisors", "scaling_from_divisors", "scaling_from_json", "scaling_to_json"]

_NEAR = 1e-4


def divisors(config: ModelConfig) -> Tensor:
    """What each of the E / 2 frequencies is divided by, float32."""
    return rope_frequencies(dataclasses.replace(config, rope_scaling=None)) / rope_frequencies(config)


def scaling_from_divisors(found: Tensor, config: ModelConfig, path: object) -> RopeScaling | None:
    """The rule that gives these divisors for a model of ``config`` (whose own rule is not looked at).

    Raises:
        ModelFileError: no known rule does.
    """
    if found.shape != (config.d_head // 2,):
        raise ModelFileError(
            f"rope_freqs.weight of {path} has {found.numel()} numbers; heads of {config.d_head} need {config.d_head // 2}"
        )
    factor = float(found.max())
    if factor == 1.0 and float(found.min()) == 1.0:
        return None
    if float(found.min()) == factor:
        return RopeScaling(kind="linear", factor=factor)
    for original, low, high in [(8192, 1.0, 4.0), *_fitted(found, factor, config)]:
        rule = RopeScaling(kind="llama3", factor=factor, low=low, high=high, original=original)
        if torch.allclose(divisors(dataclasses.replace(config, rope_scaling=rule)), found, rtol=_NEAR, atol=0):
            return rule
    raise ModelFileError(
        f"rope_freqs.weight of {path} stretches rotary positions by a rule that is not known here (known: linear, llama3); "
        "use the llama engine for it"
    )


def _fitted(found: Tensor, factor: float, config: ModelConfig) -> list[tuple[int, float, float]]:
    """The rule's numbers from the frequencies that it blends: the blend is a straight line in the frequency.

    Only ratios can be known, so the lower bound is taken as 1 turn.
    """
    frequencies = rope_frequencies(dataclasses.replace(config, rope_scaling=None)).double()
    blend = (factor / found.double() - 1) / (factor - 1)
    inner = ((blend > 1e-6) & (blend < 1 - 1e-6)).nonzero().flatten()
    if len(inner) < 2:
        return []
    first, last = inner[0], inner[-1]
    slope = float((blend[first] - blend[last]) / (frequencies[first] - frequencies[last]))
    start = float(slope * frequencies[first] - blend[first])
    if start <= 0:
        return []
    original = round(2 * math.pi * slope / start)
    return [(original, 1.0, round(1 + 1 / start, 4))] if original > 0 else []


def scaling_from_json(rope: Mapping[str, Any] | None, path: object) -> RopeScaling | None:
    """The rule of a ``config.json``: its ``rope_scaling``, or ``rope_parameters`` of newer ones."""
    if not rope:
        return None
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    try:
        if kind == "linear":
            return RopeScaling(kind="linear", factor=float(rope["factor"]))
        if kind == "llama3":
            return RopeScaling(
                kind="llama3",
                factor=float(rope["factor"]),
                low=float(rope["low_freq_factor"]),
                high=float(rope["high_freq_factor"]),
                original=int(rope["original_max_position_embeddings"]),
            )
    except KeyError as error:
        raise ModelFileError(f"{path}: rotary positions of type {kind!r} lack {error}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelFileError(f"{path}: rotary positions of type {kind!r} hold what is no number: {error}") from error
    raise ModelFileError(f"{path} stretches rotary positions by the rule {kind!r}; known here: default, linear, llama3")


def scaling_to_json(scaling: RopeScaling | None) -> dict[str, Any]:
    """The rule in the words of ``config.json``, without the base of the frequencies."""
    if scaling is None:
        return {"rope_type": "default"}
    if scaling.kind == "linear":
        return {"rope_type": "linear", "factor": scaling.factor}
    return {
        "rope_type": "llama3",
        "factor": scaling.factor,
        "low_freq_factor": scaling.low,
        "high_freq_factor": scaling.high,
        "original_max_position_embeddings": scaling.original,
    }
