"""Rules for rows that belong together: different pairs of run and event, candidates per event, the fullest run."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.conditions import Conditions
from treadle.coding.reading.looking import level
from treadle.coding.reading.tree import Answer, BestRow, Column, Groups, Objects, Of, That, Value

__all__ = ["group_rules"]

Keys = tuple[Value, ...]
_EVENT: Keys = (That("event"),)
"""What an event is where rows are candidates; the request has to tell it."""
_OF_GROUPS = ("mean", "median", "max", "min", "std")
_OF_ROWS = ("sum", "mean", "median", "max", "min", "std")


def group_rules(catalogue: Catalogue) -> Rules:
    """Rules of KEY (the columns that tell groups apart) and of what is asked of groups."""
    g = _Groups(catalogue)
    return [*g.keys(), *g.answers()]


class _Groups:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def keys(self) -> Rules:
        return [
            rule("KEY", "V=v", self._key),
            rule("KEYS", "KEY=a (and|, and|,) KEY=b", lambda a, b: (*a, *b) if a != b else None),
            rule("KEYS", "KEY=a , KEYS=b", lambda a, b: (*a, *b) if a[0] not in b else None),
            rule("KEY", "LP KEYS=k RP", lambda k: k),
            rule("KEY", "(COMBINATION OF KEYS=k|KEYS=k COMBINATION|COMBINATION LP KEYS=k RP)", lambda k: k),
            rule("KEY", "EVT LP KEYS=k RP", lambda k: k),
            rule("EVENTKEY", "EVT", lambda: _EVENT),
        ]

    def _key(self, v: Value) -> Keys | None:
        """A column of whole numbers or words, of events, or of the objects of a collection."""
        if isinstance(v, Column):
            kind = self.catalogue.types[v.name]
            return (v,) if self.catalogue.words(v.name) or "int" in kind else None
        if isinstance(v, Of) and v.objects == Objects(v.objects.thing) and v.what in v.objects.thing.columns:
            return (v,) if "int" in self.catalogue.types[v.objects.thing.columns[v.what]] else None
        return None

    def answers(self) -> Rules:
        return [
            rule("S", "COUNT DISTINCT (KEYS=k|KEY=k)", lambda k: _distinct(k) if len(k) > 1 else None),
            rule("S", "COUNT DISTINCT EVENTKEY=k", _distinct, 0.2),
            rule("S", "COUNT [OF] E=e KEEPONE (KEY=k|KEYS=k)", _distinct),
            rule("S", "AGG=agg COUNT E=e PER (KEY=k|KEYS=k|EVENTKEY=k)", _sizes),
            rule("S", "E=e PER KEY=k [AGG=agg]", lambda e, k, agg="": _sizes(agg, e, k) if agg else None),
            rule("S", "AGG=agg [OF] AGG=inner [OF] V=v PER KEY=k", _folded),
            rule("S", "AGG=agg (over|of|across) KEY=k OF AGG=inner [OF] V=v [PER KEY=again]", _folded),
            rule("S", "AGG=agg (over|of|across) KEY=k OF COUNT E=e [PER KEY=again]", _sizes),
            rule("S", "WHICH KEY=k WITH (MAXOF=how|BE MAXOF=how) COUNT [OF] E=e", _fullest),
            rule("S", "WHICH KEY=k WITH most E=e", lambda k, e: _fullest(k, "max", e) if e else None),
            rule("S", "WHICH KEY=k WITH MAXOF=how AGG=inner [OF] V=v", _best),
            rule("S", "COUNT KEY=k WITH CN=cn E=e", _with_so_many),
            rule("S", "COUNT EVENTKEY=k WITH CN=cn E=e", _with_so_many),
            rule(
                "KB", "KEEP [only] one EVT PER (KEY=k|EVENTKEY=k) (,|:|, keep) ONEOF WITH MAXOF=how V=v [value]", _best_rows
            ),
            rule("KB", "KEEP [only] EVT WITH MAXOF=how V=v PER (KEY=k|EVENTKEY=k)", _best_rows),
            rule("KB", "PER (KEY=k|EVENTKEY=k) [,] KEEP [only] EVT WITH MAXOF=how V=v", _best_rows),
            rule("KB", "KB=kb LP EVENTKEY [BE] IDENTIFIED (KEY=k|KEYS=k) RP", _rows_identified),
            rule("KB", "KB=kb (.|;) EVENTKEY BE IDENTIFIED (KEY=k|KEYS=k)", _rows_identified),
            rule("S", "KB=kb (.|;) S=s", _of_best_rows),
            rule("S", "IN E=e (.|;|. then|, then) KB=kb (.|;) S=s", _of_best_rows),
            rule("S", "S=s (.|;|,|?|LP) EVENTKEY BEING [IDENTIFIED] (KEY=k|KEYS=k) [RP]", _identified),
            rule("S", "S=s (.|;|,|?|LP) EVENTKEY BE IDENTIFIED (KEY=k|KEYS=k) [RP]", _identified),
            rule("S", "S=s LP EVENTKEY IDENTIFIED (KEY=k|KEYS=k) RP", _identified),
        ]


def _apart(k: Keys) -> bool:
    """Whether rows may be told apart by these: all of events, or all of one collection."""
    try:
        return len({id(level(v)) for v in k}) == 1
    except LookupError:
        return False


def _distinct(k: Keys, e: Conditions = ()) -> Answer | None:
    return Answer("distinct", where=e, groups=Groups(k)) if _apart(k) else None


def _sizes(agg: str, e: Conditions, k: Keys, again: Keys | None = None) -> Answer | Costly | None:
    """'the mean number of candidates per event': of groups that have one."""
    if agg not in _OF_GROUPS or level(k[0]) is not None or again not in (None, k):
        return None
    made = Answer(agg, where=e, groups=Groups(k, "size"))
    return Costly(made, GUESS) if e and agg != "max" else made  # groups without such rows may count as well


def _folded(agg: str, inner: str, v: Value, k: Keys, again: Keys | None = None) -> Answer | None:
    if agg not in _OF_GROUPS or inner not in _OF_ROWS or level(v) is not level(k[0]) or again not in (None, k):
        return None
    return Answer(agg, v, groups=Groups(k, inner))


def _fullest(k: Keys, how: str, e: Conditions = ()) -> Answer | None:
    return Answer(f"at {how}", where=e, groups=Groups(k, "size")) if level(k[0]) is None and len(k) == 1 else None


def _best(k: Keys, how: str, inner: str, v: Value) -> Answer | None:
    if inner not in _OF_ROWS or level(v) is not level(k[0]) or len(k) != 1 or v in k:
        return None
    return Answer(f"at {how}", v, groups=Groups(k, inner))


def _with_so_many(k: Keys, cn: tuple[str, int], e: Conditions) -> Answer | Costly | None:
    """'how many runs have more than 100 events'."""
    operator, number = cn
    if operator == "in" or level(k[0]) is not None or (operator, number) == ("==", 0):
        return None
    made = Answer("groups", where=e, groups=Groups(k, "size", operator, number))
    return Costly(made, GUESS) if e and operator in ("<", "<=") else made


def _best_rows(k: Keys, how: str, v: Value) -> BestRow | None:
    return BestRow(k, v, how) if level(v) is None and all(isinstance(key, Column | That) for key in k) else None


def _rows_identified(kb: BestRow, k: Keys) -> BestRow | None:
    return replace(kb, by=k) if kb.by == _EVENT else None


def _of_best_rows(kb: BestRow, s: Answer, e: Conditions = ()) -> Answer | None:
    """The answer of the rows that are kept; what they are chosen from stands before."""
    if s.left is not None or s.parts or s.groups is not None or any(isinstance(c, BestRow) for c in s.where):
        return None
    return replace(s, where=(replace(kb, where=e), *s.where))


def _identified(s: Answer, k: Keys) -> Answer | None:
    """'An event is one pair of run and event number': what 'events' of rows are."""
    if s.groups is None or s.groups.by != _EVENT or len(k) < 2:
        return None
    return replace(s, groups=replace(s.groups, by=k))
