"""`/v1/test-sets/{sha256}`: upload a test set once, refer to it by its hash."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from proctor.api import docs
from proctor.api.context import Shared, Submitter
from proctor.api.parse import parse_tests
from proctor.errors import FieldFault, InvalidRequest

router = APIRouter(tags=["test sets"])

Sha = Annotated[
    str, Path(description="SHA-256 of the exact body, before packing; lower-case hex.", pattern=r"^[0-9a-f]{64}$")
]


@router.put(
    "/v1/test-sets/{sha256}",
    status_code=201,
    summary="Upload a test set",
    responses={200: {"description": "It was here; renewed."}, **docs.problems(401, 413, 422, 429, 503)},
    openapi_extra=docs.tests_body(),
)
async def put(sha256: Sha, request: Request, context: Shared, owner: Submitter) -> Response:
    """Verified before it is visible: the hash is of the exact bytes, and they are a valid test set.

    It belongs to the API key that sent it, and expires some time after its last use.
    """
    async with context.test_set_bodies.read(request, owner) as body:
        digest = await context.compute(len(body), lambda: hashlib.sha256(body).hexdigest())
        if digest != sha256:
            raise InvalidRequest(f"The body's SHA-256 is {digest}.", faults=(FieldFault("", "not of this hash"),))
        await context.compute(len(body), parse_tests, body, max_depth=context.settings.max_json_depth)
        new = await context.backend.put_test_set(owner, sha256, body)
    return JSONResponse({"ref": sha256}, status_code=201 if new else 200)


@router.head(
    "/v1/test-sets/{sha256}",
    summary="Ask for a test set",
    responses={200: {"description": "It is here."}, 404: {"description": "Unknown to this API key, or expired."}},
)
async def head(sha256: Sha, context: Shared, owner: Submitter) -> Response:
    """Whether this API key has uploaded it; what others uploaded is not told."""
    return Response(status_code=200 if await context.backend.has_test_set(owner, sha256) else 404)
