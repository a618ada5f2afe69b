"""The entry point of the command line; the commands are in ``commands/``.

At the top it imports next to nothing: Ctrl-C is in good hands before the first import that takes time begins.
"""

from __future__ import annotations

import os
import sys

from treadle.commands.exits import EXIT_INTERRUPTED

__all__ = ["main"]


def main(argv: list[str] | None = None) -> None:
    """Run the command line.

    Exit codes: 0 fine, 1 error, 2 usage error, 3 neither verified nor agreed, 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP.
    """
    try:
        import signal

        ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if ours:  # nothing has to be tidied up yet; an exception would not do, import locks swallow one and go on
            signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
        from treadle.commands.app import app
        from treadle.commands.guard import guarded

        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(guarded(lambda: app(argv, prog_name="treadle", standalone_mode=False)))


if __name__ == "__main__":
    main()
