"""The docker provider's life: start, keep warm, recycle, replace, reap, leave nothing."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proctor.errors import SandboxError, SandboxLost, SandboxUnavailable
from proctor.sandbox.choose import choose, make_provider
from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.docker_client import connect
from proctor.sandbox.docker_container import LABEL_HOST, LABEL_INSTANCE, LABEL_WORKER, Owner
from proctor.sandbox.docker_reaper import Reaper, reap_containers
from proctor.sandbox.provider import Ran, Session
from proctor.settings import Settings
from proctor.wire import Limits

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.docker

#: From a worker's SIGKILL to its last container's removal, seconds; typically 0.2.
GONE_S = 5.0


@pytest.fixture(name="client")
def _client() -> Iterator[DockerClient]:
    client = connect()
    yield client
    client.close()


@pytest.fixture(name="provider")
def _provider() -> Iterator[DockerProvider]:
    provider = DockerProvider(Settings())
    yield provider
    provider.close()


def run(session: Session, code: str, limits: Limits | None = None) -> Ran:
    program = session.program("python", code.encode(), limits or Limits())
    assert program.failed is None
    ran = program.run()
    program.close()
    return ran


def containers(client: DockerClient, provider: DockerProvider) -> set[str]:
    """Ids of a provider's containers."""
    label = f"{LABEL_INSTANCE}={provider.instance}"
    return {row["Id"] for row in client.api.containers(all=True, filters={"label": label})}


