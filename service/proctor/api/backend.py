"""What the routes need from the queue; `proctor.jobs.batches.Batches` is it, tests bring one of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Sequence
from typing import Any, Literal, Protocol

from proctor.judge.plan import Plan


class BatchState(Protocol):
    """Where a batch is. `provenance` and `summary` are None until it has ended."""

    @property
    def status(self) -> Literal["queued", "running", "done", "cancelled"]:
        """Where it is."""

    @property
    def done(self) -> int:
        """Samples finished."""

    @property
    def total(self) -> int:
        """Samples in all."""

    @property
    def provenance(self) -> Any:
        """Wire Provenance, or its JSON data."""

    @property
    def summary(self) -> Any:
        """Wire Summary, or its JSON data."""

    @property
    def first(self) -> Sequence[bytes]:
        """Its first results, as many as came along."""


class Worker(Protocol):
    """A live worker."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def provider(self) -> str:
        """docker, namespace or attached."""

    @property
    def tier(self) -> str:
        """Isolation tier."""

    @property
    def languages(self) -> dict[str, str]:
        """Name → version."""

    @property
    def enforcement(self) -> dict[str, str]:
        """Limit → enforced or polled."""

    @property
    def image(self) -> str | None:
        """Digest of the image, or name of the interpreter."""


class Backend(Protocol):
    """The queue as the routes see it; every call is for one owner, the id of an API key."""

    def known(self, owner: str, idempotency_key: str, body_sha256: str) -> Awaitable[str | None]:
        """The batch that this key made before. Raises IdempotencyClash where its body was another."""

    def admit(
        self,
        owner: str,
        plan: Plan,
        *,
        idempotency_key: str | None = None,
        body_sha256: str | None = None,
        detached: bool,
        share: float = 1.0,
    ) -> Awaitable[str]:
        """The id of the new batch. share: the owner's weight. Raises Overloaded, Unavailable, IdempotencyClash."""

    def status(self, owner: str, batch_id: str) -> Awaitable[BatchState]:
        """Raises NotFound."""

    def results(self, owner: str, batch_id: str, after: int = 0, count: int = 1000) -> Awaitable[Sequence[bytes]]:
        """Finished results from number `after` on, ASCII JSON each, in the order of finishing."""

    def wait(
        self, owner: str, batch_id: str, seen: int, timeout_s: float, *, first: int = 0
    ) -> Awaitable[BatchState | None]:
        """The state once more than `seen` are done or the batch has ended; None if `timeout_s` seconds passed before.

        With `seen` at least the batch's total: once it has ended. first: how many of its first results may come along.
        """

    def cancel(self, owner: str, batch_id: str) -> Awaitable[None]:
        """Kill what runs, drop what waits. Raises NotFound."""

    def put_test_set(self, owner: str, sha256: str, body: bytes) -> Awaitable[bool]:
        """Keep a verified test set; whether it was new."""

    def has_test_set(self, owner: str, sha256: str) -> Awaitable[bool]:
        """Whether this owner uploaded it."""

    def test_sets(self, owner: str, shas: Collection[str]) -> Awaitable[dict[str, bytes]]:
        """Those of `shas` that are here; renews them."""

    def workers(self) -> Awaitable[Sequence[Worker]]:
        """The live ones."""

    def unfinished(self) -> Awaitable[int]:
        """Samples admitted and not finished, of every owner."""

    def ready(self) -> Awaitable[None]:
        """Raises Unavailable where work would not be done."""
