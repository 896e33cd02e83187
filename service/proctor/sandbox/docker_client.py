"""The Docker daemon: whether one answers, and what it can do."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from proctor.errors import ConfigurationError, SandboxError, SandboxUnavailable
from proctor.sandbox.docker_failure import docker_failure
from proctor.settings import Settings
from proctor_supervisor import fingerprint

if TYPE_CHECKING:
    from docker import DockerClient

#: A label of images: which supervisor is in it.
LABEL_SUPERVISOR = "proctor.supervisor"

_TIMEOUT_S = 30


def connect() -> DockerClient:
    """A client of the daemon that the environment names. Raises ConfigurationError, SandboxUnavailable."""
    try:
        import docker
        import docker.constants
        import docker.utils
    except ImportError:
        raise ConfigurationError("the docker provider needs the package `docker`: install proctor[server]") from None
    try:
        _knock(docker.utils.kwargs_from_env().get("base_url") or docker.constants.DEFAULT_UNIX_SOCKET)
        return docker.from_env(timeout=_TIMEOUT_S)
    except Exception as error:
        raise docker_failure(error, doing="connecting to Docker") from error


def _knock(url: str) -> None:
    """Raises SandboxUnavailable where nobody listens at a Unix socket. The Docker client would find out too, but
    leaves a socket open each time."""
    if not url.startswith(("unix://", "http+unix://")):
        return
    path = "/" + url.partition("://")[2].lstrip("/")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(_TIMEOUT_S)
        try:
            sock.connect(path)
        except OSError as error:
            raise SandboxUnavailable(f"no Docker daemon answers at {path}: {error.strerror or error}") from error


def image_id(client: DockerClient, image: str) -> str:
    """The digest of a sandbox image. Raises SandboxUnavailable where it is missing or not of our version."""
    try:
        found = client.images.get(image)
    except Exception as error:
        raise docker_failure(error, doing=f"looking for the image {image}") from error
    # An image that was built without the label is told apart by its supervisor's first word.
    if found.labels.get(LABEL_SUPERVISOR, fingerprint()) != fingerprint():
        raise SandboxUnavailable(f"the image {image} is of another version of Proctor; `make images` builds it anew")
    return str(found.id)


def why_not_docker(settings: Settings) -> str | None:
    """Why the docker provider cannot be used here; None where a daemon answers and has the image."""
    try:
        client = connect()
    except (ConfigurationError, SandboxError) as error:
        return str(error)
    try:
        image_id(client, settings.sandbox_image)
    except SandboxError as error:
        return str(error)
    finally:
        client.close()
    return None


def maps_uids(info: dict[str, Any]) -> bool:
    """Whether container uids are mapped into a range of their own: rootless, or userns-remap."""
    options = info.get("SecurityOptions") or []
    return any(name in option for option in options for name in ("name=rootless", "name=userns"))


def adjusts(runtime: str) -> bool:
    """Whether the limits of a running container can be changed: by runc and crun, not by gVisor or Kata."""
    return "runc" in runtime or "crun" in runtime
