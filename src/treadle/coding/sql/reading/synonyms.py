"""Everyday words for what columns and tables hold: 'expensive' is a price."""

from __future__ import annotations

from treadle.coding.sql.reading.schema import stem

__all__ = ["similar"]

_SAME: tuple[tuple[str, ...], ...] = (
    ("price", "cost", "expensive", "cheap", "costly", "pricey", "amount", "fee", "dear"),
    ("salary", "wage", "pay", "earn", "income", "paid", "earning"),
    ("age", "old", "young"),
    ("height", "tall", "short", "high"),
    ("altitude", "elevation", "high", "height", "low"),
    ("length", "long", "short"),
    ("lifetime", "long", "live", "life", "lived"),
    ("duration", "long", "short", "last", "time"),
    ("sec", "second", "long", "short", "length", "duration", "playing"),
    ("nick", "nickname", "username", "login", "alias"),
    ("mass", "weight", "heavy", "light"),
    ("area", "large", "big", "size", "small"),
    ("population", "populous", "inhabitant", "people", "populated"),
    ("capacity", "large", "big"),
    ("temperature", "hot", "cold", "warm"),
    ("rain", "rainfall", "precipitation", "wet", "rainy"),
    ("speed", "fast", "slow", "velocity", "windy", "quick"),
    ("rating", "rated", "score", "stars"),
    ("year", "when"),
    ("name", "who", "called", "names"),
    ("title", "titles", "called"),
    ("city", "town"),
    ("street", "road", "address"),
    ("country", "nation"),
    ("type", "kind", "category", "class"),
    ("kind", "type"),
    ("category", "genre", "type", "kind"),
    ("status", "state", "condition"),
    ("founded", "established", "opened", "created"),
    ("birth", "born"),
    ("death", "died"),
    ("quantity", "many", "units", "items"),
    ("person", "people", "who"),
    ("employee", "worker", "staff"),
    ("customer", "client", "buyer"),
    ("product", "item", "article"),
    ("energy", "energetic"),
    ("luminosity", "lumi"),
    ("width", "wide", "broad"),
    ("charge", "charged"),
    ("depth", "deep"),
    ("value", "worth", "valuable"),
    ("date", "day", "when"),
    ("review", "reviewed"),
    ("author", "writer", "wrote", "written"),
    ("paper", "publication", "article"),
    ("game", "match"),
    ("loan", "borrow", "lent", "borrowed", "loaned"),
    ("order", "ordered", "bought", "purchase"),
    ("deliver", "delivery", "delivered"),
    ("prescription", "prescribed", "prescribe"),
    ("submission", "submitted", "submit"),
    ("publication", "published", "publish"),
    ("departure", "departed", "depart", "leave", "left"),
    ("arrival", "arrived", "arrive"),
    ("citation", "cite", "cited"),
    ("measurement", "measured", "measure"),
    ("calibration", "calibrated", "calibrate"),
    ("production", "produced", "produce"),
    ("inspection", "inspected", "inspect"),
    ("observation", "observed", "observe"),
    ("admission", "admitted", "admit"),
    ("contribution", "contributed", "contribute"),
    ("subscription", "subscribed", "subscribe"),
    ("reservation", "reserved", "reserve"),
    ("booking", "booked", "book"),
    ("rental", "rented", "rent"),
    ("diagnosis", "diagnosed", "diagnose"),
    ("registration", "registered", "register"),
    ("enrolment", "enrollment", "enrolled", "enrol", "enroll"),
    ("payment", "paid", "pay"),
    ("sale", "sold", "sell"),
    ("shipment", "shipped", "ship"),
    ("appointment", "appointed"),
    ("installation", "installed", "install"),
    ("simulation", "simulated", "simulate"),
    ("attendance", "attended", "attend"),
    ("abbreviation", "abbr", "code"),
    ("number", "num", "count", "no", "n"),
    ("description", "desc"),
    ("department", "dept"),
    ("organization", "organisation", "org", "institution"),
    ("temperature", "temp"),
    ("average", "avg"),
    ("maximum", "max"),
    ("minimum", "min"),
    ("latitude", "lat"),
    ("longitude", "lon", "lng"),
)
_GROUPS: dict[str, set[int]] = {}
for _number, _words in enumerate(_SAME):
    for _word in _words:
        _GROUPS.setdefault(stem(_word), set()).add(_number)


def similar(own: str, said: str) -> float:
    """How well the stem of a word of a name is said by another stem: 1 the same, 0.8 a synonym, 0 not at all."""
    if said == own:
        return 1.0
    return 0.8 if _GROUPS.get(own, set()) & _GROUPS.get(said, set()) else 0.0
