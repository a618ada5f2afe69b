"""Attempts to be taken for something better than what was computed. What counts is what the outside believes.

The value asked for is ``outcome``; an honest run of these says what an attempt says, never FORGED.
"""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

from attacks.attempt import Attempt

__all__ = ["ATTEMPTS"]

WORD = "the result is the program's word; that nothing outside takes it for more is what is checked"
SLOT = "import gc\nslot = next(o for o in gc.get_objects() if type(o).__name__ == 'ResultSlot')\n"


def _fake(name: str, body: str) -> Attempt:
    return Attempt(name=name, kind="fake", body=body, control=None, why=WORD)


ATTEMPTS = [
    _fake("write a result to every descriptor", """
        for n in range(3, 256):
            try:
                os.write(n, b'{"value": "FORGED", "ok": true}')
            except OSError:
                pass
        os._exit(0)
    """),
    _fake("exit as if all were well", "os._exit(0)"),
    _fake("exit by the system call", "call(231, 0)"),
    _fake("raise the exit", "raise SystemExit(0)"),
    _fake("print that it passed", "print('ALL TESTS PASSED'); print('OK'); sys.stdout.flush(); os._exit(0)"),
    _fake("a result of another shape", SLOT + "m = slot._memory\nm[:32] = b'FORGED' + bytes(26)\nos._exit(0)"),
    _fake("a result that is too long", SLOT + "slot._memory[:32] = slot._FRAME.pack(slot._nonce, 1 << 62, 1 << 62)\nos._exit(0)"),
    _fake("a header without a value", SLOT + "slot.write({'error': None, 'line': None, 'limit': None, 'value': True}, b'')\nos._exit(0)"),
    _fake("more fields than agreed", SLOT + """
slot.write({'error': None, 'line': None, 'limit': None, 'value': True, 'exit_code': 0}, b'"FORGED"')
os._exit(0)
"""),
    _fake("two frames", SLOT + """
slot.write({'error': None, 'line': None, 'limit': None, 'value': True}, b'1 "FORGED"')
os._exit(0)
"""),
    _fake("NaN and infinity", SLOT + "slot.write({'error': None, 'line': None, 'limit': None, 'value': True}, b'[NaN, Infinity]')\nos._exit(0)"),
    _fake("a value of 50 MB", "global outcome\noutcome = 'FORGED' * (9 << 20)\nraise SystemExit(0)"),
    _fake("die of a wrong address", "ctypes.string_at(0)"),
    _fake("die by abort", "os.abort()"),
    _fake("stop instead of ending", "os.kill(os.getpid(), signal.SIGSTOP)"),
]  # fmt: skip
