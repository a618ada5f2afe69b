"""Chat templates: how a model was taught to see a conversation, as a Jinja template that comes with its weights.

Templates are programs from a file. They run in Jinja's sandbox, which shows them no Python; the steps they take and the text
they write are bounded.

A template is applied to marks that stand for the messages' contents and is then cut at the marks. So what the template wrote
(where special tokens are read) and what a message holds (where they are not) stay apart, and a message cannot end its turn.
A template that leaves a message out, or changes one by more than the space around it, is refused.
"""

from __future__ import annotations

import datetime
import json
import re
import threading
from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from treadle.errors import EngineError, ModelFileError
from treadle.tokens.vocabulary import Vocabulary
from treadle.types import Message

__all__ = ["ChatTemplate"]

MOST_STEPS = 200_000
"""Blocks that one application of a template may enter. The longest known template needs about 50 for a message."""
MOST_CHARACTERS = 4_000_000
"""That a product or a power inside a template may come to, and that one application may write beside its messages."""


class ChatTemplate:
    """The template of a model.

    ``bos`` and ``eos`` are the texts of the tokens that begin and end a text, which templates may write.

    Raises:
        ModelFileError: the source is no Jinja template.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "") -> None:
        self.source, self._tokens = source, {"bos_token": bos, "eos_token": eos}
        self._environment = _Environment()
        try:
            self._template = self._environment.from_string(source)
        except TemplateError as error:
            raise ModelFileError(f"the model's chat template is no valid Jinja template: {error}") from error

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> ChatTemplate:
        """The template that a model's files carry; ``ModelFileError`` where they carry none."""
        if vocabulary.chat_template is None:
            raise ModelFileError(
                "the model's files carry no chat template, so it was not taught to answer messages: let it continue a text, "
                "or use a model that was trained on instructions"
            )
        bos, eos = vocabulary.roles.bos, vocabulary.roles.eos
        texts = ["" if i is None else vocabulary.tokens[i] for i in (bos, eos)]
        return cls(vocabulary.chat_template, *texts)

    def render(self, messages: Sequence[Message], *, answer: bool = True) -> str:
        """The conversation as the model sees it; with ``answer``, up to where its answer begins."""
        return "".join(text for text, _ in self.pieces(messages, answer=answer))

    def pieces(self, messages: Sequence[Message], *, answer: bool = True) -> list[tuple[str, bool]]:
        """The same in pieces: (text, True) where the template wrote it, (text, False) where it is a message's content.

        Raises:
            EngineError: the template does not take these messages, leaves one out, or changes what one holds.
        """
        marks = [f"\ue000{i}\ue001" for i in range(len(messages))]
        marked = self._apply(messages, marks, answer)
        for i, message in enumerate(messages):
            if marks[i] not in marked:
                raise EngineError(
                    f"the model's chat template leaves out message {i + 1} ({message.role}), or changes it; "
                    "build the prompt without it"
                )
        contents = self._contents(messages, marks, marked, answer)
        return [
            (contents[int(text)], False) if k % 2 else (text, True)
            for k, text in enumerate(re.split("\ue000(\\d+)\ue001", marked))
        ]

    def encode(
        self, vocabulary: Vocabulary, messages: Sequence[Message], *, answer: bool = True, primer: str = ""
    ) -> list[int]:
        """The conversation's tokens, and those of ``primer``, the beginning of the answer, written by us.

        Special tokens are read in what the template wrote only. Where no message spells one, the tokens are those of the
        whole text, which differ at the messages' edges with some vocabularies.
        """
        pieces = [*self.pieces(messages, answer=answer), (primer, False)]
        held = [text for text, ours in pieces if not ours]
        if all(vocabulary.encode(text) == vocabulary.encode(text, special=True) for text in held):
            return vocabulary.encode("".join(text for text, _ in pieces), special=True, begin=True)
        first, *others = pieces
        ids = vocabulary.encode(first[0], special=True, begin=True)
        return ids + [i for text, ours in others if text for i in vocabulary.encode(text, special=ours)]

    def _contents(self, messages: Sequence[Message], marks: list[str], marked: str, answer: bool) -> list[str]:
        """What the template writes in each mark's place: the content, or the content without the space around it."""
        contents = [m.content for m in messages]
        if self._apply(messages, contents, answer) == _filled(marked, contents):
            return contents
        for i, message in enumerate(messages):
            written = self._apply(messages, [*marks[:i], message.content, *marks[i + 1 :]], answer)
            forms = (message.content, message.content.strip(), message.content.lstrip(), message.content.rstrip())
            fitting = [form for form in forms if written == marked.replace(marks[i], form)]
            if not fitting:
                raise EngineError(
                    f"the model's chat template changes what message {i + 1} ({message.role}) holds, or writes other things "
                    f"because of it: {_difference(written, marked.replace(marks[i], message.content))}"
                )
            contents[i] = fitting[0]
        if self._apply(messages, contents, answer) != _filled(marked, contents):
            raise EngineError("the model's chat template changes messages that stand together; send them one by one")
        return contents

    def _apply(self, messages: Sequence[Message], contents: Sequence[str], answer: bool) -> str:
        values = {
            "messages": [{"role": m.role, "content": c} for m, c in zip(messages, contents, strict=True)],
            "add_generation_prompt": answer,
            "tools": None,
            "documents": None,
            **self._tokens,
        }
        room = MOST_CHARACTERS + sum(map(len, contents)) * 4
        self._environment.begin()
        try:
            written: list[str] = []
            for piece in self._template.generate(values):
                written.append(piece)
                room -= len(piece)
                if room < 0:
                    raise SecurityError(f"it writes more than {MOST_CHARACTERS:,} characters")
            return "".join(written)
        except _Refusal as error:
            raise EngineError(f"the model's chat template does not take these messages: {error}") from error
        except Exception as error:  # a template can fail in any of Python's ways
            raise EngineError(
                f"the model's chat template fails on these messages: {type(error).__name__}: {error}"
            ) from error


