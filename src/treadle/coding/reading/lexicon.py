"""The words of a request: cut into tokens, and what each word or phrase may be by itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.chart import Edge
from treadle.coding.reading.concepts import idea, ideas_of_word
from treadle.coding.reading.tree import Column, Number, Objects, Of
from treadle.coding.reading.units import unit_named

__all__ = ["FREE", "Token", "lexical", "tokens"]

_PHRASES_TEXT = """
COUNT: how many | number of | count of | count | counts | nr of | nr | no. of | # of | amount of | n | yield of | tally
AGG mean: on average | mean | average | avg | averaged | mean value | average value | typical | expectation value
AGG median: median | median value
AGG std: standard deviation | std | std dev | spread | sigma | width | dispersion | rms spread
AGG relstd: sigma over mean | std over mean | standard deviation over mean | relative spread | rms over mean | standard deviation divided by mean | spread over mean | relative standard deviation | relative width | sigma / mean | std / mean
AGG rms: rms | root mean square
AGG variance: variance
AGG sum: sum | total | summed | sum up | add up | integrated | integral | overall
AGG max: maximum | max | largest | highest | greatest | biggest | maximal | longest | latest | hardest | top
AGG min: minimum | min | smallest | lowest | minimal | shortest | earliest | least
AGG error: standard error on mean | statistical error of mean | statistical uncertainty on mean | statistical uncertainty of mean | statistical error on mean | standard error | error on mean | error of mean | statistical error on mean | uncertainty on mean | standard error of mean
AGG range: range
PERCENTILE: percentile | quantile
AGG q25: first quartile | lower quartile
AGG q75: third quartile | upper quartile
FRACTION 1: fraction | proportion | share | part | ratio
FRACTION 100: how many percent | how many per cent | percentage | percent | % | per cent
EFF: efficiency | acceptance | pass rate | passing rate | survival fraction | selection efficiency
DISTINCT: different | distinct | unique
CORR: correlation | correlation coefficient | pearson correlation | pearson correlation coefficient | linear correlation | linear correlation coefficient | pearson coefficient | pearson r | correlated
MODE: most frequent | most frequent one | most common one | most frequent value | most common value | most common | most often | modal
WHICH: which
WEIGHTEDBY: weighted by | weighted with | using weights | with weight | with weights
WEIGHTED: weighted
HISTOGRAM: plot | draw | histogram | histogrammed | distribution | hist | histogramming
BEING: being | defined as | is | = | means | taken as | is defined as | meaning | , | as
DROPPED: left out | excluded | ignored | skipped | dropped | removed | are left out | are excluded | not counted
PEAK: maximum | peak | highest | highest bin | fullest bin | most populated bin | bin with most entries | tallest bin | maximum bin | bin with highest content | peak bin | most entries
CENTRE: centre | center | bin centre | bin center | central value | position | middle
BINS: bins | equal bins | bin | equal width bins | uniform bins
EVT: event | events | evts | evt | entries | entry | rows | row | records | record | collisions | readouts
ALL: all | any | every | each | entire | whole | overall | total
EVERY: all | every | each
WITH: after requiring | after selecting | after cut | after | survive selection of | survive cut of | survive cut on | survive | passing cut | pass cut | pass selection | marked by | belong to | belongs to | belonging to | with | having | that have | which have | have | has | containing | that contain | contain | contains | where | in which | for which | whose | such that | passing | pass | passes | that pass | satisfying | satisfy | satisfies | requiring | require | if | when | that has | which has | fulfilling | fulfil | meeting | that fulfil | with both | that satisfy | there is | there are | with there | in whose | possess | given | had | that had | who have | and have | and has | selected by | showing | show
WITHOUT: without | with no | lacking | that have no | have no | has no | having no | containing no | contain no | not containing | with not any
IN: looking at | look at | only use | use only | use | take | taking only | consider | consider only | keep | keep only | select | restrict to | selection | apply | restricting to | in case of | limited to | in | for | of | among | over | within | across | considering | using only | only | from | only for | only in | out of | using | on | at | restricted to | only using | taking | amongst | considering only | relative to | with respect to | compared to | with respect to all | wrt | w.r.t | and only for | during
OF: of | in | for | from | carried by
FOREACH: per event | each event | in event | per | event by event | in each event | of event | of each event | within event | in single event | per entry | in one event | in every event | of every event | for each event | for every event
OP >: > | above | over | exceed | exceeds | exceeding | greater than | more than | larger than | higher than | bigger than | beyond | in excess of | harder than | longer than | later than | after | upwards of | strictly above | strictly greater than | better than | further than | farther than | hotter than | brighter than | strictly more than
OP >=: >= | at least | no less than | not less than | not below | minimum of | greater than or equal to | => | from
OP <: < | below | under | less than | smaller than | lower than | fewer than | within | shorter than | earlier than | before | inside | strictly below | strictly less than | softer than | closer than | up to
OP <=: not exceeding | not greater than | not larger than | not more than | no greater than | no larger than | <= | at most | no more than | not more than | not above | maximum of | less than or equal to | =< | up to
OP ==: == | = | equal | equals | equal to | exactly | equal exactly | has value | set to
IS: is | of | are | being | was | value of
OP !=: != | not equal to | different from | other than | is not | not equal | are not | differs from | unequal
MORE >: larger | higher | greater | more | bigger
MORE <: smaller | lower | less
ORMORE: or more | or above | and above | and more | or larger | or greater | or higher | plus | and up
ORLESS: or less | or fewer | or below | or smaller | or lower | and below
EXACTLY: exactly | precisely | just | only
NO: no | zero | not any | not a single | none
ANY: any | some | at least one | one or more
BETWEEN: between | from | within | in range | in window | in interval | inside | in mass window | in | in range from | lies between | lying between | in region | within range | in range between | within window
TO: and | to | - | and up to | up to
BE: is | are | was | were | be | been | lies | lie | lying | do | does | did | being | it | there | they | stays
NEGATIVE: negative | negatively charged
POSITIVE: positive | positively charged
NONZERO: non zero | nonzero | different from zero | not zero | not 0
CHREL opposite: opposite sign | opposite charge | opposite charges | oppositely charged | os | opposite electric charge | opposite electric charges | of opposite sign | of opposite charge | of opposite charges | of opposite signs | opposite signs | unlike sign | with opposite charge | with opposite charges | with opposite sign | with opposite electric charge | of opposite electric charge
CHREL same: same sign | same charge | like sign | ss | like charge | of same sign | of same charge | equal charge | same electric charge | same charges | equal charges | with same charge | with same sign | with equal charge
LEAD 0: leading | hardest | highest pt | first | largest pt | most energetic | highest energy | top | hottest | largest | brightest | 1st | highest momentum | leading pt | primary | biggest | pt leading
LEAD 1: subleading | sub leading | second | second hardest | second leading | second highest pt | next to leading | trailing | 2nd | second most energetic | second largest | next to hardest
LEAD 2: third | third leading | third hardest | 3rd | third highest pt
LEAD -1: softest | lowest pt | last | lowest energy | least energetic
TWO: two | 2 | both | pair of | first two | top two
PAIR: pair | system | combination
INVARIANT: invariant | combined
Q pt: pt | transverse momentum | transverse momenta | pts | p t | p_t | pT
Q px: px | x component of momentum | x component of its momentum
Q py: py | y component of momentum
Q pz: pz | z component of momentum | longitudinal momentum
Q eta: eta | pseudorapidity | pseudorapidities | etas | η
Q phi: phi | azimuth | azimuthal angle | azimuth angle | azimuthal angles
Q mass: mass | masses | m
Q charge: charge | charges | electric charge
Q energy: energy | energies | e
Q momentum: momentum | total momentum | momenta | magnitude of momentum | p
Q isolation: isolation | relative isolation | iso
Q btag: btag | b tag | b tag score | b tagging score | b tag discriminant | b tag value | b tagging discriminant
MET: met | missing transverse energy | missing transverse momentum | missing energy | missing et | etmiss | ptmiss | missing pt | missing e t | e t miss | missing transverse e
DELTA delta_r: delta r | dr | deltar | δr | angular distance | angular separation | delta_r
DELTA delta_phi: delta phi | dphi | deltaphi | δφ | azimuthal separation | azimuthal distance | azimuthal difference | azimuthal angle difference | azimuthal angle | difference in azimuth | difference in phi | delta_phi | azimuthal opening angle | azimuth difference
DELTA delta_eta: delta eta | deta | deltaeta | rapidity gap | pseudorapidity difference | pseudorapidity gap | difference in eta | difference in pseudorapidity | separation in eta | pseudorapidity separation | eta separation
DELTA angle: opening angle | 3d angle | angle | opening angle in space
MT: transverse mass | mt | m t | m_t
HT: ht | h t | h_t | scalar sum
SUM: sum | scalar sum | total | summed
MAXOF max: maximum | max | largest | highest | greatest | biggest | latest | longest
MAXOF min: minimum | min | smallest | lowest | earliest | shortest
MEANOF: mean | average | avg
ABS: abs | absolute | absolute value of | absolute value | magnitude of | modulus of | |
BAR: |
MINUS: minus | -
DIVIDED: divided by | / | over
TIMES: times | * | multiplied by
PLUS: + | plus
DIFFERENCE: difference | signed difference
RATIO: ratio
LOG log10: log10 | log10 of | log 10 of | decimal logarithm of | base 10 logarithm of
LOG log: ln | ln of | natural log of | natural logarithm of
LOG sqrt: sqrt | square root of
TRUE: true | set | on | fired | 1 | yes | triggered | fires | fire | passed
FALSE: false | not set | off | 0
FIRED: fired | firing | fire | fires | triggering | triggered | triggered by | passed | that fired | passing | that passed | accepted by | with | tagged as | flagged as | flagged | marked as | firing of | satisfying | pass | passes | in | are | is | have | which fired | selected by
NOT: not | fail | fails | failing | failed | do not | does not | did not | not passing | that fail | don't | didn't | doesn't | that do not | without | that did not | which did not | not having
AND: and | , and | & | && | as well as | plus | , | also | and also | and in addition | and with | , with | in addition | together with | with | and additionally | and at same time | while | but | and having | and where | who also | and whose | ; | and that | and for which | and which
OR: or | || | or else
MISSING: missing | nan | undefined | not set | not defined | nan | undefined | invalid | not available | not a number
UNIT: unit
DEFADJ b tagged: b tagged | b | btagged | bottom
DEFADJ isolated: isolated
DEFADJ central: central | forward
DEFADJ good: good | tight | loose | selected | medium | clean | quality | candidate | signal | energetic | hard | soft | high pt | valid
HOWLARGE: how large | how high | how big | how long
HOWLOW: how low | how small | how short
HOWWIDE: how wide | how broad
COUNTSAS: counts as | is called | is considered | is | are | is defined as | counted as | qualifies as | is counted as | are called
CALL: call | consider | define | regard
EXCEPT: leave out | leaving out | ignoring | ignore | excluding | exclude | except | skip | skipping | drop | dropping | but not | not counting | without counting
BYFACTOR: by what factor | by which factor | how many times
LARGER max: larger of | maximum of | greater of | bigger of | larger one of | higher of
LARGER min: smaller of | minimum of | lesser of | lower of
VECTORSUM: vector sum | vectorial sum
ANYOF: at least one of | any of | one or more of
EACHOF: each of | all of | every one of | all three of | both of | each of three | all
BYHOW: by how much | by how many | how much
YIELD: yield | event yield | number of events
"""

FREE = frozenset(
    """component the a an please me my i you we our us can could would tell give show find compute calculate determine get need want know
    like what what's whats 's there in_file ? . ! : ; ( ) " ' ` just hi hello thanks thank for_me i'd i'm let now here that this these those which
    value values recorded stored reconstructed contained found present do does did ever simply quick quickly again also then so overall
    altogether report return data dataset sample file tree ntuple its it their they them be been by branch branches column columns
    variable number_of collection quantity called named print your actually particular single particle particles
    all together whole entire given individual per_event really object really objects see say says want looking electric taken listed come comes hold drawn seen measured registered remain survive left belonging together , is are was were be been it they there i'm looking fill gives answer must should cut selection get entry ak4 where's one's whole""".split()
)
"""Words that change nothing wherever a rule does not take them."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word in lower case and as it was written; ``column`` where it is the name of one."""

    text: str
    column: str = ""
    written: str = ""


