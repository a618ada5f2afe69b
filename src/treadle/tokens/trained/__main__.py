"""Training in a process of its own, for ``run``, which gives one JSON list: its process, counts, output, what to train."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from treadle.tokens.trained.algorithms import MOST_WORDS, train
from treadle.tokens.trained.counts import stored_words


def _end_with(parent: int) -> None:
    """End when the process that asked is gone; training itself hears nothing."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    asking, counted, part, algorithm, size, pattern = json.loads(sys.argv[1])
    threading.Thread(target=_end_with, args=(asking,), daemon=True).start()
    train(algorithm, size, pattern, stored_words(Path(counted), MOST_WORDS)).save(part)
