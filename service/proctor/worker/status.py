"""How a worker shows outside Redis that it lives and has a sandbox: two files in a folder, for probes and for `crew`.

`<pid>.alive` is touched every second by the thread that keeps leases; `<pid>.ready` exists while the worker has a
sandbox. Probes read files and not Redis: a worker that waits for Redis to come back must not be killed for it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

BEAT_S = 1.0


class Status:
    """Writes the files of this process; without a folder, nothing."""

    def __init__(self, folder: Path | None) -> None:
        """Removes what an earlier process of the same number left, as process 1 of a container that started again."""
        self._alive = folder / f"{os.getpid()}.alive" if folder else None
        self._ready = folder / f"{os.getpid()}.ready" if folder else None
        self._beaten = 0.0
        self.ready(False)

    def beat(self) -> None:
        """Say that this process lives; cheap to call often."""
        now = time.monotonic()
        if self._alive is not None and now - self._beaten >= BEAT_S:
            self._beaten = now
            self._alive.touch()

    def ready(self, ready: bool) -> None:
        """Say whether there is a sandbox."""
        if self._ready is None:
            return
        if ready:
            self._ready.touch()
        else:
            self._ready.unlink(missing_ok=True)

    def end(self) -> None:
        """Remove both files."""
        self.ready(False)
        if self._alive is not None:
            self._alive.unlink(missing_ok=True)
