"""Every error of ours, in one tree. What judged code did is data, never one of these.

ProctorError
├── ConfigurationError        settings that cannot work; the process does not start
├── SandboxError              a sandbox failed us (never: the code in it failed)
│   ├── SandboxUnavailable    none can be had, or none keeps its promises
│   ├── SandboxLost           the supervisor or its connection ended in mid-run
│   └── SandboxProtocolError  the supervisor broke the protocol
├── TestsInvalid              tests that cannot be run, decided before the candidate runs
├── ThinkingError             the thinking model failed us
│   ├── ThinkingUnavailable   down, overloaded, or its answer makes no sense
│   └── ThinkingRejected      it refused this very input
└── RequestError              a client's fault; carries an HTTP status
    ├── Unauthorized 401      ├── NotFound 404       ├── IdempotencyClash 409
    ├── TooLarge 413          ├── InvalidRequest 422 ├── Overloaded 429
    └── Unavailable 503
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ProctorError(Exception):
    """Root of every error that Proctor raises on purpose."""


class ConfigurationError(ProctorError):
    """Settings that cannot work."""


class SandboxError(ProctorError):
    """A sandbox failed us."""


class SandboxUnavailable(SandboxError):
    """No sandbox can be had, or none that keeps its promises."""


class SandboxLost(SandboxError):
    """The supervisor or its connection ended in mid-run."""


class SandboxProtocolError(SandboxError):
    """The supervisor sent what the protocol does not know."""


class TestsInvalid(ProctorError):
    """Tests that cannot be run; decided before the candidate runs."""

    __test__ = False  # not a test class for pytest


class ThinkingError(ProctorError):
    """The thinking model failed us."""


class ThinkingUnavailable(ThinkingError):
    """Down, overloaded, or an answer that makes no sense."""


class ThinkingRejected(ThinkingError):
    """The model's server refused this very input."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A fault in a request body: an RFC 6901 JSON pointer and what is wrong there."""

    pointer: str
    detail: str


class RequestError(ProctorError):
    """A client's fault, answered as problem+json (RFC 9457)."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "about:blank"
    title: ClassVar[str] = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        faults: tuple[FieldFault, ...] = (),
        retry_after_s: float | None = None,
        type: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults
        self.retry_after_s = retry_after_s
        self.problem_type = type or self.type


class Unauthorized(RequestError):
    """No API key, or an unknown one."""

    status, type, title = 401, "unauthorized", "Unauthorized"


class NotFound(RequestError):
    """No such thing, or it belongs to another key."""

    status, type, title = 404, "not_found", "Not found"


class IdempotencyClash(RequestError):
    """The same Idempotency-Key came with another body."""

    status, type, title = 409, "idempotency_clash", "Idempotency clash"


class TooLarge(RequestError):
    """The body, or what it unpacks to, is over the maximum."""

    status, type, title = 413, "too_large", "Too large"


class InvalidRequest(RequestError):
    """The body does not say what it must."""

    status, type, title = 422, "invalid_request", "Invalid request"


class Overloaded(RequestError):
    """The queue, or this key's share of it, is full."""

    status, type, title = 429, "overloaded", "Overloaded"


class Unavailable(RequestError):
    """A part that the service needs is down."""

    status, type, title = 503, "unavailable", "Unavailable"