_NUMBER = r"\d+(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+"
_ARTICLES = frozenset({"the", "a", "an"})


def tokens(text: str, catalogue: Catalogue) -> list[Token]:
    """The words of ``text``: names of columns whole, numbers, words in lower case (hyphens cut them), signs."""
    names = sorted(catalogue.by_column, key=len, reverse=True)
    name = "|".join(map(re.escape, names)) or r"(?!)"
    pattern = re.compile(
        rf"(?P<column>(?<![\w.])(?:{name})(?![\w])(?!'t))|(?P<number>(?<![A-Za-z_])(?:{_NUMBER}))"
        r"|(?P<word>[^\W\d]\w*(?:'(?!s\b)[a-z]+)?(?:(?<=no)\.)?)|(?P<sign>>=|<=|==|!=|&&|\|\||=>|=<|[^\w\s])"
    )
    found = []
    for match in pattern.finditer(text):
        column = match["column"] or ""
        if column and _is_a_word(column, text, match.start()):
            column = ""
        said = match[0] if column else match[0].lower()
        if said == "s" and match.start() and text[match.start() - 1] in "'’":  # noqa: RUF001
            continue
        if said not in _ARTICLES and not (said in "-'\"`" and not _between_numbers(text, match)):
            found.append(Token(said, column, match[0]))
    return found


