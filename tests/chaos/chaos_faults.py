"""What befalls a service in a round: real processes and containers, killed or held up."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterator

import psutil
from serving import Service

from proctor.sandbox.docker_client import connect
from proctor.sandbox.docker_container import LABEL_WORKER, start_time

Fault = Callable[[Service, random.Random], None]


def _one(processes: list[psutil.Process], dice: random.Random) -> Iterator[psutil.Process]:
    """One of them, if there is any; it may be gone meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if processes:
            yield dice.choice(processes)


def kill_worker(service: Service, dice: random.Random) -> None:
    for process in _one(service.named("proctor worker"), dice):
        process.send_signal(signal.SIGKILL)


def end_worker(service: Service, dice: random.Random) -> None:
    """A graceful stop: it hands back what it holds."""
    for process in _one(service.named("proctor worker"), dice):
        process.send_signal(signal.SIGTERM)


def freeze_worker(service: Service, dice: random.Random) -> None:
    """For longer than a lease: its units run elsewhere, then it comes back with outcomes of its own."""
    for process in _one(service.named("proctor worker"), dice):
        process.suspend()
        try:
            time.sleep(6.0)
        finally:
            process.resume()


def kill_supervisor(service: Service, dice: random.Random) -> None:
    """The namespace provider's sandbox, from outside."""
    for worker in _one(service.named("proctor worker"), dice):
        for supervisor in _one(worker.children(), dice):
            supervisor.send_signal(signal.SIGKILL)


def kill_container(service: Service, dice: random.Random) -> None:
    """A sandbox container of this service's workers, and of no other's."""
    client = connect()
    try:
        owners = [f"{p.pid}:{start_time(p.pid)}" for p in service.named("proctor worker")]
        found = [c for owner in owners for c in client.containers.list(filters={"label": f"{LABEL_WORKER}={owner}"})]
        if found:
            with contextlib.suppress(Exception):  # it ended just now
                dice.choice(found).kill()
    finally:
        client.close()


def kill_api(service: Service, dice: random.Random) -> None:
    for process in _one(service.named("proctor api"), dice):
        process.send_signal(signal.SIGKILL)


def kill_redis(service: Service, dice: random.Random) -> None:
    """It comes back with its append-only file."""
    for process in _one(service.named("redis-server"), dice):
        process.send_signal(signal.SIGKILL)


def freeze_redis(service: Service, dice: random.Random) -> None:
    for process in _one(service.named("redis-server"), dice):
        process.suspend()
        try:
            time.sleep(dice.uniform(1.0, 4.0))
        finally:
            process.resume()


EVERYWHERE: dict[str, Fault] = {
    "worker killed": kill_worker,
    "worker stopped": end_worker,
    "worker frozen": freeze_worker,
    "api killed": kill_api,
    "redis killed": kill_redis,
    "redis frozen": freeze_redis,
}
#: By provider. A sandbox is killed twice a round at most: three times in a row might look like the code's doing.
FAULTS: dict[str, dict[str, Fault]] = {
    "namespace": {**EVERYWHERE, "supervisor killed": kill_supervisor},
    "docker": {**EVERYWHERE, "container killed": kill_container},
}
