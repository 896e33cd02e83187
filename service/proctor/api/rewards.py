"""`POST /v1/rewards`: a batch and its answer in one request."""

from __future__ import annotations

import asyncio
import sys

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from redis.exceptions import RedisError

from proctor.api import docs
from proctor.api.admission import admit_body, idempotency_key
from proctor.api.answer import all_results, compose, ended, in_chunks, plain, through_outage
from proctor.api.backend import BatchState
from proctor.api.context import Context, Shared, Submitter, abandon
from proctor.errors import ProctorError
from proctor.wire import BatchAnswer

log = structlog.get_logger(__name__)
router = APIRouter(tags=["rewards"])
WAIT_S = 15.0
ALONG = 64  # results that come along with the news that a batch has ended
WHOLE = 1 << 20  # answers below this many bytes go out in one piece, with their length


@router.post(
    "/v1/rewards",
    summary="Score a batch, and wait for it",
    response_model=BatchAnswer,
    responses=docs.problems(401, 409, 413, 422, 429, 503),
    openapi_extra=docs.batch_body(),
)
async def score(request: Request, context: Shared, owner: Submitter) -> Response:
    """Answers when every sample is done, in the order of the samples.

    A client that goes away cancels its batch, unless it sent an `Idempotency-Key`: then the batch goes on, and
    the same request with the same key joins it.
    """
    batch_id = await admit_body(context, owner, request, detached=False)
    keeps = idempotency_key(request) is not None
    try:
        state = await _answerable(context, owner, batch_id, request)
    except BaseException:
        if not keeps:
            await asyncio.shield(give_up(context, owner, batch_id))
        raise
    if state is None:
        if not keeps:
            await give_up(context, owner, batch_id)
        return Response(status_code=499)  # nobody reads it
    return await _answer(context, owner, batch_id, state)


async def give_up(context: Context, owner: str, batch_id: str) -> None:
    """Cancel a batch that nobody waits for; its deadline ends it where that fails."""
    try:
        await context.backend.cancel(owner, batch_id)
    except (ProctorError, RedisError) as error:
        log.warning("cancel_failed", batch=batch_id, error=str(error)[:200])


async def _answerable(context: Context, owner: str, batch_id: str, request: Request) -> BatchState | None:
    """The batch once it has ended; None where the client went away. Raises Unavailable when we stop."""
    batch = asyncio.ensure_future(context.unless_stopping(_ended(context, owner, batch_id)))
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait((batch, gone), return_when=asyncio.FIRST_COMPLETED)
        return batch.result() if batch.done() else None
    finally:
        abandon(batch, gone)


async def _ended(context: Context, owner: str, batch_id: str) -> BatchState:
    while True:
        state = await through_outage(context.backend.wait, owner, batch_id, sys.maxsize, WAIT_S, first=ALONG)
        if state is not None and ended(state):
            return state


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _answer(context: Context, owner: str, batch_id: str, state: BatchState) -> Response:
    results = await through_outage(all_results, context.backend, owner, batch_id, state.total, state.first)
    tail = {"provenance": plain(state.provenance), "summary": plain(state.summary)}
    pieces = compose({"id": batch_id}, results, tail)
    if sum(map(len, results)) < WHOLE:
        return Response(b"".join(pieces), media_type="application/json")
    return StreamingResponse(in_chunks(pieces), media_type="application/json")