def _is_a_word(column: str, text: str, place: int) -> bool:
    """Whether a column's name is an ordinary word here ('run', 'time', 'm'): then the words decide."""
    return (
        column.isalpha()
        and column.islower()
        and column in ("a", "in", "of", "for", "is", "with", "event", "events", "weight", "charge")
    )


def _between_numbers(text: str, match: re.Match[str]) -> bool:
    """Whether a dash is a sign: before a number, or between values; not inside 'opposite-sign'."""
    before, after = text[: match.start()], text[match.end() :]
    return match[0] == "-" and not (re.search(r"[A-Za-z]$", before) and re.match(r"[A-Za-z]", after))


def remarks(words: list[Token]) -> frozenset[int]:
    """The places of words that only describe the column named in brackets after them: 'the impact parameter (B_IP)'."""
    found = _beside_columns(words)
    for i in range(1, len(words) - 2):
        inside = 2 if words[i + 1].text in ("branch", "column", "variable", "called") and i + 3 < len(words) else 1
        if words[i].text != "(" or not words[i + inside].column:
            continue
        if words[i + inside + 1].text not in (")", ","):
            found |= _labels(words, i)
            continue
        said: list[int] = []
        for place in range(i - 1, max(-1, i - 8), -1):
            word = words[place]
            if word.column or word.text in _DESCRIBE_NOT or not re.match(r"[a-z+-]", word.text):
                break
            said.append(place)
        while said and words[said[-1]].text in ("of", "in", "for"):
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
            and words[i + 1].text in ("response", "score", "output", "discriminant", "classifier", "bit", "number")
        ):
            found.add(i + 1)
        told = (
            word.column and 2 <= i < len(words) - 1 and words[i - 1].text == "," and re.fullmatch(_NUMBER, words[i + 1].text)
        )
        if (
            told
            and not words[i - 2].column
            and words[i - 2].text not in _DESCRIBE_NOT
            and re.match(r"[a-z]", words[i - 2].text)
        ):
            found.add(i - 2)
    return found | _describing(words)


