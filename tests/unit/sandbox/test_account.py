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


NOBODY = 1 << 22  # the most that a number may be, so that no process has it: its clock is what the reading says


def reading(*processes: Process) -> dict[int, Process]:
    return {process.pid: process for process in processes}


def tree(proc: int) -> account.Tree:
    return account.Tree(proc, NOBODY, NOBODY)


def child(own_s: float, state: str = "R") -> Process:
    return Process(NOBODY + 1, NOBODY, state, own_s, 0.0, 1, 0, 0)


def parent(waited_s: float) -> Process:
    return Process(NOBODY, 1, "S", 0.0, waited_s, 1, 0, 0)


def test_a_child_that_ends_while_proc_is_read_is_charged_once(proc: int) -> None:
    """Its parent was read before it waited, and the child when it was gone. It may have waited for a CPU for long."""
    ours = tree(proc)
    ours.read(reading(parent(0.0), child(0.1)), 10.0)
    ours.read(reading(parent(0.0), child(0.2)), 12.0)
    ours.read(reading(parent(0.0)), 12.1)
    ours.read(reading(parent(0.2)), 12.2)
    assert ours.cpu_s == pytest.approx(0.2)


def test_a_child_that_nobody_waits_for_is_charged_by_the_time_it_was_seen_running(proc: int) -> None:
    ours = tree(proc)
    for now in (10.0, 10.5, 11.0):
        ours.read(reading(parent(0.0), child(now - 10.0)), now)
    ours.read(reading(parent(0.0)), 11.1)
    ours.read(reading(parent(0.0), Process(NOBODY + 2, NOBODY, "R", 0.0, 0.0, 1, 0, 0)), 11.6)
    assert ours.cpu_s == pytest.approx(1.5)


def test_the_time_between_two_runs_is_nobodys(proc: int) -> None:
    ours = tree(proc)
    ours.read(reading(parent(0.0), child(0.2)), 10.0)
    ours.rest()
    for now in (100.0, 100.1):
        ours.read(reading(parent(0.0), Process(NOBODY + 2, NOBODY, "R", 0.0, 0.0, 1, 0, 0)), now)
    assert ours.cpu_s < 1
