"""Which words of a question choose nothing wherever no rule takes them."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.coding.sql.questions.words import Word

__all__ = ["idle", "verbs"]

_FUNCTION_TEXT = """
please there their its his her they it them i you we us me do does did can could would should be been is are was were
has have had also any our your my this these those that exactly actually really so just simply then now as hi hello
thanks thank need want see database table tables data records list know find each's various particular particularly
said called related associated having respective corresponding too yet ever kind
"""
_FUNCTION = frozenset(_FUNCTION_TEXT.split()) | frozenset(".?!:;,\"'“”’`")  # noqa: RUF001
_VERBS_TEXT = """
belong belongs belonging come comes came contain contains exist exists live lives lived make makes made take takes
took taken place happen happened hold holds held get gets got receive receives received given go goes went work works
worked offer offers offered located situated represented entered became worth seen involve involved appear appears
appeared occur occurs occurred registered recorded lie lies employ employs employed raised handled handle handles
submit submitted manage manages managed attended attend supplied supply supplies hosted host hosts logged filed posted
measured participated participate run runs ran sell sells sold buy buys bought play plays played write writes wrote
written worked ship stored serve serves served stop stops performed pass passes elapse elapsed scored created
contributed care
"""
_VERBS = frozenset(_VERBS_TEXT.split())
"""Verbs that only say that rows belong together."""
_PHRASES_TEXT = """
at all; on record; so far; on file; at some point; at any time; as well; at least once; for me; if any; in question;
at hand; in database; in data; in table; in list; in dataset; in system; in records; up to now; to date; ended up; of
course; if possible; at once; and nothing else; nothing else; in short; to me; from database; in full; i e; e g; by
far; whole data set; in whole data set; over all time; give number between 0 and 1; as number between 0 and 1; as
value between 0 and 1; i want value between 0 and 1; answer with number between 0 and 1; as decimal number; as
decimal; as fraction; return ratio as decimal number; as decimal fraction; as ratio; in decimal form; between 0 and 1;
are enough; is enough; as number; give answer; as plain number; would do; will do; is fine; return ratio as decimal;
yyyy mm; as yyyy mm; month as yyyy mm; in form yyyy mm; in format yyyy mm; formatted as yyyy mm; which ones;
both included; both days included; both dates included; is it in; it is in; write query with;
write query that; in this sequence; in this order; in that order; days inclusive
"""
_PHRASES = tuple(tuple(p.split()) for p in _PHRASES_TEXT.replace("\n", " ").split(";"))


def idle(words: Sequence[Word], named: frozenset[int]) -> frozenset[int]:
    """The places of words that may be passed over without being left over.

    ``named``: of words that are a name in the schema. Of these a participle may be passed over as well, for a statement that
    uses what it names: 'patients admitted to surgery'.
    """
    texts = [w.text for w in words]
    found = {i for i, w in enumerate(words) if w.text in _FUNCTION and w.kind != "quoted"}
    found |= {i for i, w in enumerate(words) if w.text in _VERBS and w.kind != "quoted"}
    found |= {i for i in named if _is_participle(texts[i])}
    for phrase in _PHRASES:
        for i in range(len(texts) - len(phrase) + 1):
            if tuple(texts[i : i + len(phrase)]) == phrase:
                found |= set(range(i, i + len(phrase)))
    return frozenset(found)


def verbs(words: Sequence[Word], named: frozenset[int]) -> frozenset[int]:
    """The places of those verbs that are a name in the schema: a statement has to use what they name."""
    return frozenset(i for i in named if words[i].text in _VERBS or _is_participle(words[i].text))


def _is_participle(text: str) -> bool:
    return len(text) > 4 and text.endswith("ed")
