"""Landlock domains of tiers A and U. Needs no right; A needs Linux 6.12 (ABI 6) for scoped signals, U takes any.

A domain only ever takes away, nests, and holds for all that descend from who entered it. What it does not look at
(stat, chmod, utime, setxattr by path) is left to permissions and to the filter of system calls.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile

from . import linux

ABI = 6
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
ALL = (1 << 16) - 1
"""Every right on files of ABI 6: up to LANDLOCK_ACCESS_FS_IOCTL_DEV."""
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_NET, _SCOPED = 0b11, 0b11

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives")
_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/timezone", "/etc/passwd", "/etc/group", "/etc/mime.types")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_BASES = ("/dev/shm", "/tmp")
_PREFIX = "sandbox-"
_TRIES = 8

Rule = tuple[str, int]


def system(prefixes: list[str]) -> list[Rule]:
    """What every sample may read: the system's programs and libraries, and `prefixes`."""
    rules = [(path, _READ) for path in (*_SYSTEM, *_FILES, *prefixes)]
    return rules + [(path, _READ_FILE | _WRITE_FILE) for path in _DEVICES]


def offered(abi: int) -> tuple[int, int, int]:
    """Rights on files, on the network and scopes that an ABI knows: Linux's include/uapi/linux/landlock.h."""
    files = (1 << 13) - 1
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        files |= right if abi >= since else 0
    return files, _NET if abi >= 4 else 0, _SCOPED if abi >= 6 else 0


def domain(rules: list[Rule]) -> int:
    """A ruleset that refuses all but `rules`: a descriptor. Without rules it leaves files alone. Raises OSError."""
    known, net, scoped = offered(linux.landlock_abi())
    ruleset = linux.landlock_ruleset(known if rules else 0, net, scoped)
    for path, access in rules:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # this system has no such folder
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            access &= _FILE_ONLY
        linux.landlock_allow(ruleset, fd, access & known)
        os.close(fd)
    return ruleset


def enter(ruleset: int) -> None:
    """Stand in the domain, for good. Needs no_new_privs. Raises OSError."""
    linux.landlock_restrict(ruleset)
    os.close(ruleset)


def _room(folder: str) -> int:
    """Bytes free for us, memory preferred where there is plenty."""
    try:
        use = os.statvfs(folder)
    except OSError:
        return 0
    return min(use.f_bavail * use.f_frsize, 1 << 30)


def stale() -> list[tuple[str, int]]:
    """Folders that `make_base` made for keepers that were killed since: path and owner's user id.

    A keeper of another pid namespace looks as if it had been killed; `hold` tells, asked by the folder's owner.
    """
    found = []
    for base in _BASES:
        try:
            entries = [entry for entry in os.scandir(base) if entry.name.startswith(_PREFIX)]
        except OSError:
            continue
        for entry in entries:
            pid = entry.name.removeprefix(_PREFIX).partition("-")[0]
            if pid.isdigit() and entry.is_dir(follow_symlinks=False) and not _runs(int(pid)):
                found.append((entry.path, entry.stat(follow_symlinks=False).st_uid))
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def make_base(bases: tuple[str, ...] = _BASES) -> str:
    """A folder of our own, on memory where there is some, in which samples' folders come and go. Raises OSError.

    This process holds it for as long as it lives.
    """
    for base in sorted(bases, key=_room, reverse=True):
        try:
            for _ in range(_TRIES):
                path = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base)
                if hold(path):
                    return path
        except OSError:
            continue
    raise OSError(f"no folder to write in: {', '.join(bases)}")


def hold(path: str) -> bool:
    """Lock a folder of `make_base`'s for the rest of this process; False where somebody else did, or it is gone.

    Keepers that share /tmp need not see each other's processes, so a live one is known by its lock. Raises OSError.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return False
    return os.fstat(fd).st_nlink > 0
