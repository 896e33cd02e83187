"""What the routes need from the queue; `proctor.jobs.batches.Batches` is it, tests bring one of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal, Protocol

from proctor.judge.plan import Plan


class BatchState(Protocol):
    """Where a batch is. `provenance` and `summary` are None until it has ended."""

    @property
    def status(self) -> Literal["queued", "running", "done", "cancelled"]: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def provenance(self) -> Any: ...
    @property
    def summary(self) -> Any: ...


class Worker(Protocol):
    """A live worker."""

    @property
    def id(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def tier(self) -> str: ...
    @property
    def languages(self) -> dict[str, str]: ...
    @property
    def enforcement(self) -> dict[str, str]: ...
    @property
    def image(self) -> str | None: ...


class Backend(Protocol):
    """The queue as the routes see it; every call is for one owner, the id of an API key."""

    async def known(self, owner: str, idempotency_key: str, body_sha256: str) -> str | None:
        """The batch that this key made before. Raises IdempotencyClash where its body was another."""

    async def admit(
        self,
        owner: str,
        plan: Plan,
        *,
        idempotency_key: str | None = None,
        body_sha256: str | None = None,
        detached: bool,
    ) -> str:
        """The id of the new batch. Raises Overloaded, Unavailable, IdempotencyClash."""

    async def status(self, owner: str, batch_id: str) -> BatchState:
        """Raises NotFound."""

    async def results(self, owner: str, batch_id: str, after: int = 0, count: int = 1000) -> Sequence[bytes]:
        """Finished results from number `after` on, ASCII JSON each, in the order of finishing."""

    async def wait(self, owner: str, batch_id: str, seen: int, timeout_s: float) -> None:
        """Return once more than `seen` are done, the batch has ended, or `timeout_s` seconds passed."""

    async def cancel(self, owner: str, batch_id: str) -> None:
        """Kill what runs, drop what waits. Raises NotFound."""

    async def put_test_set(self, owner: str, sha256: str, body: bytes) -> bool:
        """Keep a verified test set; whether it was new."""

    async def has_test_set(self, owner: str, sha256: str) -> bool:
        """Whether this owner uploaded it."""

    async def test_sets(self, owner: str, shas: Collection[str]) -> dict[str, bytes]:
        """Those of `shas` that are here; renews them."""

    async def workers(self) -> Sequence[Worker]:
        """The live ones."""

    async def ready(self) -> None:
        """Raises Unavailable where work would not be done."""
