"""The kinds of vocabularies that can be trained, and their training by the library ``tokenizers`` from counted words.

All but ``word`` are lossless: what is decoded is what was encoded, since every byte is a token or the beginning of one.

``bpe``       bytes, then what the most frequent pairs of neighbours merge to
``unigram``   pieces with probabilities; a text is cut into the likeliest ones (Kudo 2018, arXiv:1804.10959)
``wordpiece`` pieces found as in ``bpe``; a word is cut by taking the longest piece again and again
``word``      the most frequent words; every other one is ``[UNK]``
``char``      the most frequent characters; every other one is written as its bytes
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args

from treadle.errors import UsageError
from treadle.tokens.pretokenizers import expression
from treadle.tokens.vocabulary import BYTE_CHARACTERS

if TYPE_CHECKING:
    import tokenizers

__all__ = ["ALGORITHMS", "END_OF_TEXT", "MOST_WORDS", "SMALLEST", "Algorithm", "cutter", "pattern_for", "train"]

Algorithm = Literal["bpe", "unigram", "wordpiece", "word", "char"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

END_OF_TEXT, _UNKNOWN = "<|endoftext|>", "[UNK]"
SMALLEST: dict[Algorithm, int] = {"bpe": 257, "unigram": 259, "wordpiece": 514, "word": 3, "char": 258}
"""Room for the special tokens and for what every text can be written with."""

_CONTINUES = "\u2026"
"""What begins a piece inside a word in ``wordpiece``: no stand-in of a byte. BERT's ``##`` also begins comments in code."""

_WHITE_SPACE = (
    r"'(?i:[sdmt]|ll|ve|re)(?!\w)|[^\r\n\p{L}\p{N}_]?[\p{L}_][\p{L}\p{N}_]*|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}_]+(?:[\r\n][\r\n \t]*)?|[\r\n][\r\n \t]*|\s+(?!\S)|\s"
)
"""For code: an identifier is one piece, and so is a line end with the indentation after it and the signs before it. No two
repetitions in it can match the same blanks, so a line of a million blanks is cut in linear time."""

MOST_WORDS = 1_500_000
"""Different words that are trained on, the most frequent ones. ``bpe`` takes about 1 kB for each."""
_MOST_OCCURRENCES = 40_000_000
_FED_AT_ONCE = 4096
_MOST_IN_A_PIECE = 64
"""Characters of a piece of ``wordpiece``, whose search takes time by their square."""


def pattern_for(white_space: bool) -> str:
    """The regular expression that cuts a text into words: Llama 3's, which llama.cpp knows, or one for code."""
    return _WHITE_SPACE if white_space else expression("llama-bpe")


def cutter(pattern: str) -> Callable[[str], list[str]]:
    """What cuts a text into words by ``pattern``."""
    import regex

    found: Callable[[str], list[str]] = regex.compile(pattern).findall
    return found


def train(
    algorithm: Algorithm, size: int, pattern: str, words: Iterable[tuple[bytes, int]], progress: bool = False
) -> tokenizers.Tokenizer:
    """A vocabulary of up to ``size`` tokens from words (UTF-8) and how often each occurs, the most frequent first; fewer
    where the words give no more. ``progress`` draws the library's own bars.

    Raises:
        UsageError: ``size`` is too small for the algorithm.
    """
    if size < SMALLEST[algorithm]:
        raise UsageError(
            f"a vocabulary of {size} tokens is too small for {algorithm}: it needs {SMALLEST[algorithm]} before it learns "
            "anything; --size 4096 is small, 32768 usual"
        )
    if algorithm == "word":
        return _words(size, pattern, words)
    if algorithm == "char":
        return _characters(size, words)
    return _pieces(algorithm, size, pattern, words, progress)


def _pieces(
    algorithm: Algorithm, size: int, pattern: str, words: Iterable[tuple[bytes, int]], progress: bool
) -> tokenizers.Tokenizer:
    """What the library trains; words come as stand-ins of bytes with a blank between them, which no stand-in is."""
    from tokenizers import Tokenizer, pre_tokenizers

    model, trainer = _model_and_trainer(algorithm, size, progress)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.CharDelimiterSplit(" ")
    tokenizer.train_from_iterator(_fed(words, algorithm), trainer)
    tokenizer.pre_tokenizer = _cut_to_bytes(pattern, _MOST_IN_A_PIECE if algorithm == "wordpiece" else None)
    tokenizer.decoder = _decoder(algorithm)
    return tokenizer


