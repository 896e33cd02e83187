"""The OpenAPI page. Bodies are read by hand, within bounds, so what they hold is declared here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from proctor.api import problems as problem_json
from proctor.wire import BatchRequest, SampleResult, Tests

REF = "#/components/schemas/{model}"
DESCRIPTION = """
Rewards for reinforcement learning on code. A batch of completions comes in; each is run against its tests in a
sandbox; out come verdicts and rewards, R = w_f·F + w_o·O + 1[O=1]·w_t·T by default (arXiv 2508.05170).

Units are in the names: `_s` seconds, `_mib` mebibytes, `_kib` kibibytes. Bodies may be packed: `Content-Encoding:
gzip` or `zstd`. Where API keys are on, send `Authorization: Bearer <key>` or `X-API-Key: <key>`. Errors are
`application/problem+json` (RFC 9457) with JSON pointers to the fields at fault.
"""

_STATUS = {
    401: "No API key, or an unknown one.",
    403: "The API key has not the scope: submit, read or admin.",
    404: "No such batch, or it belongs to another key.",
    409: "The same Idempotency-Key came with another body.",
    413: "The body is too large, packed or unpacked.",
    422: "The request is not valid; `errors` says where.",
    429: "The queue, or this key's share of it, is full; see `Retry-After`.",
    503: "The queue does not answer, or no sandbox can run.",
}

_STDIO = {
    "samples": [
        {
            "id": "a0",
            "group": "p17",
            "prompt": "Read two integers, print their sum.",
            "completion": "<think>Read, add, print.</think><answer>print(sum(map(int, input().split())))</answer>",
            "tests": {"kind": "stdio", "cases": [{"stdin": "1 2\n", "stdout": "3\n"}]},
        }
    ],
    "reward": {"policy": "p-grpo", "format": "think-answer"},
    "limits": {"cpu_s": 10, "memory_mib": 512},
}
_FUNCTION = {
    "samples": [
        {
            "completion": "```python\ndef add(a, b):\n    return a + b\n```",
            "tests": {"kind": "function", "entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}]},
        }
    ]
}
_SHARED = {
    "tests": {"add": {"kind": "script", "code": "assert add(1, 2) == 3"}},
    "samples": [
        {"group": "add", "completion": "def add(a, b): return a + b", "tests": "add"},
        {"group": "add", "completion": "def add(a, b): return a - b", "tests": "add"},
    ],
    "deadline_s": 120,
}


def batch_body() -> dict[str, Any]:
    """`requestBody` and headers of a route that takes a batch."""
    examples = {
        "stdio": {"summary": "A program that reads and prints", "value": _STDIO},
        "function": {"summary": "A function, called", "value": _FUNCTION},
        "shared tests": {"summary": "Tests that samples share by name", "value": _SHARED},
    }
    header = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": "A resend with the same key and body joins the same batch; with another body it is 409.",
    }
    return {"parameters": [header], "requestBody": _json_body("BatchRequest", examples)}


def tests_body() -> dict[str, Any]:
    """`requestBody` of a route that takes a test set."""
    examples = {"stdio": {"value": _STDIO["samples"][0]["tests"]}}  # type: ignore[index]
    return {"requestBody": _json_body("Tests", examples)}


def _json_body(model: str, examples: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": REF.format(model=model)}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route for errors of these statuses."""
    if 401 in statuses:
        statuses = (*statuses, 403)
    content = {problem_json.MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    return {status: {"description": _STATUS[status], "content": content} for status in sorted(statuses)}


def ndjson() -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that streams results."""
    schema = {"$ref": REF.format(model="SampleResult")}
    return {
        200: {
            "description": "Results, one line of ASCII JSON each, in the order of finishing.",
            "content": {"application/x-ndjson": {"schema": schema}},
        }
    }


def install(app: FastAPI) -> None:
    """Make `app` describe the bodies too."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _describe(app: FastAPI) -> dict[str, Any]:
    page = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = page.setdefault("components", {}).setdefault("schemas", {})
    _, ours = models_json_schema([(BatchRequest, "validation"), (SampleResult, "serialization")], ref_template=REF)
    tests = TypeAdapter(Tests).json_schema(ref_template=REF)
    schemas |= ours["$defs"] | tests.pop("$defs", {})
    schemas |= {"Tests": tests, "Problem": problem_json.SCHEMA}
    _no_framework_errors(page)
    _common_errors(page)
    page["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    page["security"] = [{}, {"bearer": []}, {"key": []}]
    return page


def _common_errors(page: dict[str, Any]) -> None:
    """What every route that needs a key, and every one that takes a body, may answer; others' protocols say no more."""
    for path, operations in page["paths"].items():
        if path in ("/healthz", "/readyz"):
            continue
        for method, operation in operations.items():
            taken = (413, 422, 429) if method in ("post", "put") else ()
            for status, answer in problems(401, 503, *taken).items():
                operation["responses"].setdefault(str(status), answer)


def _no_framework_errors(page: dict[str, Any]) -> None:
    """FastAPI declares its own form of 422; every error of ours is a problem."""
    for path in page["paths"].values():
        for operation in path.values():
            answer = operation.get("responses", {}).get("422")
            if answer and problem_json.MEDIA_TYPE not in answer.get("content", {}):
                operation["responses"]["422"] = problems(422)[422]
    for name in ("HTTPValidationError", "ValidationError"):
        page["components"]["schemas"].pop(name, None)
