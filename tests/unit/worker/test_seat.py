"""A worker leaves a CPU that others keep busy, and no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from proctor.worker.seat import LOOK_S, PAUSE_MOST_S, PAUSE_S, Seat, idle_s, queue_s

CPUS = sorted(os.sched_getaffinity(0))
TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture(autouse=True)
def _affinity() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


class Machine:
    """A /proc of two CPUs, and its clock."""

    def __init__(self, proc: Path) -> None:
        self.proc = proc
        self.now_s = 100.0
        self.idle = [50.0, 50.0]
        self.ran_s = self.waited_s = 1.0
        self.write()

    def write(self) -> None:
        """Put the files in place."""
        lines = [f"cpu{n} 1 0 1 {int(idle * TICKS)} 0 0 0 0 0 0" for n, idle in enumerate(self.idle)]
        self.proc.joinpath("stat").write_text("\n".join(["cpu 9 9 9 9 9 9 9 9 9 9", *lines, "intr 5 1 2"]))
        folder = self.proc / f"self/task/{os.getpid()}"
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath("schedstat").write_text(f"{int(self.ran_s * 1e9)} {int(self.waited_s * 1e9)} 7\n")

    def pass_by(self, seconds: float, idle: tuple[float, float], ran: float, waited: float) -> None:
        """Time goes by; idle: seconds of it, by CPU."""
        self.now_s += seconds
        self.idle = [a + b for a, b in zip(self.idle, idle, strict=True)]
        self.ran_s, self.waited_s = self.ran_s + ran, self.waited_s + waited
        self.write()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def seat(machine: Machine, on: int = 0) -> Seat:
    number = (on - os.getppid()) % 2
    made = Seat(number, [0, 1], proc=machine.proc, clock=lambda: machine.now_s)
    assert made.cpu == on
    return made


@pytest.mark.parametrize(
    ("idle", "ran", "waited", "moves"),
    [
        pytest.param((0.0, 3.9), 0.2, 1.0, True, id="kept busy by others, and the other CPU is idle"),
        pytest.param((0.0, 0.1), 0.2, 1.0, False, id="all CPUs are busy"),
        pytest.param((0.0, 3.9), 0.5, 0.3, False, id="busy with its own sandbox"),
        pytest.param((3.5, 3.9), 0.001, 0.1, False, id="hardly anything to do"),
    ],
)
def test_it_moves_from_a_crowd_to_an_idle_cpu(
    machine: Machine, idle: tuple[float, float], ran: float, waited: float, moves: bool
) -> None:
    ours = seat(machine)
    machine.pass_by(PAUSE_S, idle, ran, waited)
    ours.look()
    assert ours.cpu == (1 if moves else 0)


def test_it_looks_now_and_then(machine: Machine) -> None:
    ours = seat(machine)
    machine.pass_by(LOOK_S / 2, (0.0, LOOK_S / 2), 0.01, LOOK_S / 2)
    ours.look()
    assert ours.cpu == 0


def moves(machine: Machine, ours: Seat, seconds: int, crowded: int | None = None) -> list[int]:
    """The seconds at which it moved, where its own sandbox makes it wait. crowded: the CPU that others use, too."""
    at = []
    for second in range(1, seconds + 1):
        before = ours.cpu
        ran = 0.05 if before == crowded else 0.09
        idle_0, idle_1 = (float(cpu not in (before, crowded)) for cpu in (0, 1))
        machine.pass_by(1.0, (idle_0, idle_1), ran, 3 * ran)
        ours.look()
        if ours.cpu != before:
            at.append(second)
    return at


def test_who_waits_for_its_own_sandbox_hardly_ever_moves(machine: Machine) -> None:
    at = moves(machine, seat(machine), 4000)
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert at[0] == PAUSE_S
    assert pauses[:6] == [2 * PAUSE_S, 4 * PAUSE_S, 8 * PAUSE_S, 16 * PAUSE_S, 32 * PAUSE_S, 64 * PAUSE_S]
    assert set(pauses[6:]) == {PAUSE_MOST_S}


def test_a_move_that_was_worth_it_may_soon_be_followed_by_another(machine: Machine) -> None:
    ours = seat(machine)
    moves(machine, ours, 200)  # none of them was
    assert len(moves(machine, ours, 200, crowded=ours.cpu)) == 1
    assert moves(machine, ours, 200, crowded=ours.cpu)[0] <= PAUSE_S


def test_siblings_take_cpus_in_turn() -> None:
    assert {Seat(number, CPUS).cpu for number in range(len(CPUS))} == set(CPUS)


def test_the_thread_sits_and_stands() -> None:
    ours = Seat(0)
    assert os.sched_getaffinity(0) == {ours.cpu}
    with ours.standing():
        assert os.sched_getaffinity(0) == set(CPUS)
    assert os.sched_getaffinity(0) == {ours.cpu}


def test_a_kernel_that_says_nothing_leaves_it_where_it_is(tmp_path: Path) -> None:
    assert (idle_s(tmp_path / "stat"), queue_s(tmp_path / "schedstat")) == ({}, (0.0, 0.0))
    now = [0.0]
    ours = Seat(0, proc=tmp_path, clock=lambda: now[0])
    before, now[0] = ours.cpu, 60.0
    ours.look()
    assert ours.cpu == before