def _model_and_trainer(algorithm: Algorithm, size: int, progress: bool) -> tuple[Any, Any]:
    from tokenizers import models, trainers

    alphabet = list(BYTE_CHARACTERS)
    if algorithm == "bpe":
        return models.BPE(), trainers.BpeTrainer(
            vocab_size=size, min_frequency=2, special_tokens=[END_OF_TEXT], initial_alphabet=alphabet, show_progress=progress
        )
    if algorithm == "unigram":
        return models.Unigram(), trainers.UnigramTrainer(
            vocab_size=size, special_tokens=[END_OF_TEXT, _UNKNOWN], unk_token=_UNKNOWN, initial_alphabet=alphabet,
            max_piece_length=32, show_progress=progress,
        )  # fmt: skip
    model = models.WordPiece(unk_token=_UNKNOWN, max_input_chars_per_word=4 * _MOST_IN_A_PIECE)
    return model, trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=3, special_tokens=[END_OF_TEXT, _UNKNOWN], initial_alphabet=alphabet,
        continuing_subword_prefix=_CONTINUES, show_progress=progress,
    )  # fmt: skip


def _cut_to_bytes(pattern: str, longest: int | None) -> Any:
    from tokenizers import Regex, pre_tokenizers

    cuts = [pre_tokenizers.Split(Regex(pattern), "isolated")]
    if longest is not None:
        any_character = "(?m:.)"  # in Oniguruma's words
        cuts.append(pre_tokenizers.Split(Regex(f"{any_character}{{1,{longest}}}"), "isolated"))
    return pre_tokenizers.Sequence([*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _decoder(algorithm: Algorithm) -> Any:
    from tokenizers import decoders

    if algorithm == "wordpiece":
        return decoders.Sequence([decoders.Replace(_CONTINUES, ""), decoders.ByteLevel()])
    return decoders.ByteLevel()


def _fed(words: Iterable[tuple[bytes, int]], algorithm: Algorithm) -> Iterator[str]:
    """Each word as often as it occurs: the library counts words itself. Where that is very often, all counts are divided by
    one number, and words whose share is below one half are left out."""
    stand_ins = {byte: character for character, byte in BYTE_CHARACTERS.items()}
    kept = [(word.decode("latin-1").translate(stand_ins), n) for word, n in words]
    divisor = max(1.0, sum(n for _, n in kept) / _MOST_OCCURRENCES)
    if (
        algorithm == "wordpiece"
    ):  # every byte has to be seen inside a word to become a piece; no pair of these occurs 3 times
        every = "".join(BYTE_CHARACTERS)
        yield f"{every} {every[::-1]}"
    held, length = [], 0
    for word, n in kept:
        left = round(n / divisor)
        while left > 0:
            now = min(left, max(1, _FED_AT_ONCE - length))
            held.append(f"{word} " * now)
            length, left = length + now, left - now
            if length >= _FED_AT_ONCE:
                yield "".join(held)
                held, length = [], 0
    yield "".join(held)


def _words(size: int, pattern: str, words: Iterable[tuple[bytes, int]]) -> tokenizers.Tokenizer:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {END_OF_TEXT: 0, _UNKNOWN: 1}
    for word, _ in words:
        if len(vocabulary) >= size:
            break
        vocabulary.setdefault(word.decode("utf-8"), len(vocabulary))
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([END_OF_TEXT, _UNKNOWN])
    return tokenizer


def _characters(size: int, words: Iterable[tuple[bytes, int]]) -> tokenizers.Tokenizer:
    """Pairs that are never merged: what the library does with a character that is no token is to write its bytes."""
    from tokenizers import Tokenizer, decoders, models

    counts: Counter[str] = Counter()
    for word, n in words:
        for character in word.decode("utf-8"):
            counts[character] += n
    vocabulary = {END_OF_TEXT: 0} | {f"<0x{b:02X}>": b + 1 for b in range(256)}
    for character, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: size - len(vocabulary)]:
        vocabulary[character] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocabulary, [], byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer
