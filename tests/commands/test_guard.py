"""Exit codes and signals, in this process; what becomes of a thread when a real one is stopped is tested in test_cli.py."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from treadle.commands.app import app
from treadle.commands.guard import guarded
from treadle.errors import EngineError, UsageError

ENDINGS = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    for number, handler in before.items():
        assert signal.getsignal(number) is handler
        signal.signal(number, handler)


def raising(error: BaseException) -> int:
    def run() -> None:
        raise error

    return guarded(run)


def test_codes() -> None:
    assert guarded(lambda: None) == 0
    assert guarded(lambda: 3) == 3
    assert raising(EngineError("x")) == 1
    assert raising(UsageError("x")) == 2
    assert raising(KeyboardInterrupt()) == 130
    assert raising(SystemExit(130)) == 130
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())


def test_names_in_errors_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    raising(UsageError("there is no file \x1b]0;owned\x07\x1b[2Jx.csv.\nDid you mean \u202ey?"))
    assert capsys.readouterr().err == (
        "treadle: there is no file \\x1b]0;owned\\x07\\x1b[2Jx.csv.\nDid you mean \\x202ey?\n"
    )
    for words in (["ask", "a", "b\x1b[2J"], ["ask", "--sam\x1b[2J"], ["a\x1b[2J"]):
        assert guarded(lambda words=words: app(words, prog_name="treadle", standalone_mode=False)) == 2  # type: ignore[misc]
        told = capsys.readouterr().err
        assert "\x1b" not in told
        assert "\\x1b[2J" in told


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_ends_it_as_ctrl_c_does(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    tidied = []

    def run() -> None:
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt as stop:
            os.kill(os.getpid(), number)  # the second one breaks nothing off
            tidied.append(str(stop))
            raise

    assert guarded(run) == 128 + number
    assert tidied == [f"stopped by {number.name}"]
    assert capsys.readouterr().err == "stopped; what was done is kept: treadle threads list\n"


def test_the_code_tells_the_signal_also_where_another_error_came_of_it() -> None:
    def run() -> None:
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        except KeyboardInterrupt:
            raise OSError(5, "the terminal is gone") from None

    assert guarded(run) == 129


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert guarded(lambda: os.kill(os.getpid(), signal.SIGHUP)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


class Dying:
    """Gets a signal while it is taken away: Python drops what is raised there."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __del__(self) -> None:
        signal.raise_signal(self._number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_end_that_python_drops_comes_again(number: int) -> None:
    def run() -> None:
        Dying(number)
        time.sleep(60)

    began = time.monotonic()
    assert guarded(run) == 128 + number
    assert time.monotonic() - began < 50
    assert signal.getsignal(number) == signal.SIG_DFL
