"""What a request says beside what it asks: where the file is, who asks, remarks. Taken out before anything is read.

What is taken out must not change the answer: a remark in brackets goes only where it has no number, no name of a column and
no word of choosing in it.
"""

from __future__ import annotations

import re

from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.told import Told

__all__ = ["cleaned", "named_metrics", "without_title"]


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{a})" for a in alternatives), re.IGNORECASE)


_SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "–": "-", "−": "-", "\u2009": " ", "\u00a0": " ", "Δ": "Delta ", "²": "^2"})  # noqa: RUF001
_FILE = r"[\w-]+\.(?:root|csv|parquet|json|h5)\b"
_PLACE = r"(?:file|sample|data ?set|data|n-?tuple|csv|parquet|data file)"
_WHOLE = r"(?:whole |full |entire |complete )?"
_BEFORE_OBJECTS = r"(?!\s+(?:events|jets|muons|electrons|[a-z]+s)\b)"
_OF_FILE = _any(
    rf"(?:,\s*)?\b(?:in|of|from|for|over|using|with|within|on|does|inside|to)\s+(?:the\s+)?(?:(?:file|ntuple|tree|sample)\s+)?{_FILE}(?:'s)?",
    rf"(?:,\s*)?(?:\bfile\s+|\btree\s+)?(?:{_FILE})(?:'s)?(?:\s*:)?",
    rf"\b(?:in|of|from|over|within|inside|across|for|throughout)\s+(?:the|this|my|our|all the|all)\s+{_WHOLE}{_PLACE}\b",
    rf"\bdoes\s+the\s+{_PLACE}\s+(?:have|contain|hold|cover|include|span)\b",
    rf"\bin (?:total|all|the end)\b{_BEFORE_OBJECTS}",
    r"\ball (?:in all|told|together)\b",
    r"\b(?:going|looping|running) (?:through|over) (?:all|every)(?: the)? events?\b,?",
    r"\bwith this data\b:?|\bfor this sample\b,?|\bin this file\b,?|\bquestion:",
)
_TELL = r"(?:tell|give|show|get|compute|calculate|determine|find|work out|evaluate|report|return|print|quote)"
_POLITE = _any(
    r"\b(?:could|can|would|will) you(?: please)?(?: (?:kindly|quickly))?\b",
    r"\bplease\b|\bpls\b|\bthanks?(?: you)?\b|\bhi\b!?|\bhello\b!?|\bhey\b!?",
    r"\bi would like (?:to know|to have|to see)?\b|\bi'?d like (?:to know|to have|to see)?\b",
    r"\bi (?:want|need|wonder)(?: to know| to see| to have)?\b",
    rf"(?:,? ?\band )?\b{_TELL}(?: me| us| out)?\b(?! (?:a|the) (?:highest|largest))",
    r"\bmy (?:boss|supervisor|professor|advisor|student) (?:asks|wants to know|wants|needs)\b",
    r"\bfor the (?:normali[sz]ation|record|talk|note|paper|plot|table|slides)\b",
    r"\bquick (?:question|check)\b[:,.]?|\bjust\b|\bsimply\b|\bby the way\b|\bif possible\b|\blet me know\b|\bdo you know\b",
    r"\bwhat do you get for\b",
)
_NOTHING_DONE = r"(?:weights|weighting|cuts|other cuts|selection)"
_NO_WEIGHTS = _any(
    r"[(,;.]?\s*\b(?:and )?(?:no|without|ignoring|ignore|don't use|do not use|not using|not use) (?:any )?(?:event )?"
    rf"{_NOTHING_DONE}"
    r"(?: (?:and|or|,) (?:no )?(?:weights|cuts))?(?: applied)?\b\)?(?=\s*(?:[,.;:?!)]|$|(?:in|for|over|of) ))",
    r"[(,]?\s*\bunweighted\b\)?|\braw (?=count|number)|,?\s*\bno (?:other|further) cuts\b",
    r"\bno cuts no weights\b|\(or both\)",
    r"[(,]?\s*\b(?:as )?(?:a )?(?:plain )?(?:number |value |fraction )?between 0 and 1\b\)?",
    r"[.,;]\s*no (?:[\w-]+ )?(?:cleaning|corrections?|overlap removal|scale factors|sWeights)\b(?: applied)?",
    r"\bsimply count events\b|\bcount(?:ing)? only\b|\b(?:simple|plain) (?=fraction|count|number|ratio)",
)
_AS_ZERO = r"(?:count(?:ing|ed|s)?(?: as| with| for)?[^,.;]*(?:\b0|zero)|contribute[^.;]*(?:\b0|zero))"
_STAY_IN = _any(
    r"[,.;(]?\s*\b(?:empty events|(?:events|those) (?:without|with no|with none|that have none)[^,.;()]*)\s"
    r"(?:are )?(?:also )?"
    rf"(?:included|{_AS_ZERO}|stay in[^.;]*|(?:have|get) [^.;]*(?:\b0|zero)\b[^.;]*)\)?",
    r"\(not (?:the )?(?:events|objects|entries|jets|muons)\)",
)
_SUMS = re.compile(r"\b(?:ht|sum|summed|total|number|how many|count|multiplicity)\b", re.IGNORECASE)
_ASIDE = _any(
    r"(?:^|(?<=[.!?;])\s*)(?:careful|mind|note|beware|remember|don't rely|do not rely|keep in mind|watch out|nb)\b"
    r"(?![^.!?;]*\b(?:only|want|mean|absolute|must|need|remove|weight\w*|apply|count|require|exclude|signal"
    r"|events? (?:with|that))\b)"
    r"[^.!?;\d]*\b(?:sort\w*|order\w*|wrap\w*|periodic\w*|unsorted)\b[^.!?;\d]*[.!?;]",
    r",?\s*\(?(?:folded|wrapped|mapped|brought|taken) (?:back )?(?:in)?to (?:the (?:range|interval) )?"
    r"(?:\[?-?(?:0|pi)\s*(?:\.\.|to|,|-|and)\s*pi\]?)\)?",
    r"\b(?:in|within|inside) (?:the|my|our) (?:signal |mass |z |control |sideband )*(?:box|region|window|peak)\b\s*[,:]?"
    r"(?=\s*[\d|(]|\s*\w+ *[<>])",
    r"\bfor (?:my|the|our|a) (?![^:]*\b(?:sign|muon|electron|barrel|endcap|signal|background)\b)[\w+/ -]{0,30}?"
    r"(?:region|analysis|study|estimate|measurement):",
    r",?\s*\b(?:with|and) no (?:selection|weights?) applied\b|\bat all\b|\b(?:from|of) the (?:vertex )?fit\b",
)
_SOURCES = (
    r",?\s*\b(?:from|using|use|based on|computed from|calculated from|built from|via)\s+"
    r"(?:the |its |their )?(?:branches |columns )?"
)
_ANSWER_IN = re.compile(
    r"[.;,]\s*(?:the )?(?:answer|result|value|number)?\s*(?:should be |is )?(?:please )?"
    r"(?:answer |result |give it |quote it )?in (percent|GeV|MeV|TeV|keV|mm|cm|ns|us|ms|s|degrees|radians)\b"
    r"(?: please)?\s*[.?!]?\s*$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_REMARK_TEXT = """
event events all the a an of in is are was were be taken stored sort sorted by pt first mind wrap around phi logical
plain number entries collection branch branches file tree units unit gev mev tev mm cm ns us ms rad radians degrees
please as included here note they it these own
"""
_REMARK = frozenset(_REMARK_TEXT.split())
"""Words of remarks in brackets that may go: any other word could choose, and stays to be read."""
_PUT = (
    (re.compile(r",?\s*\bi\.\s?e\.,?|\bthat is,|\bnamely\b", re.IGNORECASE), ", "),
    (re.compile(r"\be\.\s?g\.", re.IGNORECASE), " "),
    (re.compile(r"\bw/o\b", re.IGNORECASE), "without"),
    (re.compile(r"\bw/"), "with "),
    (re.compile(r"\bp_?\{?T\}?\b|\bpT\b"), "pt"),
    (re.compile(r"\bE_?T_?\^?\{?miss\}?\b", re.IGNORECASE), "met"),
    (re.compile(r"\b(?:mu\+ ?mu-|mu\+ and (?:the )?mu-|mumu|mu mu)(?!\w)"), "dimuon"),
    (re.compile(r"\b(?:e\+ ?e-|ee)(?!\w)"), "dielectron"),
    (re.compile(r"\b([MG]eV)/c(?:\^?2)?"), r"\1"),
    (re.compile(r"#\s?of\b"), "number of"),
    (re.compile(r"\bJ/psi\b", re.IGNORECASE), "Jpsi"),
    (re.compile(r"\bpercents?\b(?= of the)"), "percent"),
    (re.compile(r"\blinear \(pearson\)|\bpearson \(linear\)", re.IGNORECASE), "pearson"),
    (
        re.compile(
            r",?\s*\b(?:taking |putting |with )?all (?:the )?(?:\w+ )?(?:of|in|from) all (?:the )?events"
            r" (?:taken |put |thrown )?together\b"
            r"|,?\s*\ball (?:the )?events (?:taken|put|thrown) together\b",
            re.IGNORECASE,
        ),
        " ",
    ),
    (
        re.compile(
            r"\b(?:take|compute|calculate|find) (?=the (?:mean|median|average|sum|standard|maximum|minimum|number))",
            re.IGNORECASE,
        ),
        " ",
    ),
    (re.compile(r"\bAK4\b"), " "),
    (re.compile(r"\bAK8 jets?\b", re.IGNORECASE), "fatjet"),
    (re.compile(r"\bdi-(?=\w)", re.IGNORECASE), "di"),
    (re.compile(r"\((?:the )?(?:vector(?:ial)? sum|sum of the four-?(?:vectors|momenta))[^()]*\)", re.IGNORECASE), " "),
    (re.compile(r"\((?:an? )?(?:3D |full )?angle (?:in|of|between)[^()]*\)", re.IGNORECASE), " "),
    (re.compile(r"\b(?:momentum |flight )directions?\b|\b(?:three|3)-?(?:momenta|vectors)\b|\bmomentum vectors\b"), " "),
    (re.compile(r",?\s*\b(?:all|any) (?:[\w-]+ )?(?:types|kinds|sources|flavou?rs) together\b", re.IGNORECASE), " "),
)
"""Other ways to write the same, and remarks that say what is meant anyway."""
_MASSLESS = _any(
    r"\((?:massless|treated as massless|assumed massless|assuming massless|treat \w+ as massless)[^()]*\)",
    r",?\s*\b(?:treating|treat|taking|assuming) (?:both |all |the |each )*\w+ (?:as|to be) massless\b",
    r"\(?\bin the massless (?:limit|approximation)\)?",
)
_NAMED = re.compile(
    r"[.;,]?\s*\b(?:(?:report|print|output|give|return|quote)(?: it| this| that| the result| the answer| the number)?(?: as)"
    r"|call (?:it|this|that)|name (?:it|the metric|the result)|use the name|with the name)\s+"
    r"['\"`]?([A-Za-z_]\w*)['\"`]?\s*[.?!]?\s*$",
    re.IGNORECASE,
)


_NAME = r"['\"`]?[A-Za-z]\w*['\"`]?"
_SEVERAL_NAMED = re.compile(
    r"(?:[.;]\s*(?:please\s+)?(?:print|report|give|return|output|quote)\s+(?:them\s+as\s+|them\s+)?"
    r"|[.;,]?\s*\b(?:and\s+)?(?:(?:please\s+)?(?:print|report|give|return|output|quote|call|name)"
    r"\s+(?:them|these|those|the two|both)"
    r"(?:\s+numbers)?\s+(?:as\s+)?|(?:as two numbers,?\s+|as three numbers,?\s+)?(?:called|named)\s+))"
    rf"(?P<names>{_NAME}(?:\s*,\s*{_NAME})*,?\s+and\s+{_NAME})\s*[.?!]?\s*$",
    re.IGNORECASE,
)


def named_metrics(request: str) -> tuple[str, tuple[str, ...]]:
    """``request`` without the words that name what is asked for ('Report it as n_pass', 'as mean and std'), and these."""
    several = _SEVERAL_NAMED.search(request)
    if several is not None:
        return request[: several.start()], tuple(n for n in re.findall(r"\w+", several["names"]) if n != "and")
    found = _NAMED.search(request)
    return (request, ()) if found is None else (request[: found.start()], (found[1],))


def cleaned(request: str, told: Told) -> str:
    """``request`` without what changes nothing; ``told`` keeps where particles are to be massless, and sources of values."""
    catalogue = told.catalogue
    text = request.translate(_SIGNS)
    if _MASSLESS.search(text):
        told.massless = True
        text = _MASSLESS.sub(" ", text)
    for pattern, put in _PUT:
        text = pattern.sub(put, text)
    text = re.sub(r"\b(?:among|of|out of) those (?:with|having|that have)\b", "among events with", text)
    text = _of_tree(_OF_FILE.sub(" ", text), catalogue)
    text = _with_nouns(text)
    text = _NO_WEIGHTS.sub(" ", text)
    without = _STAY_IN.sub(" ", text)
    text = without if _SUMS.search(without) else text  # to a sum or a number an event without objects adds nothing
    text = _rewritten(_ASIDE.sub(" ", text))
    text = _without_sources(text, told)
    text = _POLITE.sub(_politely, _ANSWER_IN.sub(lambda m: f" in {m[1]}", text))
    return _BRACKETS.sub(lambda m: m[0] if _keeps(m[1], catalogue) else _unit_of_remark(m[1]), text)


_ASKS = re.compile(r"\b(?:mean|median|average|how many|number|sum|fraction|percentage|what|which)\b", re.IGNORECASE)


def _politely(match: re.Match[str]) -> str:
    """Nothing, but for 'and tell me ...' after a question, which asks a second one."""
    second = re.match(r",? ?and\b", match[0]) and _ASKS.search(match.string[: match.start()])
    return match[0] if second else " "


def _unit_of_remark(remark: str) -> str:
    """A remark in brackets goes, all but a unit in it."""
    unit = re.search(r"\b(?:in )?([kMGT]eV|mm|cm|ns|us|ms|degrees|radians|rad)\b", remark)
    return " " if unit is None else f" in {unit[1]} "


def _keeps(remark: str, catalogue: Catalogue) -> bool:
    words = re.findall(r"[a-z]+|[^\sa-z,.!]", remark.lower())
    all_of_them = re.fullmatch(r"\s*all (\w+) in the (\w+) collection\s*", remark, re.IGNORECASE)
    return all_of_them is None and (any(w not in _REMARK for w in words) or _names_column(remark, catalogue))


def _names_column(text: str, catalogue: Catalogue) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(c)}(?!\w)", text) for c in catalogue.by_column)


_TWO = re.compile(
    r"\b(?:exactly |the |at least )?two (?:[\w-]+ ){0,2}?(muons|electrons|leptons|jets|photons|taus|tracks|particles)\b",
    re.IGNORECASE,
)


def _with_nouns(text: str) -> str:
    """'exactly two muons ... between them', 'their mass': the noun for what stands for it, where there is just one."""
    nouns = {m.lower() for m in _TWO.findall(text)}
    if len(nouns) != 1:
        return text
    noun = nouns.pop()
    text = re.sub(r"\bbetween them\b", f"between the two {noun}", text)
    text = re.sub(r"\btheir (?=(?:mean |median |average )?(?:di\w+ )?(?:invariant )?mass\b)", f"the two {noun} ", text)
    return re.sub(
        r"\b(of|that|the) (the )?two(?= (?:have|has|of opposite|with opposite)|[,.?;]|$)", rf"\1 \2two {noun}", text
    )


_SAID_AGAIN = (
    (
        re.compile(
            r"(\bor\b[^.;()]*)\((?:at least one of (?:the two|them)|logical or|or both|either one|either of them)\)", re.I
        ),
        r"\1",
    ),
    (
        re.compile(
            r"(\bwhich (\w+)\b[^.?!]*[.?!])\s*(?:please )?(?:i (?:want|need)|return|give|print|report|quote|tell me)(?: me)?"
            r" (?:the \2|its) (?:number|id|name)\s*[.?!]?\s*$",
            re.IGNORECASE,
        ),
        r"\1",
    ),
    (
        re.compile(
            r"[(,;]?\s*\b(?:the )?columns (?:are )?separated by (?:semicolons|commas|tabs|blanks|spaces)\)?", re.IGNORECASE
        ),
        " ",
    ),
    (re.compile(r"\bfor me\b", re.IGNORECASE), " "),
)
"""What says a second time what stands before it, or how the file is written."""


_AND_ITS = re.compile(
    r"(?P<before>\bfor (?:each|every) event,?\s*)?\b(?:form|compute|calculate|build|take|work out|evaluate|determine)\s+"
    r"(?P<what>[^.;:?]+?),?\s+and\s+(?:return|give|report|tell|print|quote)(?: me)?\s+(?:its|the|their)\s+"
    r"(?P<agg>mean|median|average|standard deviation|sum|maximum|minimum)(?:\s+of\s+(?:it|this|that|these|them))?"
    r"(?=\s*[.;,?]|\s*$|\s+(?:in|over|for))",
    re.IGNORECASE,
)


def _rewritten(text: str) -> str:
    """'compute X and give its mean' asks for the mean of X; a formula beside the name of what it gives says nothing new."""
    for pattern, put in _SAID_AGAIN:
        text = pattern.sub(put, text)
    text = _AND_ITS.sub(lambda m: f"{m['before'] or ''}{m['agg']} of {m['what']}", text)
    for name, begins in (("transverse mass", r"sqrt\(\s*2"), ("mass", r"sqrt\(\s*E")):
        lead = r"(?:[,;]|[,;.]?\s*(?:take|with|using|as|where))?\s*(?:\bm_?T?\s*=\s*)?"
        found = re.search(rf"{lead}{begins}", text, re.IGNORECASE)
        if found is None or name not in text.lower():
            continue
        end = _closing(text, text.index("(", found.start()))
        formula = re.sub(r"\s", "", text[found.start() : end].lower())
        if re.search(r"1-cos|e\^2-p\^2|e\*\*2-p\*\*2", formula):
            text = f"{text[: found.start()]} {text[end:]}"
    return text


def _closing(text: str, bracket: int) -> int:
    """The place after the bracket that closes the one at ``bracket``."""
    depth = 0
    for place in range(bracket, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    return len(text)


def _without_sources(text: str, told: Told) -> str:
    """Without ', from jet_px and jet_py', 'using eta and phi', '(met_px, met_py)': columns that ``told`` keeps."""
    columns = told.catalogue.by_column
    names = sorted((re.escape(c) for c in columns), key=len, reverse=True)
    words = "|".join([*names, "p?[tT]", "eta", "phi", "px", "py", "pz", "e", "mass", "energy"])
    one = rf"(?:{words})\b(?!\s*(?:>|<|=|above|below|over|under|between|of))"
    several = rf"{one}(?:(?:\s*,\s*|\s*,?\s+and\s+){one})+"
    inside = rf"(?<=\w)\s*(?:,\s*the magnitude of )?\((?:{'|'.join(names)})(?:(?:\s*,\s*|\s+and\s+)(?:{'|'.join(names)}))+\)"

    def out(match: re.Match[str]) -> str:
        told.sources |= {c for c in columns if re.search(rf"(?<!\w){re.escape(c)}(?!\w)", match[0])}
        return " "

    return re.sub(rf"{_SOURCES}{several}|{inside}" if names else rf"{_SOURCES}{several}", out, text)


def _of_tree(text: str, catalogue: Catalogue) -> str:
    """Without 'in the Events tree', 'of the tree B0'."""
    name = re.escape(re.split(r"[/;]", catalogue.table.name)[-1])
    if not name or name.lower() in catalogue.nouns:
        return text
    tree = rf"\b(?:in|of|from|over|to|for)\s+(?:the\s+)?(?:tree\s+{name}|{name}\s+(?:tree|ntuple|table))\b"
    alone = rf"\b(?:in|from|to)\s+(?:the\s+)?{name}\b(?!\s*(?:candidate|event|tree))"
    return re.sub(f"{tree}|{alone}", " ", text, flags=re.IGNORECASE)


_ENDS = re.compile(r"[:?.!](?=[\s,])|,\s+,")
_CHOOSES = re.compile(
    r"[\d<>=|]|\b(?:signal|background|exclud\w*|remov\w*|veto\w*|reject\w*|drop\w*|positive\w*|negative\w*|isolated|absolute|median"
    r"|generator|scaled|fired|channel|events?|candidates?|with|without|only|where|among|per|each|weight\w*|leading|same|opposite|not|no|use|take|select"
    r"|consider|keep|require|apply|if|ignore|skip|between|above|below|log\w*|call|when)\b",
    re.IGNORECASE,
)


_TITLE = re.compile(
    r"\b(?:efficiency|study|check|rate|resolution|table|quality|suppression|performance|monitoring|question|asymmetry|ratio|spectrum|purity"
    r"|yield|calibration|bias|response|multiplicity|saturation|normali[sz]ation|isolation|identification|estimate)\W*$",
    re.IGNORECASE,
)
"""What a title ends with."""


def without_title(text: str, catalogue: Catalogue) -> list[str]:
    """What follows a title or a question that the next words put again: 'Trigger efficiency: which fraction ...'.

    A title has no number, no column and no word that chooses events in it.
    """
    nouns = "|".join(re.escape(n) for n in catalogue.nouns if n)
    found = []
    for end in _ENDS.finditer(text):
        before = text[: end.start()]
        of_objects = re.search(rf"\b(?:for|in|of|from)\b.*\b(?:{nouns})\b", before, re.IGNORECASE)
        if len(before.split()) > 12 or _CHOOSES.search(before) or of_objects or _names_column(before, catalogue):
            break
        if not _TITLE.search(before):
            break
        found.append(text[end.end() :])
    return found
