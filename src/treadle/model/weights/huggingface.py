"""``config.json`` of Hugging Face's folders, and ``ModelConfig``: each from the other.

Keys that change what is computed and that the transformer cannot follow are refused by name; keys of training (dropout,
initialisation) and of decoding are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig
from treadle.model.weights.names import check_family
from treadle.model.weights.rope import scaling_from_json, scaling_to_json

__all__ = ["CLASSES", "config_from_json", "config_to_json", "read_json"]

CLASSES = {
    "gpt2": "GPT2LMHeadModel",
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
"""The classes of ``transformers`` that compute the same."""

_NEUTRAL: Mapping[str, Any] = {
    "partial_rotary_factor": 1.0,
    "quantization_config": None,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "num_local_experts": 0,
}
"""Values at which these keys change nothing."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; raises ``ModelFileError`` where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no JSON file: {error}") from error
    if not isinstance(found, dict):
        raise ModelFileError(f"{path} should hold an object, it holds a {type(found).__name__}")
    return found


# ------------------------------------------------------------------------------------------------ in


def config_from_json(values: Mapping[str, Any], path: object) -> ModelConfig:
    """The shape that a ``config.json`` tells.

    Raises:
        ModelFileError: the family is unknown, a key is missing or of the wrong type, or it asks for what is not known here.
    """
    family = str(values.get("model_type", ""))
    check_family(family, path)
    keys = _Keys(values, path)
    keys.refuse_all_but(_NEUTRAL)
    return _gpt2(keys) if family == "gpt2" else _llama(keys, family)


_HUGE = 1e18
"""Numbers from here on are damage; none is NaN, either."""


