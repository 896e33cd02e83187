"""Sandboxes as containers that the worker keeps warm through the Docker API: one host with Docker.

Each container has a folder of its own with a socket in it, mounted read-only. The supervisor dials, and worker and
container are bound to each other from then on: the folder is removed, and when either end goes the other ends too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from proctor.errors import SandboxError, SandboxLost, SandboxUnavailable
from proctor.sandbox.docker_client import adjusts, connect, maps_uids
from proctor.sandbox.docker_container import SOCKET_NAME, Owner, container_options, fresh_uid, memory_bytes
from proctor.sandbox.docker_failure import docker_failure
from proctor.sandbox.docker_output import Output
from proctor.sandbox.docker_reaper import Reaper, reap_containers, reap_folders, remove
from proctor.sandbox.families import Image, find_images
from proctor.sandbox.leased import LeasedSession, require
from proctor.sandbox.listener import Listener
from proctor.sandbox.pool import Pool
from proctor.sandbox.provider import Session
from proctor.sandbox.session import SocketSession
from proctor.settings import Settings, Tier
from proctor.wire import Limits
from proctor_supervisor.languages.table import COMMANDED, PYTHON, family

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: From asking Docker for a container to its supervisor's first word, seconds.
START_S = 20.0
#: How long `close` waits for the daemon to have removed every container, seconds.
_GONE_S = 10.0

_log = structlog.get_logger(__name__)


class DockerProvider:
    """Keeps containers of one image per family of languages, started when first needed. Thread-safe."""

    name = "docker"

    def __init__(self, settings: Settings, *, tier: Tier | None = None) -> None:
        """`tier`: use this one and no other, for tests.

        Raises ConfigurationError without the docker package, SandboxUnavailable without daemon or image.
        """
        self._settings = settings
        self._tier = tier
        self._owner = Owner.current()
        #: The label `proctor.instance` of this provider's containers.
        self.instance = secrets.token_hex(8)
        self._numbers = itertools.count()
        self._pool = Pool(self._start, recycle=settings.sandbox_recycle)
        self._client = connect()
        try:
            info = self._client.info()
            self._mapped_uids = maps_uids(info)
            self._adjustable = adjusts(settings.sandbox_runtime or info["DefaultRuntime"])
            self._images = find_images(self._client, settings)
            reap_containers(self._client)
            reap_folders(_private_folder())
        except Exception as error:
            self._client.close()
            raise docker_failure(error, doing="looking at Docker") from error
        self._reaper = Reaper()
        self._reaper.start()

    def session(self, language: str = "python") -> Session:
        """See `Provider.session`. A warm container takes microseconds, a new one about half a second."""
        self._image(language)
        return self._pool.session(language)

    def languages(self) -> dict[str, str]:
        """See `Provider.languages`: of every image that is here."""
        return {name: version for image in self._images.values() for name, version in image.languages.items()}

    def _image(self, language: str) -> Image:
        known = language == PYTHON or language in COMMANDED
        image = self._images.get(family(language)) if known else None
        if image is None or (language != PYTHON and language not in image.languages):
            raise SandboxUnavailable(f"there is no image for {language}")
        return image

    def give_back(self, session: Session) -> None:
        """See `Provider.give_back`."""
        self._pool.give_back(session)

    def close(self) -> None:
        """See `Provider.close`. Returns once the daemon has removed every container, after 10 s at most."""
        self._reaper.stop()
        ended = self._pool.close()
        _wait_until_gone(self._client, {str(s.container.id) for s in ended if isinstance(s, _Sandbox)})
        self._client.close()

    def _start(self, language: str) -> _Sandbox:
        """A new container, its supervisor connected. Raises SandboxUnavailable; nothing is left then."""
        folder = _private_folder() / f"{self._owner.worker}.{next(self._numbers)}"
        folder.mkdir(mode=0o711)
        began = time.monotonic()
        with contextlib.ExitStack() as undo:
            undo.callback(folder.rmdir)
            listener = Listener(folder, SOCKET_NAME)
            undo.callback(listener.close)
            with contextlib.ExitStack() as undo_container:
                try:
                    token = secrets.token_hex(16)
                    container = self._client.containers.create(**self._options(language, folder, token))
                    undo_container.callback(_remove_quietly, self._client, container)
                    output = undo.enter_context(Output(self._client, container))
                    container.start()
                    sock = listener.accept(START_S, check=lambda: _still_runs(container, output))
                    inner = SocketSession(
                        sock,
                        hello_s=START_S,
                        allow_in_process=self._settings.allow_in_process,
                        share_isolation=self._settings.share_isolation,
                        token=token,
                    )
                    undo_container.callback(inner.close)
                    require(inner.hello, tier=self._settings.min_tier, language=language)
                except Exception as error:
                    raise _unavailable(error) from error
                undo_container.pop_all()
        _log.info("sandbox_started", container=container.name, tier=inner.hello.tier, s=time.monotonic() - began)
        sandbox = _Sandbox(self._client, container, inner, self._image(language).digest)
        if self._adjustable:
            sandbox.adjust_from(memory_bytes(self._first_limits()))
        return sandbox

    def _first_limits(self) -> Limits:
        """What a container starts with: any sample's where it cannot be changed, and the supervisor's word below it."""
        return self._settings.limits_default if self._adjustable else self._settings.limits_max

    def _options(self, language: str, folder: Path, token: str) -> dict[str, Any]:
        return container_options(
            image=self._image(language).name,
            folder=folder,
            limits=self._first_limits(),
            limits_max=self._settings.limits_max,
            uid=fresh_uid(mapped=self._mapped_uids),
            owner=self._owner,
            instance=self.instance,
            token=token,
            min_tier=self._settings.min_tier,
            tier=self._tier,
            runtime=self._settings.sandbox_runtime,
            apparmor=self._settings.sandbox_apparmor,
        )


class _Sandbox:
    """A container and the session with its supervisor."""

    def __init__(
        self,
        client: DockerClient,
        container: Container,
        inner: SocketSession,
        image: str | None,
    ) -> None:
        self.container = container
        self._client = client
        self._memory: int | None = None
        self.session = LeasedSession(inner, image=image, before=self._fit)

    def adjust_from(self, memory: int) -> None:
        """From now on every sample's memory limit becomes the container's, which has `memory` bytes."""
        self._memory = memory
        hello = self.session.hello
        self.session.hello = dataclasses.replace(hello, enforcement={**hello.enforcement, "memory_mib": "enforced"})

    def healthy(self) -> bool:
        """Whether its supervisor still answers."""
        return self.session.healthy()

    def end(self) -> None:
        """Kill what runs and remove the container."""
        self.session.close()
        _remove_quietly(self._client, self.container)

    def _fit(self, limits: Limits) -> None:
        """Make the container's memory the next sample's. Samples of a run mostly have equal limits."""
        memory = memory_bytes(limits)
        if self._memory is None or memory == self._memory:
            return
        try:
            self.container.update(mem_limit=memory, memswap_limit=memory)
        except Exception as error:
            self.session.close()  # not to be lent again with another sample's limit
            raise SandboxLost(str(docker_failure(error, doing="setting the memory limit"))) from error
        self._memory = memory


def _private_folder() -> Path:
    """Where this user's sockets lie, open to nobody else: containers see only their own folder in it, by its mount."""
    base = Path(tempfile.gettempdir()) / f"proctor-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    status = base.lstat()
    if base.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise SandboxUnavailable(f"{base} is not this user's alone")
    return base


