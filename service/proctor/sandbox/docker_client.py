"""The Docker daemon: whether one answers, and what it can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.errors import ConfigurationError, SandboxError
from proctor.sandbox.docker_failure import docker_failure
from proctor.settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient


def connect() -> DockerClient:
    """A client of the daemon that the environment names. Raises ConfigurationError, SandboxUnavailable."""
    try:
        import docker
    except ImportError:
        raise ConfigurationError("the docker provider needs the package `docker`: install proctor[server]") from None
    try:
        client = docker.from_env(timeout=30)
    except Exception as error:
        raise docker_failure(error, doing="connecting to Docker") from error
    try:
        client.ping()
    except Exception as error:
        client.close()
        raise docker_failure(error, doing="connecting to Docker") from error
    return client


def docker_usable(settings: Settings) -> bool:
    """Whether a daemon answers and has the sandbox image."""
    try:
        client = connect()
    except (ConfigurationError, SandboxError):
        return False
    try:
        client.images.get(settings.sandbox_image)
    except Exception as error:
        docker_failure(error, doing="looking for the sandbox image")
        return False
    finally:
        client.close()
    return True


def maps_uids(info: dict[str, Any]) -> bool:
    """Whether container uids are mapped into a range of their own: rootless, or userns-remap."""
    options = info.get("SecurityOptions") or []
    return any(name in option for option in options for name in ("name=rootless", "name=userns"))


def adjusts(runtime: str) -> bool:
    """Whether the limits of a running container can be changed: by runc and crun, not by gVisor or Kata."""
    return "runc" in runtime or "crun" in runtime