class _Keys:
    """The values of a ``config.json``, of the types that are expected."""

    def __init__(self, values: Mapping[str, Any], path: object) -> None:
        self.values, self.path = values, path

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.number(key, default)
        if value != int(value):
            raise ModelFileError(f"{self.path}: {key!r} should be a whole number, it is {value!r}")
        return int(value)

    def number(self, key: str, default: float | None = None) -> float:
        value = self.values.get(key)
        value = default if value is None else value
        if value is None:
            raise ModelFileError(f"{self.path} lacks the key {key!r}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _HUGE:
            raise ModelFileError(f"{self.path}: {key!r} should be a number, it is {value!r}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise ModelFileError(f"{self.path}: {key!r} should be true or false, it is {value!r}")
        return value

    def refuse_all_but(self, neutral: Mapping[str, Any]) -> None:
        for key, value in neutral.items():
            found = self.values.get(key)
            if found is not None and found != value:
                raise ModelFileError(f"{self.path} has {key!r}: {json.dumps(found)[:80]}, which the transformer here lacks")

    def activation(self, key: str, known: tuple[str, ...]) -> None:
        if (found := self.values.get(key, known[0])) not in known:
            raise ModelFileError(f"{self.path} has the activation {found!r}; this family is known with {' or '.join(known)}")


def _llama(keys: _Keys, family: str) -> ModelConfig:
    keys.activation("hidden_act", ("silu", "swish"))
    heads, width = keys.whole("num_attention_heads"), keys.whole("hidden_size")
    bias = keys.flag("attention_bias") if family in ("llama", "qwen3") else False
    rope = keys.values.get("rope_parameters") or keys.values.get("rope_scaling")
    rope = rope if isinstance(rope, dict) else {}
    return ModelConfig(
        vocab_size=keys.whole("vocab_size"),
        d_model=width,
        n_layers=keys.whole("num_hidden_layers"),
        n_heads=heads,
        n_kv_heads=keys.whole("num_key_value_heads", heads),
        d_head=keys.whole("head_dim", 128 if family == "qwen3" else width // max(1, heads)),
        d_ff=keys.whole("intermediate_size"),
        max_positions=keys.whole("max_position_embeddings"),
        norm_eps=keys.number("rms_norm_eps", 1e-6),
        rope_theta=float(_Keys({**keys.values, **rope}, keys.path).number("rope_theta", 10_000.0)),
        rope_scaling=scaling_from_json(rope, keys.path),
        tied=keys.flag("tie_word_embeddings"),
        qkv_bias=bias or family == "qwen2",
        out_bias=bias,
        ff_bias=keys.flag("mlp_bias") if family == "llama" else False,
        qk_norm=family == "qwen3",
        window=_window(keys, family),
        family=family,
    )


def _window(keys: _Keys, family: str) -> int | None:
    """One window for all layers, or none; files can also give some layers one, which the transformer does not know."""
    window = keys.values.get("sliding_window")
    if window is None or family == "llama":
        return None
    if family == "mistral":
        return keys.whole("sliding_window")
    if not keys.flag("use_sliding_window"):
        return None
    n_layers, first = keys.whole("num_hidden_layers"), keys.whole("max_window_layers", 28)
    kinds = keys.values.get("layer_types") or [
        "sliding_attention" if i >= first else "full_attention" for i in range(n_layers)
    ]
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise ModelFileError(f"{keys.path}: 'layer_types' should be a list of texts, it is {kinds!r}"[:400])
    if set(kinds) == {"full_attention"}:
        return None
    if set(kinds) == {"sliding_attention"}:
        return keys.whole("sliding_window")
    raise ModelFileError(
        f"{keys.path}: some layers see a window of {window} positions, some see all; the transformer here has equal layers"
    )


def _gpt2(keys: _Keys) -> ModelConfig:
    keys.activation("activation_function", ("gelu_new", "gelu_pytorch_tanh"))
    heads, width = keys.whole("n_head"), keys.whole("n_embd")
    return ModelConfig(
        vocab_size=keys.whole("vocab_size"),
        d_model=width,
        n_layers=keys.whole("n_layer"),
        n_heads=heads,
        n_kv_heads=heads,
        d_head=width // max(1, heads),
        d_ff=keys.whole("n_inner", 4 * width),
        max_positions=keys.whole("n_positions"),
        norm="layer",
        norm_eps=keys.number("layer_norm_epsilon", 1e-5),
        activation="gelu",
        rope_theta=None,
        tied=keys.flag("tie_word_embeddings", True),
        qkv_bias=True,
        out_bias=True,
        ff_bias=True,
        family="gpt2",
    )


# ------------------------------------------------------------------------------------------------ out


def config_to_json(config: ModelConfig, dtype: str) -> dict[str, Any]:
    """A ``config.json`` with which ``transformers`` (4.43 or newer) computes the same.

    Raises:
        ModelFileError: no class of ``transformers`` has this combination of parts.
    """
    values = _gpt2_json(config) if config.family == "gpt2" else _llama_json(config)
    values = {"architectures": [CLASSES[config.family]], "model_type": config.family, **values, "dtype": dtype}
    if config_from_json(values, "config.json") != config:
        read = config_from_json(values, "config.json")
        lost = [f"{n}={getattr(config, n)!r}" for n in config.__slots__ if getattr(config, n) != getattr(read, n)]
        raise ModelFileError(
            f"no config.json of the family {config.family!r} says {', '.join(lost)}; one of another family may"
        )
    return values


def _llama_json(config: ModelConfig) -> dict[str, Any]:
    rope = scaling_to_json(config.rope_scaling)
    values: dict[str, Any] = {
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "intermediate_size": config.d_ff,
        "max_position_embeddings": config.max_positions,
        "rms_norm_eps": config.norm_eps,
        "hidden_act": "silu",
        "tie_word_embeddings": config.tied,
        # Both ways of saying it: transformers 5 reads the first, transformers 4 the other two.
        "rope_parameters": {"rope_theta": config.rope_theta, **rope},
        "rope_theta": config.rope_theta,
        "rope_scaling": None if config.rope_scaling is None else rope,
    }
    if config.family in ("llama", "qwen3"):
        values["attention_bias"] = config.qkv_bias
    if config.family == "llama":
        values["mlp_bias"] = config.ff_bias
    if config.family != "llama":
        values["sliding_window"] = config.window
    if config.family.startswith("qwen") and config.window is not None:
        values |= {"use_sliding_window": True, "max_window_layers": 0}
        values["layer_types"] = ["sliding_attention"] * config.n_layers
    return values


def _gpt2_json(config: ModelConfig) -> dict[str, Any]:
    return {
        "vocab_size": config.vocab_size,
        "n_embd": config.d_model,
        "n_layer": config.n_layers,
        "n_head": config.n_heads,
        "n_inner": config.d_ff,
        "n_positions": config.max_positions,
        "layer_norm_epsilon": config.norm_eps,
        "activation_function": "gelu_new",
        "tie_word_embeddings": config.tied,
    }
