"""Providers that need more than this process: containers, and sandboxes that somebody else started."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import proctor_supervisor
from proctor.sandbox.attached import AttachedProvider
from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.docker_client import connect
from proctor.sandbox.docker_container import Owner, container_options, fresh_uid
from proctor.sandbox.provider import Provider
from proctor.settings import Settings

_REPLICAS = 3
_SOURCES = Path(proctor_supervisor.__file__).parents[1]
_BOOT = f"import sys; sys.path.insert(0, {str(_SOURCES)!r}); from proctor_supervisor.main import main; main()"


def docker(tier: str, runtime: str | None = None) -> Callable[[], Provider]:
    """Containers of the worker's own."""
    return lambda: DockerProvider(Settings(min_tier=tier, sandbox_runtime=runtime), tier=tier)  # type: ignore[arg-type]


class _Attached(AttachedProvider):
    """The provider and, standing in for compose, what starts its sandboxes."""

    def __init__(self, tier: str) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="proctor-sockets-")
        folder = Path(self._temporary.name)
        folder.chmod(0o755)
        super().__init__(Settings(sandbox_sockets=folder, min_tier=tier))  # type: ignore[arg-type]

    def close(self) -> None:
        super().close()
        self._temporary.cleanup()


#: Root with the right to become others belongs in a pid namespace: there `kill(-1)` meets nobody of ours, whatever
#: goes wrong. Without it tier U would work just as well.
_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


class AttachedProcesses(_Attached):
    """Sandboxes are processes of this host."""

    def __init__(self, tier: str) -> None:
        super().__init__(tier)
        command = ["--dial", self._temporary.name, "--forever", "--tier", tier, "--min-tier", tier]
        self._processes = [
            subprocess.Popen(
                [*(_PID_NAMESPACE if tier == "U" else []), "/usr/bin/python3", "-I", "-S", "-B", "-c", _BOOT, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=sys.stderr,
                start_new_session=True,
            )
            for _ in range(_REPLICAS)
        ]

    def close(self) -> None:
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)  # unshare's --kill-child ends where its child becomes another user
            process.wait()
        super().close()


class AttachedContainers(_Attached):
    """Sandboxes are containers that share one folder of sockets, like replicas of a compose service."""

    def __init__(self, tier: str) -> None:
        super().__init__(tier)
        self._client = connect()
        self._containers = [self._client.containers.create(**self._options(tier)) for _ in range(_REPLICAS)]
        for container in self._containers:
            container.start()

    def _options(self, tier: str) -> dict[str, Any]:
        settings = Settings()
        uid = fresh_uid(mapped=False)
        options = container_options(
            image=settings.sandbox_image,
            folder=Path(self._temporary.name),
            limits=settings.limits_max,
            limits_max=settings.limits_max,
            uid=uid,
            owner=Owner.current(),
            instance="test",
            token=secrets.token_hex(8),
            min_tier=tier,  # type: ignore[arg-type]
            tier=tier,  # type: ignore[arg-type]
            runtime=None,
        )
        command = ["--dial", "/run/proctor", "--forever", "--tier", tier, "--min-tier", tier]
        return options | {"command": [*command, *(["--users", str(uid)] if tier == "U" else [])]}

    def close(self) -> None:
        for container in self._containers:
            container.remove(force=True)
        self._client.close()
        super().close()


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="tier U needs root, to become other users")

#: name, tier, how to make it, marks
OTHER_KINDS = [
    ("docker-B", "B", docker("B"), [pytest.mark.docker]),
    ("docker-A", "A", docker("A"), [pytest.mark.docker]),
    ("docker-U", "U", docker("U"), [pytest.mark.docker]),
    ("docker-runsc", "U", docker("U", "runsc"), [pytest.mark.docker(runtime="runsc")]),
    ("attached-B", "B", lambda: AttachedProcesses("B"), []),
    ("attached-U", "U", lambda: AttachedProcesses("U"), [AS_ROOT]),
    ("attached-docker-B", "B", lambda: AttachedContainers("B"), [pytest.mark.docker]),
    ("attached-docker-U", "U", lambda: AttachedContainers("U"), [pytest.mark.docker]),
]
