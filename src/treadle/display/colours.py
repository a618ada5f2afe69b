"""One scale of colours for all views: cividis, which looks alike to people of every colour vision.

Nunez, Anderton and Renslow, PLOS ONE 13(7), e0199239 (2018). Nine of its colours, straight lines between them.
"""

from __future__ import annotations

__all__ = ["colour", "css", "ink"]

_ANCHORS = (
    (0, 34, 78), (26, 56, 111), (67, 78, 108), (97, 101, 111), (125, 124, 120), (155, 148, 118), (188, 174, 108),
    (222, 201, 88), (254, 232, 56),
)  # fmt: skip

RGB = tuple[int, int, int]


def colour(share: float) -> RGB:
    """The colour of a share: 0 is dark blue, 1 is yellow."""
    place = min(1.0, max(0.0, share)) * (len(_ANCHORS) - 1)
    low = min(int(place), len(_ANCHORS) - 2)
    red, green, blue = (round(a + (place - low) * (b - a)) for a, b in zip(_ANCHORS[low], _ANCHORS[low + 1], strict=True))
    return red, green, blue


def ink(share: float) -> RGB:
    """Black or white, whichever stands out more on the share's colour: at least 4.5 : 1, as WCAG 2.2 asks (1.4.3, AA)."""
    return (0, 0, 0) if share > 0.46 else (255, 255, 255)


def css(rgb: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