_NOUNS = frozenset(
    """density time angle score variable multiplicity energy momentum mass isolation discriminant parameter impact decay flight
    distance pile up plane amplitude voltage current temperature trigger decision quality identification sphericity aplanarity helicity
    radius position length width height charge probability likelihood output bdt mva neural network classifier drift vertex axis pressure rate
    efficiency branch column variable beam horn magnet luminosity lifetime weight chi2 ip index""".split()
)


def _describing(words: list[Token]) -> set[int]:
    """Nouns right before the name of a column: 'the decay time lifetime_ps'."""
    found: set[int] = set()
    for i, word in enumerate(words):
        place = i - 1
        while word.column and place >= max(0, i - 4) and not words[place].column and words[place].text in _NOUNS:
            found.add(place)
            place -= 1
    return found


def _labels(words: list[Token], bracket: int) -> set[int]:
    """The places of the words that a condition in brackets explains: 'Kr83m events (source == 3)', 'electrons (pdg 11)'."""
    place = bracket - 1
    if words[place].text in ("events", "event", "candidates", "entries", "runs", "rows"):
        place -= 1
    found: set[int] = set()
    while (
        place >= 0
        and len(found) < 4
        and not words[place].column
        and words[place].text not in _DESCRIBE_NOT | {"of", "in", "for", "to", "the", ","}
    ):
        found.add(place)
        place -= 1
    return found


