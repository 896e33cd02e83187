"""The one rule about samples that cannot be scored, apart from any I/O.

A tally knows which samples are still to be asked for. Results and failures go in; out come the samples to ask for next,
and in the end one `Scored` per sample. `on_invalid` decides:

    "wait"    ask again, until they are scored or patience ends; then as "raise"
    "raise"   raise `Unscorable`
    "none"    the reward is None
    a number  the reward is that number; nobody's default, because it is an invented reward

Tests that cannot be run never can: waiting for them raises at once. Every time, a warning goes to the log.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from proctor.wire import InvalidCode, SampleResult

OnInvalid = Literal["wait", "raise", "none"] | float

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
log = logging.getLogger("proctor.trainers")


class Unscorable(RuntimeError):
    """Samples could not be scored, and `on_invalid` says to raise. Not the policy's failure."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A sample's reward, None only under "none"; its result, None where the service never answered."""

    reward: float | None
    result: SampleResult | None


def checked(on_invalid: OnInvalid, *, none_masks: bool) -> OnInvalid:
    """`on_invalid`, if it means something. none_masks: whether the trainer leaves None out. Raises ValueError."""
    if on_invalid in ("wait", "raise") or (on_invalid == "none" and none_masks):
        return on_invalid
    if isinstance(on_invalid, int | float) and not isinstance(on_invalid, bool) and math.isfinite(on_invalid):
        return float(on_invalid)
    if on_invalid == "none":
        raise ValueError("this trainer makes a zero of None: on_invalid must be 'wait', 'raise' or a number")
    names = "'wait', 'raise', 'none' or a number" if none_masks else "'wait', 'raise' or a number"
    raise ValueError(f"on_invalid must be {names}, not {on_invalid!r}")


class Tally:
    """Samples of one call, until each has its reward. open: positions to ask for next."""

    def __init__(
        self, count: int, on_invalid: OnInvalid, patience_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.open = list(range(count))
        self._on_invalid = on_invalid
        self._scored: dict[int, Scored] = {}
        self._clock = clock
        self._until = clock() + patience_s
        self._rounds = 0

    def take(self, results: Sequence[SampleResult]) -> None:
        """The results of the open samples, same order. Raises Unscorable."""
        failed: dict[int, SampleResult] = {}
        for position, result in zip(self.open, results, strict=True):
            if result.reward is not None:
                self._scored[position] = Scored(result.reward, result)
            else:
                failed[position] = result
        self.open = list(failed)
        if failed:
            lasting = any(r.error is not None and r.error.code is InvalidCode.TESTS_INVALID for r in failed.values())
            self._decide(_told(failed), failed, None, lasting=lasting)

    def fail(self, error: Exception) -> None:
        """The service did not answer. Raises Unscorable."""
        self._decide(f"{type(error).__name__}: {error}"[:500], {}, error, lasting=False)

    def pause_s(self) -> float:
        """Seconds to wait before the open samples are asked for."""
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._rounds - 1, 10)) if self._rounds else 0.0
        return max(0.0, min(pause, self._until - self._clock()))

    def scored(self) -> list[Scored]:
        """One per sample, same order, once none is open."""
        return [self._scored[i] for i in range(len(self._scored))]

    def _decide(self, why: str, failed: dict[int, SampleResult], error: Exception | None, *, lasting: bool) -> None:
        told = f"{len(self.open)} sample(s) could not be scored ({why})"
        waits = self._on_invalid == "wait" and not lasting and self._clock() < self._until
        log.warning("%s; %s", told, "asking again" if waits else f"on_invalid={self._on_invalid!r}")
        if waits:
            self._rounds += 1
            return
        if self._on_invalid in ("wait", "raise"):
            raise Unscorable(told) from error
        reward = None if self._on_invalid == "none" else float(self._on_invalid)
        self._scored |= {i: Scored(reward, failed.get(i)) for i in self.open}
        self.open = []


def _told(failed: dict[int, SampleResult]) -> str:
    """The first failures, for a person."""
    errors = [f"{i}: {r.error.code.value}: {r.error.message}" for i, r in failed.items() if r.error is not None]
    return "; ".join(errors[:3]) + (" …" if len(errors) > 3 else "")
