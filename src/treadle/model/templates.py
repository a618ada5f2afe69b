"""Chat templates: how a model was taught to see a conversation, as a Jinja template that comes with its weights.

Templates are programs from a file. They run in Jinja's sandbox, which shows them no Python, and in a process of their own
(``template_worker.py``), whose time and memory the system bounds.

A template is applied to marks that stand for the messages' contents and is then cut at the marks. So what the template wrote
(where special tokens are read) and what a message holds (where they are not) stay apart, and a message cannot end its turn.
A template that leaves a message out, or changes one by more than the space around it, is refused.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from treadle.errors import EngineError, ModelFileError
from treadle.tokens.pieces import encode_pieces
from treadle.tokens.vocabulary import Vocabulary
from treadle.types import Message

__all__ = ["ChatTemplate"]

MOST_SECONDS = 3
"""Processor time of one application, up to one second more. The longest known template takes 10 ms."""
MOST_BYTES = 1 << 30
"""Address space of the process. Python and Jinja take 40 MB of it."""
MOST_CHARACTERS = 4_000_000
"""That one application may write beside its messages."""


class ChatTemplate:
    """The template of a model. A process applies it, which ends with this object.

    ``bos`` and ``eos`` are the texts of the tokens that begin and end a text, which templates may write.

    Raises:
        ModelFileError: the source is no Jinja template.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "") -> None:
        self.source, self._tokens = source, {"bos_token": bos, "eos_token": eos}
        self._process = _Process(source)

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

        Special tokens are read in what the template wrote only (``treadle.tokens.pieces``).
        """
        pieces = [*self.pieces(messages, answer=answer), (primer, False)]
        return encode_pieces(pieces, vocabulary.encode, vocabulary.special_ids.__contains__)

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
        try:
            told = self._process.ask({"values": values, "most": MOST_CHARACTERS + sum(map(len, contents)) * 4})
        except _BeyondError as error:
            raise EngineError(f"the model's chat template was stopped on these messages: {error}") from error
        if "refused" in told:
            raise EngineError(f"the model's chat template does not take these messages: {told['refused']}")
        if "failed" in told:
            raise EngineError(f"the model's chat template fails on these messages: {told['failed']}")
        return told["text"]


def _filled(marked: str, contents: Sequence[str]) -> str:
    parts = re.split("\ue000(\\d+)\ue001", marked)
    return "".join(contents[int(part)] if k % 2 else part for k, part in enumerate(parts))


def _difference(written: str, wanted: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(written, wanted, strict=False)) if a != b), min(len(written), len(wanted)))
    return f"it writes {written[at : at + 40]!r} where {wanted[at : at + 40]!r} was expected"


# ------------------------------------------------------------------------------------------------ the process

_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from treadle.model.template_worker import main; main()"


class _BeyondError(Exception):
    """A template took more than it is given."""


class _Process:
    """The process that holds a template. One that went beyond its bounds is gone; the next request starts it again."""

    def __init__(self, source: str) -> None:
        self._begin = {"source": source, "seconds": MOST_SECONDS, "bytes": MOST_BYTES}
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = lambda: None
        try:
            self._start()
        except _BeyondError as error:
            raise ModelFileError(f"the model's chat template cannot be compiled: {error}") from error

    def ask(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """The worker's answer; raises ``_BeyondError`` where it was ended for taking too much."""
        with self._lock:
            return self._told(self._running or self._start(), asked)

    def _start(self) -> subprocess.Popen[bytes]:
        self._running = running = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for this process, whose end the other sees by itself
        )
        self._end = weakref.finalize(self, _ended, running)
        told = self._told(running, self._begin)
        if "invalid" in told:
            self._stop()
            raise ModelFileError(f"the model's chat template is no valid Jinja template: {told['invalid']}")
        return running

    def _told(self, running: subprocess.Popen[bytes], asked: Mapping[str, Any]) -> dict[str, str]:
        assert running.stdin is not None
        assert running.stdout is not None
        line = b""
        try:
            with contextlib.suppress(BrokenPipeError):
                running.stdin.write(json.dumps(asked).encode("ascii") + b"\n")
                running.stdin.flush()
            line = running.stdout.readline()
        finally:
            if not line.endswith(b"\n"):  # it ended, or Ctrl-C came: what is half said can only be forgotten
                self._stop()
        if not line.endswith(b"\n"):
            raise _BeyondError(_cause(running.returncode))
        return dict(json.loads(line))

    def _stop(self) -> None:
        self._running = None
        self._end()


def _cause(code: int) -> str:
    if code == -signal.SIGXCPU:
        return f"it takes more than {MOST_SECONDS} s of processor time"
    return f"the process that applies it ended with {code}"


def _ended(running: subprocess.Popen[bytes]) -> None:
    running.kill()
    for pipe in (running.stdin, running.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):  # what was not read any more
            pipe.close()
    running.wait()
