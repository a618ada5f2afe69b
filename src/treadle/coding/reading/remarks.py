"""Which words of a request change nothing: those that never do, and those that only describe the name beside them."""

from __future__ import annotations

import re
from collections.abc import Collection, Container

from treadle.coding.reading.concepts import idea, ideas_of_name
from treadle.coding.reading.tokens import NUMBER, Token

__all__ = ["idle_words"]

_IDLE_TEXT = """
's a actually again ak4 all also altogether an answer are be been belonging branch branches by calculate called can
collection column columns come comes component compute contained could cut data dataset determine did do does drawn
contribute
electric entire entry ever
file fill find found get give given gives hello here hi hold i i'd i'm individual is it its just
know left let like listed looking me measured must my named need now ntuple object objects one's our overall particle
particles particular please present print quantity quick quickly really reconstructed record recompute
recorded registered remain report
return say says see seen selection should show simply so stored survive taken tell thank thanks that the
their them then there these they this those together tree us value values variable want was we were what what's whats
where's which whole would you your
"""
_IDLE = frozenset(_IDLE_TEXT.split()) | frozenset(".?!:;(),\"'`")
"""Words that change nothing wherever a rule does not take them."""


def idle_words(words: list[Token], endings: Container[str] = (), columns: Collection[str] = ()) -> frozenset[int]:
    """The places of words that may be passed over without being left over.

    ``columns``: of the file; ``endings``: of their names.
    """
    plain = (i for i, word in enumerate(words) if not word.column and word.text in _IDLE)
    return frozenset(i for i in plain if not _points(words, i)) | _describers(words, endings, columns)


def _points(words: list[Token], i: int) -> bool:
    """Whether a word says which objects are meant: 'these jets', not 'these events'."""
    after = words[i + 1].text if i + 1 < len(words) else ""
    rows = after.startswith(("event", "candidate", "entr", "row", "run", "value", "number", "two", "three", "mean", "cut"))
    return words[i].text in ("these", "those") and bool(re.fullmatch(r"[a-z]{2,}s", after)) and not rows


def _describers(words: list[Token], endings: Container[str], columns: Collection[str]) -> frozenset[int]:
    """The places of words that only describe the column named in brackets after them: 'the impact parameter (B_IP)'."""
    found = _beside_columns(words)
    for i in range(1, len(words) - 2):
        inside = 2 if words[i + 1].text in ("branch", "column", "variable", "called") and i + 3 < len(words) else 1
        ending = words[i + inside].text if words[i + inside].text in endings and words[i + inside + 1].text == ")" else ""
        column = words[i + inside].column or ending
        if words[i].text != "(" or not column:
            continue
        if words[i + inside + 1].text not in (")", ","):
            found |= _labels(words, i, i + inside + 1, _parts_of_others(columns, column))
            continue
        own = set(ideas_of_name(column)) | _NOUNS | _MORE_NOUNS
        said: list[int] = []
        for place in range(i - 1, max(-1, i - 8), -1):
            word = words[place]
            known = word.text in own or idea(word.text) in own or word.written in column.split("_")
            if word.column or not known:
                break
            said.append(place)
        while said and words[said[-1]].text in ("of", "in", "for", "number"):
            said.pop()
        found |= set(said)
    return frozenset(found)


def _beside_columns(words: list[Token]) -> set[int]:
    """'BDT response', 'protons, mc_type 2212,': words that say what the column beside them says."""
    found: set[int] = set()
    for i, word in enumerate(words):
        if (
            word.column
            and i + 1 < len(words)
            and words[i + 1].text in ("response", "score", "output", "discriminant", "classifier", "number")
        ):
            found.add(i + 1)
        told = (
            word.column and 2 <= i < len(words) - 1 and words[i - 1].text == "," and re.fullmatch(NUMBER, words[i + 1].text)
        )
        if (
            told
            and not words[i - 2].column
            and words[i - 2].text not in _DESCRIBE_NOT
            and re.match(r"[a-z]", words[i - 2].text)
        ):
            found.add(i - 2)
    return found | _describing(words)


_NOUNS_TEXT = """
density time angle score variable multiplicity energy momentum mass isolation discriminant parameter impact decay flight
distance pile up plane amplitude voltage current temperature trigger scores decision quality identification sphericity
aplanarity helicity position length width height charge probability likelihood output bdt mva neural network classifier drift
vertex axis pressure rate efficiency branch column variable beam horn magnet luminosity lifetime weight chi2 ip index
"""
_NOUNS = frozenset(_NOUNS_TEXT.split())
_MORE_NOUNS_TEXT = """
of in for the lab reconstructed primary transverse missing chi2 b d k pi mu + - number first second muon electron photon
jet tau lepton pion kaon dimuon dielectron diphoton invariant visible relative b-tagging tagging multivariate boosted
decision tree vertices
"""
_MORE_NOUNS = frozenset(_MORE_NOUNS_TEXT.split())


def _describing(words: list[Token]) -> set[int]:
    """Nouns right before the name of a column: 'the decay time lifetime_ps'."""
    found: set[int] = set()
    for i, word in enumerate(words):
        place = i - 1
        while word.column and place >= max(0, i - 4) and not words[place].column and words[place].text in _NOUNS:
            found.add(place)
            place -= 1
    return found


def _labels(words: list[Token], bracket: int, after: int, others: frozenset[str]) -> set[int]:
    """The places of the words that a value in brackets explains: 'Kr83m events (source == 3)', 'electrons (pdg 11)'.

    Only where the column is told to be equal to something: a label says what a number stands for. A word that is part of
    the name of another column (``others``) says more: 'CC quasi-elastic (mode 0)' where there is ``is_cc``.
    """
    equal = words[after].text in ("=", "==", "is", "equal") or re.fullmatch(NUMBER, words[after].text)
    place = bracket - 1
    if words[place].text in ("events", "event", "candidates", "entries", "runs", "rows"):
        place -= 1
    found: set[int] = set()
    while (
        equal
        and place >= 0
        and len(found) < 4
        and not words[place].column
        and words[place].text not in _DESCRIBE_NOT | _STOPS
    ):
        found.add(place)
        place -= 1
    return set() if any(_CHOOSING.fullmatch(words[p].text) or words[p].text in others for p in found) else found


def _parts_of_others(columns: Collection[str], column: str) -> frozenset[str]:
    """Parts of the names of all columns but one."""
    own = set(column.lower().split("_"))
    return frozenset(p for c in columns if c != column for p in c.lower().split("_") if p not in own and len(p) > 1)


_STOPS = frozenset({"of", "in", "for", "to", "the", ","})
_CHOOSING = re.compile(
    r"one|two|three|four|five|six|no|\d+|unique|triggered|weighted|isolated|opposite|same|first|last|leading|tight|loose|matched|central|free|di\w+"
)
"""Words that choose more than a value in brackets does."""
_DESCRIBE_NOT_TEXT = """
with and or have has having is are where whose how many mean average avg median count fraction percentage events event
candidates sum total maximum minimum largest smallest highest lowest deviation percentile spread std correlation between
than above below over under minus plus by on at for percent % whose largest abs absolute shortest longest not no or but
without except only neither nor fail fails failing failed passing pass passed required requiring any
"""
_DESCRIBE_NOT = frozenset(_DESCRIBE_NOT_TEXT.split())
