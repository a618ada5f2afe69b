"""The invented worlds can be read, are many, and none is named or shaped like a held-out one."""

from __future__ import annotations

import random

import pytest

from treadle.errors import UsageError
from treadle.synthesis.sql.domains import domains, read_domains
from treadle.synthesis.sql.kinds import dates, kinds

TEXT = """
# bookshop
author authors writer who | person country? born
book books title,volume | title genre{crime,short_stories}~ pages(10,90) price published author>by:wrote binding:year
"""


def test_a_domain_is_read() -> None:
    (shop,) = read_domains(TEXT)
    author, book = shop.things
    assert (author.person, author.others, author.plural) == (True, ("writer",), "authors")
    assert [a.unknown for a in author.attributes] == [False, True, False]
    genre, pages = book.attributes[1], book.attributes[2]
    assert (genre.kind.values, genre.before, genre.stem) == (("crime", "short stories"), False, "genre")
    assert (pages.kind.low, pages.kind.high, pages.kind.things) == (10.0, 90.0, "pages")
    assert book.attributes[4].participle == "published"
    (owner,) = book.belongs
    assert (owner.owner, owner.preposition, owner.verb) == ("author", "by", "wrote")


@pytest.mark.parametrize(
    ("line", "why"),
    [("book books | colourr", "no kind"), ("book books | author>", "stand before"), ("book books | (a", "cannot")],
)
def test_a_line_that_cannot_be_read_is_named(line: str, why: str) -> None:
    with pytest.raises(UsageError, match=rf"line 2: .*{why}"):
        read_domains(f"# x\n{line}")


def test_there_are_many_and_none_twice() -> None:
    names = [d.name for d in domains()]
    assert len(names) >= 150
    assert len(set(names)) == len(names)
    assert all(len(d.things) >= 2 for d in domains())


def test_names_stand_for_one_thing_in_a_domain() -> None:
    for domain in domains():
        words = [w for t in domain.things for w in (t.singular, t.plural)]
        assert len(words) - len(set(words)) <= sum(t.singular == t.plural for t in domain.things), domain.name


def test_kinds_have_words() -> None:
    for name, kind in kinds().items():
        assert name not in dates()
        assert kind.role == "flag" or (kind.names and kind.nouns), name
        assert kind.role not in ("amount", "count", "year") or kind.low < kind.high, name
        assert random.Random(1).choice(kind.nouns or ("x",))
