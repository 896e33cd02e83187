"""Which provider: what the settings name, or the best that works here."""

from __future__ import annotations

from typing import Literal

import structlog

from proctor.sandbox.attached import AttachedProvider
from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.docker_client import why_not_docker
from proctor.sandbox.namespace import NamespaceProvider
from proctor.sandbox.provider import Provider
from proctor.settings import Settings

_log = structlog.get_logger(__name__)

ProviderName = Literal["docker", "namespace", "attached"]


def choose(settings: Settings) -> ProviderName:
    """The provider that `settings.sandbox` means: `auto` is docker where a daemon answers and the image is there,
    else namespace. It never means running without a sandbox."""
    if settings.sandbox != "auto":
        return settings.sandbox
    if (why := why_not_docker(settings)) is not None:
        _log.info("docker_not_chosen", why=why)
        return "namespace"
    return "docker"


def make_provider(settings: Settings, name: ProviderName | None = None) -> Provider:
    """A provider. Raises ConfigurationError, SandboxUnavailable where it cannot keep its promises."""
    match name or choose(settings):
        case "docker":
            return DockerProvider(settings)
        case "attached":
            return AttachedProvider(settings)
        case "namespace":
            return NamespaceProvider(settings)
