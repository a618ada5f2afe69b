"""All tasks by name, each with how often it is drawn."""

from __future__ import annotations

from treadle.synthesis.sql.ask import Task
from treadle.synthesis.sql.tasks_chosen import CHOSEN
from treadle.synthesis.sql.tasks_groups import GROUPS
from treadle.synthesis.sql.tasks_nested import NESTED
from treadle.synthesis.sql.tasks_owners import OWNERS
from treadle.synthesis.sql.tasks_ranked import RANKED
from treadle.synthesis.sql.tasks_shares import SHARES
from treadle.synthesis.sql.tasks_simple import SIMPLE
from treadle.synthesis.sql.tasks_worked import WORKED

__all__ = ["TASKS"]

TASKS: dict[str, tuple[Task, float]] = {**SIMPLE, **RANKED, **WORKED, **GROUPS, **CHOSEN, **SHARES, **OWNERS, **NESTED}
