"""What is stored of a sample, a unit, a batch: JSON in ASCII by the standard library.

ASCII because text may hold lone surrogates; the standard library because integers of any size and NaN survive. msgspec
reads first what is read most, as it does so at a fraction of the cost; what it refuses the standard library reads.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from proctor.judge.outcome import Outcome
from proctor.judge.plan import Plan, PlannedSample, PlannedUnit
from proctor.judge.unit import Stop
from proctor.wire import Limits, RewardSpec

#: Batches admitted within this many seconds of each other compete by cost, not by age.
WINDOW_S = 10
_COSTS = 512
_SPEC = msgspec.json.Decoder(tuple[str, str, str, str, msgspec.Raw, Stop])
_JSON = msgspec.json.Decoder()
_ENCODER = json.JSONEncoder(separators=(",", ":"))  # json.dumps would make one for each call


def dumps(data: Any) -> str:
    """JSON in ASCII without white space."""
    return _ENCODER.encode(data)


def dumps_finite(data: Any) -> str:
    """As `dumps`, for data without NaN and infinities, which would become null; floats may be spelt otherwise."""
    try:
        text = msgspec.json.encode(data)
    except UnicodeEncodeError:  # a lone surrogate
        return dumps(data)
    return text.decode("ascii") if text.isascii() else dumps(data)


def read_json(text: bytes | str) -> Any:
    """The inverse of `dumps`."""
    try:
        return _JSON.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return json.loads(text)


def slug(text: str) -> str:
    """`text` as part of a key: itself where it is short and plain, else its hash."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text):
        return text
    return "~" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def lane_of(owner: str, run: str | None, priority: int) -> str:
    """The lane of a run: units of one owner, run and priority wait together."""
    return hashlib.sha256(dumps([owner, run, priority]).encode()).hexdigest()[:24]


def cases_in(body: bytes) -> int:
    """A guess at the cases of a test set, from its JSON, in microseconds; for ordering alone."""
    return max(1, body.count(b'"stdin"') + body.count(b'"args"'))


def score(window: int, unit: PlannedUnit, cases: int) -> int:
    """Place of a unit in its lane; the highest is taken first.

    Older windows first; within one the costliest first, so that no long unit is left to the end. The cost is what
    the limits allow, on a logarithmic scale.
    """
    seconds = min(unit.limits.sample_wall_s, unit.limits.cpu_s * cases)
    bucket = int(max(0.0, min(_COSTS - 1.0, 64 + 16 * math.log2(max(seconds, 1e-3)))))
    return -window * _COSTS + bucket


@dataclass(frozen=True, slots=True)
class Spec:
    """A unit as a worker gets it; its tests are fetched by hash."""

    owner: str
    language: str
    code: str
    tests_sha256: str
    limits: Limits
    stop: Stop


def write_spec(owner: str, unit: PlannedUnit, limits: dict[str, Any]) -> str:
    """A unit's spec. limits: `unit.limits`, dumped (they are often shared, so the caller keeps the dump)."""
    return dumps_finite([owner, unit.language, unit.code, unit.tests_sha256, limits, unit.stop])


def read_spec(text: bytes) -> Spec:
    """The inverse of `write_spec`."""
    try:
        owner, language, code, sha256, raw, stop = _SPEC.decode(text)
        limits = bytes(raw)
    except (msgspec.MsgspecError, ValueError):  # a lone surrogate
        owner, language, code, sha256, data, stop = json.loads(text)
        limits = dumps(data).encode()
    return Spec(owner, language, code, sha256, _read_limits(limits), stop)


