"""Sessions: reuse after a kill, cancel in mid-run, a supervisor that dies, many samples without growth."""

from __future__ import annotations

import contextlib
import os
import time

import psutil
import pytest

from proctor.errors import SandboxError, SandboxLost
from proctor.sandbox.provider import Provider

from .conftest import LIMITS, Kind, Runner, later

QUIET = "print('still here')"


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "import os, signal; os.kill(0, signal.SIGKILL)",
        "import os, signal; os.kill(-1, signal.SIGKILL)",
        "import os\nwhile True: os.write(1, b'x' * 65536)",
        "import ctypes; ctypes.string_at(0)",
        "import os\nfor fd in range(3, 1024):\n    try: os.close(fd)\n    except OSError: pass\nos._exit(1)",
    ],
    ids=["busy", "forks", "memory", "kill-0", "kill-all", "flood", "segfault", "closes"],
)
def test_next_sample_runs_after(run: Runner, source: str) -> None:
    run(source, cpu_s=0.5)
    assert run.output(QUIET) == "still here\n"


def test_closing_from_another_thread_ends_a_run_within_two_seconds(fresh: Provider) -> None:
    session = fresh.session()
    program = session.program("python", b"import time; time.sleep(60)", LIMITS.model_copy(update={"wall_s": 60}))
    started = time.monotonic()
    timer = later(0.3, session.close)
    with pytest.raises(SandboxLost):
        program.run()
    timer.join()
    assert time.monotonic() - started < 2.3
    fresh.give_back(session)
    again = fresh.session()
    assert Runner(again).output(QUIET) == "still here\n"
    fresh.give_back(again)


def test_closing_kills_what_ran(fresh: Provider, kind: Kind) -> None:
    mark = f"closing-{os.getpid()}-{time.monotonic_ns()}"
    session = fresh.session()
    source = f"import os, time\nos.fork(); os.fork()\nos.execv('/bin/sleep', ['{mark}', '61'])"
    program = session.program("python", source.encode(), LIMITS.model_copy(update={"wall_s": 60}))
    timer = later(0.5, session.close)
    with pytest.raises(SandboxLost):
        program.run()
    timer.join()
    deadline = time.monotonic() + 2
    while _running(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _running(mark) == []
    fresh.give_back(session)


def _running(mark: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if mark in process.cmdline():
                found.append(process.pid)
    return found


def test_a_closed_session_is_lost_at_once(fresh: Provider) -> None:
    session = fresh.session()
    session.close()
    session.close()
    with pytest.raises(SandboxError):
        session.program("python", b"", LIMITS)
    fresh.give_back(session)


def test_sessions_side_by_side(fresh: Provider) -> None:
    one, two = fresh.session(), fresh.session()
    assert one is not two
    assert Runner(one).output(QUIET) == Runner(two).output(QUIET)
    fresh.give_back(one)
    fresh.give_back(two)


def test_a_session_given_back_is_used_again_or_replaced(fresh: Provider) -> None:
    for _ in range(3):
        session = fresh.session()
        assert Runner(session).output(QUIET) == "still here\n"
        fresh.give_back(session)


def test_close_leaves_no_process(kind: Kind) -> None:
    before = _descendants()
    provider = kind.make()
    session = provider.session()
    Runner(session).output(QUIET)
    provider.close()
    deadline = time.monotonic() + 5
    while _descendants() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _descendants() - before == set()


def _descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}
