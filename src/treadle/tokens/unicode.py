"""Texts for models are Unicode: bytes that are no UTF-8 have no place in them, and are told with their surroundings."""

from __future__ import annotations

from treadle.display.readable import STRAY, readable_text
from treadle.errors import UsageError

__all__ = ["check_unicode"]

_AROUND = 20


def check_unicode(text: str) -> None:
    """Raise ``UsageError`` where ``text`` holds what UTF-8 cannot write.

    That is a byte of an argument or a file that stands as a lone surrogate (PEP 383), or half of a surrogate pair.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        at, code = error.start, ord(text[error.start])
        what = f"byte {code - 0xDC00:02x}" if code in STRAY else f"U+{code:04X}, half of a surrogate pair,"
        around = readable_text(text[max(0, at - _AROUND) : at + _AROUND])
        raise UsageError(
            f"the text is no UTF-8: {what} at character {at} ({around}); models read Unicode text. Write it as UTF-8, or "
            "look at its bytes: treadle tokens --file FILE"
        ) from error