_DESCRIBE_NOT = frozenset(
    """with and or have has having is are where whose how many mean average avg median count fraction percentage events event
    candidates sum total maximum minimum largest smallest highest lowest deviation percentile spread std correlation between than
    above below over under minus plus by on at for percent % whose largest abs absolute shortest longest not no or but without except only neither nor fail fails failing failed passing pass passed required requiring any""".split()
)


_BRACKETS = {"(": "LP", ")": "RP"}


def lexical(words: list[Token], catalogue: Catalogue) -> Iterator[Edge]:
    """What every word and phrase may be by itself."""
    texts = [w.text for w in words]
    texty = any(kind == "str" or kind.startswith(("object", "string")) for kind in catalogue.types.values())
    for i, word in enumerate(words):
        yield Edge(_BRACKETS.get(word.text, word.text) if not word.column else "COLUMN", i, i + 1, word.text)
        if word.column:
            yield from _column(word.column, i, catalogue)
        elif texty and re.match(r"\w", word.text):
            yield Edge("STR", i, i + 1, word.written)
    yield from _phrases(texts)
    yield from _numbers(texts)
    yield from _things(texts, catalogue)
    yield from _suffixes(words, catalogue)
    yield from _described(words, catalogue)
    yield from _rows(texts, catalogue)


_NOT_A_NAME = frozenset("all any of many the one two no for with most such each in best".split())
ROWS = frozenset("candidate interaction shower decay collision trigger readout measurement point".split())
"""What else an entry of a tree may be called, where the file has no objects of that name."""


def _rows(texts: list[str], catalogue: Catalogue) -> Iterator[Edge]:
    named = {idea(w) for w in re.findall(r"[a-z]+", catalogue.table.name.lower())}
    taken = {t.whose for t in catalogue.collections}
    pairs = len({t.whose for t in catalogue.particles}) == 1 and len(catalogue.particles) == 2
    for i, text in enumerate(texts):
        meant = idea(text)
        if meant in taken:
            continue
        for start in (i, i - 1):
            noun = "".join([*texts[start:i], meant])
            counter = catalogue.counter(meant if start == i else noun) if start >= 0 else None
            if counter is not None:
                yield Edge("K", start, i + 1, counter)
        single = re.sub(r"s$", "", text)
        named_row = i > 0 and len(texts[i - 1]) <= 4 and re.search(r"[a-z]", texts[i - 1]) and single == "candidate"
        if named_row and texts[i - 1] not in _NOT_A_NAME:
            yield Edge("EVT", i - 1, i + 1, "EVT", 0.2)
        if single in ROWS or (meant in named and meant not in ("event", "data")) or (pairs and single == "pair"):
            yield Edge("EVT", i, i + 1, "EVT", 0.1)


_PHRASES: dict[str, list[tuple[tuple[str, ...], str, str]]] = defaultdict(list)
for _line in _PHRASES_TEXT.strip().splitlines():
    _head, _, _said = _line.partition(":")
    _symbol, _, _meaning = _head.partition(" ")
    for _phrase in re.split(r" \| ", _said.strip() if _symbol not in ("BAR",) else "|"):
        _words = tuple(re.findall(r"\|\||&&|[<>=!]=|=[<>]|no\.|[\w.#%]+'?\w*|[^\w\s]", _phrase.strip().lower()))
        if _words:
            _PHRASES[_words[0]].append((_words, _symbol, _meaning))
_PHRASES["|"].append((("|",), "BAR", ""))


