"""`on_invalid`, the one rule: never a silent zero."""

from __future__ import annotations

import logging

import pytest
from trainer_fakes import invalid

from proctor.client import ConnectionFailed
from proctor.client.testing import result
from proctor.trainers.tally import Tally, Unscorable, checked
from proctor.wire import InvalidCode

LOST = InvalidCode.SANDBOX_UNAVAILABLE


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_wait_asks_again_for_what_failed_alone() -> None:
    tally = Tally(3, "wait", 60)
    tally.take([result(0, {}, "passed"), invalid(1, LOST), result(2, {}, "wrong_answer")])
    assert tally.open == [1]
    tally.take([result(0, {}, "passed")])
    assert [s.reward for s in tally.scored()] == [1.0, 1.0, 0.0]


def test_wait_waits_through_an_outage() -> None:
    tally = Tally(1, "wait", 60)
    tally.fail(ConnectionFailed("down"))
    assert tally.open == [0]
    assert tally.pause_s() > 0


def test_wait_raises_when_patience_ends() -> None:
    clock = Clock()
    tally = Tally(1, "wait", 60, clock)
    clock.now = 61
    with pytest.raises(Unscorable, match="down") as caught:
        tally.fail(ConnectionFailed("down"))
    assert isinstance(caught.value.__cause__, ConnectionFailed)


@pytest.mark.parametrize("on_invalid", ["wait", "raise"])
def test_tests_that_never_run_are_not_waited_for(on_invalid: str) -> None:
    with pytest.raises(Unscorable, match="tests_invalid"):
        Tally(1, on_invalid, 60).take([invalid(0, InvalidCode.TESTS_INVALID)])  # type: ignore[arg-type]


def test_raise_raises() -> None:
    with pytest.raises(Unscorable, match="sandbox_unavailable"):
        Tally(1, "raise", 60).take([invalid(0, LOST)])


def test_none_and_a_number_stand_in_for_what_failed_alone() -> None:
    for on_invalid, stands in (("none", None), (-1.0, -1.0)):
        tally = Tally(2, on_invalid, 60)  # type: ignore[arg-type]
        tally.take([invalid(0, LOST), result(1, {}, "passed")])
        assert tally.open == []
        assert [s.reward for s in tally.scored()] == [stands, 1.0]


def test_an_outage_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "proctor.trainers"):
        Tally(2, "none", 60).fail(ConnectionFailed("down"))
    assert "2 sample(s) could not be scored" in caplog.text


@pytest.mark.parametrize("odd", ["none", "skip", True, float("nan"), float("inf"), None])
def test_what_means_nothing_is_refused(odd: object) -> None:
    with pytest.raises(ValueError, match="on_invalid"):
        checked(odd, none_masks=False)  # type: ignore[arg-type]


def test_none_where_the_trainer_masks() -> None:
    assert checked("none", none_masks=True) == "none"
    assert checked(0, none_masks=False) == 0.0
