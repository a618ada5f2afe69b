"""Words as English inflects them: plurals, and what words of one stem have in common."""

from __future__ import annotations

__all__ = ["plural", "singular", "singulars", "stem"]

_KEEP_S = frozenset({"status", "mass", "gas", "bus", "class", "address", "species", "series", "news", "axis"})


def singular(word: str) -> str:
    """The singular of a regular English plural."""
    if word in _KEEP_S or len(word) < 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith(("alyses", "heses", "noses", "rises")) and word != "rises":
        return word[:-2] + "is"  # analyses, hypotheses, diagnoses, crises
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]


def singulars(word: str) -> tuple[str, ...]:
    """A word and what it may be the plural of: 'headaches' ends as 'branches' does, 'novae' and 'mice' are irregular."""
    found = [word, _IRREGULAR.get(word, singular(word))]
    if word.endswith(("ches", "shes", "xes", "zes")) or (word.endswith("ae") and len(word) > 4):
        found.append(word[:-1])
    elif word.endswith("ves"):
        found += [word[:-3] + "f", word[:-3] + "fe"]
    return tuple(dict.fromkeys(found))


_IRREGULAR_TEXT = """
men man; women woman; children child; people person; mice mouse; geese goose; feet foot; teeth tooth; oxen ox; lice louse
criteria criterion; phenomena phenomenon; bacteria bacterium; analyses analysis; diagnoses diagnosis; nuclei nucleus
"""
_IRREGULAR: dict[str, str] = dict(e.split() for e in _IRREGULAR_TEXT.strip().replace("\n", ";").split(";"))


def plural(word: str) -> str:
    """The regular plural."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh", "z")) else "s")


_ENDINGS_TEXT = "iest est ations ation ings ing ments ment ers er ors or ed es e al y i"
_ENDINGS = tuple(_ENDINGS_TEXT.split())


def stem(word: str) -> str:
    """A word without the endings that English inflects it by; equal stems count as one word."""
    word = singular(word.lower())
    for ending in _ENDINGS:
        if ending == "y" and word[-2:-1] in "aeiou":
            continue  # plays and played are one word
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word
