"""Folders on a file system that samples share (tiers A and U): how much they hold, and how to be rid of them.

Names and depths are the sample's choice, so nothing here recurses, follows a link, or trusts a path: every step is one
name relative to a descriptor.
"""

from __future__ import annotations

import os
import stat

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEPTH_MAX = 64


def use(folder: int, names_max: int) -> tuple[int, int]:
    """Bytes on disk and names beneath `folder`; stops counting above `names_max`, or counts past it when too deep."""
    used = names = 0
    pending = [(os.open(".", _FLAGS, dir_fd=folder), 0)]
    while pending:
        here, depth = pending.pop()
        try:
            for entry in os.scandir(here):
                names += 1
                info = _info(here, entry.name)
                used += info.st_blocks * 512 if info else 0
                if info and stat.S_ISDIR(info.st_mode):
                    below = _open(here, entry.name)
                    names += names_max if depth >= _DEPTH_MAX else 0
                    if below is not None:
                        pending.append((below, depth + 1))
                if names > names_max:
                    break
        except OSError:
            continue  # it vanished
        finally:
            os.close(here)
        if names > names_max:
            break
    for here, _depth in pending:
        os.close(here)
    return used, names


def _info(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None


def _open(folder: int, name: str) -> int | None:
    try:
        return os.open(name, _FLAGS, dir_fd=folder)
    except OSError:
        return None


def remove(path: str) -> None:
    """Remove the folder `path` and all in it; nothing else uses it any more. Raises OSError.

    A folder within it is emptied by moving its folders up, so depth does not matter.
    """
    parent = os.open(os.path.dirname(path), _FLAGS)
    try:
        top = _unlock(parent, os.path.basename(path))
        if top is None:
            return
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(os.path.basename(path), dir_fd=parent)
    finally:
        os.close(parent)


def empty(path: str, owner: int) -> None:
    """Remove what is in the folder `path` and `owner`'s; nothing else of his runs any more. Raises OSError."""
    top = os.open(path, _FLAGS)
    try:
        _empty(top, owner)
    finally:
        os.close(top)


def _unlock(folder: int, name: str) -> int | None:
    """Open a folder whose mode may say no, having given ourselves the right."""
    info = _info(folder, name)
    if info is None:
        return None
    if info.st_mode & 0o700 != 0o700 and not stat.S_ISLNK(info.st_mode):
        os.chmod(name, 0o700, dir_fd=folder)  # all processes that could swap it for a link are dead
    return os.open(name, _FLAGS, dir_fd=folder)


def _names(folder: int, owner: int | None) -> list[str]:
    names = os.listdir(folder)
    if owner is None:
        return names
    return [name for name in names if (info := _info(folder, name)) is not None and info.st_uid == owner]


def _empty(top: int, owner: int | None = None) -> None:
    moved = 0
    while names := _names(top, owner):
        for name in names:
            if not _is_folder(top, name):
                os.unlink(name, dir_fd=top)
                continue
            below = _unlock(top, name)
            if below is None:
                continue
            try:
                for inner in os.listdir(below):
                    if _is_folder(below, inner):
                        _unlock_and_close(below, inner)
                        moved += 1
                        os.rename(inner, f"moved-{moved}-{os.urandom(6).hex()}", src_dir_fd=below, dst_dir_fd=top)
                    else:
                        os.unlink(inner, dir_fd=below)
            finally:
                os.close(below)
            os.rmdir(name, dir_fd=top)


def _unlock_and_close(folder: int, name: str) -> None:
    below = _unlock(folder, name)
    if below is not None:
        os.close(below)


def _is_folder(folder: int, name: str) -> bool:
    info = _info(folder, name)
    return info is not None and stat.S_ISDIR(info.st_mode)


def put(name: str, content: bytes, mode: int = 0o644) -> None:
    """A file of ours in a sample's folder, written before the sample runs. Raises OSError."""
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.close(fd)
