"""From a request's body to an admitted batch: read, parse, plan, admit. Every route that starts a batch comes here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fastapi import Request

from proctor.api.backend import Worker
from proctor.api.context import Context
from proctor.api.parse import parse_batch
from proctor.errors import InvalidRequest, Unavailable
from proctor.judge.plan import Plan, needed_refs, plan_batch
from proctor.wire import BatchRequest

MAX_KEY_CHARS = 255
NO_WORKER_RETRY_S = 5.0


def idempotency_key(request: Request) -> str | None:
    """The `Idempotency-Key` header. Raises InvalidRequest where it is empty or overlong."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key.strip()) <= MAX_KEY_CHARS:
        raise InvalidRequest(f"Idempotency-Key must have 1 to {MAX_KEY_CHARS} characters.")
    return key.strip() if key is not None else None


async def admit_body(context: Context, owner: str, request: Request, *, detached: bool) -> str:
    """The batch of this request, new or, by its idempotency key, made before.

    detached: the batch goes on without a client. Raises any RequestError.
    """
    key = idempotency_key(request)
    async with context.bodies.read(request, owner) as body:
        digest = hashlib.sha256(body).hexdigest()
        if key is not None:
            known = await context.backend.known(owner, key, digest)
            if known is not None:
                return known
        batch = await context.compute(len(body), parse_batch, body, context.settings)
        plan = await plan_request(context, owner, batch, size=len(body))
        return await context.backend.admit(
            owner,
            plan,
            idempotency_key=key,
            body_sha256=digest if key is not None else None,
            detached=detached or key is not None,
            share=context.keys.share(owner),
        )


def sandbox_name(workers: Sequence[Worker]) -> str:
    """What runs the code, in a name that changes when an image, an interpreter or a compiler does."""
    images = sorted({w.image or w.provider for w in workers})
    versions = sorted({f"{name} {version}" for w in workers for name, version in w.languages.items()})
    return ",".join((*images, *versions))


async def plan_request(context: Context, owner: str, batch: BatchRequest, *, size: int) -> Plan:
    """The plan of a valid request of `size` bytes. Raises InvalidRequest, Unavailable."""
    workers = await context.workers()
    if not workers:
        raise Unavailable("No worker is there to run code.", retry_after_s=NO_WORKER_RETRY_S)
    refs = needed_refs(batch)
    fetched = await context.backend.test_sets(owner, refs) if refs else {}
    settings = context.settings
    return await context.compute(
        size + sum(map(len, fetched.values())),
        plan_batch,
        batch,
        owner=owner,
        limits_default=settings.limits_default,
        limits_max=settings.limits_max,
        languages=sorted({language for w in workers for language in w.languages}),
        sandbox_name=sandbox_name(workers),
        fetched=fetched,
        max_samples=settings.max_samples,
    )