def _phrases(texts: list[str]) -> Iterator[Edge]:
    low = [t.lower() for t in texts]
    for i, first in enumerate(low):
        for words, symbol, meaning in _PHRASES.get(first, ()):
            if tuple(low[i : i + len(words)]) == words:
                yield Edge(symbol, i, i + len(words), meaning or symbol, -0.2 * (len(words) - 1))


_COUNTED = {w: i for i, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}


def _numbers(texts: list[str]) -> Iterator[Edge]:
    for i, text in enumerate(texts):
        unit = unit_named(texts[i + 1]) if i + 1 < len(texts) else ""
        value: float | None = None
        if re.fullmatch(_NUMBER, text):
            value = float(text.replace(",", ""))
        elif text.lower() in _COUNTED:
            value = float(_COUNTED[text.lower()])
        elif text in ("st", "nd", "rd", "th"):
            yield Edge("ORDINAL", i, i + 1, text)
        if named := unit_named(text):
            yield Edge("UNIT", i, i + 1, named)
        if value is None:
            continue
        negative = i > 0 and texts[i - 1] == "-"
        for sign, start in ((1, i), *(((-1, i - 1),) if negative else ())):
            yield Edge("N", start, i + 1, Number(sign * value), 0.0 if sign > 0 else -0.1)
            if unit:
                yield Edge("N", start, i + 2, Number(sign * value, unit), -0.2)
        if i > 0 and texts[i - 1] == "+":
            yield Edge("N", i - 1, i + 1, Number(value))
        if re.fullmatch(r"\d+", text):
            yield Edge("INT", i, i + 1, int(text))
        elif text.lower() in _COUNTED:
            yield Edge("INT", i, i + 1, int(value))


def _column(name: str, i: int, catalogue: Catalogue) -> Iterable[Edge]:
    q = catalogue.by_column[name]
    thing = catalogue.thing_of(q) if q.jagged else None
    if q.jagged and thing is not None:
        yield Edge("V", i, i + 1, Of(Objects(thing), thing.key(name)))
        yield Edge("Q", i, i + 1, thing.key(name), 0.1)
    elif not q.jagged:
        yield Edge("V", i, i + 1, Column(name, q.unit))
    if catalogue.flag(name):
        yield Edge("FLAG", i, i + 1, name)


def _things(texts: list[str], catalogue: Catalogue) -> Iterator[Edge]:
    """Names of collections and particles: 'fat jets', 'electron', 'K'."""
    things = list(catalogue.things)
    unnamed = len([t for t in things if t.index and not t.whose]) == 2 and not catalogue.collections
    for i in range(len(texts)):
        if unnamed and re.fullmatch(r"(?:muon|electron|lepton|particle|track|photon|jet|tau)s?", texts[i]):
            yield Edge("NUMBERED", i, i + 1, "")
        if unnamed and re.fullmatch(r"di(?:muon|electron|lepton|photon|jet|tau)s?", texts[i]):
            yield Edge("DI", i, i + 1, "")
            yield Edge("EVT", i, i + 1, "EVT", 0.9)
        for length in (1, 2, 3):
            said = texts[i : i + length]
            if len(said) < length:
                continue
            ideas = " ".join(idea(w) for w in said)
            joined = "".join(w.lower() for w in said)
            for thing in things:
                whose = thing.whose
                if not whose:
                    continue
                short = length == 1 and thing.prefix == said[0]
                if ideas == whose or short or joined in (whose.replace(" ", ""), whose.replace(" ", "") + "s"):
                    if thing.index:
                        yield Edge("NUMBERED", i, i + length, whose)
                    else:
                        yield Edge("O", i, i + length, Objects(thing))
            if length == 1 and (pair := re.fullmatch(r"di(\w+?)s?", said[0].lower())):
                for thing in things:
                    if thing.whose == idea(pair[1]):
                        yield Edge("DI", i, i + 1, thing.whose)
            if length == 1 and (match := re.fullmatch(r"([A-Za-z]+)([1-4])", said[0])):
                for thing in things:
                    if thing.index == match[2] and thing.whose in (idea(match[1]), match[1].lower()):
                        yield Edge("O", i, i + 1, Objects(thing))


