"""A decoder-only transformer: token embedding, causal attention, feed-forward layers, and a score for every next token.

Shapes stand in names and comments:

    B  texts or drafts        V  vocabulary           H  query heads
    T  new positions          D  width of the model   K  key-value heads; each serves G = H / K query heads
    S  all positions so far   F  width of the feed-forward layer
    P  of them in the prefix that all drafts share    E  width of a head

``naive.py`` has the same model with explicit loops, in double precision.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from treadle.model.backward import rms_norm, swiglu
from treadle.model.cache import KVCache, LayerCache
from treadle.model.config import ModelConfig

__all__ = ["Attention", "Block", "FeedForward", "Transformer", "Watch"]


Visible = Tensor | tuple[int, ...] | None
"""Where positions may look: a mask; the lengths of documents that follow each other; or None for all before them."""
ROWS_AT_ONCE = 4
"""Rows that products of single precision compute at once; on some CPUs rows left over get other last bits. Products in
bfloat16 are another library's, which has no such rest."""


class Watch(Protocol):
    """Told what happens inside, for looking at; it changes nothing."""

    def attention(self, layer: int, weights_BHTS: Tensor) -> None:
        """How much every position of each head takes from every position before it; rows sum to 1."""
        ...

    def residual(self, layer: int, x_BTD: Tensor) -> None:
        """The residual stream after ``layer`` blocks; 0 is the embedding."""
        ...


