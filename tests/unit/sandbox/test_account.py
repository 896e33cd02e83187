"""What the supervisor reads of processes that end while it reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from proctor_supervisor import account
from proctor_supervisor.account import Process

HUGE = 1 << 40


@pytest.fixture
def proc() -> Iterator[int]:
    fd = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def seen(pid: int) -> Process:
    return Process(pid, 1, "S", 0.0, 0.0, 1, 0, HUGE)


def test_a_process_that_lives_has_its_share(proc: int) -> None:
    assert 0 < account.proportional(proc, seen(os.getpid())) < HUGE


def test_a_process_that_has_ended_holds_no_memory(proc: int) -> None:
    """Else the end of a bomb, all its processes killed between two readings, looks as if it had filled the memory."""
    child = subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert account.proportional(proc, seen(child.pid)) == 0, "a zombie"
    child.communicate()
    assert account.proportional(proc, seen(child.pid)) == 0, "gone"
