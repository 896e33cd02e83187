"""`proctor workers`: as many worker processes as there are sandboxes that dial in.

Sandboxes of a compose service are scaled from outside (`--scale sandbox=8`), and a worker process serves one. So there
is always one worker more than sandboxes, up to a limit: it listens for the next one to come. Workers that die are
started again; where sandboxes went for good, all but one of the workers without any are told to end.

    python -P -m proctor.worker.crew STATUS_FOLDER MOST STOP_S

Imports the standard library alone: the settings were read before, by the process that became this one.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from proctor.serve import STOPPING, WATCHED, Child, reap_strangers, say

LOOK_S = 0.25
#: A worker that was started has this long to get to where it listens before it counts as a spare one that is too many.
IDLE_S = 90.0
#: Added to what a running unit may still take when all is told to stop.
STOP_MARGIN_S = 10.0


class Crew:
    """Keeps the workers. status: where they write their files (`status.Status`). most: processes at a time."""

    def __init__(self, status: Path, most: int, stop_s: float) -> None:
        self._status = status
        self._most = most
        self._stop_s = stop_s
        self._started = 0
        self._children: list[Child] = []
        self._leaving: list[Child] = []
        self._idle_since: dict[str, float] = {}

    def run(self) -> int:
        """Until a signal; the exit status."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        try:
            while True:
                self._reap()
                self._fit()
                got = signal.sigtimedwait(WATCHED, LOOK_S)
                if got is not None and got.si_signo in STOPPING:
                    return 0
        finally:
            self._stop()

    def _reap(self) -> None:
        """Note who died; a worker that had been serving is started again at once."""
        for child in [*self._children, *self._leaving]:
            if child.process is None or (status := child.process.poll()) is None:
                continue
            for suffix in ("alive", "ready"):
                (self._status / f"{child.process.pid}.{suffix}").unlink(missing_ok=True)
            if child in self._leaving:
                self._leaving.remove(child)
                continue
            child.died()
            say(f"{child.name} ended (status {status}); starting it again")
        reap_strangers({c.process.pid for c in [*self._children, *self._leaving] if c.process})

    def _fit(self) -> None:
        """One worker without a sandbox, no more and no fewer."""
        now = time.monotonic()
        for child in self._children:
            if child.process is None and child.due <= now:
                child.start()
        idle = [child for child in self._children if not self._has_sandbox(child)]
        if not idle and len(self._children) < self._most:
            self._add()
        self._idle_since = {child.name: self._idle_since.get(child.name, now) for child in idle}
        if len(idle) > 1:
            surplus = max(idle, key=lambda child: self._idle_since[child.name])
            if now - self._idle_since[surplus.name] > IDLE_S:
                self._dismiss(surplus)

    def _has_sandbox(self, child: Child) -> bool:
        return child.process is not None and (self._status / f"{child.process.pid}.ready").exists()

    def _add(self) -> None:
        self._started += 1
        number = str(self._started - 1)
        environment = {**os.environ, "PROCTOR_WORKER_STATUS": str(self._status), "PROCTOR_WORKER_NUMBER": number}
        child = Child(f"worker {self._started}", [sys.executable, "-P", "-m", "proctor", "worker"], environment)
        child.start()
        self._children.append(child)

    def _dismiss(self, child: Child) -> None:
        self._children.remove(child)
        if child.process is not None:
            child.signal(signal.SIGTERM)
            self._leaving.append(child)

    def _stop(self) -> None:
        """Workers finish or hand back what they hold; those that take too long are killed."""
        left = [child for child in [*self._children, *self._leaving] if child.process]
        for child in left:
            child.signal(signal.SIGTERM)
        until = time.monotonic() + self._stop_s
        while time.monotonic() < until and any(c.process and c.process.poll() is None for c in left):
            time.sleep(0.05)
        for child in left:
            child.signal(signal.SIGKILL)


def become(status: Path, most: int, stop_grace_s: float) -> None:
    """Replace this process by a crew's parent."""
    arguments = [str(status), str(most), str(stop_grace_s + STOP_MARGIN_S)]
    os.execv(sys.executable, [sys.executable, "-P", "-m", "proctor.worker.crew", *arguments])


if __name__ == "__main__":
    sys.exit(Crew(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])).run())