@functools.lru_cache(256)
def _read_limits(text: bytes) -> Limits:
    """The same object for all units with these limits."""
    return Limits.model_construct(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sample that waits to be finished.

    ordinal: number of its group within the batch, -1 without one. key, wall_s: of its unit, None where the outcome
    is known. Prompt and reasoning are None where no thinking model is configured.
    """

    index: int
    id: str | None
    group: str | None
    ordinal: int
    prompt: str | None
    reasoning: str | None
    format: float | None
    flags: tuple[str, ...]
    key: str | None
    wall_s: float | None
    known: Outcome | None


def write_waiting(sample: PlannedSample, ordinal: int, *, with_text: bool) -> str:
    """A sample's record. with_text: keep prompt and reasoning, for a thinking model."""
    unit = sample.unit
    texts = (sample.prompt, sample.reasoning) if with_text else (None, None)
    key, wall_s = (unit.key, unit.limits.sample_wall_s) if unit else (None, None)
    known = sample.known.to_json() if sample.known else None
    return dumps_finite([sample.id, sample.group, ordinal, *texts, sample.format, sample.flags, key, wall_s, known])


def write_waiting_again(sample: Waiting) -> str:
    """A record once more, as it was read."""
    known = sample.known.to_json() if sample.known else None
    texts = [sample.id, sample.group, sample.ordinal, sample.prompt, sample.reasoning]
    return dumps_finite([*texts, sample.format, sample.flags, sample.key, sample.wall_s, known])


def read_waiting(index: int, text: bytes | str) -> Waiting:
    """The inverse of `write_waiting`."""
    id, group, ordinal, prompt, reasoning, format, flags, key, wall_s, known = read_json(text)
    outcome = Outcome.from_json(known) if known else None
    return Waiting(index, id, group, ordinal, prompt, reasoning, format, tuple(flags), key, wall_s, outcome)


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """What finishers need to know of a batch; it does not change. Times are Redis's clock, seconds."""

    id: str
    owner: str
    total: int
    created_s: float
    deadline_s: float
    reward: RewardSpec
    limits: dict[str, Any]
    test_sets: tuple[str, ...]
    groups: tuple[str, ...]
    run: str | None = None
    step: int | None = None

    def members(self, ordinal: int) -> str:
        """Indices of a soft-gate group, "1,2,…"."""
        return self.groups[ordinal]


def write_batch(plan: Plan, owner: str, groups: list[str]) -> dict[str, str]:
    """The fields of a batch that admission knows. groups: for soft-gate the indices of each, else empty."""
    return {
        "lane": lane_of(owner, plan.run, plan.priority),
        "priority": str(plan.priority),
        "run": dumps(plan.run),
        "step": dumps(plan.step),
        "reward": plan.reward.model_dump_json(),
        "limits": dumps(plan.limits.model_dump()),
        "test_sets": dumps(sorted(plan.test_sets)[:100]),
        "groups": dumps(groups),
    }


def read_batch(id: str, fields: dict[bytes, bytes]) -> BatchInfo:
    """The inverse of `write_batch`, with what `begin.lua` added. Raises KeyError for a batch that is gone."""
    return BatchInfo(
        id=id,
        owner=fields[b"owner"].decode(),
        total=int(fields[b"total"]),
        created_s=int(fields[b"created"]) / 1000,
        deadline_s=int(fields[b"deadline"]) / 1000,
        reward=RewardSpec.model_validate_json(fields[b"reward"]),
        limits=json.loads(fields[b"limits"]),
        test_sets=tuple(json.loads(fields[b"test_sets"])),
        groups=tuple(json.loads(fields[b"groups"])),
        run=json.loads(fields[b"run"]),
        step=json.loads(fields[b"step"]),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """One line per result, for the summary. kind: "p"assed, "f"ailed, "i"nvalid.

    thinking: T, where it was asked. bare: the reward without its thinking term.
    """

    kind: str
    gate_open: bool
    ordinal: int
    reward: float | None
    thinking: float | None = None
    bare: float | None = None

    def line(self) -> str:
        """`kind gate ordinal reward thinking bare`, ended by a line feed."""
        numbers = ("-" if x is None else repr(x) for x in (self.reward, self.thinking, self.bare))
        return f"{self.kind} {int(self.gate_open)} {self.ordinal} {' '.join(numbers)}\n"


def read_accounts(text: bytes) -> list[Account]:
    """The inverse of `Account.line`, for many."""
    accounts = []
    for line in text.decode("ascii").splitlines():
        kind, gate, ordinal, *texts = line.split(" ")
        numbers = [None if text == "-" else float(text) for text in texts]
        accounts.append(Account(kind, gate == "1", int(ordinal), *numbers))
    return accounts
