"""Prometheus metrics of the HTTP side, and `/metrics`.

Labels hold routes, never paths, ids or anything else that a client chose.
"""

from __future__ import annotations

import time

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proctor.api.context import Admin, Shared
from proctor.errors import Unavailable

REQUESTS = Counter("proctor_http_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "proctor_http_seconds",
    "From a request's head to the end of its answer, seconds.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
RUNNING = Gauge("proctor_http_requests_running", "Requests being answered.", multiprocess_mode="livesum")
WORKERS = Gauge("proctor_workers", "Workers alive.", multiprocess_mode="mostrecent")
UNFINISHED = Gauge("proctor_samples_unfinished", "Samples admitted and not finished.", multiprocess_mode="mostrecent")
REDIS_UP = Gauge("proctor_redis_up", "1 while Redis answers, else 0.", multiprocess_mode="mostrecent")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})

router = APIRouter(tags=["service"])


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(context: Shared, _: Admin) -> Response:
    """Text format. Needs an API key where keys are on: labels name training runs."""
    try:
        UNFINISHED.set(await context.backend.unfinished())
        WORKERS.set(len(await context.workers()))
        REDIS_UP.set(1)
    except Unavailable:  # the rest can still be told
        REDIS_UP.set(0)
    return Response(generate_latest(_all_processes()), media_type=CONTENT_TYPE_LATEST)


def _all_processes() -> CollectorRegistry:
    """The metrics of every API process that shares the port: they keep them in files where there are several."""
    if values.ValueClass is values.MutexValue:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class Measured:
    """ASGI middleware that counts and times requests."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and record how it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        RUNNING.inc()
        try:
            await self.app(scope, receive, note)
        finally:
            RUNNING.dec()
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", "none")
            REQUESTS.labels(method, route, str(status)).inc()
            SECONDS.labels(method, route).observe(time.perf_counter() - started)
