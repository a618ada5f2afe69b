"""The lowest rung: the completion holds a program, and it is Python."""

from __future__ import annotations

from treadle.coding.checks.base import Context, failed, passed
from treadle.coding.extract import quietly
from treadle.types import Draft, Rung, Verdict

__all__ = ["Parsed"]

_WANTED = "answer with one Python program and nothing else"


class Parsed:
    """Compiles the program without running it. Says nothing about its meaning."""

    name = "parsed"
    rung = Rung.PARSED

    def judge(self, draft: Draft, context: Context) -> list[Verdict]:
        cut = draft.completion.finish_reason == "repeats"
        repeats = [failed(self, "the draft repeats itself and was stopped", _WANTED)]
        if draft.program is None or not draft.program.strip():
            return repeats if cut else [failed(self, "the completion holds no code", _WANTED)]
        error = _syntax_error(draft.program)
        if error is None:
            return [passed(self, "the program is valid Python" + (", cut where it began to repeat itself" if cut else ""))]
        if cut:
            return repeats
        line = error.lineno or 1
        text = _line(draft.program, line)
        shown = f"line {line}: {error.msg}" + (f": {text.strip()}" if text.strip() else "")
        return [failed(self, shown, f"the program is not valid Python, {shown}", line=line, text=text)]


def _syntax_error(source: str) -> SyntaxError | None:
    """``compile`` finds more than ``ast.parse``: 'return' outside of a function, say."""
    with quietly():
        try:
            compile(source, "<program>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return error
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            return SyntaxError(str(error) or "too deeply nested")
    return None


def _line(source: str, line: int) -> str:
    lines = source.split("\n")
    return lines[line - 1] if 0 < line <= len(lines) else ""
