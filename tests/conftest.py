"""Shared by all tests: what is marked `docker` needs a daemon and the sandbox image.

Where there is none, such tests are skipped and say so; with PROCTOR_REQUIRE_DOCKER=1, as in CI, they fail instead.
"""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from proctor.sandbox.docker_client import connect, why_not_docker
from proctor.settings import Settings

_ROOT = Path(__file__).resolve().parents[1]


@lru_cache(maxsize=1)
def _why_no_docker() -> str | None:
    """The reason why docker tests cannot run here; None where they can. An image of another version is built anew."""
    why = why_not_docker(Settings())
    if why is not None and "another version" in why:
        subprocess.run([_ROOT / "scripts" / "build-images"], check=True, timeout=600, stdout=subprocess.DEVNULL)
        why = why_not_docker(Settings())
    return why


@lru_cache(maxsize=1)
def _runtimes() -> frozenset[str]:
    client = connect()
    try:
        return frozenset(client.info()["Runtimes"])
    finally:
        client.close()


def _why_not(marker: pytest.Mark) -> str | None:
    runtime = marker.kwargs.get("runtime")
    why = _why_no_docker()
    if why is None and runtime is not None and runtime not in _runtimes():
        return f"Docker has no runtime {runtime} (scripts/ensure-docker --{runtime})"
    return why


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Some kinds of sandbox run a part of the suites alone."""
    try:
        from contract.conftest import deselected
    except ImportError:  # tests that know no kinds
        return
    left_out = [item for item in items if deselected(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not deselected(item)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("docker"):
        if (why := _why_not(marker)) is None:
            continue
        why = f"no Docker for tests here: {why} (scripts/ensure-docker, make images)"
        if os.environ.get("PROCTOR_REQUIRE_DOCKER") == "1":
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
