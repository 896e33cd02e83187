"""What a supervisor's answers mean: typed, or refused. A supervisor may have been taken over, so nothing that it
sends reaches judging unchecked; an answer of the wrong shape is a sandbox that failed, never a fault of judging.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, cast, get_args

import msgspec
from msgspec import Meta

from proctor.errors import SandboxProtocolError
from proctor.sandbox.provider import CaseMark, PairRan, Ran, Stopped

_STOPPED = (None, *get_args(Stopped))
_MOST = 1e12  # of any number: seconds, MiB

_Number = Annotated[float, Meta(le=_MOST)]
_Code = Annotated[int, Meta(ge=-(1 << 32), le=1 << 32)]
_Count = Annotated[int, Meta(ge=0, le=1 << 32)]
_Blob = Annotated[int, Meta(ge=0)]


class _Account(msgspec.Struct, frozen=True, gc=False):
    """What `read_ran` reads, for msgspec to check."""

    exit_code: _Code | None
    signal: _Code | None
    stopped: Stopped | None
    cpu_s: _Number
    wall_s: _Number
    memory_mib: _Number
    stdout: _Blob
    stderr: _Blob
    flags: list[str]
    files: dict[str, _Blob]
    compile_error: str | None
    saturated: bool

    def ran(self, blobs: list[bytes]) -> Ran:
        """As `read_ran`. Raises IndexError."""
        return Ran(
            self.exit_code,
            self.signal,
            self.stopped,
            max(0.0, self.cpu_s),
            max(0.0, self.wall_s),
            max(0.0, self.memory_mib),
            blobs[self.stdout],
            blobs[self.stderr],
            frozenset(self.flags),
            {path: blobs[index] for path, index in self.files.items()},
            self.compile_error,
            self.saturated,
        )


class _Mark(msgspec.Struct, frozen=True, gc=False):
    """What `_mark` reads."""

    verdict: str
    detail: str | None
    cpu_s: _Number
    wall_s: _Number


class RanAnswer(msgspec.Struct, frozen=True, gc=False):
    """A frame `ran`."""

    op: Literal["ran"]
    ran: _Account
    blobs: list[int]

    def read(self, blobs: list[bytes]) -> Ran:
        """As `read_ran`. Raises SandboxProtocolError."""
        try:
            return self.ran.ran(blobs)
        except IndexError as error:
            raise SandboxProtocolError(f"an account that cannot be read: {error!r:.200}") from error


class PairAnswer(msgspec.Struct, frozen=True, gc=False):
    """A frame `paired`."""

    op: Literal["paired"]
    candidate: _Account
    tests: _Account
    cases: list[_Mark]
    total: _Count | None
    flags: list[str]
    tests_error: str | None
    saturated: bool
    blobs: list[int]

    def read(self, blobs: list[bytes]) -> PairRan:
        """As `read_pair`. Raises SandboxProtocolError."""
        try:
            return PairRan(
                self.candidate.ran(blobs),
                self.tests.ran(blobs),
                tuple(CaseMark(m.verdict, m.detail, max(0.0, m.cpu_s), max(0.0, m.wall_s)) for m in self.cases),
                self.total,
                frozenset(self.flags),
                self.tests_error,
                self.saturated,
            )
        except IndexError as error:
            raise SandboxProtocolError(f"a pair that cannot be read: {error!r:.200}") from error


RAN = msgspec.json.Decoder(RanAnswer)
PAIR = msgspec.json.Decoder(PairAnswer)


def read_ran(data: Any, blobs: list[bytes]) -> Ran:
    """The account of one process tree. Raises SandboxProtocolError."""
    try:
        return Ran(
            exit_code=_integer(data["exit_code"]),
            signal=_integer(data["signal"]),
            stopped=_stopped(data["stopped"]),
            cpu_s=_number(data["cpu_s"]),
            wall_s=_number(data["wall_s"]),
            memory_mib=_number(data["memory_mib"]),
            stdout=_blob(blobs, data["stdout"]),
            stderr=_blob(blobs, data["stderr"]),
            flags=_names(data["flags"]),
            files={_text(path): _blob(blobs, index) for path, index in dict(data["files"]).items()},
            compile_error=_perhaps_text(data["compile_error"]),
            saturated=_truth(data["saturated"]),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SandboxProtocolError(f"an account that cannot be read: {error!r:.200}") from error


def read_pair(header: dict[str, Any], blobs: list[bytes]) -> PairRan:
    """The account of tests and candidate. Raises SandboxProtocolError."""
    try:
        return PairRan(
            candidate=read_ran(header["candidate"], blobs),
            tests=read_ran(header["tests"], blobs),
            cases=tuple(_mark(mark) for mark in _list(header["cases"])),
            total=_count(header["total"]),
            flags=_names(header["flags"]),
            tests_error=_perhaps_text(header["tests_error"]),
            saturated=_truth(header["saturated"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxProtocolError(f"a pair that cannot be read: {error!r:.200}") from error


def _mark(data: Any) -> CaseMark:
    verdict, detail = _text(data["verdict"]), _perhaps_text(data["detail"])
    return CaseMark(verdict, detail, _number(data["cpu_s"]), _number(data["wall_s"]))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("a number expected")
    if value > _MOST:
        raise ValueError("a number out of bounds")
    return max(0.0, float(value))  # a difference of two clocks may be a little below


def _integer(value: Any) -> int | None:
    if value is not None and (type(value) is not int or abs(value) > 1 << 32):
        raise TypeError("an integer expected")
    return value


def _count(value: Any) -> int | None:
    count = _integer(value)
    if count is not None and count < 0:
        raise ValueError("a count below zero")
    return count


def _stopped(value: Any) -> Stopped | None:
    if value not in _STOPPED:
        raise ValueError("an unknown limit")
    return cast("Stopped | None", value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _perhaps_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false expected")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("an array expected")
    return value


def _names(value: Any) -> frozenset[str]:
    return frozenset(_text(name) for name in _list(value))


def _blob(blobs: list[bytes], index: Any) -> bytes:
    if type(index) is not int or not 0 <= index < len(blobs):
        raise IndexError("no such blob")
    return blobs[index]
