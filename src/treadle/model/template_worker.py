"""Applies one chat template, in a process of its own, for ``templates.py``: requests and answers are lines of JSON.

A template is a program from somebody's file. Jinja's sandbox shows it no Python, but a loop in a loop, a text that is
doubled thirty times or ``range`` in a filter would hold the process or fill its memory, in one step that nothing inside can
bound. Here the system does: processor time by a signal that ends the process, memory by refusing more.
"""

from __future__ import annotations

import datetime
import json
import math
import resource
import sys
from typing import Any

from jinja2 import Template, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = ["main"]


def main() -> None:
    """Compile the template of the first line, then apply it to the messages of each line that follows."""
    begin = json.loads(sys.stdin.readline())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (begin["bytes"], begin["bytes"]))
    _allow_seconds(begin["seconds"])
    try:
        template = _Environment().from_string(begin["source"])
    except Exception as error:  # beside its own errors, those of Python's compiler
        _answer(invalid=str(error) or type(error).__name__)
        return
    _answer(text="")
    for line in sys.stdin:
        _allow_seconds(begin["seconds"])
        _answer(**_applied(template, json.loads(line)))


def _allow_seconds(seconds: int) -> None:
    """So much more processor time, rounded up; whoever takes more is ended by SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _applied(template: Template, asked: dict[str, Any]) -> dict[str, str]:
    room, written = asked["most"], list[str]()
    try:
        for piece in template.generate(asked["values"]):
            written.append(piece)
            room -= len(piece)
            if room < 0:
                return {"failed": f"it writes more than {asked['most']:,} characters"}
        return {"text": "".join(written)}
    except _Refusal as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"failed": "it needs more memory than it is given"}
    except Exception as error:  # a template can fail in any of Python's ways
        return {"failed": f"{type(error).__name__}: {error}"[:1000]}


def _answer(**content: str) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


class _Refusal(Exception):  # noqa: N818 (it is a template's own word)
    """A template called ``raise_exception``."""


class _Generation(Extension):
    """``{% generation %}``, by which some templates say what is trained on; here its content is written as it is."""

    tags = {"generation"}  # noqa: RUF012 (Jinja's own form)

    def parse(self, parser: Any) -> list[nodes.Node]:
        next(parser.stream)
        found: list[nodes.Node] = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return found


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with what templates of models expect: the functions and settings of ``transformers``."""

    def __init__(self) -> None:
        # Not optimised: that computes constant expressions while it compiles, and a template is to be refused when used.
        super().__init__(trim_blocks=True, lstrip_blocks=True, optimized=False, extensions=[_Generation, loopcontrols])
        self.filters["tojson"] = _to_json
        self.globals["raise_exception"] = _raise
        self.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> None:
    raise _Refusal(message)
