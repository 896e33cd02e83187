"""User ids of tier U: one for the supervisor, one for each sample, so that the kernel's oldest rule keeps them apart.

A supervisor that was started as root becomes the first id of a block of `BLOCK` that no process has, and keeps
CAP_SETUID and CAP_SETGID of root's powers, for this:

- a sample's process becomes an id of its own (`become`), another for each, in rotation;
- the reaper takes the sample's id as its *effective* one (`become_killer`) to kill all that has it. Its real and saved
  ids are one of the block's helpers, and a sample may signal only by those: it cannot kill its reaper, and the reaper's
  `kill(-1)` reaches nobody but that sample;
- the supervisor takes it for a moment (`acting_as`) to look at the sample's files, its real and saved ids its own.

Files: a slot (see `isolate`) belongs to the supervisor and to the group of its kind of sample, which no sample of the
other kind is in.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from . import linux

BLOCK = 256
_HELPERS, _SAMPLES = 3, 120
_FIRST, _BLOCKS = 1_000_000_000, 4_000_000
_FIRST_MAPPED, _BLOCKS_MAPPED = 20_480, 150  # where a user namespace maps 65,536 ids
_TRIES = 8
_NEEDED = 1 << linux.CAP_SETUID | 1 << linux.CAP_SETGID


@dataclass(frozen=True, slots=True)
class Users:
    """A block of ids. own: the supervisor's, the block's first."""

    own: int

    def killer(self, uid: int) -> int:
        """Real and saved user of a reaper that kills a sample; one for each kind, else one reaper kills the other."""
        return self.own + (1 if self.has(uid, "candidate") else 2)

    @property
    def groups(self) -> list[int]:
        """The groups of candidates and of tests; the supervisor is in both."""
        return [self.group("candidate"), self.group("tests")]

    def group(self, part: str) -> int:
        """The group of a kind of sample."""
        return self.own + (2 if part == "tests" else 1)

    def sample(self, part: str, number: int) -> int:
        """The user of the `number`th sample of a kind."""
        return self.own + _HELPERS + number % _SAMPLES + (_SAMPLES if part == "tests" else 0)

    def has(self, uid: int, part: str | None) -> bool:
        """Whether a user is a sample's, of one kind or (None) of any."""
        first = {"candidate": 0, "tests": _SAMPLES, None: 0}[part]
        many = 2 * _SAMPLES if part is None else _SAMPLES
        return self.own > 0 and first <= uid - self.own - _HELPERS < first + many


def current() -> Users | None:
    """The block of this process, a supervisor that may become its samples' users; None for any other."""
    if os.geteuid() == 0 or linux.effective_capabilities() & _NEEDED != _NEEDED:
        return None
    return Users(os.geteuid())


def leave_root(first: int | None, folder: str | None = None) -> None:
    """Become user `first`, or the first of a block that nobody has, with the right to become any other.

    folder: made ours to write in, and no sample's. Raises OSError.
    """
    if first:
        _take(folder, Users(first))
        stand_as(Users(first))
        return
    for start, blocks in ((_FIRST, _BLOCKS), (_FIRST_MAPPED, _BLOCKS_MAPPED)):
        try:
            block = _free_block(start, blocks)
            _take(folder, block)
            stand_as(block)
        except OSError:
            continue  # not mapped in the user namespace that we run in
        return
    raise OSError("no user ids to become: none is mapped, or CAP_SETUID and CAP_SETGID are missing")


def _take(folder: str | None, block: Users) -> None:
    """Hand a folder of root's to a block's supervisor, by its group: whoever owns a folder may give it to a group of
    his own without CAP_CHOWN, which we do not have. Raises OSError."""
    if folder is None:
        return
    os.setgroups([block.own])
    os.chown(folder, -1, block.own)
    os.chmod(folder, 0o771)  # noqa: S103 (samples pass through, and see no names)


def stand_as(block: Users) -> None:
    """Become a block's supervisor, from root. Raises OSError."""
    os.setgroups(block.groups)
    os.setresgid(block.own, block.own, block.own)
    held = linux.effective_capabilities()
    keep = [cap for cap in (linux.CAP_SETUID, linux.CAP_SETGID, linux.CAP_SYS_CHROOT) if held >> cap & 1]
    linux.keep_capabilities(*keep)
    linux.prctl(linux.PR_SET_KEEPCAPS, 1)
    os.setresuid(block.own, block.own, block.own)
    linux.keep_capabilities(*keep)
    linux.prctl(linux.PR_SET_DUMPABLE, 1)


def ours_alone() -> bool:
    """Whether our user was made up for this sandbox. Any other one may run more sandboxes of this machine."""
    return os.getuid() >= _FIRST


def of_supervisor(uid: int) -> Users | None:
    """The block whose supervisor has `uid`; None for any other user."""
    in_range = _FIRST <= uid < _FIRST + BLOCK * _BLOCKS
    return Users(uid) if in_range and (uid - _FIRST) % BLOCK == 0 else None


def _free_block(first: int, blocks: int) -> Users:
    """A block of which no process in sight has an id. Where we see no others they cannot see us either."""
    for _ in range(_TRIES):
        users = Users(first + BLOCK * secrets.randbelow(blocks))
        if not any(users.own <= uid < users.own + BLOCK for uid in _seen()):
            break
    return users


def _seen() -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                yield entry.stat().st_uid
            except OSError:
                continue


def become(block: Users, uid: int, part: str) -> None:
    """Become a sample's user, for good once the capabilities are given up too (`isolate.give_up`).

    Raises OSError, for a user that is no sample's too: CAP_SETUID would let us become root again.
    """
    if not block.has(uid, part):
        raise OSError(errno.EPERM, f"user {uid} is no sample's")
    gid = block.group(part)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    linux.prctl(linux.PR_SET_DUMPABLE, 1)  # its memory can be measured; nobody else has its id


def become_killer(block: Users, uid: int, pdeathsig: int) -> None:
    """Become who can kill all of `uid`'s processes and no other's, and whom they cannot.

    Raises OSError, for a user that is no sample's too: the next step is to kill all that can be killed.
    """
    if not block.has(uid, None):
        raise OSError(errno.EPERM, f"user {uid} is no sample's")
    killer = block.killer(uid)
    os.setresuid(killer, uid, killer)
    linux.keep_capabilities()
    if os.getresuid() != (killer, uid, killer) or linux.effective_capabilities():
        raise OSError(errno.EPERM, "we are not who we meant to become")
    linux.prctl(linux.PR_SET_PDEATHSIG, pdeathsig)  # a change of the effective user clears it


@contextmanager
def acting_as(uid: int, gid: int = 0) -> Iterator[None]:
    """Look at files and at /proc (this needs `gid` too) with a sample's rights. uid 0: with our own."""
    if uid == 0:
        yield
        return
    own, group = os.geteuid(), os.getegid()
    os.setegid(gid or group)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(own)
        os.setegid(group)
        linux.prctl(linux.PR_SET_DUMPABLE, 1)  # the kernel takes both away at such a change
        linux.prctl(linux.PR_SET_PDEATHSIG, 9)


def survivors(proc: int, uid: int) -> list[int]:
    """Processes of a user that have not ended, but for ourselves."""
    found, own = [], str(os.getpid())
    for name in os.listdir(proc):
        try:
            if name.isdigit() and name != own and os.stat(name, dir_fd=proc).st_uid == uid:
                with open(os.open(f"{name}/stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc), "rb") as file:
                    if file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X"):
                        found.append(int(name))
        except OSError:
            continue
    return found
