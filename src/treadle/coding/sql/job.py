"""Questions answered by one SQL statement: planned, drafted by the engine and by rules, executed, judged."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from treadle.coding.choose import Candidate
from treadle.coding.grounded import sql_guide
from treadle.coding.job import is_small
from treadle.coding.plan import Plan
from treadle.coding.sql.base import Database
from treadle.coding.sql.judge import SqlJudge
from treadle.coding.sql.plan import SqlPlan, make_sql_plan
from treadle.coding.sql.style.house import HOUSE, PLAIN, Style, read_style
from treadle.engines.base import Guide
from treadle.errors import UsageError
from treadle.types import Completion, Draft, Prompt, Request

if TYPE_CHECKING:
    from treadle.coding.ask import Options, Tools

__all__ = ["SqlJob"]


class SqlJob:
    """One question to one database."""

    def __init__(self, request: Request, tools: Tools, options: Options) -> None:
        if tools.database is None:
            raise UsageError("a question answered in SQL needs a database; name one: treadle sql x.sqlite 'How many ...?'")
        self._database: Database = tools.database
        self._request, self._tools, self._options = request, tools, options
        style = _house_style(tools) if options.style == "house" else PLAIN
        self._judge = SqlJudge(request, self._database, options.limits, style)
        self._plan: SqlPlan | None = None

    def plan(self) -> Plan:
        examples = [e for pack in self._tools.packs for e in pack.examples if e.kind == "sql"]
        self._plan = make_sql_plan(self._request.text, self._database, self._tools.engine, examples, self._options)
        return self._plan

    def by_rules(self) -> Prompt | None:
        """A correction that answers the question, and its readings by rules; the first one has most votes."""
        if self._plan is None or not self._plan.readings:
            return None
        return replace(Prompt(messages=()), parts=self._plan.readings)

    @property
    def decisive(self) -> bool:
        """On 97 questions of our own (benchmarks/questions/questions.jsonl) all 49 answers were right where most drafts of
        SmolLM2-135M did what the reading does, and none of the 25 where most drafts agreed on something else."""
        return self._plan is not None and self._plan.decisive

    @property
    def read_whole(self) -> bool:
        return self._plan is not None and not self._plan.unread

    @property
    def witness(self) -> bool:
        """Of 100 questions that nobody looked at, 17 of 17 readings by the grammar were right where it took account of every
        word; of readings by patterns that used every word 19 of 30."""
        return self._plan is not None and self._plan.witness

    def guide(self, prompt: Prompt) -> Guide | None:
        """For small models only: the guide's grammar leaves out what they rarely get right (WITH, windows)."""
        return self._guide if prompt.primer and is_small(self._tools.engine) else None

    @cached_property
    def _guide(self) -> Guide | None:
        """The same for all prompts of the question."""
        return sql_guide(self._database.summary, self._database.dialect, self._room, self._options.grounding)

    def _room(self, written: str) -> int:
        """Tokens that a draft may still have behind ``written``."""
        return self._options.max_tokens - self._tools.engine.count_tokens(written)

    def left(self, draft: Draft) -> str:
        """Nothing: the names check tells statements apart scope by scope, and the guide's grammar is narrower than SQL."""
        return ""

    def draft(self, id_: str, completion: Completion, prompt: Prompt, round_: int, repairs: str | None) -> Draft:
        program = self._judge.extract(completion.text, prompt)
        return Draft(id=id_, completion=completion, program=program, round=round_, repairs=repairs)

    def judge(self, draft: Draft, origin: str) -> Candidate:
        return self._judge.judge(draft, origin)


def _house_style(tools: Tools) -> Style:
    """The style of the first pack that has one; a user's own packs come first."""
    for pack in tools.packs:
        if (path := pack.folder / "style.toml").is_file():
            return read_style(path)
    return HOUSE
