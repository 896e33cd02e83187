"""Removes what a killed worker left behind, by label.

A container needs no reaper to end: its supervisor exits when the connection's other end is gone, and the daemon removes
it. The reaper is the second guarantee, for a supervisor that hangs and for a worker killed between creating and
starting. It judges only containers of its own host and pid namespace: elsewhere a pid means nothing.
"""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from proctor.errors import SandboxError
from proctor.sandbox.docker_container import LABEL_HOST, LABEL_WORKER, Owner
from proctor.sandbox.docker_failure import docker_failure

if TYPE_CHECKING:
    from docker import DockerClient

#: Between two rounds, seconds: how long a container can outlive its worker at most, while another worker lives.
PERIOD_S = 15.0
#: A container that was never started, or ended, and is still there so long after is nobody's, seconds.
FORGOTTEN_S = 600

_log = structlog.get_logger(__name__)


def reap_containers(client: DockerClient) -> list[str]:
    """Remove the containers of workers of this host that no longer run; their ids. Raises SandboxUnavailable."""
    here = Owner.current().host
    removed = []
    try:
        for row in client.api.containers(all=True, filters={"label": LABEL_WORKER}):
            if _is_orphan(row, here, time.time()):
                remove(client, row["Id"])
                removed.append(row["Id"])
    except Exception as error:
        raise docker_failure(error, doing="reaping containers") from error
    return removed


def remove(client: DockerClient, container_id: str) -> None:
    """Kill and remove a container; one that is gone, or going, is fine. Raises what the Docker client raises."""
    import docker.errors

    try:
        client.api.remove_container(container_id, force=True, v=True)
    except docker.errors.NotFound:
        pass
    except docker.errors.APIError as error:
        if error.status_code != 409:  # "removal already in progress"
            raise


def reap_folders(base: Path) -> None:
    """Remove folders in `base` whose worker was killed before its sandbox came. Named `<pid>:<start>.<n>`."""
    for folder in base.iterdir():
        if not Owner(host="", worker=folder.name.partition(".")[0]).lives():
            shutil.rmtree(folder, ignore_errors=True)


def _is_orphan(row: dict[str, Any], here: str, now: float) -> bool:
    labels = row["Labels"]
    if row["State"] in ("created", "exited", "dead") and now - row["Created"] > FORGOTTEN_S:
        return True
    return labels.get(LABEL_HOST) == here and not Owner(here, labels[LABEL_WORKER]).lives()


class Reaper(threading.Thread):
    """Reaps in the background, with a client of its own, until `stop`."""

    def __init__(self, period_s: float = PERIOD_S) -> None:
        super().__init__(name="docker-reaper", daemon=True)
        self._period_s = period_s
        self._stopped = threading.Event()

    def run(self) -> None:
        """Go round until stopped. A daemon that does not answer is the next session's trouble, not the reaper's."""
        import docker

        while not self._stopped.wait(self._period_s):
            try:
                client = docker.from_env()
                try:
                    reap_containers(client)
                finally:
                    client.close()
            except (SandboxError, docker.errors.DockerException) as error:
                _log.warning("reaper_failed", error=str(error))

    def stop(self) -> None:
        """End the rounds."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=5)
