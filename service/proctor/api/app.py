"""The FastAPI application of one API process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI

from proctor import __version__
from proctor.api import batches, compat, docs, info, metrics, problems, rewards, test_sets
from proctor.api.auth import key_ring
from proctor.api.backend import Backend
from proctor.api.context import Context
from proctor.errors import ConfigurationError
from proctor.settings import Settings

log = structlog.get_logger(__name__)
RESTART_S = 1.0
REDIS_S = 3.0  # for an answer of Redis; longer than any call blocks there
CONNECTIONS = 4096  # the library bounds its pool at 100, and then refuses


@dataclass(frozen=True)
class Parts:
    """What an API process runs on: the queue, and what `/v1/info` says of the thinking model."""

    backend: Backend
    thinking: Callable[[], dict[str, Any]] | None = None


Open = Callable[[Settings], AbstractAsyncContextManager[Parts]]


def create_app(settings: Settings, open_parts: Open | None = None) -> FastAPI:
    """The application. `open_parts` opens and closes what it runs on; by default Redis, finisher and sweeper.

    Raises ConfigurationError: no API keys although others can reach the port.
    """
    keys = key_ring(settings)
    open_parts = open_parts or redis_parts

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings) as parts:
            context = Context(settings, keys, parts.backend, parts.thinking)
            app.state.context = context
            try:
                yield
            finally:
                context.stopping.set()
                context.close()

    app = FastAPI(title="Proctor", version=__version__, description=docs.DESCRIPTION, lifespan=lifespan, redoc_url=None)
    for module in (rewards, batches, test_sets, info, metrics):
        app.include_router(module.router)
    for router in compat.routers(settings):
        app.include_router(router)
    problems.install(app)
    docs.install(app)
    app.add_middleware(metrics.Measured)
    return app


@asynccontextmanager
async def redis_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Redis, with a finisher and a sweeper as tasks that are started again when they fail."""
    # Here, so that an application on other parts needs none of these.
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    from proctor.finish.finisher import Finisher
    from proctor.jobs import sweeper
    from proctor.jobs.batches import Batches
    from proctor.thinking.scorer import make_scorer

    if settings.redis_url is None:
        raise ConfigurationError("PROCTOR_REDIS_URL is not set; `proctor serve` starts a private Redis")
    async with AsyncExitStack() as held:
        redis: Redis = Redis.from_url(
            settings.redis_url,
            socket_timeout=REDIS_S,
            socket_connect_timeout=REDIS_S,
            max_connections=CONNECTIONS,
            retry=Retry(NoBackoff(), 1),  # no health checks: they retry within retries, for more than a minute
        )
        held.push_async_callback(redis.aclose)
        scorer = make_scorer(settings)
        finisher = Finisher(redis, settings, scorer)
        backend = Batches(redis, settings, scorer)
        held.push_async_callback(backend.close)
        for name, run in (("finisher", finisher.run), ("sweeper", partial(sweeper.run, redis, settings))):
            await held.enter_async_context(_kept(name, run))
        yield Parts(backend, scorer.describe if scorer else None)


@asynccontextmanager
async def _kept(name: str, run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """`run` as a task while the context lasts, started again when it fails."""

    async def forever() -> None:
        while True:
            try:
                await run()
            except Exception:
                log.exception("task_failed", task=name)
            await asyncio.sleep(RESTART_S)

    task = asyncio.create_task(forever(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
