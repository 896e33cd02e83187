"""Which images the docker provider has, one per family of languages, and what each serves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.errors import SandboxUnavailable
from proctor.sandbox.docker_client import image_id
from proctor.settings import Settings
from proctor_supervisor.languages.table import PYTHON, families

if TYPE_CHECKING:
    from docker import DockerClient

#: A label of images: JSON, language → version, as the image's own toolchains said when it was built.
LABEL_LANGUAGES = "proctor.versions"


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is there. name: as it is asked for; digest: its content; languages: name → version."""

    name: str
    digest: str
    languages: dict[str, str]


def image_name(settings: Settings, family: str) -> str | None:
    """The name of a family's image; None where the settings give it none."""
    if family == PYTHON:
        return settings.sandbox_image
    if settings.sandbox_image_pattern is not None:
        return settings.sandbox_image_pattern.replace("{family}", family)
    repository, slash, rest = settings.sandbox_image.rpartition("/")
    name, colon, tag = rest.partition(":")
    if not name.endswith(f"-{PYTHON}"):
        return None
    return f"{repository}{slash}{name.removesuffix(PYTHON)}{family}{colon}{tag}"


def find_images(client: DockerClient, settings: Settings) -> dict[str, Image]:
    """Every family whose image is there and of our version. Raises SandboxUnavailable where Python's is not."""
    found: dict[str, Image] = {}
    for family in families():
        name = image_name(settings, family)
        if name is None:
            continue
        try:
            digest = image_id(client, name)
        except SandboxUnavailable:
            if family == PYTHON:
                raise
            continue
        found[family] = Image(name, digest, _languages(client.images.get(name).labels))
    return found


def _languages(labels: dict[str, str]) -> dict[str, str]:
    try:
        said = json.loads(labels.get(LABEL_LANGUAGES, "{}"))
        return {str(name): str(version) for name, version in said.items()}
    except (ValueError, AttributeError):
        return {}
