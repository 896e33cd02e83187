"""The sandbox image in a checkout: built when it is asked for by name and missing, or of another version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import proctor_supervisor
from proctor.errors import SandboxError, SandboxUnavailable
from proctor.sandbox.docker_client import connect, image_id
from proctor.settings import Settings

#: Name of our image, whatever its tag.
OURS = "proctor-sandbox-python"
_SCRIPT = Path(proctor_supervisor.__file__).parents[2] / "scripts" / "build-images"


def build_if_needed(settings: Settings) -> None:
    """With `--sandbox docker` in a checkout, have our image; takes about a minute the first time.

    Does nothing for other providers, for somebody else's image, and outside a checkout (there the image is missing, and
    the provider says so). Raises SandboxUnavailable where no daemon answers or the build fails.
    """
    if settings.sandbox != "docker" or settings.sandbox_image.partition(":")[0] != OURS or not _SCRIPT.is_file():
        return
    client = connect()
    try:
        image_id(client, settings.sandbox_image)
    except SandboxError as error:
        print(f"{error}\nBuilding it …", file=sys.stderr, flush=True)
    else:
        return
    finally:
        client.close()
    done = subprocess.run([_SCRIPT, "python"], stdout=sys.stderr, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise SandboxUnavailable(f"{_SCRIPT} failed with status {done.returncode}")