def _still_runs(container: Container, output: Output) -> None:
    """Raises SandboxUnavailable where the container ended before its supervisor dialled."""
    import docker.errors

    try:
        container.reload()
    except docker.errors.NotFound:
        raise SandboxUnavailable(f"the sandbox ended at once: {output.read() or 'it said nothing'}") from None
    if container.status not in ("created", "running"):
        raise SandboxUnavailable(f"the sandbox is {container.status}: {output.read() or 'it said nothing'}")


def _unavailable(error: Exception) -> SandboxError:
    """Before its first word, a sandbox that breaks is one that cannot be had."""
    failure = docker_failure(error, doing="starting a sandbox")
    return failure if isinstance(failure, SandboxUnavailable) else SandboxUnavailable(str(failure))


def _remove_quietly(client: DockerClient, container: Container) -> None:
    """Remove; where Docker fails, the container's own end of file and the reaper see to it."""
    try:
        remove(client, str(container.id))
    except Exception as error:
        _log.warning(
            "sandbox_not_removed", container=container.name, error=str(docker_failure(error, doing="removing"))
        )


def _wait_until_gone(client: DockerClient, ids: set[str]) -> None:
    until = time.monotonic() + _GONE_S
    while ids and time.monotonic() < until:
        try:
            ids = ids & {row["Id"] for row in client.api.containers(all=True)}
        except Exception as error:
            _log.warning("containers_not_listed", error=str(docker_failure(error, doing="listing containers")))
            return
        if ids:
            time.sleep(0.05)
