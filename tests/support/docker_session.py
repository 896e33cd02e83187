"""What test modules import: a session with a container of the sandbox image, one a module; providers in each tier."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.provider import Session
from proctor.settings import Settings


@pytest.fixture(scope="module", name="session")
def docker_session() -> Iterator[Session]:
    with contextlib.closing(DockerProvider(Settings())) as provider:
        yield provider.session()


@pytest.fixture(scope="module", name="docker", params=["B", "A"])
def docker_in_tiers(request: pytest.FixtureRequest) -> Iterator[DockerProvider]:
    with contextlib.closing(DockerProvider(Settings(min_tier=request.param), tier=request.param)) as provider:
        yield provider
