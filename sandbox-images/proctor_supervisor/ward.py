"""An isolation in which candidates take turns, as the supervisor sees it; `turns` is its own end.

Making an isolation for each candidate, and taking it down, costs a fifth of a short sample. A candidate after which
nothing in it has changed leaves it to the next one; any other ends it, and so does any that was stopped. Tier B only,
where the kernel ends every process of a turn and counts every file.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from . import account, cases, guest, linux, turns
from .account import Process, Tree
from .host import Host
from .job import Job
from .run import Guest, Ran
from .stayer import LIFE_CPU_S, Stayer

_TURNS_MAX = 500
_LEAST_ROOM, _MOST_ROOM = 16 << 10, 64 << 10
_DEAF_S = 1.0


class Kind(NamedTuple):
    """What the candidates of one ward have in common: the fields of a job, and `room` for a source, bytes."""

    limits: dict
    tasks: int
    cpu_s: float
    room: int


class Ward(Stayer):
    """The isolation. spent: there is no turn more.

    turn: the number for us of the turn's process, 0 before it has begun.
    """

    def __init__(self, host: Host, kind: Kind) -> None:
        self.kind, self.spent = kind, False
        self.turn = 0
        self.killed_at: float | None = None
        options = {"room": kind.room, "cpu_s": kind.cpu_s}
        super().__init__(host, host.candidates, Job("ward", kind.limits, kind.tasks + 1, LIFE_CPU_S, options=options))
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.ended = True  # it is between turns

    def fits(self, kind: Kind) -> bool:
        """Whether a candidate of `kind` may have the next turn."""
        return self.kind == kind and self.runs < _TURNS_MAX and self.lasts()

    def lasts(self) -> bool:
        """Whether it can have another turn. One that was killed for itself, as it had not ended, has left the ward."""
        self.doomed = self.spent
        return super().lasts()

    def lend(self, source: bytes, peer: socket.socket) -> None:
        """Start a turn. peer: the candidate's end of the socket to the tests. Raises Fault."""
        self.put, self.begun, self.doomed, self.aside = len(source), False, False, True
        self.turn, self.killed_at = 0, None
        self.tree = self._tree(self.pid) if self.pid > 0 else None
        self._lend(turns.MESSAGE + source, [peer.fileno()])

    def _tree(self, pid: int) -> Tree:
        """What runs beneath the ward's own process."""
        root = self._number(self.pidfd) if self.host.foreign else pid
        tree = Tree(self.host.ground.proc, root, self.turn, beneath=True)
        tree.first = -1 if self.host.foreign else self.turn
        return tree

    def _number(self, pidfd: int) -> int:
        """A process's number in /proc; -1: it has ended, and has been waited for."""
        try:
            return account.number(self.host.ground.proc, pidfd)
        except ValueError:
            return -1

    def measure(self, processes: dict[int, Process], now: float) -> None:
        """Take in a reading of /proc and hold the turn to its limits."""
        if self.tree is not None and self.tree.first < 0 and (held := self._hold()) >= 0:
            self.tree.first = self._number(held)
            os.close(held)
        super().measure(processes, now)

    def _on_message(self) -> bytes:
        message, fd, pid = linux.receive_with_pid(self.control, guest._TEXT_MAX + 64)
        if message[:1] == b"C":
            self.turn = pid
            if self.tree is not None:
                self.tree.pid = pid
                self.tree.first = -1 if self.host.foreign else pid
        elif message[:1] == b"E":
            _tag, status, cpu_s, peak_kib, stays = cases.ENDED.unpack(message)
            self.spent = self.spent or not stays
            if not self.ended:
                Guest._end(self, status, cpu_s, peak_kib * 1024)
        self._take(message, fd)
        return message

    def ends(self) -> list[tuple[int, Callable[[], bool | None]]]:
        """Where the end of the turn is told, or of the ward."""
        return [*super().ends(), (self.control.fileno(), self.on_control)]

    def kill(self) -> None:
        """Kill the turn's process: the ward kills what else there is, and tells the end. Before it began, the ward."""
        if self.tree is not None:
            self.tree.at_least(self.tree.clock())
        if self.turn == 0 or self.dead:
            self.spent = True
            super().kill()
            return
        self.doomed = True
        self.killed_at = self.killed_at or time.monotonic()
        if not self.ended and (held := self._hold()) >= 0:
            try:
                signal.pidfd_send_signal(held, signal.SIGKILL)
            except ProcessLookupError:  # it has ended just now
                pass
            finally:
                os.close(held)

    def _hold(self) -> int:
        """A pidfd of the turn's process; -1: it has ended. Its number may be another's now, of no ward."""
        proc = self.host.ground.proc
        try:
            held = os.pidfd_open(self.turn)
        except OSError:
            return -1
        one = account.read_process(proc, self._number(held), self.host.foreign)
        if one is None or self.tree is None or one.parent != self.tree.root:
            os.close(held)
            return -1
        return held

    def late(self, now: float) -> None:
        """Hold the turn to its clocks, and the ward to its word."""
        super().late(now)
        if self.killed_at is not None and not self.ended and now - self.killed_at > _DEAF_S:
            self.turn = 0
            self.kill()

    def _end(self, status: int, rusage_s: float, peak: int) -> None:
        """The ward has ended."""
        self.dead = self.spent = True
        if not self.ended:
            Guest._end(self, status, 0.0, 0)  # the kernel's account is of all its turns

    def finish(self, fetch: object = ()) -> Ran:
        """The account of the turn; a ward that has ended is closed."""
        self.spent = self.spent or self.ran.stopped is not None
        return super().finish()

    def dismiss(self) -> None:
        """End it, between turns, and wait until it has. Raises Fault."""
        self.turn = 0
        super().dismiss()


def take(host: Host, task: Job) -> Ward | None:
    """The ward for the candidate `task`; None: it is to stand alone. Raises Fault.

    A candidate unlike the one before it stands alone, and so does one after a ward of a single turn: a ward is worth
    its while from the second turn on.
    """
    source = task.blobs[0]
    if host.ground.tier != "B" or len(source) > _MOST_ROOM:
        return None
    room = max(_LEAST_ROOM, 1 << (len(source) - 1).bit_length())
    kind, last = Kind(task.limits, task.tasks, task.cpu_s, room), host.last_kind
    host.last_kind = kind
    standing = host.ward
    if isinstance(standing, Ward):
        if standing.fits(kind):
            return standing
        if standing.runs == 1:
            host.last_kind = None
    host.vacate(host.candidates)
    if kind != last or host.last_kind is None:
        return None
    host.ward = new = Ward(host, kind)
    return new
