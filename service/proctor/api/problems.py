"""Every error as `application/problem+json` (RFC 9457), those of the framework and of Redis included."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from proctor.errors import RequestError, Unauthorized, Unavailable

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
REDIS_RETRY_S = 1.0

#: JSON schema of a problem, for the OpenAPI page.
SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "An error, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "description": "The kind of problem, a name that does not change.",
            "examples": ["invalid_request"],
        },
        "title": {"type": "string", "description": "The kind, for a person.", "examples": ["Invalid request"]},
        "status": {"type": "integer", "description": "The HTTP status.", "examples": [422]},
        "detail": {"type": "string", "description": "What is wrong here.", "examples": ["1 field is at fault"]},
        "errors": {
            "type": "array",
            "description": "The faults one by one, where fields are at fault.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901 JSON pointer into the request body.",
                        "examples": ["/samples/3/limits/cpu_s"],
                    },
                    "parameter": {
                        "type": "string",
                        "description": "Name of the path, query or header parameter, where it is not the body.",
                        "examples": ["after"],
                    },
                    "detail": {"type": "string", "examples": ["Input should be greater than 0"]},
                },
            },
        },
    },
}


def problem(
    status: int,
    type: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response; pure ASCII, so that odd characters of a request cannot break it."""
    content: dict[str, Any] = {"type": type, "title": title, "status": status, "detail": detail}
    if errors:
        content["errors"] = list(errors)
    return Response(json.dumps(content), status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def from_error(error: RequestError) -> Response:
    """The response to an error of ours."""
    headers: dict[str, str] = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="proctor"'
    faults = [{"pointer": f.pointer, "detail": f.detail} for f in error.faults]
    return problem(error.status, error.problem_type, error.title, error.detail, errors=faults, headers=headers)


async def _request_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return from_error(error)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    name = phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(error.status_code, name, phrase, str(error.detail), headers=error.headers)


async def _parameter_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"parameter": str(e["loc"][-1]), "detail": str(e["msg"])} for e in error.errors()]
    return problem(422, "invalid_request", "Invalid request", "A parameter is at fault.", errors=errors)


async def _redis_error(_: Request, error: Exception) -> Response:
    log.warning("redis_unavailable", error=str(error)[:200])
    return from_error(Unavailable("The queue does not answer; try again.", retry_after_s=REDIS_RETRY_S))


async def _gone(_: Request, error: Exception) -> Response:
    return Response(status_code=499)  # the client went away while it sent its body; nobody reads this


async def _bug(_: Request, error: Exception) -> Response:
    return problem(500, "internal_error", "Internal error", "This is a fault of ours; the log has it.")


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    app.add_exception_handler(RequestError, _request_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _parameter_error)
    app.add_exception_handler(RedisError, _redis_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _bug)
