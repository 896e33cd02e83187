"""Collecting what a compiler left: by descriptor, no link followed, bounded."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Sequence

from . import linux

FILES_MAX = 512
BYTES_MAX = 128 << 20
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY


class TooMuch(Exception):
    """More than is kept."""


def collect(folder: int, within: str, patterns: Sequence[str]) -> dict[str, bytes]:
    """Regular files in `within` beneath `folder` whose names match, all processes there being dead. Raises TooMuch."""
    try:
        here = linux.open_beneath(folder, within, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return {}
    found: dict[str, bytes] = {}
    left = BYTES_MAX
    try:
        for name in sorted(os.listdir(here)):
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                content = _read(here, name, left)
                if content is not None:
                    found[name] = content
                    left -= len(content)
                if len(found) > FILES_MAX:
                    raise TooMuch(f"more than {FILES_MAX} files")
    finally:
        os.close(here)
    return found


def _read(folder: int, name: str, most: int) -> bytes | None:
    try:
        fd = os.open(name, _FLAGS | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    with open(fd, "rb") as file:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            return None
        if info.st_size > most:
            raise TooMuch(f"more than {BYTES_MAX >> 20} MiB")
        return file.read(most)