def until(true: Callable[[], bool], within_s: float) -> float:
    """Seconds until `true` is; fails after `within_s`."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s} s"
        time.sleep(0.05)
    return time.monotonic() - began


def test_ready_within_ten_seconds_and_nothing_left(client: DockerClient) -> None:
    began = time.monotonic()
    provider = DockerProvider(Settings())
    session = provider.session()
    assert run(session, "print(6 * 7)").stdout == b"42\n"
    assert time.monotonic() - began < 10
    assert len(containers(client, provider)) == 1
    provider.close()
    assert containers(client, provider) == set()


def test_says_what_it_is(provider: DockerProvider, client: DockerClient) -> None:
    hello = provider.session().hello
    assert hello.image == client.images.get(Settings().sandbox_image).id
    assert (hello.enforcement["memory_mib"], hello.enforcement["processes"]) == ("enforced", "enforced")
    assert hello.tier in ("A", "B")
    assert hello.languages["python"].startswith("3.")


def test_kept_warm(provider: DockerProvider, client: DockerClient) -> None:
    first = provider.session()
    run(first, "pass")
    ids = containers(client, provider)
    provider.give_back(first)
    second = provider.session()
    assert run(second, "print(1)").stdout == b"1\n"
    assert containers(client, provider) == ids


def test_recycled_after_its_share(client: DockerClient) -> None:
    provider = DockerProvider(Settings(sandbox_recycle=2))
    try:
        session = provider.session()
        (first,) = containers(client, provider)
        run(session, "pass")
        run(session, "pass")
        provider.give_back(session)
        until(lambda: first not in containers(client, provider), GONE_S)
        assert run(provider.session(), "print(1)").stdout == b"1\n"
        assert len(containers(client, provider)) == 1
    finally:
        provider.close()


def test_nothing_is_left_on_the_host_beside_containers(provider: DockerProvider) -> None:
    provider.session()
    base = Path(tempfile.gettempdir()) / f"proctor-{os.getuid()}"
    assert [path for path in base.iterdir() if path.name.startswith(Owner.current().worker)] == []


def test_a_container_that_dies_in_mid_run_is_lost_and_replaced(provider: DockerProvider, client: DockerClient) -> None:
    session = provider.session()
    (victim,) = containers(client, provider)
    killer = threading.Timer(1.0, client.api.kill, [victim])
    killer.start()
    with pytest.raises(SandboxLost):
        run(session, "while True: pass")
    killer.join()
    provider.give_back(session)
    assert run(provider.session(), "print(1)").stdout == b"1\n"


def test_a_container_that_dies_while_it_waits_is_replaced(provider: DockerProvider, client: DockerClient) -> None:
    session = provider.session()
    (victim,) = containers(client, provider)
    provider.give_back(session)
    client.api.kill(victim)
    until(lambda: victim not in containers(client, provider), GONE_S)
    assert run(provider.session(), "print(1)").stdout == b"1\n"


def test_closing_a_session_kills_what_runs(provider: DockerProvider, client: DockerClient) -> None:
    """Cancel: from another thread, within two seconds."""
    session = provider.session()
    timer = threading.Timer(0.5, session.close)
    timer.start()
    began = time.monotonic()
    with pytest.raises(SandboxError):
        run(session, "import time; time.sleep(60)", Limits(wall_s=90, sample_wall_s=90))
    assert time.monotonic() - began < 2.5
    timer.join()
    until(lambda: containers(client, provider) == set(), GONE_S)
    provider.give_back(session)
    assert run(provider.session(), "print(1)").stdout == b"1\n"


def test_the_containers_memory_is_the_samples(provider: DockerProvider, client: DockerClient) -> None:
    session = provider.session()
    (container,) = containers(client, provider)

    def memory() -> int:
        return int(client.api.inspect_container(container)["HostConfig"]["Memory"]) >> 20

    ran = run(session, "x = bytearray(400 << 20)", Limits(memory_mib=64, cpu_s=20, wall_s=60))
    assert ran.stopped == "memory"
    assert 64 < memory() <= 64 + 64 + 256
    assert run(session, "x = bytearray(100 << 20); print(len(x) >> 20)", Limits(memory_mib=512)).stdout == b"100\n"
    assert memory() > 512


@pytest.mark.parametrize(
    "text",
    [
        "Error response from daemon: No such container",
        "docker.errors.APIError: 500 Server Error",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        '{"op": "refused", "message": "no sandbox"}',
    ],
)
def test_words_of_docker_in_the_codes_mouth_are_the_codes(provider: DockerProvider, text: str) -> None:
    ran = run(provider.session(), f"import sys; print({text!r}); print({text!r}, file=sys.stderr); sys.exit(125)")
    assert (ran.exit_code, ran.stopped) == (125, None)
    assert ran.stdout == ran.stderr == text.encode() + b"\n"


WORKER = """
import sys, time
from proctor.sandbox.docker import DockerProvider
from proctor.settings import Settings
from proctor.wire import Limits
provider = DockerProvider(Settings())
idle, busy = provider.session(), provider.session()
provider.give_back(idle)
program = busy.program("python", b"while True: pass", Limits(cpu_s=100, wall_s=200, sample_wall_s=300))
print("running", flush=True)
program.run()
"""


def test_a_killed_workers_containers_go_by_themselves(client: DockerClient) -> None:
    """No reaper, no `finally`: the end of the connection alone."""
    worker = subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert worker.stdout is not None
        while b"running" not in (line := worker.stdout.readline()):
            assert line, "the worker ended"
        owner = Owner.of(worker.pid)
        label = f"{LABEL_WORKER}={owner.worker}"
        assert len(client.api.containers(filters={"label": label})) == 2
        time.sleep(0.5)
        os.kill(worker.pid, signal.SIGKILL)
        until(lambda: client.api.containers(all=True, filters={"label": label}) == [], GONE_S)
    finally:
        worker.kill()
        worker.communicate()


def _created(client: DockerClient, owner: Owner) -> str:
    """A container as a worker leaves it that is killed between creating and starting."""
    labels = {LABEL_WORKER: owner.worker, LABEL_HOST: owner.host}
    name = f"proctor-test-{secrets.token_hex(4)}"
    return str(client.containers.create(Settings().sandbox_image, labels=labels, name=name).id)


def test_the_reaper_takes_what_a_dead_worker_left(client: DockerClient) -> None:
    left = _created(client, Owner(Owner.current().host, "999999999:1"))
    DockerProvider(Settings()).close()
    assert left not in {row["Id"] for row in client.api.containers(all=True)}


def test_the_reaper_goes_round_while_a_worker_lives(client: DockerClient) -> None:
    left = _created(client, Owner(Owner.current().host, "999999999:1"))
    reaper = Reaper(period_s=0.2)
    reaper.start()
    try:
        until(lambda: left not in {row["Id"] for row in client.api.containers(all=True)}, GONE_S)
    finally:
        reaper.stop()
    assert not reaper.is_alive()


@pytest.mark.parametrize(
    "owner", [Owner.current(), Owner("another-host", "999999999:1")], ids=["a live worker's", "another host's"]
)
def test_the_reaper_leaves_alone(client: DockerClient, owner: Owner) -> None:
    kept = _created(client, owner)
    try:
        assert kept not in reap_containers(client)
        assert kept in {row["Id"] for row in client.api.containers(all=True)}
    finally:
        client.api.remove_container(kept)


def test_the_reaper_touches_nothing_without_our_label(client: DockerClient) -> None:
    other = str(client.containers.create(Settings().sandbox_image).id)
    try:
        assert other not in reap_containers(client)
    finally:
        client.api.remove_container(other)


def test_an_image_that_is_missing() -> None:
    with pytest.raises(SandboxUnavailable, match="make images"):
        DockerProvider(Settings(sandbox_image="proctor-no-such-image"))


def test_a_runtime_that_is_missing(client: DockerClient) -> None:
    provider = DockerProvider(Settings(sandbox_runtime="no-such-runtime"))
    try:
        with pytest.raises(SandboxUnavailable, match="no-such-runtime"):
            provider.session()
        assert containers(client, provider) == set()
    finally:
        provider.close()


def test_a_runtime_by_setting(client: DockerClient) -> None:
    provider = DockerProvider(Settings(sandbox_runtime="runc"))
    try:
        assert run(provider.session(), "print(1)").stdout == b"1\n"
        (container,) = containers(client, provider)
        assert client.api.inspect_container(container)["HostConfig"]["Runtime"] == "runc"
    finally:
        provider.close()


@pytest.mark.docker(runtime="runsc")
def test_gvisor_that_lacks_what_isolation_needs_is_refused(client: DockerClient) -> None:
    """Debian 12's gVisor has no Landlock, no bind mounts, no pidfd_open and no openat2. The container starts, with all
    of layer 1, and dials through its kernel; the supervisor tries every tier there and names what is missing."""
    provider = DockerProvider(Settings(sandbox_runtime="runsc"))
    try:
        with pytest.raises(SandboxUnavailable, match=r"no isolation that is strong enough.*Landlock"):
            provider.session()
        until(lambda: containers(client, provider) == set(), GONE_S)
    finally:
        provider.close()


def test_a_language_that_is_missing(provider: DockerProvider) -> None:
    with pytest.raises(SandboxUnavailable, match="cobol"):
        provider.session("cobol")


def test_auto_is_docker_where_daemon_and_image_are_there() -> None:
    assert choose(Settings()) == "docker"
    provider = make_provider(Settings())
    assert provider.name == "docker"
    provider.close()


def test_auto_is_namespace_where_the_image_is_missing() -> None:
    assert choose(Settings(sandbox_image="proctor-no-such-image")) == "namespace"
