"""A session over a connected Unix socket, the same for every provider: protocol.py from the worker's side."""

from __future__ import annotations

import hmac
import select
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from proctor.errors import SandboxError, SandboxLost, SandboxProtocolError, SandboxUnavailable
from proctor.sandbox import frames
from proctor.sandbox.accounts import PAIR, RAN, PairAnswer, RanAnswer, read_pair, read_ran
from proctor.sandbox.provider import DuoRan, Hello, PairRan, Ran, Sources
from proctor.sandbox.stream import Stream
from proctor.wire import Limits
from proctor_supervisor import PROTOCOL, fingerprint, protocol
from proctor_supervisor.programs import BACKSTOP

#: How long past a run's own limits an answer is waited for, seconds: the worker's clock around the supervisor's.
_GRACE_S = 20.0


A = TypeVar("A", bound=RanAnswer | PairAnswer)


class Heard(NamedTuple, Generic[A]):
    """A frame that was received: `answer` where it is of the type that was asked for, else `header`."""

    answer: A | None
    header: dict[str, Any]
    blobs: list[bytes]


class _Asked(NamedTuple):
    """A pair's header, and what it was made of."""

    limits: Limits
    others: tuple[object, ...]
    header: bytes


def _compiling_s(limits: Limits) -> float:
    """The wall clock that a compiler may take, with room."""
    return BACKSTOP * limits.compile_s + 15


class SocketSession:
    """One supervisor, over `sock`. Waits for its hello up to `hello_s` seconds; it must bring `token`, if given.

    share_isolation: whether samples that leave nothing behind may stand in one isolation, one after another.

    Raises SandboxUnavailable where the supervisor refuses to run, SandboxLost, SandboxProtocolError.
    """

    hello: Hello

    def __init__(
        self,
        sock: socket.socket,
        *,
        hello_s: float = 30.0,
        allow_in_process: bool = False,
        share_isolation: bool = True,
        token: str | None = None,
    ) -> None:
        self._sock = sock
        self._stream = Stream(sock)
        self._allow_in_process = allow_in_process
        self._apart = not share_isolation
        self._poller = select.poll()
        self._poller.register(sock, select.POLLRDHUP)
        self._closing = threading.Lock()
        self._cpu: int | None = None
        self._asked: _Asked | None = None
        self.closed = False
        try:
            header = self._receive(hello_s).header
            self.hello = _hello(header)
            if token is not None and not _same(header.get("token"), token):
                raise SandboxProtocolError("whoever dialled is not the sandbox that was asked for")
        except BaseException:
            self.close()
            raise

    def program(
        self,
        language: str,
        source: bytes,
        limits: Limits,
        *,
        cases: int = 1,
        files: Mapping[str, bytes] | None = None,
    ) -> SocketProgram:
        """See `Session.program`."""
        more = files or {}
        request = {
            "op": "program",
            "language": language,
            "limits": vars(limits),
            "cases": cases,
            "paths": list(more),
            "apart": self._apart,
            "cpu": self._cpu,
        }
        header, blobs = self._ask(request, [source, *more.values()], "compiled", _compiling_s(limits))
        failed = None if header.get("ran") is None else read_ran(header["ran"], blobs)
        return SocketProgram(self, limits, failed)

    def duo(self, candidate: Sources, tests: Sources, limits: Limits) -> DuoRan:
        """See `Session.duo`."""
        request = {
            "op": "duo",
            "cpu": self._cpu,
            "limits": vars(limits),
            "candidate": {"language": candidate.language, "paths": list(candidate.files)},
            "tests": {"language": tests.language, "paths": list(tests.files)},
        }
        sources = [candidate.source, *candidate.files.values(), tests.source, *tests.files.values()]
        header, blobs = self._ask(request, sources, "dueled", 2 * _compiling_s(limits) + limits.sample_wall_s)
        return DuoRan(read_ran(header.get("candidate"), blobs), read_ran(header.get("tests"), blobs))

    def pair(
        self, language: str, source: bytes, tests: bytes, limits: Limits, *, stop: str, first_case: int = 0
    ) -> PairRan:
        """See `Session.pair`."""
        asked = self._pair_header(language, limits, stop, first_case)
        limit_s = 3 * limits.compile_s + limits.sample_wall_s
        answer, header, blobs = self._ask_for(PAIR, asked, [source, tests], limit_s)
        return answer.read(blobs) if answer is not None else read_pair(self._expect(header, "paired"), blobs)

    def _pair_header(self, language: str, limits: Limits, stop: str, first_case: int) -> bytes:
        """The header of a pair; samples in a row mostly have the same."""
        others = (language, stop, first_case, self._cpu)
        if self._asked is None or self._asked.limits is not limits or self._asked.others != others:
            request = {
                "op": "pair",
                "language": language,
                "limits": vars(limits),
                "stop": stop,
                "first_case": first_case,
                "allow_in_process": self._allow_in_process,
                "apart": self._apart,
                "cpu": self._cpu,
            }
            self._asked = _Asked(limits, others, frames.opened(request))
        return self._asked.header

    def sit(self, cpu: int | None) -> None:
        """See `Session.sit`."""
        self._cpu = cpu

    def ping(self, within_s: float = _GRACE_S) -> None:
        """Ask for a sign of life. Raises SandboxLost, SandboxProtocolError."""
        self._ask({"op": "ping"}, [], "pong", within_s - _GRACE_S)

    def hung_up(self) -> bool:
        """Whether the other side is gone, as far as the socket knows. Sends and reads nothing; safe from any thread."""
        with self._closing:
            if self.closed:
                return True
            return bool(self._poller.poll(0))

    def close(self) -> None:
        """See `Session.close`."""
        self.closed = True
        with self._closing:
            try:
                self._sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side, or another thread, was first
            self._sock.close()

    def _ask(
        self, request: dict[str, Any], blobs: list[bytes], expected: str, limit_s: float
    ) -> tuple[dict[str, Any], list[bytes]]:
        _, header, answer = self._ask_for(None, frames.opened(request), blobs, limit_s)
        return self._expect(header, expected), answer

    def _ask_for(
        self, decoder: msgspec.json.Decoder[A] | None, header: bytes, blobs: list[bytes], limit_s: float
    ) -> Heard[A]:
        try:
            self._send(header, blobs, _GRACE_S + limit_s)
            return self._receive(_GRACE_S + limit_s, decoder)
        except SandboxError:
            self.close()
            raise

    def _expect(self, header: dict[str, Any], expected: str) -> dict[str, Any]:
        if header["op"] != expected:
            self.close()
            raise SandboxProtocolError(f"{expected} expected, not {header['op']}: {header.get('message')}")
        return header

    def _send(self, header: bytes, blobs: list[bytes], limit_s: float) -> None:
        try:
            self._stream.limit(limit_s)
            frames.send(self._stream, header, blobs)
        except (OSError, ValueError) as error:
            raise SandboxLost(f"the sandbox is gone: {error}") from error

    def _receive(self, limit_s: float, decoder: msgspec.json.Decoder[A] | None = None) -> Heard[A]:
        try:
            self._stream.limit(limit_s)
            text = frames.header_of(self._stream)
            if decoder is not None and (answer := frames.typed(text, decoder)) is not None:
                return Heard(answer, {}, frames.blobs_of(self._stream, answer.blobs))
            header = frames.plain(text)
            return Heard(None, header, frames.blobs_of(self._stream, header.pop("blobs", [])))
        except protocol.Closed as error:
            raise SandboxLost("the sandbox closed its connection") from error
        except protocol.ProtocolError as error:
            raise SandboxProtocolError(str(error)) from error
        except (OSError, ValueError) as error:
            raise SandboxLost(f"the sandbox is gone: {error}") from error


