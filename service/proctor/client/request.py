"""From samples to request bodies: equal tests once, big ones by hash, in chunks that keep groups whole. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from pydantic import BaseModel

from proctor.client.errors import Fault
from proctor.wire import LimitsOverride, RewardSpec, Sample, TestRef, Tests

SampleLike = Sample | Mapping[str, Any]
TestsLike = Tests | TestRef | Mapping[str, Any]


class Options(TypedDict, total=False):
    """Fields of a request beside its samples; see `BatchRequest`."""

    reward: RewardSpec | Mapping[str, Any]
    limits: LimitsOverride | Mapping[str, Any]
    stop: Literal["all", "first_failure"]
    deadline_s: float
    priority: int
    run: str
    step: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """One request's body. positions: of its samples, among those given; origin: test set name → such a position.

    uploads: SHA-256 → bytes of test sets that the body refers to.
    """

    body: bytes
    positions: tuple[int, ...]
    uploads: dict[str, bytes]
    origin: dict[str, int]

    def translate(self, fault: Fault) -> Fault:
        """The fault with its pointer into the samples as they were given."""
        if found := re.match(r"/samples/(\d+)(.*)", fault.pointer):
            return Fault(f"/samples/{self.positions[int(found[1])]}{found[2]}", fault.detail)
        if (found := re.match(r"/tests/([^/]+)(.*)", fault.pointer)) and found[1] in self.origin:
            return Fault(f"/samples/{self.origin[found[1]]}/tests{found[2]}", fault.detail)
        return fault


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much goes into a chunk: samples, bytes; test sets from `upload_from` bytes on go by hash."""

    samples: int = 1000
    bytes: int = 32 << 20
    upload_from: int = 64 << 10


@dataclass(slots=True)
class _Piece:
    """One sample as JSON: `head` without its tests, which are `tests` (JSON), under `name` where they are shared."""

    position: int
    group: Any
    head: bytes
    tests: bytes
    name: str | None = None


def plain(value: Any) -> Any:
    """JSON data of a model, of what it was given alone; other data as it is."""
    return value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value


def encode(value: Any) -> bytes:
    """Compact ASCII JSON: big integers, NaN and lone surrogates stay what they are."""
    return json.dumps(plain(value), separators=(",", ":"), default=plain).encode("ascii")


def digest(body: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(body).hexdigest()


def chunks(
    samples: Sequence[SampleLike],
    tests: Mapping[str, TestsLike] | None = None,
    options: Options | None = None,
    bounds: Bounds | None = None,
) -> list[Chunk]:
    """The requests that score `samples`. Raises ValueError for no samples, TypeError for what JSON cannot hold."""
    if not samples:
        raise ValueError("no samples")
    bounds = bounds or Bounds()
    named = {name: encode(value) for name, value in (tests or {}).items()}
    pieces = [_piece(i, plain(sample)) for i, sample in enumerate(samples)]
    _share(pieces)
    fixed = {name: plain(value) for name, value in (options or {}).items() if value is not None}
    return [_chunk(part, named, fixed, bounds) for part in _parts(pieces, bounds)]


def _piece(position: int, sample: Mapping[str, Any]) -> _Piece:
    head = {name: value for name, value in sample.items() if name != "tests"}
    return _Piece(position, sample.get("group"), encode(head), encode(sample.get("tests")))


def _share(pieces: list[_Piece]) -> None:
    """Give a name to test sets that several samples hold."""
    counts = Counter(p.tests for p in pieces)
    for piece in pieces:
        if counts[piece.tests] > 1 and piece.tests.startswith(b"{"):
            piece.name = "sha256:" + digest(piece.tests)


def _parts(pieces: list[_Piece], bounds: Bounds) -> Iterator[list[_Piece]]:
    """Pieces in portions within the bounds; a group stays whole, and so may be larger."""
    groups: dict[Any, list[_Piece]] = {}
    for piece in pieces:
        alone = piece.group is None
        groups.setdefault((alone, piece.position if alone else piece.group), []).append(piece)
    part: list[_Piece] = []
    size = 0
    for group in groups.values():
        more = sum(len(p.head) + (0 if p.name else len(p.tests)) for p in group)
        if part and (len(part) + len(group) > bounds.samples or size + more > bounds.bytes):
            yield part
            part, size = [], 0
        part += group
        size += more
    yield part


@dataclass(slots=True)
class _Sets:
    """The test sets of one chunk: `shared` by name in its body, `uploads` by hash beside it."""

    upload_from: int
    shared: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)

    def place(self, tests: bytes) -> bytes:
        """The tests themselves, or a reference where they are big."""
        if len(tests) < self.upload_from or not tests.startswith(b"{"):
            return tests
        sha = digest(tests)
        self.uploads[sha] = tests
        return b'{"ref":"%s"}' % sha.encode()


def _chunk(part: list[_Piece], named: dict[str, bytes], fixed: dict[str, Any], bounds: Bounds) -> Chunk:
    sets = _Sets(bounds.upload_from)
    origin: dict[str, int] = {}
    bodies = []
    for piece in part:
        if piece.name is not None:
            tests = encode(piece.name)
            if piece.name not in sets.shared:
                sets.shared[piece.name] = sets.place(piece.tests)
                origin[piece.name] = piece.position
        else:
            tests = sets.place(piece.tests)
            _name_used(tests, named, sets)
        bodies.append(_with_tests(piece.head, tests))
    fields = [b'"samples":[' + b",".join(bodies) + b"]"]
    if sets.shared:
        shared = b",".join(encode(name) + b":" + body for name, body in sets.shared.items())
        fields.append(b'"tests":{' + shared + b"}")
    fields += [encode(name) + b":" + encode(value) for name, value in fixed.items()]
    return Chunk(b"{" + b",".join(fields) + b"}", tuple(p.position for p in part), sets.uploads, origin)


def _name_used(tests: bytes, named: dict[str, bytes], sets: _Sets) -> None:
    """Put a test set that the caller named into the chunk that uses it."""
    if tests.startswith(b'"') and (name := json.loads(tests)) in named and name not in sets.shared:
        sets.shared[name] = sets.place(named[name])


def _with_tests(head: bytes, tests: bytes) -> bytes:
    if tests == b"null":  # absent: the service says so, with a pointer
        return head
    return head[:-1] + (b"," if head != b"{}" else b"") + b'"tests":' + tests + b"}"
