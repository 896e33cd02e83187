"""Descriptors by name for samples without /proc: a library of the image that answers for /dev/fd (node/dev_fd.c)."""

from __future__ import annotations

import os

_LIBRARY = "/usr/lib/proctor/dev_fd.so"

ENVIRONMENT = {"LD_PRELOAD": "{dev_fd}"}


def find() -> dict[str, str]:
    """The library, where this machine has it."""
    return {"dev_fd": _LIBRARY if os.path.isfile(_LIBRARY) else ""}