def _suffixes(words: list[Token], catalogue: Catalogue) -> Iterator[Edge]:
    """What follows the name of a collection in its columns, written alone: 'tightId', 'btagDeepFlavB'."""
    for i, word in enumerate(words):
        if word.column or len(word.text) < 4 or word.text in _COUNTED_IDEAS:
            continue
        having = [
            (thing, what, column)
            for thing in catalogue.collections
            for what, column in thing.columns.items()
            if column.lower().endswith(f"_{word.text}")
        ]
        for thing, what, column in having:
            yield Edge("Q", i, i + 1, what)
            if catalogue.flag(column):
                yield Edge("QF", i, i + 1, what)
            if len(having) == 1:
                yield Edge("V", i, i + 1, Of(Objects(thing), what), 0.2)


def _described(words: list[Token], catalogue: Catalogue) -> Iterator[Edge]:
    """Columns that a phrase of up to five words describes: 'drift time', 'reconstructed energy'."""
    named = {t.whose for t in catalogue.things} - {q.column.lower() for q in catalogue.quantities}
    for i in range(len(words)):
        for length in range(1, 6):
            said = words[i : i + length]
            if (
                len(said) < length
                or (said[-1].column and not re.fullmatch(r"[a-z]{3,}", said[-1].column))
                or not re.match(r"[^\W\d]", said[-1].text)
                or said[0].text in ("of", "in")
            ):
                break
            plain = [w for w in said if w.text not in ("of", "in", "for", "on")]
            if said[-1].text in ("of", "in", "for", "on") or any(w.text in _NO_NAMES for w in plain):
                continue
            ideas = frozenset(i for w in plain for i in ideas_of_word(w.written)) - {""}
            if ideas <= _COUNTED_IDEAS or " ".join(idea(w.text) for w in plain) in named:
                continue
            for said_ideas, meant in _SAME:
                if said_ideas <= ideas:
                    yield from _matched(ideas - said_ideas | {meant}, i, i + length, catalogue)
            yield from _matched(ideas, i, i + length, catalogue)
            for lighter in (
                ideas - {"event"},
                ideas - {"energy"},
                ideas - {"reco"},
                ideas - {"time"},
                ideas - {"angle"},
                ideas - {"position"},
                ideas - {"parameter"},
            ):
                if lighter != ideas and lighter and length > 1:
                    yield from _matched(lighter, i, i + length, catalogue, 0.4)


_SAME = (
    (frozenset({"decay", "time"}), "tau"),
    (frozenset({"decay", "time"}), "lifetime"),
    (frozenset({"proper", "time"}), "tau"),
    (frozenset({"data", "quality"}), "dq"),
    (frozenset({"impact", "parameter"}), "d0"),
    (frozenset({"impact", "parameter"}), "dxy"),
    (frozenset({"impact", "parameter"}), "ip"),
)
"""Phrases and the one idea that a column may have for them."""
_COUNTED_IDEAS = frozenset({"event", "number", "candidate", "entry", "row"})
_NO_NAMES = frozenset("and or with is are to than not no have has how many".split())


def _matched(ideas: frozenset[str], start: int, end: int, catalogue: Catalogue, more: float = 0.0) -> Iterator[Edge]:
    found = catalogue.matching(ideas)
    best = found[0][0] if found else 0.0
    near = [(price, q) for price, q in found if price <= best + 0.05]
    unsure = 1.5 if len(near) > 1 else 0.0
    for price, q in near[:3]:
        cost = price + more + unsure - 0.3 * (len(ideas) - 1)
        thing = catalogue.thing_of(q) if q.jagged else None
        if thing is not None:
            yield Edge("V", start, end, Of(Objects(thing), thing.key(q.column)), cost + 0.3)
        elif not q.jagged:
            yield Edge("V", start, end, Column(q.column, q.unit), cost)
        if catalogue.flag(q.column):
            yield Edge("FLAG", start, end, q.column, cost)
    for thing in catalogue.collections:
        for what, column in thing.columns.items():
            if ideas == frozenset(what.split()) and what not in ("pt", "eta", "phi", "mass", "charge", "energy", "momentum"):
                yield Edge("Q", start, end, what, 0.0)
                if catalogue.flag(column):
                    yield Edge("QF", start, end, what, 0.0)
