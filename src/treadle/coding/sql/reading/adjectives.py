"""Words that name a value by another form of it: 'Italian' for Italy, 'female' for F."""

from __future__ import annotations

__all__ = ["CODES", "forms"]

_ADJECTIVES_TEXT = """
african: africa; asian: asia; european: europe; oceanian: oceania; australian: australia; american: united states, usa
argentine argentinian: argentina; austrian: austria; belgian: belgium; brazilian: brazil; british: united kingdom, uk
bulgarian: bulgaria; canadian: canada; chilean: chile; chinese: china; croatian: croatia; czech: czechia, czech republic
danish: denmark; dutch: netherlands, the netherlands; egyptian: egypt; estonian: estonia; finnish: finland; french: france
german: germany; greek: greece; hungarian: hungary; icelandic: iceland; indian: india; indonesian: indonesia; irish: ireland
israeli: israel; italian: italy; japanese: japan; korean: south korea, korea; latvian: latvia; lithuanian: lithuania
mexican: mexico; norwegian: norway; pakistani: pakistan; peruvian: peru; polish: poland; portuguese: portugal
romanian: romania; russian: russia; serbian: serbia; slovak: slovakia; slovenian: slovenia; spanish: spain; swedish: sweden
swiss: switzerland; turkish: turkey; ukrainian: ukraine; vietnamese: vietnam
"""
CODES = {
    word: frozenset(codes.split())
    for words, _, codes in (
        line.partition(":") for line in ("female women woman girls: f female", "male men man boys: m male")
    )
    for word in words.split()
}
"""What columns called sex or gender hold for these words, in lower case."""


def _read(text: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for entry in text.strip().replace("\n", ";").split(";"):
        words, _, values = entry.partition(":")
        for word in words.split():
            found[word] = tuple(v.strip() for v in values.split(","))
    return found


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ADJECTIVES = _read(_ADJECTIVES_TEXT) | {day: (day[:3],) for day in _DAYS} | {f"{day}s": (day[:3], day) for day in _DAYS}


def forms(word: str) -> tuple[str, ...]:
    """Values in lower case that ``word`` may stand for, besides itself."""
    return _ADJECTIVES.get(word.lower(), ())