def _filled(marked: str, contents: Sequence[str]) -> str:
    parts = re.split("\ue000(\\d+)\ue001", marked)
    return "".join(contents[int(part)] if k % 2 else part for k, part in enumerate(parts))


def _difference(written: str, wanted: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(written, wanted, strict=False)) if a != b), min(len(written), len(wanted)))
    return f"it writes {written[at : at + 40]!r} where {wanted[at : at + 40]!r} was expected"


# ------------------------------------------------------------------------------------------------ Jinja


class _Refusal(Exception):  # noqa: N818 (it is a template's own word)
    """A template called ``raise_exception``."""


class _Counting(CodeGenerator):
    """Each block of a template reports that it was entered: loops in loops would go on for ever otherwise."""

    def blockvisit(self, nodes: Any, frame: Any) -> None:
        self.writeline("environment.step()")
        super().blockvisit(nodes, frame)


class _Generation(Extension):
    """``{% generation %}``, by which some templates say what is trained on; here its content is written as it is."""

    tags = {"generation"}  # noqa: RUF012 (Jinja's own form)

    def parse(self, parser: Any) -> list[nodes.Node]:
        next(parser.stream)
        found: list[nodes.Node] = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return found


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with what templates of models expect: the functions and settings of ``transformers``."""

    code_generator_class = _Counting
    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
        self.filters["tojson"] = _to_json
        self.globals["raise_exception"] = _raise
        self.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
        self._steps = threading.local()

    def begin(self) -> None:
        self._steps.left = MOST_STEPS

    def step(self) -> None:
        self._steps.left -= 1
        if self._steps.left < 0:
            raise SecurityError(f"it takes more than {MOST_STEPS:,} steps")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Products and powers that would fill the memory are refused."""
        if operator == "%" and isinstance(left, str) and re.search(r"[0-9]{5}|\*", left):
            raise SecurityError("it fills a text up to a large width")
        if operator == "**" and abs(float(right)) * len(str(left)) > 100:
            raise SecurityError("it raises a number to a large power")
        if operator == "*":
            for text, times in ((left, right), (right, left)):
                if isinstance(text, str | list | tuple) and isinstance(times, int) and len(text) * times > MOST_CHARACTERS:
                    raise SecurityError("it repeats a text too often")
        return super().call_binop(context, operator, left, right)


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> None:
    raise _Refusal(message)
