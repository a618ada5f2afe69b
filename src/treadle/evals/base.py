"""The seams of an evaluation: a Task knows what is asked and, apart from it, how an answer is recognised.

What is right is known to the scorer alone: ``to_request`` builds what the loop works on from the asked half of a task, and
a scorer compares outside of the sandbox what came back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from treadle.coding.ask import Tools
from treadle.coding.choose import Candidate
from treadle.types import Request

__all__ = ["AnyTask", "Scorer", "Task"]


class Scorer(Protocol):
    """Knows what is right for one task."""

    def right(self, candidate: Candidate) -> bool:
        """Whether a judged draft answers the task. A draft without a program never does.

        Raises:
            SandboxError: the sandbox failed; nothing is known about the draft.
        """
        ...

    def close(self) -> None:
        """Free what was opened. Closing twice is allowed."""
        ...


class AnyTask(Protocol):
    """What every task has, however it is worked on. Tasks are plain data: they travel to other processes and machines."""

    @property
    def id(self) -> str: ...

    @property
    def request(self) -> str:
        """What is asked."""
        ...

    @property
    def level(self) -> str:
        """A word of the task's author by which reports group, or an empty one."""
        ...

    @property
    def language(self) -> Literal["python", "sql"]: ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The data files that the task works on."""
        ...


class Task(AnyTask, Protocol):
    """One request, in the words the model sees, with its hidden answer."""

    @property
    def database(self) -> str | None:
        """The database that the question is about, opened before ``to_request``; None for tasks in Python."""
        ...

    def to_request(self, tools: Tools) -> Request:
        """What the loop is given: nothing of the hidden answer is in it."""
        ...

    def scorer(self, tools: Tools) -> Scorer:
        """Find out what is right, before a model is asked.

        Raises:
            DataError: the task itself is faulty, e.g. its own reference answer does not run.
        """
        ...
