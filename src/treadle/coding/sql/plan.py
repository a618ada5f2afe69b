"""From a question to its prompt: the tables it needs, and examples over the database's own tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.coding.plan import Plan
from treadle.coding.shots import nearest_examples
from treadle.coding.sql.base import Database, rows_of
from treadle.coding.sql.doubts.rules import sql_doubts
from treadle.coding.sql.questions import read_question
from treadle.coding.sql.reading.linking import Links, find_values, link, words_of
from treadle.coding.sql.reading.propose import readings_of, variations_of
from treadle.coding.sql.reading.roles import with_roles
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sentence import to_words
from treadle.coding.sql.reading.sketch import Sketch
from treadle.coding.sql.reading.statement import to_sql
from treadle.coding.sql.reading.unread import unread_words
from treadle.coding.sql.taught import ANSWERS, TEACHES, taught
from treadle.engines.base import Engine
from treadle.prompts import Ingredients, build_prompt
from treadle.retrieval.search import CORRECTIONS
from treadle.types import Example, LeftOut, Limits, PromptPart

if TYPE_CHECKING:
    from treadle.coding.ask import Options

__all__ = ["MADE_BY_RULES", "SqlPlan", "make_sql_plan"]

SUMMARY_TOKENS = 450
PROPOSED = 14
"""Sketches that are executed before they may be shown; each costs one run."""
LOOK_LIMITS = Limits(cpu_seconds=3.0, wall_seconds=5.0)
READINGS = 1
"""Readings that are judged beside the engine's drafts: variations of the first are other questions."""
WEAK_AFTER = 2
"""After so many examples made by rules come corrections that are hardly similar; without rules they come first."""
MADE_BY_RULES = "made from the schema by rules"
WHOLE = "whole"
"""Of an example: what the grammar of questions read, each word of which has its place."""
BY_GRAMMAR = "by grammar"
VARIED = "variation"
"""Of an example: it answers a nearby question. It may be shown to a model, but is no reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlPlan(Plan):
    """A plan with what rules read in the question, or a correction answers it with: statements that gave rows, best first.

    ``decisive``: the first one counts more than the drafts of a small model. ``unread``: words of the question that the
    first one takes no account of. ``witness``: the grammar of questions gave it, and a place to every word; or a correction.
    """

    readings: tuple[PromptPart, ...] = ()
    decisive: bool = False
    unread: tuple[str, ...] = ()
    witness: bool = False


def make_sql_plan(
    question: str, database: Database, engine: Engine, examples: Sequence[Example], options: Options
) -> SqlPlan:
    """Link the question to the schema, choose examples, build the prompt.

    ``examples``: those of packs and corrections. What runs on this database and gives rows is shown, nearest first:
    corrections, then examples made here by rules; engines that are no embedded model see two of the packs' for their style.
    """
    schema = Schema.of(database.summary)
    links = link(question, schema, find_values(question, schema, database, LOOK_LIMITS))
    corrections = [e for e in examples if e.pack == CORRECTIONS]
    near = taught(question, corrections, schema, links, database, LOOK_LIMITS) if options.shots else []
    made = _made(question, database, schema, links) if options.shots and options.rules else []
    strong, weak = ([e for e, similarity in near if (similarity >= TEACHES) is it] for it in (True, False))
    shown = [*strong, *made[:WEAK_AFTER], *weak, *made[WEAK_AFTER:]]
    if not engine.capabilities.primer and options.shots:
        shown = [*shown[:2], *nearest_examples(question, [e for e in examples if e.pack != CORRECTIONS], 2), *shown[2:]]
    unique = {e.body: e for e in reversed(shown)}
    shown = [e for e in shown if unique[e.body] is e]
    summary = describe(schema, links, database, SUMMARY_TOKENS, engine.count_tokens)
    ingredients = Ingredients(
        request=question,
        dialect=database.dialect,
        summary=summary,
        examples=tuple(shown[: options.shots]),
        spare=next(iter(shown[options.shots :]), None),
        left_out=tuple(_tables_left(schema, summary)),
    )
    answers = [e for e, similarity in near if similarity >= ANSWERS]
    read = [e for e in made if VARIED not in e.tags]
    readings = tuple(_reading(e) for e in (*answers[:1], *read[:READINGS]))
    whole = bool(read) and WHOLE in read[0].tags
    best = max((similarity for _, similarity in near), default=0.0)
    return SqlPlan(
        prompt=build_prompt(engine, ingredients, options.prompt_tokens),
        ingredients=ingredients,
        readings=readings,
        decisive=bool(answers) or best < TEACHES,
        unread=() if answers or whole or not read else tuple(unread_words(read[0].program, schema, links)),
        witness=bool(answers) or whole,
    )


def _reading(example: Example) -> PromptPart:
    source = MADE_BY_RULES if example.pack == MADE_BY_RULES else example.why
    return PromptPart(name=f"reading {example.id}: {example.request}", source=source, text=example.body, tokens=0)


def _made(question: str, database: Database, schema: Schema, links: Links) -> list[Example]:
    found = []
    spoken = with_roles(schema, words_of(question))
    for number, (sketch, tags) in enumerate(_sketches(question, schema, spoken, links)[:PROPOSED]):
        asked = question if WHOLE in tags else ""
        example = _example(number, sketch, database, spoken, tags, asked)
        if example is None:
            continue
        rows = rows_of(database.execute(example.program, LOOK_LIMITS))
        if rows is not None and rows.rows and any(v is not None for row in rows.rows for v in row):
            doubted = sql_doubts(example.program, rows, question, database.summary, database.dialect)
            found.append((bool(doubted), example))
    # What would be doubted as an answer comes last; of the others the nearest first.
    return [example for _, example in sorted(found, key=lambda pair: pair[0])]


def _sketches(question: str, schema: Schema, spoken: Schema, links: Links) -> list[tuple[Sketch, tuple[str, ...]]]:
    """What the question may ask, the likeliest first: what the grammar gives a whole reading of, then what patterns read in
    it, what the grammar reads with a few words left over, and nearby questions. ``spoken``: the schema with roles."""
    parsed, direct = read_question(question, spoken, links), readings_of(question, schema, links)
    found: dict[Sketch, tuple[str, ...]] = {}
    if parsed is not None and parsed.whole:
        found[parsed.sketch] = (WHOLE,)
    elif parsed is not None and not (parsed.unread or parsed.doubtful) and _leaves_words(direct, schema, links):
        found[parsed.sketch] = (BY_GRAMMAR,)  # a guess among columns, but no word is left over
    for sketch in direct[:1]:
        found.setdefault(sketch, ())
    if parsed is not None:
        found.setdefault(parsed.sketch, (BY_GRAMMAR,))
    for sketch in direct[1:]:
        found.setdefault(sketch, ())
    for sketch in variations_of(direct, schema):
        found.setdefault(sketch, (VARIED,))
    return list(found.items())


def _leaves_words(direct: Sequence[Sketch], schema: Schema, links: Links) -> bool:
    """Whether the first thing that patterns read takes no account of some words."""
    try:
        return bool(direct) and bool(unread_words(to_sql(direct[0], schema, "sqlite"), schema, links))
    except LookupError:
        return True


def _example(
    number: int, sketch: Sketch, database: Database, schema: Schema, tags: tuple[str, ...], asked: str = ""
) -> Example | None:
    """``asked``: the question itself, where a sketch is known to answer it; else the sketch is put into words."""
    try:
        statement = to_sql(sketch, schema, database.dialect)
    except LookupError:
        return None
    return Example(
        id=f"near-{number + 1}",
        request=asked or to_words(sketch, schema),
        program=statement,
        body=statement,
        pack=MADE_BY_RULES,
        kind="sql",
        tags=tags,
    )


def describe(
    schema: Schema, links: Links, database: Database, budget_tokens: int, count_tokens: Callable[[str], int]
) -> str:
    """The tables as CREATE statements with a few values, those that the question speaks of first, within the budget."""
    scores = {
        t: links.tables[t] + max((links.fields[f] for f in fields), default=0.0) for t, fields in schema.tables.items()
    }
    for v in links.values:
        scores[v.field.table] += 1.0
    text = ""
    for table in sorted(scores, key=lambda t: -scores[t]):
        for with_values in (True, False):
            longer = f"{text}{_table(schema, database, table, with_values)}\n"
            if count_tokens(longer) <= budget_tokens:
                text = longer
                break
    return text.rstrip("\n")


def _tables_left(schema: Schema, summary: str) -> list[LeftOut]:
    """Tables that the summary does not show, by name."""
    shown = {name for name in schema.tables if f"CREATE TABLE {name} (" in summary}
    names = [name for name in schema.tables if name not in shown]
    if not names:
        return []
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    why = f"the summary has a budget of {SUMMARY_TOKENS} tokens; tables that the question speaks of come first"
    return [LeftOut(part="data summary", what=f"{len(names)} of {len(schema.tables)} tables: {listed}", why=why)]


def _table(schema: Schema, database: Database, table: str, with_values: bool) -> str:
    columns = next(t.columns for t in database.summary.tables if t.name == table)
    parts = []
    for f, column in zip(schema.tables[table], columns, strict=True):
        text = f"{column.name} {column.type}".rstrip()
        text += " PRIMARY KEY" if column.key else ""
        text += f" REFERENCES {column.references}" if column.references else ""
        if with_values and f.values and f.role in ("text", "label", "date"):
            text += f" /* {', '.join(f.values[:2])} */"
        parts.append(text)
    return f"CREATE TABLE {table} ({', '.join(parts)});"
