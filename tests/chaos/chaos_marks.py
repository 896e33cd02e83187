"""Which kind of round a test plays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def chaos(kind: str) -> Callable[[Test], Test]:
    """Marks a test as rounds of a kind."""

    def mark(test: Test) -> Test:
        test.chaos = kind  # type: ignore[attr-defined]
        return test

    return mark
