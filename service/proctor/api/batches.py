"""`/v1/batches`: start a batch, look at it, stream its results, cancel it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from proctor.api import docs
from proctor.api.admission import admit_body
from proctor.api.answer import all_results, compose, ended, in_chunks, plain, through_outage
from proctor.api.context import Context, Reader, Shared, Submitter
from proctor.errors import RequestError
from proctor.wire import BatchAccepted, BatchStatus

router = APIRouter(tags=["batches"])
WAIT_S = 15.0
STREAM_PAGE = 64  # results held for each reader at most; a slow one holds no more
STREAM_FIRST = 8  # before we know how large they are
STREAM_BYTES = 64 * 1024  # what is held of them, about

BatchId = Annotated[str, Path(description="The batch, as `POST` answered.", max_length=64)]


@router.post(
    "/v1/batches",
    status_code=202,
    summary="Start a batch",
    response_model=BatchAccepted,
    responses=docs.problems(401, 409, 413, 422, 429, 503),
    openapi_extra=docs.batch_body(),
)
async def start(request: Request, context: Shared, owner: Submitter) -> Response:
    """Answers at once; the batch goes on without its client. The same body as `POST /v1/rewards`."""
    batch_id = await admit_body(context, owner, request, detached=True)
    return JSONResponse({"id": batch_id}, status_code=202, headers={"Location": f"/v1/batches/{batch_id}"})


@router.get(
    "/v1/batches/{batch_id}",
    summary="Look at a batch",
    response_model=BatchStatus,
    responses=docs.problems(401, 404, 503),
)
async def look(
    batch_id: BatchId,
    context: Shared,
    owner: Reader,
    results: Annotated[bool, Query(description="Whether to answer the finished results too.")] = True,
) -> Response:
    """Where the batch is, with the finished results by `index`."""
    state = await context.backend.status(owner, batch_id)
    found = await all_results(context.backend, owner, batch_id, state.done) if results else []
    head = {"id": batch_id, "status": state.status, "done": state.done, "total": state.total}
    tail = {"provenance": plain(state.provenance), "summary": plain(state.summary)}
    return StreamingResponse(in_chunks(compose(head, found, tail)), media_type="application/json")


@router.get(
    "/v1/batches/{batch_id}/results",
    summary="Stream the results of a batch",
    response_class=StreamingResponse,
    responses={**docs.ndjson(), **docs.problems(401, 404, 422, 503)},
)
async def stream(
    batch_id: BatchId,
    context: Shared,
    owner: Reader,
    after: Annotated[int, Query(ge=0, description="Results to leave out: those that the client has.")] = 0,
) -> Response:
    """Every sample exactly once, as it is ready, a line each; ends when the batch does.

    A stream that broke is taken up with `after` = number of whole lines that arrived.
    """
    await context.backend.status(owner, batch_id)  # a batch that is not there is 404, not an empty stream
    lines = _lines(context, owner, batch_id, after)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})


class CutOff(Exception):
    """A stream that cannot go on. Its connection is broken off, so that no client takes what came for the whole."""


async def _lines(context: Context, owner: str, batch_id: str, after: int) -> AsyncIterator[bytes]:
    """The results from number `after` on. Raises CutOff."""
    backend = context.backend
    seen, many = after, STREAM_FIRST
    try:
        while True:
            state = await through_outage(backend.status, owner, batch_id)
            if seen > state.total:  # a number of the client's own, perhaps none that Redis takes
                return
            while page := await through_outage(backend.results, owner, batch_id, seen, many):
                seen += len(page)
                many = max(1, min(STREAM_PAGE, STREAM_BYTES * len(page) // sum(map(len, page))))
                async for chunk in in_chunks(result + b"\n" for result in page):
                    yield chunk
            if ended(state) and seen == state.total:
                return
            await context.unless_stopping(through_outage(backend.wait, owner, batch_id, seen, WAIT_S))
    except RequestError as error:  # stopping, a long outage, or the batch has expired
        raise CutOff(str(error)) from error


@router.delete(
    "/v1/batches/{batch_id}",
    status_code=204,
    summary="Cancel a batch",
    responses=docs.problems(401, 404, 503),
)
async def cancel(batch_id: BatchId, context: Shared, owner: Submitter) -> Response:
    """What runs is killed, what waits is dropped: those samples are `invalid` with the error `cancelled`."""
    await context.backend.cancel(owner, batch_id)
    return Response(status_code=204)
