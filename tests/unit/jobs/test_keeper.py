"""When outcomes are sent: in portions where units are short, at once where they are long."""

from __future__ import annotations

from typing import Any

from proctor.jobs.leases import Report
from proctor.worker.keeper import FLUSH_S, LONG_S, Keeper


class Leases:
    """Notes what is reported, a list per call."""

    def __init__(self) -> None:
        self.reports: list[list[str]] = []

    def report(self, by: dict[str, Any], reports: list[Report]) -> None:
        self.reports.append([r.key for r in reports])

    def release(self, keys: list[str], *, lost: bool = False) -> None:
        assert not keys


def test_short_units_wait_for_each_other_and_go_together() -> None:
    leases = Leases()
    keeper = Keeper(leases)  # type: ignore[arg-type]
    assert not any(keeper.send(Report(str(i), 0.01, b"{}")) for i in range(20))
    keeper._due = keeper._due and keeper._due - FLUSH_S  # as if that long ago
    assert keeper.send(Report("20", 0.01, b"{}"))
    keeper.flush(leases)  # type: ignore[arg-type]
    assert leases.reports == [[str(i) for i in range(21)]]
    keeper.flush(leases)  # type: ignore[arg-type]
    assert len(leases.reports) == 1


def test_a_long_unit_is_sent_at_once_with_what_waits() -> None:
    leases = Leases()
    keeper = Keeper(leases)  # type: ignore[arg-type]
    assert not keeper.send(Report("short", 0.01, b"{}"))
    assert keeper.send(Report("long", LONG_S, b"{}"))
    keeper.flush(leases)  # type: ignore[arg-type]
    assert leases.reports == [["short", "long"]]
    assert not keeper.send(Report("next", 0.01, b"{}"))  # the clock starts anew
