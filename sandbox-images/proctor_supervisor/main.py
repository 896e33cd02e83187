"""The supervisor: one connection to a worker, one sample at a time, each in isolation of its own.

    python3 -I -S -c "import sys; sys.path.insert(0, DIR); from proctor_supervisor.main import main; main()" ARGUMENTS

exactly one of
    --fd N          serve the connected Unix stream socket at descriptor N
    --dial PATH     connect to the Unix stream socket PATH, or to any `*.sock` in the folder PATH, and serve;
                    retried for half a minute, with --forever without end
and
    --forever       with --dial: dial again after each connection, instead of exiting
    --token TEXT    with --dial: said in `hello`
    --min-tier T    refuse to run below this tier (U < A < B); default A
    --tier T        use this tier and no other
    --users N       started by root, with tier U allowed: become user N; N + 1 to N + 255 are samples'; default: found
    --take FOLDER   started by root, with tier U allowed: a folder of root's that is to be ours to write in, and no
                    sample's, as the volume that Kubernetes gives us for /tmp
    --image NAME    what `hello` says as image; default: the interpreter
    --path FOLDER   (repeated) added to the programs' sys.path
    --bind FOLDER   (repeated) added to what samples may read
    --languages J   JSON, name → version: what is here; else as the image recorded, else by asking every toolchain

A *keeper* process forks the supervisor proper, which makes its isolation, forks the zygotes, says `hello` and serves.
When the connection hangs up, or the keeper dies, the supervisor and all that it started are killed. In tier B the
supervisor is also process 1 of a pid namespace. Every connection gets a fresh supervisor.

It starts itself anew once, for an environment and a stack limit of its own: hash seed 0, UTC, C.UTF-8. Started by root
it first becomes a user that nobody else is. Where it cannot keep its promises it answers `refused {message}` instead of
`hello` and exits 3.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import select
import signal
import socket
import sys
import time

from . import guest, isolate, jail, landlock, linux, protocol, users
from .dial import dial
from .isolate import Ground, Unavailable
from .languages.probe import folders_of, languages, links_of
from .probe import choose
from .serve import serve

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "sandbox",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""The whole environment of supervisor and samples. One BLAS thread: CPU time is what is limited."""

_REFUSED = 3
_GRACE_S = 0.5
_LOOK_S = 0.05
_DIAL_S = 30.0
_AGAIN_S = 1.0
_THREAD_STACK = 8 << 20
_PRELOAD = """
abc array base64 bisect builtins calendar cmath codecs collections collections.abc contextlib copy csv dataclasses
datetime decimal enum fractions functools hashlib heapq inspect io itertools json locale math numbers operator os
pathlib pprint queue random re statistics string struct sys tempfile textwrap threading time traceback types typing
unittest weakref
"""
"""What programs import most, once for all. Nothing that a program can notice but by sys.modules."""


def main() -> None:
    """See the module's docstring. Never returns."""
    options = _options(sys.argv[1:])
    _start_anew()
    sock = socket.socket(fileno=options.fd) if options.fd is not None else None
    _preload(options.path)  # while our own files can be read, wherever they lie
    options.languages = languages(options.languages)
    options.links = links_of(options.languages)
    options.bind += [folder for name in options.languages for folder in folders_of(name)]
    _remove_stale()
    _become_nobody_else(options)
    linux.default_thread_stack(_THREAD_STACK)
    if sock is not None:
        sys.exit(_keep(sock, options))
    if options.forever:  # the first process of a container would not even notice
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    patience_s = float("inf") if options.forever else _DIAL_S
    while (sock := dial(options.dial, patience_s)) is not None:
        if not options.forever:
            sys.exit(_keep(sock, options))
        if _keep_apart(sock, options) != 0:
            time.sleep(_AGAIN_S)
    sys.exit(f"no worker listens at {options.dial}")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("proctor_supervisor", allow_abbrev=False)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int)
    where.add_argument("--dial")
    parser.add_argument("--forever", action="store_true")
    parser.add_argument("--token")
    parser.add_argument("--min-tier", choices=isolate.TIERS, default="A")
    parser.add_argument("--tier", choices=isolate.TIERS)
    parser.add_argument("--users", type=int)
    parser.add_argument("--take")
    parser.add_argument("--image")
    parser.add_argument("--path", action="append", default=[])
    parser.add_argument("--bind", action="append", default=[])
    parser.add_argument("--languages")
    return parser.parse_args(arguments)


