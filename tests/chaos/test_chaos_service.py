"""Seeded rounds on a whole service: workers, supervisors, containers, API and Redis killed in the middle of batches.

Nothing lost, nothing doubled, nothing changed, and nothing left behind in Redis.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from chaos_marks import chaos
from chaos_round import Tally, play
from serving import Service, serving


def _service(folder: Path, sandbox: str) -> Iterator[Service]:
    image = {k: v for k, v in os.environ.items() if k == "PROCTOR_SANDBOX_IMAGE"}
    with serving(folder, "--workers", "2", sandbox=sandbox, **image) as service:
        yield service


@pytest.fixture(scope="module")
def namespaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    yield from _service(tmp_path_factory.mktemp("n"), "namespace")


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    yield from _service(tmp_path_factory.mktemp("d"), "docker")


@chaos("namespace")
async def test_namespaces(namespaces: Service, seed: int, tally: Tally) -> None:
    await one_round(namespaces, "namespace", seed, tally)


@chaos("docker")
@pytest.mark.docker
async def test_containers(containers: Service, seed: int, tally: Tally) -> None:
    await one_round(containers, "docker", 10_000 + seed, tally)


async def one_round(service: Service, provider: str, seed: int, tally: Tally) -> None:
    with tally.round() as found:
        await play(service, provider, seed, found)
        assert_clean(service)
    assert found.harm == (0, 0, 0), (found.odd, service.said()[-3000:])


def assert_clean(service: Service, within_s: float = 15.0) -> None:
    """No unit, lease or load outlives the batches."""
    (path,) = service.folder.glob("proctor-*/redis.sock")
    until = time.monotonic() + within_s
    with redis.Redis(unix_socket_path=str(path)) as client:
        while left := [key for key in ("units", "specs", "leases", "load") if client.exists(f"proctor:{key}")]:
            assert time.monotonic() < until, {key: client.type(f"proctor:{key}") for key in left}
            time.sleep(0.1)
