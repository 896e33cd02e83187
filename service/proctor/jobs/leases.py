"""A worker's side of the queue: take, renew, report, give back. Blocking; one object per thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from proctor.jobs.admit import resolved_key
from proctor.jobs.channel import Argument
from proctor.jobs.pipe import checked
from proctor.jobs.records import Spec, dumps, read_json, read_spec
from proctor.jobs.scripts import SyncScripts
from proctor.settings import Settings

#: Seconds of expected work that a worker takes at a time.
SLICE_S = 1.0
#: Test sets below this many bytes are fetched together, the others one by one when they are needed.
SMALL = 64 * 1024


@dataclass(frozen=True, slots=True)
class Taken:
    """A unit under lease.

    losses: how often it was lost before (with its sandbox or its worker); one that was is taken alone.
    start_by_s: the last moment to start it, on Redis's clock.
    """

    key: str
    losses: int
    start_by_s: float
    spec: Spec


@dataclass(frozen=True, slots=True)
class Shard:
    """What one take brought. now_s: Redis's clock at that moment; waiting: units left in the lanes."""

    now_s: float
    waiting: int
    units: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A unit's outcome, encoded. seconds: sandbox time it took, for fair shares."""

    key: str
    seconds: float
    body: bytes


class Leases:
    """The queue as one worker sees it. redis: a blocking client that answers bytes.

    Every method raises redis.exceptions.RedisError.
    """

    def __init__(self, redis: Any, settings: Settings, worker_id: str) -> None:
        self._settings = settings
        self._worker = worker_id
        self._lease_ms = int(settings.lease_s * 1000)
        self.scripts = SyncScripts(redis, settings.namespace)

    def take(self) -> Shard:
        """Take units; an empty shard means that none waits."""
        now_ms, waiting, *rest = self.scripts.call("take", self._worker, self._settings.take, self._lease_ms, SLICE_S)
        units = []
        for key, losses, deadline_ms, text in zip(*[iter(rest)] * 4, strict=True):
            spec = read_spec(text)
            start_by_s = int(deadline_ms) / 1000 - spec.limits.sample_wall_s
            units.append(Taken(key.decode(), int(losses), start_by_s, spec))
        return Shard(int(now_ms) / 1000, int(waiting), tuple(units))

    def renew(self, description: str, keys: Sequence[str]) -> set[str]:
        """Show that the worker lives and renew its leases. Returns the keys that nobody wants of it any more."""
        return {key.decode() for key in self.scripts.call("renew", self._worker, self._lease_ms, description, *keys)}

    def report(self, by: dict[str, Any], reports: Sequence[Report]) -> None:
        """Send outcomes. by: image and tier of the sandbox."""
        args: list[Argument] = []
        for report in reports:
            args += [report.key, f"{report.seconds:.6f}", report.body]
        self.scripts.call("report", dumps(by), *args)

    def release(self, keys: Sequence[str], *, lost: bool = False) -> None:
        """Give units back. lost: their sandbox was lost while they ran."""
        if keys:
            self.scripts.call("release", self._worker, int(lost), *keys)

    def farewell(self) -> None:
        """This worker takes no more."""
        self.scripts.call("farewell", self._worker)

    def test_set(self, owner: str, sha256: str) -> bytes | None:
        """The JSON of a test set."""
        body = self.scripts.line.one("GET", resolved_key(self._settings.namespace, owner, sha256))
        return bytes(body) if body is not None else None

    def small_test_sets(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """Those of `wanted` (owner, hash) that have less than `SMALL` bytes of JSON, in one round trip."""
        namespace = self._settings.namespace
        bodies = self.scripts.line.run(*(("GETRANGE", resolved_key(namespace, *key), 0, SMALL - 1) for key in wanted))
        return {key: body for key, body in zip(wanted, map(checked, bodies), strict=True) if 0 < len(body) < SMALL}


def write_outcome(outcome: dict[str, Any], started_s: float) -> bytes:
    """The body of a report. outcome: `Outcome.to_json()`, whose numbers are finite; started_s: Redis's clock."""
    try:
        return msgspec.json.encode([started_s, outcome])
    except UnicodeEncodeError:  # a lone surrogate
        return dumps([started_s, outcome]).encode()


def read_outcome(body: bytes) -> tuple[float, dict[str, Any]]:
    """The inverse of `write_outcome`."""
    started_s, outcome = read_json(body)
    return float(started_s), outcome