def _start_anew() -> None:
    """Become the same program in an environment of our own. A hash seed and a stack's room are fixed at exec."""
    if sys.flags.hash_randomization == 0 and dict(os.environ) == ENVIRONMENT:
        return
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = isolate.STACK if hard == resource.RLIM_INFINITY else min(isolate.STACK, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    code = f"import sys; sys.path[0:1] = [{here!r}]; from proctor_supervisor.main import main; main()"
    os.execve(sys.executable, [sys.executable, "-S", "-s", "-B", "-c", code, *sys.argv[1:]], ENVIRONMENT)


def _remove_stale() -> None:
    """Remove what killed keepers left. Each as its owner, never as root: a sample chose the names in it."""
    for path, uid in landlock.stale():
        block = users.of_supervisor(uid)
        if os.geteuid() not in (0, uid) or (os.geteuid() == 0 and uid < isolate.MADE_UP_UIDS and block is None):
            continue
        pid = os.fork()
        if pid == 0:
            try:
                if os.geteuid() == 0 and block is not None:
                    users.stand_as(block)
                elif os.geteuid() == 0:
                    _become(uid)
                if landlock.hold(path):
                    isolate.remove_base(path)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _become_nobody_else(options: argparse.Namespace) -> None:
    """Root becomes a user of its own, so that limits, signals and files per user are this sandbox's alone."""
    if os.geteuid() != 0:
        return
    if (options.tier or options.min_tier) == "U":
        jail.prepare()
        try:
            users.leave_root(options.users, options.take)
        except OSError as error:
            raise SystemExit(f"cannot give up root: {error}") from None
        return
    for uid in (isolate.MADE_UP_UIDS + os.getpid(), 60_000 + os.getpid() % 5_000, 65_534):
        try:
            _become(uid)
            linux.prctl(linux.PR_SET_DUMPABLE, 1)  # else /proc shows us nothing of our own processes
            return
        except OSError:
            continue  # not mapped in the user namespace that we run in
    raise SystemExit("cannot give up root")


def _preload(more: list[str]) -> None:
    from _sitebuiltins import Quitter, _Helper
    from importlib import import_module
    from site import getsitepackages

    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for name in (*_PRELOAD.split(), "proctor_supervisor.pair.candidate", "proctor_supervisor.pair.tests"):
        import_module(name)
    from .pair.warm import warm_up

    warm_up()
    builtins = sys.modules["builtins"]
    for name in ("exit", "quit"):
        setattr(builtins, name, Quitter(name, "Ctrl-D (i.e. EOF)"))
    builtins.help = _Helper()  # type: ignore[attr-defined]
    known = [entry for entry in sys.path if entry not in ("", here)]
    guest.our_modules[:] = [name for name in sys.modules if name.split(".")[0] == "proctor_supervisor"]
    guest.path[:] = known + [
        entry for entry in (*more, *getsitepackages()) if entry not in known and os.path.isdir(entry)
    ]


def _keep(sock: socket.socket, options: argparse.Namespace) -> int:
    """Fork a supervisor for one connection and outlive it; its exit status."""
    try:
        tier = choose(options.bind, only=options.tier, least=options.min_tier)
        ground = _stand(tier, options.bind)
    except Unavailable as error:
        protocol.send(sock, {"op": "refused", "message": str(error)})
        return _REFUSED
    gc.collect()
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        _supervise(sock, options, ground)
    _wait(sock, pid)
    sock.close()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if ground is not None:
        isolate.leave(ground)
    return status


def _keep_apart(sock: socket.socket, options: argparse.Namespace) -> int:
    """`_keep` in a process of its own: it enters namespaces that cannot be left."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            status = _keep(sock, options)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status & 0xFF)
    sock.close()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _stand(tier: str, prefixes: list[str]) -> Ground | None:
    """What the keeper does for a tier before it forks. None: the supervisor makes its own ground."""
    if tier == "B":
        isolate.enter_user_namespace()
        return None
    return isolate.ready(tier, prefixes)


def _wait(sock: socket.socket, pid: int) -> None:
    """Until the supervisor has ended. Kill it if it outlives its connection by more than a moment."""
    pidfd = linux.pidfd_open(pid)
    poller = select.poll()
    poller.register(sock, 0)  # hang-up is always told
    if pidfd < 0:
        _wait_without_pidfd(poller, pid)
        return
    poller.register(pidfd, select.POLLIN)
    if pidfd not in dict(poller.poll()):
        poller.unregister(sock)
        if not poller.poll(_GRACE_S * 1000):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)


def _wait_without_pidfd(poller: select.poll, pid: int) -> None:
    """`_wait` by looking every now and then; as process 1, also bury the samples' orphans, who come to us."""
    until: float | None = None
    while True:
        if until is not None:
            time.sleep(_LOOK_S)
        elif poller.poll(_LOOK_S * 1000):
            until = time.monotonic() + _GRACE_S
        if until is not None and time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        while ended is not None and ended.si_pid != pid:
            os.waitpid(ended.si_pid, 0)
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return


def _supervise(sock: socket.socket, options: argparse.Namespace, ground: Ground | None) -> None:
    status = 1
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        _close_all_but(sock, ground)
        ground = ground or isolate.ready("B", options.bind, options.links)
        isolate.settle(ground)
        serve(ground, sock, image=options.image, token=options.token, languages=options.languages)
    except (protocol.Closed, BrokenPipeError, ConnectionResetError):
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _close_all_but(sock: socket.socket, ground: Ground | None) -> None:
    """Leave open the connection, /proc, stderr and /dev/null."""
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    linux.close_but(sock.fileno(), *(isolate.descriptors(ground) if ground else []))
