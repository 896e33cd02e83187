"""Docker from the command line, as the deployment's documents use it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TAG = os.environ.get("PROCTOR_IMAGE_TAG", "latest")
SERVICE_IMAGE = f"proctor:{TAG}"
REDIS_IMAGE = f"proctor-redis:{TAG}"
SECCOMP = ROOT / "sandbox-images" / "seccomp.json"


def run(
    *command: str, environment: Mapping[str, str] | None = None, timeout_s: float = 120, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's root. A failure shows what it said."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=timeout_s
    )
    if check and done.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ended {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        )
    return done


def docker(*arguments: str, timeout_s: float = 120, check: bool = True) -> str:
    """The standard output of a docker command."""
    return run("docker", *arguments, timeout_s=timeout_s, check=check).stdout.strip()


def inspect(names: Sequence[str]) -> list[dict[str, Any]]:
    """What Docker knows of these containers, images, networks or volumes."""
    return list(json.loads(docker("inspect", *names))) if names else []


def build_service_images(*names: str) -> None:
    """Build what is not built yet of the checkout as it is; seconds where nothing changed."""
    run(str(ROOT / "scripts" / "build-service-images"), *names, timeout_s=600)


def build_sandboxes(*families: str) -> None:
    """Build what is not built yet of these families' sandbox images."""
    run(str(ROOT / "scripts" / "build-images"), *families, timeout_s=900)


def wait_for(what: str, holds: Callable[[], object], within_s: float, every_s: float = 0.5) -> None:
    """Wait until `holds()` is true."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, f"not within {within_s:g} s: {what}"
        time.sleep(every_s)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def need(program: str) -> None:
    """Skip, or fail where nothing may be skipped, without a program on the path."""
    if shutil.which(program) is None:
        why = f"no {program} here (scripts/ensure-deploy-tools)"
        if os.environ.get("PROCTOR_REQUIRE_DOCKER") == "1":
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
