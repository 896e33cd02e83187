"""Every error of the client, in one tree. A sample that could not be judged is a result (`invalid`), not an error.

ClientError
├── ConnectionFailed        no service answered for as long as the client waits
├── TimedOut                the caller's own time limit passed
├── UnexpectedAnswer        an answer that is not of this interface
└── ServiceError            an error status; carries status, type, detail and faults
    ├── Unauthorized 401    ├── NotFound 404        ├── IdempotencyClash 409
    ├── TooLarge 413        ├── InvalidRequest 422  ├── Overloaded 429
    └── Unavailable 5xx
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


class ClientError(Exception):
    """Root of every error of the client."""


class ConnectionFailed(ClientError):
    """No service answered, through all retries."""


class TimedOut(ClientError):
    """The caller's own time limit passed; what ran was cancelled."""


class UnexpectedAnswer(ClientError):
    """An answer that is not of this interface: another service, or a proxy's page."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a request: where, as a JSON pointer, and what."""

    pointer: str
    detail: str


class ServiceError(ClientError):
    """The service answered with an error.

    status: of HTTP; type: the problem's name, such as "test_set_unknown"; faults: fields at fault, pointers into
    the samples as they were given to the client; retry_after_s: seconds, where the service named them.
    """

    statuses: ClassVar[tuple[int, ...]] = ()

    def __init__(
        self,
        status: int,
        type: str,
        detail: str,
        *,
        faults: tuple[Fault, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        told = "".join(f"\n  {f.pointer or '(the whole)'}: {f.detail}" for f in faults[:10])
        super().__init__(f"{status} {type}: {detail}{told}")
        self.status = status
        self.type = type
        self.detail = detail
        self.faults = faults
        self.retry_after_s = retry_after_s


class Unauthorized(ServiceError):
    """No API key, or an unknown one."""

    statuses = (401, 403)


class NotFound(ServiceError):
    """No such batch, or it belongs to another key."""

    statuses = (404,)


class IdempotencyClash(ServiceError):
    """The same Idempotency-Key was used with another body."""

    statuses = (409,)


class TooLarge(ServiceError):
    """The body is too large."""

    statuses = (413,)


class InvalidRequest(ServiceError):
    """The request is not valid; `faults` says where."""

    statuses = (422,)


class Overloaded(ServiceError):
    """The queue was full through all retries."""

    statuses = (429,)


class Unavailable(ServiceError):
    """The service could not work through all retries."""

    statuses = (500, 502, 503, 504)


_BY_STATUS = {
    status: kind
    for kind in (Unauthorized, NotFound, IdempotencyClash, TooLarge, InvalidRequest, Overloaded, Unavailable)
    for status in kind.statuses
}


def from_problem(status: int, problem: Any, retry_after: str | None) -> ServiceError:
    """The error of an answer with status 4xx or 5xx. `problem`: its JSON, or None where it was none."""
    told = problem if isinstance(problem, dict) else {}
    faults = tuple(
        Fault(str(e.get("pointer", e.get("parameter", ""))), str(e.get("detail", "")))
        for e in told.get("errors") or ()
        if isinstance(e, dict)
    )
    return _BY_STATUS.get(status, ServiceError)(
        status,
        str(told.get("type", "unknown")),
        str(told.get("detail", "no problem document in the answer")),
        faults=faults,
        retry_after_s=float(retry_after) if retry_after and retry_after.isdigit() else None,
    )
