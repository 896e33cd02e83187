"""Running samples: start them, read what they say, hold them to their limits, give the account.

One `Watch` (`watch`) per run drives its guests. Which limit stopped a sample:

    cpu         CPU seconds of the tree since it began (for a pair: since its case began)
    wall        the same by the wall clock, or all cases together (flag `sample_wall`)
    memory      resident memory and files of the tree, at a reading or as the kernel's own peak
    output      more on stdout or stderr than the limit
    processes   more tasks at a reading than the limit. RLIMIT_NPROC stands one above it, so that a bomb is stopped
                there and seen, and a program that stays within the limit is never blamed

Times begin when the code has been compiled, so neither isolation nor our own start counts. Memory leaves out what the
zygote holds beyond a bare interpreter.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from . import account, guest, isolate, job, linux, native, reaper, zygote
from .account import Process, Tree
from .host import BARE_INTERPRETER, Fault, Host
from .job import Job
from .zygote import Zygote

_MIB = 1 << 20
_FETCH_MAX = 64 * _MIB
_READ = 1 << 18
_PROCESS_REFUSED = (
    b"RuntimeError: can't start new thread",
    b"BlockingIOError: [Errno 11] Resource temporarily unavail",
)


@dataclass(slots=True)
class Ran:
    """The account of one tree, as in protocol.py."""

    exit_code: int | None = None
    signal: int | None = None
    stopped: str | None = None
    cpu_s: float = 0.0
    wall_s: float = 0.0
    memory_mib: float = 0.0
    flags: set[str] = field(default_factory=set)
    compile_error: str | None = None
    saturated: bool = False
    stdout: bytes = b""
    stderr: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)

    def take_status(self, status: int) -> None:
        """How a process ended, from its wait status."""
        self.exit_code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None

    def frame(self, blobs: list[bytes]) -> dict:
        """As JSON; bytes go to `blobs`."""

        def put(blob: bytes) -> int:
            blobs.append(blob)
            return len(blobs) - 1

        return {
            "exit_code": self.exit_code,
            "signal": self.signal,
            "stopped": self.stopped,
            "cpu_s": round(self.cpu_s, 6),
            "wall_s": round(self.wall_s, 6),
            "memory_mib": round(self.memory_mib, 3),
            "flags": sorted(self.flags),
            "compile_error": self.compile_error,
            "saturated": self.saturated,
            "stdout": put(self.stdout),
            "stderr": put(self.stderr),
            "files": {path: put(content) for path, content in self.files.items()},
        }


class Guest:
    """One sample's process tree, from the fork until all of it is dead."""

    def __init__(self, host: Host, forker: Zygote, task: Job, stdin: bytes, more: Sequence[int] = ()) -> None:
        self.host, self.forker, self.task, self.limits = host, forker, task, task.limits
        self.ground = isolate.of_sample(forker.ground, forker.started)
        task.number = forker.started
        self.ran = Ran()
        self.put = sum(map(len, task.blobs)) + (len(stdin) if task.stdin_file else 0)
        self.output_max = int(task.limits["output_kib"]) * 1024
        self.tree: Tree | None = None
        self.pid = self.pidfd = self.folder = -1
        self.begun = self.ended = self.doomed = False
        self.start = self.since = time.monotonic()
        self.base_cpu = 0.0  # where the clock of the present case starts
        self.began_cpu = 0.0  # where the sample's own clock starts
        self.before_s = 0.0  # what the tree had used before this run
        self.peak = 0
        self.pss = self.pss_rss = 0
        self.silent = False  # whether all has been heard on the control socket
        self.aside = task.kind == "candidate"  # see `Watch`
        self.native = task.kind == "native"
        self.parented = task.kind in ("native", "series")  # a process of ours is the parent of the sample's
        self.waited: tuple[int, int] | None = None  # of a native program: wait status, peak of memory in bytes
        host.vacate(forker)
        self._fork(stdin, more)

    def _fork(self, stdin: bytes, more: Sequence[int]) -> None:
        self.control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        out, out_end = os.pipe2(os.O_CLOEXEC)
        err, err_end = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(out, False)
        os.set_blocking(err, False)
        self.outputs = {out: bytearray(), err: bytearray()}
        task, stdin_fd = job.write(self.task), job.sealed([stdin], "stdin")
        try:
            self.forker.start([task, control.fileno(), stdin_fd, out_end, err_end, *more])
        except OSError as error:
            raise Fault(f"a zygote is gone: {error}") from None
        finally:
            control.close()
            for fd in (task, stdin_fd, out_end, err_end):
                os.close(fd)

    # events

    def ends(self) -> list[tuple[int, Callable[[], bool | None]]]:
        """Where the end of the run is told, and who listens."""
        return [(self.forker.conn.fileno(), self.on_zygote)]

    def on_zygote(self) -> None:
        """The zygote says: started, or ended."""
        message, fds, _flags, _address = socket.recv_fds(self.forker.conn, 64, 1)
        if message[:1] == b"S":
            self.pid = zygote.STARTED.unpack(message)[1]
            self.pidfd = fds[0] if fds else -1
            self.tree = self._tree(self.pid)
            if self.doomed:
                self.kill()
        elif message[:1] == b"E":
            self.catch_up()  # what it still says; the other end is closed
            _tag, status, user, system, peak_kib = zygote.ENDED.unpack(message)
            self._end(status, user + system, peak_kib * 1024)
        else:
            raise Fault("a zygote died")

    def _tree(self, pid: int) -> Tree:
        proc = self.host.ground.proc
        try:
            root = account.number(proc, self.pidfd) if self.host.foreign else pid
            return Tree(proc, root, pid, uid=self.ground.uid or None)
        except ValueError:  # ended and waited for already
            return Tree(proc, -1, pid)

    def on_control(self) -> bool:
        """The child says: folder, begun, or a compile error. False at the end. Raises BlockingIOError: nothing yet."""
        return bool(self._on_message())

    def catch_up(self) -> None:
        """Take in all that the child has said so far."""
        try:
            while not self.silent and self.on_control():
                pass
        except BlockingIOError:
            return

    def _on_message(self) -> bytes:
        """One message, empty at the end. Raises BlockingIOError where none is there yet."""
        message, fd = linux.receive_at_once(self.control, guest._TEXT_MAX + 64)
        self._take(message, fd)
        return message

    def _take(self, message: bytes, fd: int | None) -> None:
        self.silent = not message
        if message[:1] == b"D":
            self.folder = -1 if fd is None else fd
        elif message[:1] == b"C":
            self.begun = True
            _tag, cpu_ns, now_ns = guest.CLOCK.unpack(message)
            self.began_cpu = self.base_cpu = cpu_ns / 1e9
            self.start = self.since = now_ns / 1e9
        elif message[:1] == b"W":
            _tag, status, peak = native.WAITED.unpack(message)
            self.waited = (status, peak)
        elif message[:1] == b"X":
            self.ran.compile_error = message[1:].decode("utf-8", "replace")

    def on_output(self, fd: int) -> bool:
        """Take in output. False at its end."""
        try:
            data = os.read(fd, _READ)
        except BlockingIOError:
            return True
        self.outputs[fd] += data
        if len(self.outputs[fd]) > self.output_max:
            del self.outputs[fd][self.output_max :]
            if not self.doomed:
                self.ran.stopped = "output"
            self.kill()
        return bool(data)

    def drain(self) -> None:
        """Read what is left in the pipes. Nobody writes any more."""
        for fd, data in self.outputs.items():
            have = -1
            while have < len(data) < self.output_max:
                have = len(data)
                self.on_output(fd)
            if len(data) >= self.output_max:
                self.on_output(fd)  # whether there is more than may be

    def kill(self) -> None:
        """Kill the whole tree; its end will be told by the zygote."""
        self.doomed = True
        if self.pid > 0 and not self.ended:
            try:
                linux.send_signal(self.pid, self.pidfd, reaper.STOP if self.ground.helpers else signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # PermissionError: a reaper of tier U that kills already
                pass

    def stop(self, limit: str) -> None:
        """Kill the tree for a limit; the first limit counts."""
        if not self.ended and self.ran.stopped is None:
            self.ran.stopped = limit
        self.kill()

    # account

    def clock(self) -> float:
        """CPU seconds of the tree, as of now."""
        return self.tree.clock() if self.tree else 0.0

    def new_case(self) -> None:
        """Limits of CPU and wall count from now."""
        if not self.begun:
            self.catch_up()  # that it has begun, which sets the clocks too
        self.base_cpu, self.since = self.clock(), time.monotonic()

    def measure(self, processes: dict[int, Process], now: float) -> None:
        """Take in a reading of /proc and hold the tree to its limits."""
        if self.tree is None or self.ended:
            return
        self.tree.read(processes, now)
        if self.tree.tasks - self._helpers > int(self.limits["processes"]):
            self.stop("processes")
        if self._memory() > int(self.limits["memory_mib"]) * _MIB:
            self.stop("memory")

    @property
    def _helpers(self) -> int:
        """Processes of ours in the tree: the reaper of tier A, and the parent of the sample's."""
        return self.host.ground.helpers + (1 if self.parented else 0)

    def _theirs(self) -> list[Process]:
        """The processes whose memory counts: all but ours, where ours run no code of the sample."""
        live = self.tree.live if self.tree else []
        compiles = self.task.kind == "series" and not self.begun  # then our process is the one that may need much
        if not self.parented or compiles or not live or self.tree is None:
            return live
        ours = {self.tree.root}
        if self.host.ground.helpers:  # below the reaper the oldest child is ours; later ones are orphans of the sample
            children = [process for process in live if process.parent == self.tree.root]
            ours |= {min(children, key=lambda process: (process.start, process.pid)).pid} if children else set()
        return [process for process in live if process.pid not in ours]

    def _memory(self) -> int:
        live = self._theirs()
        limit = int(self.limits["memory_mib"]) * _MIB
        extra = 0 if self.native else self.host.extra
        rss = sum(process.rss for process in live)
        used = sum(max(0, process.rss - extra) for process in live)
        if len(live) > 1 and rss > limit:
            if self.pss == 0 or self.pss + rss - self.pss_rss > limit:
                self.pss, self.pss_rss = self._proportional(live), rss
            used = self.pss
        if self.folder >= 0:
            used += self._files()
        used = max(used, self._dropped(limit))
        self.peak = max(self.peak, used)
        return used

    def _proportional(self, live: list[Process]) -> int:
        ours = [process for process in live if self.tree is not None and process.pid == self.tree.root]
        proc = self.host.ground.proc
        if self.ground.helpers == 0:
            ours = []
        with isolate.as_sample(self.ground):
            theirs = sum(account.proportional(proc, process) for process in live if process not in ours)
        used = theirs + sum(account.proportional(proc, process) for process in ours)
        # gVisor gives no shares, but its kernel is ours alone: what it holds more than before is the samples'.
        return min(used, account.machine_memory(proc) - self.host.memory_before) if self.ground.jail else used

    def _dropped(self, limit: int) -> int:
        """Shared memory that the tree holds though it is resident nowhere; looked for where it may be much."""
        proc = self.host.ground.proc
        grown = account.shared_memory(proc) - self.host.shared_before
        if self.tree is None or grown <= limit:
            return 0
        with isolate.as_sample(self.ground):
            return min(grown, account.shared_mappings(proc, self.tree.live))

    def _files(self) -> int:
        ground = self.ground
        files, full = isolate.folder_use(ground, self.folder, int(self.limits["disk_mib"]))
        if full:
            self.ran.flags.add("disk_full")
            if ground.enforcement["disk_mib"] == "polled" and not self.ended:
                self.kill()
        return max(0, files - self.put)

    def late(self, now: float) -> None:
        """Hold the tree to its clocks."""
        if self.ended or self.doomed:
            return
        if not self.begun:
            if now - self.start > 3 * float(self.limits["compile_s"]) + 5:
                self.stop("wall")
            elif self.clock() > float(self.limits["compile_s"]):
                self.stop("cpu")
        elif self.clock() - self.base_cpu > float(self.limits["cpu_s"]):
            self.stop("cpu")
        elif now - self.since > float(self.limits["wall_s"]):
            self.stop("wall")

    def _end(self, status: int, rusage_s: float, peak: int) -> None:
        self.ended = True
        ran, cpu = self.ran, max(rusage_s, self.tree.cpu_s if self.tree else 0.0)
        ran.wall_s = time.monotonic() - self.start
        ran.cpu_s = max(0.0, cpu - self.began_cpu)
        ran.take_status(status)
        if self.waited is not None and not self.doomed:
            ran.take_status(self.waited[0])
        if self.native:
            peak = self._peak_of_program(self.waited[1] if self.waited else 0)
        unready = self.folder < 0 or (not self.begun and ran.exit_code == zygote.UNREADY)
        if unready and not self.doomed:
            self.drain()
            said = bytes(list(self.outputs.values())[1][-400:]).decode("utf-8", "replace")
            raise Fault(f"isolation failed with status {status}: {said}")
        self._judge_end(cpu, peak)

    def _peak_of_program(self, peak: int) -> int:
        """Bytes. Before it ran, the process was ours: a peak no larger than ours says nothing."""
        return self.host.extra + (peak if peak > self.host.extra + 3 * BARE_INTERPRETER else 0)

    def _judge_end(self, cpu: float, peak: int) -> None:
        ran = self.ran
        self.peak = max(self.peak, peak - self.host.extra)
        ran.memory_mib = self.peak / _MIB
        if self.folder >= 0:
            self._files()
        if ran.stopped is None and not self.doomed:
            if self.peak > int(self.limits["memory_mib"]) * _MIB or self.host.out_of_memory():
                ran.stopped = "memory"
            elif self.begun and cpu - self.base_cpu > float(self.limits["cpu_s"]):
                ran.stopped = "cpu"
        if not self.begun and ran.compile_error is None:
            ran.compile_error = f"compiling was stopped: {ran.stopped}" if ran.stopped else "the compiler crashed"

    def finish(self, fetch: Sequence[str] = ()) -> Ran:
        """The account, once `ended` and drained; closes everything."""
        self._collect(fetch)
        self.close()
        return self.ran

    def _collect(self, fetch: Sequence[str]) -> None:
        out, err = self.outputs.values()
        self.ran.stdout, self.ran.stderr = bytes(out), bytes(err)
        self._last_words(err)
        for path in fetch:
            content = isolate.fetch(self.ground, self.folder, path, _FETCH_MAX) if self.folder >= 0 else None
            if content is not None:
                self.ran.files[path] = content

    def _clean(self) -> None:
        try:
            isolate.clean(self.ground)
        except OSError as error:
            raise Fault(f"a sample's folder cannot be removed: {error}") from None

    def _last_words(self, err: bytearray) -> None:
        """An uncaught refusal of memory or of processes. A program may forge them, but only to fail."""
        if self.ran.exit_code != 1 or self.native:
            return
        last = bytes(err[-4096:]).rstrip(b"\n").rpartition(b"\n")[2]
        if last.startswith(b"MemoryError"):
            self.ran.flags.add("memory_error")
        elif last.startswith(_PROCESS_REFUSED) and self.ran.stopped is None:
            self.ran.stopped = "processes"

    def lasts(self) -> bool:
        """Whether it can be given another run: one that stays may (`stayer`)."""
        return False

    def dismiss(self) -> None:
        """End a process that waits between runs: none but one that stays does (`stayer`)."""

    def close(self) -> None:
        """Close every descriptor."""
        self.control.close()
        for fd in (*self.outputs, self.pidfd, self.folder):
            if fd >= 0:
                os.close(fd)
        if self.ended:
            self._clean()