class Transformer(nn.Module):
    """The model of ``config``. Weights are random until they are loaded."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = nn.Embedding(config.max_positions, config.d_model) if config.rope_theta is None else None
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = _norm(config, config.d_model)
        self.head = None if config.tied else nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.checkpointing = False
        """While training: keep only what goes into each block, and compute its inside again on the way back."""
        self.output: nn.Module | None = None
        """The output layer in a layout that is faster for inference, where one was made; no weights of its own."""
        self.apply(self._initialise)

    def forward(
        self,
        ids_BT: Tensor,
        cache: KVCache | None = None,
        *,
        last_only: bool = False,
        documents_BT: Tensor | None = None,
        watch: Watch | None = None,
    ) -> Tensor:
        """Logits [B, T, V] of the token after each position; ``last_only`` gives those after the last one, [B, 1, V].

        With ``cache`` the T ids come after what it holds, and are added to it. ``documents_BT`` numbers the document that
        each position belongs to, where several are packed into a row: none sees another, and each begins at position 0.
        """
        return self.logits(self.hidden(ids_BT, cache, documents_BT, watch)[:, -1 if last_only else 0 :])

    def hidden(
        self,
        ids_BT: Tensor,
        cache: KVCache | None = None,
        documents_BT: Tensor | None = None,
        watch: Watch | None = None,
        lengths: tuple[int, ...] | None = None,
    ) -> Tensor:
        """The residual stream [B, T, D] after the last block, before the last norm.

        ``lengths`` says the same as ``documents_BT`` of a single row of whole documents; attention then costs no more than
        that of each by itself.
        """
        start = 0 if cache is None else cache.length
        if lengths is not None and self.config.window is not None and max(lengths) > self.config.window:
            numbers = torch.arange(len(lengths), device=ids_BT.device)
            documents_BT, lengths = numbers.repeat_interleave(torch.tensor(lengths, device=ids_BT.device))[None], None
        places = _places(ids_BT, start, documents_BT) if lengths is None else _places_within(lengths, ids_BT.device)
        x_BTD: Tensor = self.embedding(ids_BT)
        if self.positions is not None:
            x_BTD = x_BTD + self.positions(places)
        rotation = None if self.config.rope_theta is None else self._rotation(places, x_BTD.dtype)
        mask = _mask(self.config, places, start, documents_BT) if lengths is None else lengths
        if watch is not None:
            watch.residual(0, x_BTD)
        for index, block in enumerate(self.blocks):
            layer = None if cache is None else cache.layers[index]
            if self.checkpointing and torch.is_grad_enabled():
                x_BTD = checkpoint(block, x_BTD, rotation, mask, None, None, use_reentrant=False, preserve_rng_state=False)
            else:
                x_BTD = block(x_BTD, rotation, mask, layer, None if watch is None else (watch, index))
            if watch is not None:
                watch.residual(index + 1, x_BTD)
        if cache is not None:
            cache.advance(ids_BT.shape[1])
        return x_BTD

    def logits(self, x_BTD: Tensor) -> Tensor:
        """The last norm and the output layer: what a residual stream says of the next token (also of an inner layer's)."""
        x_BTD = self.norm(x_BTD)
        if self.output is None:
            logits_BTV: Tensor = F.linear(x_BTD, self.embedding.weight if self.head is None else self.head.weight)
        else:
            logits_BTV = self.output(x_BTD)
        return logits_BTV

    def _rotation(self, places: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosine and signed sine [1 or B, 1, T, E] of the angle by which each number of a head is turned at each place."""
        frequencies = rope_frequencies(self.config).to(places.device)
        angles = places.float()[..., None] * frequencies
        angles = angles[:, None] if angles.dim() == 3 else angles[None, None]
        cosine, sine = angles.cos().to(dtype), angles.sin().to(dtype)
        return torch.cat((cosine, cosine), dim=-1), torch.cat((-sine, sine), dim=-1)

    def _initialise(self, module: nn.Module) -> None:
        """GPT-2's initialisation: a normal of 0.02, less for what is added to the residual stream 2 n_layers times."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, Attention):
            nn.init.normal_(module.out.weight, std=0.02 / math.sqrt(2 * self.config.n_layers))
        if isinstance(module, FeedForward):
            nn.init.normal_(module.down.weight, std=0.02 / math.sqrt(2 * self.config.n_layers))


class Block(nn.Module):
    """Attention, then a feed-forward layer; each reads a norm of the residual stream and adds to it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = _norm(config, config.d_model)
        self.attention = Attention(config)
        self.ff_norm = _norm(config, config.d_model)
        self.ff = FeedForward(config)

    def forward(
        self,
        x_BTD: Tensor,
        rotation: tuple[Tensor, Tensor] | None,
        mask: Visible,
        cache: LayerCache | None,
        watch: tuple[Watch, int] | None,
    ) -> Tensor:
        x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD), rotation, mask, cache, watch)
        ff_BTD: Tensor = self.ff(self.ff_norm(x_BTD))
        return x_BTD + ff_BTD


class Attention(nn.Module):
    """Grouped-query causal attention. Queries, keys and values come from one matrix: three small ones cost more."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_heads, self.n_kv_heads, self.d_head = config.n_heads, config.n_kv_heads, config.d_head
        width = (config.n_heads + 2 * config.n_kv_heads) * config.d_head
        self.qkv = nn.Linear(config.d_model, width, bias=config.qkv_bias)
        self.out = nn.Linear(config.n_heads * config.d_head, config.d_model, bias=config.out_bias)
        self.q_norm = RMSNorm(config.d_head, config.norm_eps) if config.qk_norm else None
        self.k_norm = RMSNorm(config.d_head, config.norm_eps) if config.qk_norm else None

    def forward(
        self,
        x_BTD: Tensor,
        rotation: tuple[Tensor, Tensor] | None,
        mask: Visible,
        cache: LayerCache | None,
        watch: tuple[Watch, int] | None,
    ) -> Tensor:
        n_texts, n_new, _ = x_BTD.shape
        heads_BTNE = self.qkv(x_BTD).view(n_texts, n_new, -1, self.d_head)
        sizes = self.n_heads, self.n_kv_heads
        qk_BNTE, v_BKTE = heads_BTNE.transpose(1, 2).split((sum(sizes), self.n_kv_heads), dim=1)
        if self.q_norm is not None and self.k_norm is not None:
            q_BHTE, k_BKTE = qk_BNTE.split(sizes, dim=1)
            qk_BNTE = torch.cat((self.q_norm(q_BHTE), self.k_norm(k_BKTE)), dim=1)
        if rotation is not None:
            qk_BNTE = rotate(qk_BNTE, *rotation)
        q_BHTE, k_BKTE = qk_BNTE.split(sizes, dim=1)
        if cache is not None:
            cache.append(k_BKTE, v_BKTE)
        if cache is not None and cache.prefix is not None:
            assert not isinstance(mask, tuple)
            mixed_BHTE = _attend_over_prefix(q_BHTE, cache, mask, watch)
        else:
            keys, values = (k_BKTE, v_BKTE) if cache is None else (cache.keys, cache.values)
            mixed_BHTE = _attend(q_BHTE, keys, values, mask, watch)
        mixed_BTD: Tensor = self.out(mixed_BHTE.transpose(1, 2).reshape(n_texts, n_new, -1))
        return mixed_BTD


class FeedForward(nn.Module):
    """SwiGLU: one half of ``up`` gates the other; or, without a gate, GELU."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gated = config.activation == "swiglu"
        self.up = nn.Linear(config.d_model, config.d_ff * (2 if self.gated else 1), bias=config.ff_bias)
        self.down = nn.Linear(config.d_ff, config.d_model, bias=config.ff_bias)

    def forward(self, x_BTD: Tensor) -> Tensor:
        up_BTF = self.up(x_BTD)
        active_BTF = swiglu(up_BTF) if self.gated else F.gelu(up_BTF, approximate="tanh")
        down_BTD: Tensor = self.down(active_BTF)
        return down_BTD


class RMSNorm(nn.Module):
    """Division by the root mean square over the last dimension, in single precision, then a weight for each number."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight, self.eps)


def _norm(config: ModelConfig, width: int) -> nn.Module:
    return RMSNorm(width, config.norm_eps) if config.norm == "rms" else nn.LayerNorm(width, eps=config.norm_eps)


# ------------------------------------------------------------------------------------------------ positions


def rope_frequencies(config: ModelConfig) -> Tensor:
    """Radians a position by which each of the E / 2 pairs of a head is turned (RoPE), stretched where the model says so."""
    assert config.rope_theta is not None
    exponents = torch.arange(0, config.d_head, 2, dtype=torch.float32) / config.d_head
    frequencies = 1.0 / config.rope_theta**exponents
    scaling = config.rope_scaling
    if scaling is None:
        return frequencies
    if scaling.kind == "linear":
        return frequencies / scaling.factor
    turns = scaling.original * frequencies / (2 * math.pi)
    blend = ((turns - scaling.low) / (scaling.high - scaling.low)).clamp(0, 1)
    return frequencies / scaling.factor * (1 - blend) + frequencies * blend


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn each pair (i, i + E / 2) of the last dimension by its angle; ``sine`` is negative for the first of a pair."""
    return torch.addcmul(x * cosine, x.roll(x.shape[-1] // 2, dims=-1), sine)


def _places(ids_BT: Tensor, start: int, documents_BT: Tensor | None) -> Tensor:
    """The position of each id: [T], or [B, T] where rows hold several documents."""
    places_T = torch.arange(start, start + ids_BT.shape[1], device=ids_BT.device)
    if documents_BT is None:
        return places_T
    begins_BT = torch.ones_like(documents_BT, dtype=torch.bool)
    begins_BT[:, 1:] = documents_BT[:, 1:] != documents_BT[:, :-1]
    return places_T - torch.cummax(torch.where(begins_BT, places_T, 0), dim=1).values


def _places_within(lengths: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.cat([torch.arange(length, device=device) for length in lengths])


def _mask(config: ModelConfig, places: Tensor, start: int, documents_BT: Tensor | None) -> Tensor | None:
    """True where a position may look, [T, S] or [B, 1, T, S]; None where plain causality from position 0 says it all,
    or where there is one new position that may see everything."""
    n_new = places.shape[-1]
    n_all = start + n_new
    windowed = config.window is not None and n_all > config.window
    if documents_BT is None and not windowed and (start == 0 or n_new == 1):
        return None
    query_T1 = torch.arange(start, n_all, device=places.device)[:, None]
    key_S = torch.arange(n_all, device=places.device)
    mask = key_S <= query_T1
    if config.window is not None:
        mask = mask & (query_T1 - key_S < config.window)
    if documents_BT is None:
        return mask
    return (mask & (documents_BT[:, :, None] == documents_BT[:, None, :]))[:, None]


# ------------------------------------------------------------------------------------------------ attention


def _attend(q_BHTE: Tensor, k_BKSE: Tensor, v_BKSE: Tensor, mask: Visible, watch: tuple[Watch, int] | None) -> Tensor:
    """softmax(q k / sqrt(E)) v, [B, H, T, E], over the positions that ``mask`` allows."""
    if isinstance(mask, tuple):
        documents = zip(*(torch.split(x, list(mask), dim=2) for x in (q_BHTE, k_BKSE, v_BKSE)), strict=True)
        return torch.cat([_attend(q, k, v, None, watch) for q, k, v in documents], dim=2)
    causal = mask is None and q_BHTE.shape[2] > 1
    if watch is not None:
        weights_BHTS = _weights(q_BHTE, k_BKSE, _causal(q_BHTE, k_BKSE) if causal else mask)
        watch[0].attention(watch[1], weights_BHTS)
        groups = q_BHTE.shape[1] // v_BKSE.shape[1]
        return weights_BHTS.to(v_BKSE.dtype) @ v_BKSE.repeat_interleave(groups, dim=1)
    grouped = q_BHTE.shape[1] != k_BKSE.shape[1]
    return F.scaled_dot_product_attention(q_BHTE, k_BKSE, v_BKSE, attn_mask=mask, is_causal=causal, enable_gqa=grouped)


def _causal(q_BHTE: Tensor, k_BKSE: Tensor) -> Tensor:
    return torch.ones(q_BHTE.shape[2], k_BKSE.shape[2], dtype=torch.bool, device=q_BHTE.device).tril()


def _weights(q_BHTE: Tensor, k_BKSE: Tensor, mask: Tensor | None) -> Tensor:
    groups = q_BHTE.shape[1] // k_BKSE.shape[1]
    scores_BHTS = q_BHTE @ k_BKSE.repeat_interleave(groups, dim=1).transpose(-1, -2) / math.sqrt(q_BHTE.shape[-1])
    if mask is not None:
        scores_BHTS = scores_BHTS.masked_fill(~mask, -math.inf)
    return scores_BHTS.float().softmax(-1)


def _attend_over_prefix(q_BHTE: Tensor, cache: LayerCache, mask: Tensor | None, watch: tuple[Watch, int] | None) -> Tensor:
    """The same over a prefix that is stored once for all drafts, and each draft's own positions after it.

    All drafts' queries meet the prefix in one product for each key-value head, so its keys and values are read once for
    all of them (the idea of Hydragen, arXiv:2402.05099); one softmax goes over both parts. What a position gives has the
    same bits however many are computed at once: guessed tokens change no draft, which they would where activations are
    rounded to bfloat16 afterwards (weights of four bits), since the smallest difference then grows from layer to layer.
    """
    assert cache.prefix is not None
    (prefix_k_KPE, prefix_v_KPE), (k_BKSE, v_BKSE) = cache.prefix, cache.whole_steps()
    (n_drafts, n_heads, n_new, width), n_kv = q_BHTE.shape, k_BKSE.shape[1]
    n_prefix, groups = prefix_k_KPE.shape[1], n_heads // n_kv
    q_BKRE = q_BHTE.reshape(n_drafts, n_kv, groups * n_new, width) * (1 / math.sqrt(width))
    q_KNE = q_BKRE.transpose(0, 1).reshape(n_kv, -1, width)
    on_prefix = _product(q_KNE, prefix_k_KPE.transpose(1, 2)).view(n_kv, n_drafts, groups * n_new, n_prefix).transpose(0, 1)
    scores = torch.cat((on_prefix, _product(q_BKRE, k_BKSE.transpose(-1, -2))), dim=-1).float()
    scores = scores.view(n_drafts, n_kv, groups, n_new, -1)
    n_seen = n_prefix + cache.own_length
    if mask is not None:
        scores[..., :n_seen].masked_fill_(~mask, -math.inf)
    scores[..., n_seen:] = -math.inf
    weights = scores.softmax(-1)
    if watch is not None:
        watch[0].attention(watch[1], weights[..., :n_seen].reshape(n_drafts, n_heads, n_new, -1))
    weights = weights.to(v_BKSE.dtype).view(n_drafts, n_kv, groups * n_new, -1)
    to_prefix = weights[..., :n_prefix].transpose(0, 1).reshape(n_kv, -1, n_prefix)
    mixed = _product(to_prefix, prefix_v_KPE).view(n_kv, n_drafts, groups * n_new, width).transpose(0, 1)
    return (mixed + _product(weights[..., n_prefix:], v_BKSE)).reshape(n_drafts, n_heads, n_new, width)


def _product(rows: Tensor, others: Tensor) -> Tensor:
    """``rows @ others``, in single precision filled up to a multiple of ``ROWS_AT_ONCE``: a row's bits are those it has
    alone."""
    n_rows = rows.shape[-2]
    missing = -n_rows % ROWS_AT_ONCE if rows.dtype == torch.float32 else 0
    return rows @ others if not missing else (F.pad(rows, (0, 0, 0, missing)) @ others)[..., :n_rows, :]
