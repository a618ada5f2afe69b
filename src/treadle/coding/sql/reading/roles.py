"""Rows in a role: the leader of a shift, the home team of a match, whom an employee reports to.

A column that points to a row may say in its name as what: ``shift.leader_id`` to ``person``. Where two columns point to one
table, or one to its own, only such names tell which row is meant. A question that speaks of a role is read over a schema in
which the role is a table of its own, joined by that column alone; a statement writes it as ``person AS leader``.

Where keys are not declared, a column is taken to point where its name leaves no choice: ``leader_id`` to the only table of
people, ``parent_id`` to its own table, ``assembly_site_id`` to ``sites``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from treadle.coding.sql.reading.inflection import singular, stem
from treadle.coding.sql.reading.schema import Field, Join, Schema
from treadle.words import name_parts

__all__ = ["role_verbs", "with_roles"]

_KEY_WORDS = frozenset({"id", "uid", "uuid", "no", "nr", "num", "number", "code", "cd", "key", "fk", "ref"})
_COMMON = frozenset({"from", "to", "by", "of", "in", "at", "on", "for", "is", "has", "new", "old", "type", "status"})
"""Words that stand in names of columns and in any question."""
_PEOPLE_TEXT = """
person people staff employee member user usr technician tech observer investigator operator worker student teacher player
author scientist researcher volunteer customer client contact pers
"""
_PEOPLE = frozenset(_PEOPLE_TEXT.split())
_ROLES_TEXT = """
leader lead deputy head chief boss manager supervisor mentor advisor adviser tutor coach captain owner author writer editor
reviewer referee speaker presenter spokesperson convener contact chair chairman chairperson director organizer organiser
observer recorder handler checker operator driver pilot requester requestor approver assignee reporter creator inspector
examiner host instructor trainer investigator pi buyer seller sender recipient receiver winner loser
"""
_ROLES = frozenset(_ROLES_TEXT.split())
_IRREGULAR = {"led": "lead", "wrote": "writer", "written": "writer", "taught": "teach", "drove": "drive", "driven": "drive"}
_OWN = frozenset({"parent", "predecessor", "mother", "father", "sire", "dam", "successor"})


def with_roles(schema: Schema, said: Collection[str]) -> Schema:
    """The schema with those roles as tables that a question of the words ``said`` speaks of."""
    said = {w.lower() for w in said}
    roles = {name: join for name, words, join in _roles(schema) if all(_is_said(w, said, schema, join) for w in words)}
    if not roles:
        return schema
    tables, entries = dict(schema.tables), dict(schema.entries)
    joins = list(dict.fromkeys((*roles.values(), *schema.joins)))  # of two ways the one that was spoken of
    for name, join in roles.items():
        tables[name] = tuple(replace(f, table=name) for f in schema.tables[join.right])
        entries[name] = schema.entries[join.right]
        joins.append(replace(join, right=name))
    return Schema(tables, entries, tuple(joins), {name: (join.right, join) for name, join in roles.items()})


def role_verbs(schema: Schema, said: Sequence[str]) -> dict[int, str]:
    """Where a word says as a verb in which role somebody is, and that role: 'led' of a leader."""
    found = {}
    for i, word in enumerate(said):
        bare = _IRREGULAR.get(word, word)
        for name in schema.roles:
            parts = name.split("_")
            if len(parts) == 1 and stem(bare) == stem(name) and singular(word) != name:
                found[i] = name
    return found


def _roles(schema: Schema) -> Iterator[tuple[str, tuple[str, ...], Join]]:
    """Each role: its name, the words that tell it from other rows of the table, and the join that leads to it."""
    taken = {t.lower() for t in schema.tables}
    for join in (*schema.joins, *_undeclared(schema)):
        parts = _bare(join.left_column)
        name = "_".join(parts)
        key = {w.lower() for w in name_parts(join.right_column)}
        table = {stem(singular(w.lower())) for w in name_parts(join.right)}
        words = tuple(w for w in parts if stem(w) not in table and w not in key and not _shortens(w, join.right))
        if words and not set(words) & (_COMMON | _KEY_WORDS) and name not in taken and min(map(len, words)) > 2:
            taken.add(name)
            yield name, words, join


def _bare(column: str) -> list[str]:
    """The words of a column's name without those that say that it is a key."""
    parts = [w.lower() for w in name_parts(column)]
    while len(parts) > 1 and parts[-1] in _KEY_WORDS:
        parts.pop()
    return parts


def _shortens(word: str, table: str) -> bool:
    """Whether a word is how a table is abbreviated: ``tech`` of ``technicians``."""
    return any(w.lower().startswith(word[:4]) or word.startswith(w.lower()) for w in name_parts(table))


def _is_said(word: str, said: Collection[str], schema: Schema, join: Join) -> bool:
    """Whether a question speaks of the role: by its very name, or by another form of it that names nothing else."""
    if word in said or any(singular(w) == word for w in said):
        return True
    if not any(stem(_IRREGULAR.get(w, w)) == stem(word) for w in said):
        return False
    others = {stem(w) for f in schema.fields if (f.table, f.name) != (join.left, join.left_column) for w in f.words}
    others |= {stem(singular(w.lower())) for t in schema.tables for w in name_parts(t)}
    return stem(word) not in others


# ------------------------------------------------------------------------------------------- keys not declared


def _undeclared(schema: Schema) -> Iterator[Join]:
    """Joins by columns that point somewhere, as far as their names tell."""
    known = {(j.left, j.left_column) for j in schema.joins}
    for f in schema.fields:
        if f.role not in ("key", "number", "text") or (f.table, f.name) in known or f == schema.key(f.table):
            continue
        parts = _bare(f.name)
        keyed = len(parts) < len(name_parts(f.name)) or f.words[-1:] == ("id",)
        for table in _meant(f, parts, keyed, schema):
            key = schema.key(table)
            if key is not None and _alike(f, key):
                yield Join(f.table, f.name, table, key.name)
                break


def _meant(f: Field, parts: list[str], keyed: bool, schema: Schema) -> Iterator[str]:
    """The table whose rows a column may point to."""
    if parts[0] in _OWN:
        yield f.table
    if keyed and len(parts) > 1:
        named = [t for t in schema.tables if stem(parts[-1]) == stem(singular((name_parts(t) or [t])[-1].lower()))]
        yield from named if len(named) == 1 else ()
    if parts[-1] in _ROLES or (keyed and parts[0] in _ROLES):
        people = [t for t in schema.tables if _of_people(t, schema)]
        yield from [f.table] if f.table in people else people if len(people) == 1 else []


def _of_people(table: str, schema: Schema) -> bool:
    words = {singular(w.lower()) for w in name_parts(table)}
    return bool(words & _PEOPLE and len(words) == 1 and schema.called(table)) or len(schema.called(table)) == 2


def _alike(f: Field, key: Field) -> bool:
    """Whether two columns hold values of one kind, as far as some are known."""
    texts = [[v.startswith("'") for v in x.values] for x in (f, key)]
    return f != key and all(texts) and len({t for some in texts for t in some}) == 1
