"""Warm sandboxes: lent, kept, replaced, ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proctor.errors import SandboxUnavailable
from proctor.sandbox.leased import LeasedSession, require
from proctor.sandbox.pool import Pool
from proctor.sandbox.provider import Hello
from proctor.wire import Limits

HELLO = Hello(tier="A", languages={"python": "3.11"}, enforcement={}, image=None)


class FakeSession:
    """A supervisor's end that runs nothing."""

    def __init__(self, language: str = "python") -> None:
        self.hello = replace(HELLO, languages={language: "3.11"})
        self.cpu: int | None = None

    def program(self, *_: Any, **__: Any) -> Any:
        return None

    def pair(self, *_: Any, **__: Any) -> Any:
        return None

    def sit(self, cpu: int | None) -> None:
        self.cpu = cpu

    def ping(self, within_s: float) -> None:
        pass

    def close(self) -> None:
        pass


class FakeSandbox:
    def __init__(self, language: str) -> None:
        self.inner = FakeSession(language)
        self.session = LeasedSession(self.inner)
        self.well = True
        self.ended = 0

    def healthy(self) -> bool:
        return self.well and not self.session.closed

    def end(self) -> None:
        self.ended += 1
        self.session.close()


class Made:
    """Counts what the pool asked for."""

    def __init__(self) -> None:
        self.sandboxes: list[FakeSandbox] = []
        self.pool = Pool(self.make, recycle=3)

    def make(self, language: str) -> FakeSandbox:
        self.sandboxes.append(FakeSandbox(language))
        return self.sandboxes[-1]


@pytest.fixture(name="made")
def _made() -> Made:
    return Made()


def test_a_sandbox_given_back_is_lent_again(made: Made) -> None:
    first = made.pool.session("python")
    made.pool.give_back(first)
    assert made.pool.session("python") is first


def test_no_seat_of_an_earlier_lessee_is_left(made: Made) -> None:
    first = made.pool.session("python")
    first.sit(1)
    assert made.sandboxes[0].inner.cpu == 1
    made.pool.give_back(first)
    assert made.pool.session("python") is first
    assert made.sandboxes[0].inner.cpu is None


def test_two_at_a_time_are_two(made: Made) -> None:
    assert made.pool.session("python") is not made.pool.session("python")


def test_another_language_is_another_sandbox(made: Made) -> None:
    made.pool.give_back(made.pool.session("python"))
    made.pool.session("c")
    assert [list(s.session.hello.languages) for s in made.sandboxes] == [["python"], ["c"]]


def test_worn_out_after_its_share_of_samples(made: Made) -> None:
    session = made.pool.session("python")
    for _ in range(3):
        session.program("python", b"", Limits())
    made.pool.give_back(session)
    assert made.sandboxes[0].ended == 1
    assert made.pool.session("python") is not session


def test_pairs_count_too(made: Made) -> None:
    session = made.pool.session("python")
    for _ in range(3):
        session.pair("python", b"", b"{}", Limits(), stop="all")
    made.pool.give_back(session)
    assert made.sandboxes[0].ended == 1


@pytest.mark.parametrize("when", ["given back", "waiting"])
def test_a_lost_sandbox_is_replaced(made: Made, when: str) -> None:
    session = made.pool.session("python")
    if when == "waiting":
        made.pool.give_back(session)
    made.sandboxes[0].well = False
    if when == "given back":
        made.pool.give_back(session)
    assert made.pool.session("python") is not session
    assert made.sandboxes[0].ended == 1


def test_given_back_twice_is_given_back_once(made: Made) -> None:
    session = made.pool.session("python")
    made.pool.give_back(session)
    made.pool.give_back(session)
    assert made.pool.session("python") is not made.pool.session("python")


def test_close_ends_lent_ones_too(made: Made) -> None:
    lent, idle = made.pool.session("python"), made.pool.session("python")
    made.pool.give_back(idle)
    made.pool.close()
    assert [s.ended for s in made.sandboxes] == [1, 1]
    made.pool.give_back(lent)
    assert [s.ended for s in made.sandboxes] == [1, 1]
    with pytest.raises(SandboxUnavailable):
        made.pool.session("python")
    assert made.sandboxes[-1].ended == 1


def test_before_each_sample_its_limits_are_applied() -> None:
    seen: list[int] = []
    session = LeasedSession(FakeSession(), image="sha256:1", before=lambda limits: seen.append(limits.memory_mib))
    session.program("python", b"", Limits(memory_mib=64))
    session.pair("python", b"", b"{}", Limits(memory_mib=128), stop="all")
    assert seen == [64, 128]
    assert session.hello.image == "sha256:1"


@pytest.mark.parametrize(
    ("offered", "least", "will_do"),
    [("B", "A", True), ("A", "A", True), ("U", "A", False), ("A", "B", False), ("?", "U", False)],
)
def test_refuses_what_is_weaker_than_asked(offered: str, least: Any, will_do: bool) -> None:
    hello = Hello(tier=offered, languages={"python": "3"}, enforcement={}, image=None)
    if will_do:
        require(hello, tier=least, language="python")
        return
    with pytest.raises(SandboxUnavailable, match="PROCTOR_MIN_TIER"):
        require(hello, tier=least, language="python")


def test_refuses_a_language_that_is_not_there() -> None:
    with pytest.raises(SandboxUnavailable, match="not c"):
        require(HELLO, tier="U", language="c")
