"""When to try again, and how long to wait before."""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx

from proctor.client.errors import ServiceError

#: Statuses that pass: slow body, full queue, proxies, no sandbox, stopping.
PASSING = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retry:
    """patience_s: how long failures are waited out without a good answer in between, seconds; 0 tries once.

    Pauses grow from `first_s` to `longest_s`, with full jitter so that clients do not return all at once.
    """

    patience_s: float = 300.0
    first_s: float = 0.2
    longest_s: float = 10.0

    def pause_s(self, failures: int, retry_after_s: float | None) -> float:
        """Seconds before the next try, after `failures` (from 1) in a row."""
        most = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 16))
        return (retry_after_s or 0.0) + random.uniform(0.0, most)


def passes(error: Exception) -> bool:
    """Whether the same request may do better later."""
    if isinstance(error, ServiceError):
        return error.status in PASSING
    return isinstance(error, httpx.TransportError)
