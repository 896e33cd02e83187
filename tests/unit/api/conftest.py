"""An application on a queue in memory: real HTTP, no Redis, nothing runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from api_fakes import TESTS, Connect, FakeBackend

from proctor.api.app import Parts, create_app
from proctor.settings import Settings


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def connect(backend: FakeBackend) -> Connect:
    """`async with connect(**settings) as client`: a client of an application with these settings."""

    @asynccontextmanager
    async def open_parts(_: Settings) -> AsyncIterator[Parts]:
        yield Parts(backend)

    @asynccontextmanager
    async def connected(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(Settings(**settings), open_parts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with app.router.lifespan_context(app):
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                yield client

    return connected


@pytest.fixture
def sample() -> dict[str, Any]:
    """A sample with nothing wrong."""
    return {"id": "a", "completion": "def f(x): return x", "tests": TESTS}
