"""A root for tier U under gVisor, whose /proc lets any user open the descriptors of any other's processes.

Its kernel has no mounts in user namespaces and no Landlock, but a chroot. So the image keeps a second root within /usr:
there `usr` holds links to what lies beside it, so that /usr/lib is found from within as well; `etc` has what programs
need of /etc; `tmp` and `dev` are file systems in memory. It has no /proc, no /sys, nothing of ours. Supervisor, zygotes
and samples stand in it; a sample has no capability and no descriptor to leave it by.

Making its devices takes CAP_MKNOD, which under gVisor reaches nothing but gVisor's own kernel; entering it
CAP_SYS_CHROOT.
"""

from __future__ import annotations

import os
import stat

ROOT = "/usr"
_DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
_STDIN = "stdin"


def prepare() -> None:
    """As root, once: make the devices. Where that cannot be, `exists` says so."""
    if not _offered():
        return
    try:
        for name, minor in _DEVICES.items():
            path = f"{ROOT}/dev/{name}"
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            os.chmod(path, 0o666)  # noqa: S103 (as everywhere)
        os.mkdir(f"{ROOT}/dev/shm")
        os.chmod(f"{ROOT}/dev/shm", 0o1777)  # noqa: S103 (emptied after each sample)
        os.symlink(f"/tmp/{_STDIN}", f"{ROOT}/dev/stdin")
    except OSError:
        return


def _offered() -> bool:
    return os.path.islink(f"{ROOT}/usr/lib") and not os.path.exists(f"{ROOT}/dev/null")


def exists() -> bool:
    """Whether there is such a root, devices and all."""
    try:
        return os.path.islink(f"{ROOT}/dev/stdin") and stat.S_ISCHR(os.stat(f"{ROOT}/dev/null").st_mode)
    except OSError:
        return False


def link_stdin(box: str) -> None:
    """Let /dev/stdin, from within, name the file `stdin` in `box`."""
    link = f"{ROOT}/tmp/{_STDIN}"
    if os.path.islink(link):
        os.unlink(link)
    os.symlink(f"{box}/stdin", link)


def enter() -> None:
    """Stand in it. Needs CAP_SYS_CHROOT. Raises OSError."""
    os.chroot(ROOT)
    os.chdir("/")