class SocketProgram:
    """A program of a session; one at a time."""

    def __init__(self, session: SocketSession, limits: Limits, failed: Ran | None) -> None:
        self.failed = failed
        self._session = session
        self._limits = limits

    def run(
        self,
        stdin: bytes = b"",
        *,
        argv: Sequence[str] = (),
        files: dict[str, bytes] | None = None,
        fetch: Sequence[str] = (),
    ) -> Ran:
        """See `Program.run`."""
        files = files or {}
        request = {"op": "case", "argv": list(argv), "paths": list(files), "fetch": list(fetch)}
        limit_s = self._limits.wall_s + 3 * self._limits.compile_s
        sent = [stdin, *files.values()]
        answer, header, blobs = self._session._ask_for(RAN, frames.opened(request), sent, limit_s)
        if answer is not None:
            return answer.read(blobs)
        return read_ran(self._session._expect(header, "ran").get("ran"), blobs)

    def close(self) -> None:
        """See `Program.close`."""
        if self.failed is None and not self._session.closed:
            self._session._ask({"op": "end"}, [], "ended", 0)


def _hello(header: dict[str, Any]) -> Hello:
    if header["op"] == "refused":
        raise SandboxUnavailable(str(header.get("message")))
    if header["op"] != "hello" or header.get("protocol") != PROTOCOL:
        raise SandboxProtocolError(f"hello of protocol {PROTOCOL} expected, not {header['op']}")
    if header.get("supervisor") != fingerprint():
        raise SandboxUnavailable(
            "the sandbox runs another version of the supervisor than this worker was released with; "
            "build its image anew (make images)"
        )
    try:
        return Hello(
            tier=str(header["tier"]),
            languages={str(name): str(version) for name, version in header["languages"].items()},
            enforcement={str(name): str(how) for name, how in header["enforcement"].items()},
            image=header["image"],
        )
    except (KeyError, AttributeError) as error:
        raise SandboxProtocolError(f"a hello without {error}") from error


def _same(said: object, token: str) -> bool:
    return isinstance(said, str) and hmac.compare_digest(said.encode("utf-8", "replace"), token.encode())
