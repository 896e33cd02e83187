"""The system calls that Python 3.11's `os` lacks, by ctypes. Every function raises OSError with the call's errno."""

from __future__ import annotations

import _socket
import ctypes
import errno
import os
import platform
import signal
import socket
import struct
from typing import cast

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 8, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2

CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_SYS_CHROOT, CAP_SYS_PTRACE, CAP_SYS_ADMIN = 6, 7, 8, 18, 19, 21
CAP_LAST = 40

RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 1, 2, 4, 8

AT_RECURSIVE, AT_EMPTY_PATH = 0x8000, 0x1000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1

MACHINE = platform.machine()

# The same on every architecture since 5.1, but pivot_root.
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(MACHINE, -1)
_SYS_CLOSE_RANGE, _SYS_OPENAT2, _SYS_MOUNT_SETATTR = 436, 437, 442
_SYS_LANDLOCK_CREATE_RULESET, _SYS_LANDLOCK_ADD_RULE, _SYS_LANDLOCK_RESTRICT_SELF = 444, 445, 446

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]


# The same library, called without letting go of the interpreter's lock.
_bare = ctypes.PyDLL(None, use_errno=True)

_HAS_CLOSE_RANGE = (
    _libc.syscall(ctypes.c_long(_SYS_CLOSE_RANGE), ctypes.c_uint(1 << 20), ctypes.c_uint(1 << 20), ctypes.c_uint(0))
    == 0
)
_INT = struct.Struct("=i")
_CREDENTIALS = struct.Struct("=iii")
_CAP_HEADER = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0))
_proc: int | None = None
_NO_CAPS = ctypes.create_string_buffer(24)


def unix_socket(fd: int, kind: int) -> socket.socket:
    """The Unix socket at `fd`, of kind SOCK_STREAM or SOCK_SEQPACKET.

    The class of `socket` asks the kernel for all that it is told here, and makes more of it than a sample needs: each
    page touched on the way is one that the kernel copies.
    """
    return cast(socket.socket, _socket.socket(socket.AF_UNIX, kind, 0, fd))


def unix_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a Unix stream, close-on-exec, made as `unix_socket` makes one."""
    return cast(tuple[socket.socket, socket.socket], _socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM))


def receive_at_once(sock: socket.socket, size: int) -> tuple[bytes, int | None]:
    """A message of at most `size` bytes that is there already, with the descriptor that came along, if one did.

    Raises BlockingIOError where none is there. (`socket.recv_fds` of Python 3.11 takes flags and drops them.)
    """
    message, ancillary, _flags, _address = sock.recvmsg(size, socket.CMSG_LEN(_INT.size), socket.MSG_DONTWAIT)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            return message, _INT.unpack_from(data)[0]
    return message, None


def receive_with_pid(sock: socket.socket, size: int) -> tuple[bytes, int | None, int]:
    """As `receive_at_once`, and the sender's number in our pid namespace, for a socket with SO_PASSCRED."""
    room = socket.CMSG_SPACE(_INT.size) + socket.CMSG_SPACE(_CREDENTIALS.size)
    message, ancillary, _flags, _address = sock.recvmsg(size, room, socket.MSG_DONTWAIT)
    fd, pid = None, 0
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fd = _INT.unpack_from(data)[0]
        elif level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            pid = _CREDENTIALS.unpack_from(data)[0]
    return message, fd, pid


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def fork() -> int:
    """fork(2) without what Python does in the child after `os.fork`; as that, else.

    For a process of one thread, where the locks that Python makes anew are free anyway: those steps touch 190 pages,
    each of which the kernel then copies, and cost 0.5 ms. `random` goes on in the child as in the parent.
    """
    return _checked(_bare.fork(), "fork")


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int) -> None:
    """setns(2)."""
    _checked(_libc.setns(fd, flags), "setns")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    raw = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _checked(_libc.mount(raw[0], raw[1], raw[2], flags, raw[3]), f"mount {target}")


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _checked(_libc.umount2(os.fsencode(target), flags), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2)."""
    number = ctypes.c_long(_SYS_PIVOT_ROOT)
    _checked(_libc.syscall(number, ctypes.c_char_p(new.encode()), ctypes.c_char_p(old.encode())), "pivot_root")


def mount_setattr(path: str, set_flags: int) -> None:
    """Add mount attributes to `path` and all mounts beneath it: mount_setattr(2), Linux 5.12."""
    attr = struct.pack("=QQQQ", set_flags, 0, 0, 0)
    result = _libc.syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(-100),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.c_uint(AT_RECURSIVE),
        ctypes.c_char_p(attr),
        ctypes.c_size_t(len(attr)),
    )
    _checked(result, f"mount_setattr {path}")


def prctl(option: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
    """prctl(2)."""
    return _checked(_libc.prctl(option, a, b, c, d), f"prctl {option}")


def keep_capabilities(*keep: int) -> None:
    """Give up every capability but `keep`, in all sets, the bounding set included."""
    for cap in range(CAP_LAST + 1):
        if cap not in keep:
            # EINVAL: a kernel that knows fewer; EPERM: no CAP_SETPCAP, so no capability to lose either.
            _libc.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)
    _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    mask = sum(1 << cap for cap in keep)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = ctypes.create_string_buffer(struct.pack("=6I", low, low, 0, high, high, 0))
    _checked(_libc.capset(_CAP_HEADER, data), "capset")


def effective_capabilities() -> int:
    """The capabilities in force, a bit each."""
    data = ctypes.create_string_buffer(24)
    _checked(_libc.capget(_CAP_HEADER, data), "capget")
    low, _permitted, _inheritable, high, *_rest = struct.unpack("=6I", data.raw)
    return int(low | high << 32)


def unbind_capabilities(*bounding: int) -> None:
    """Take the last ones, `bounding`, out of the bounding set; what we have of them we keep."""
    for cap in bounding:
        _libc.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up every capability."""
    _checked(_libc.capset(_CAP_HEADER, _NO_CAPS), "capset")


def open_beneath(dir_fd: int, path: str, flags: int) -> int:
    """Open `path` beneath `dir_fd`, following no link and crossing no mount: openat2(2), Linux 5.6.

    Where the kernel has none, name by name; no mount is crossed then because a sample's folder has none.
    """
    resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, resolve)
    result = _libc.syscall(
        ctypes.c_long(_SYS_OPENAT2),
        ctypes.c_int(dir_fd),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.c_char_p(how),
        ctypes.c_size_t(len(how)),
    )
    if result < 0 and ctypes.get_errno() == errno.ENOSYS:
        return _open_by_name(dir_fd, path, flags)
    return _checked(result, f"openat2 {path}")


def _open_by_name(dir_fd: int, path: str, flags: int) -> int:
    *folders, last = path.split("/")
    if any(name in ("", ".", "..") for name in (*folders, last)):
        raise OSError(errno.EINVAL, f"not a plain path: {path}")
    here = os.dup(dir_fd)
    try:
        for name in folders:
            below = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        return os.open(last, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)


def landlock_abi() -> int:
    """The version of Landlock that the kernel offers; 0: none."""
    number = ctypes.c_long(_SYS_LANDLOCK_CREATE_RULESET)
    flags = ctypes.c_uint(LANDLOCK_CREATE_RULESET_VERSION)
    return max(0, int(_libc.syscall(number, None, ctypes.c_size_t(0), flags)))


def landlock_ruleset(access_fs: int, access_net: int, scoped: int) -> int:
    """landlock_create_ruleset(2): a descriptor."""
    attr = struct.pack("=QQQ", access_fs, access_net, scoped)
    number = ctypes.c_long(_SYS_LANDLOCK_CREATE_RULESET)
    size = ctypes.c_size_t(len(attr))
    return _checked(_libc.syscall(number, ctypes.c_char_p(attr), size, ctypes.c_uint(0)), "landlock_create_ruleset")


def landlock_allow(ruleset: int, dir_fd: int, access_fs: int) -> None:
    """landlock_add_rule(2) for a file or a folder and what is beneath it."""
    attr = struct.pack("=Qi", access_fs, dir_fd)
    result = _libc.syscall(
        ctypes.c_long(_SYS_LANDLOCK_ADD_RULE),
        ctypes.c_int(ruleset),
        ctypes.c_int(LANDLOCK_RULE_PATH_BENEATH),
        ctypes.c_char_p(attr),
        ctypes.c_uint(0),
    )
    _checked(result, "landlock_add_rule")


def landlock_restrict(ruleset: int) -> None:
    """landlock_restrict_self(2)."""
    number = ctypes.c_long(_SYS_LANDLOCK_RESTRICT_SELF)
    _checked(_libc.syscall(number, ctypes.c_int(ruleset), ctypes.c_uint(0)), "landlock_restrict_self")


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def seccomp(program: bytes) -> None:
    """Install a BPF program of 8-byte instructions as this thread's filter. Needs no_new_privs."""
    filter_ = _Filter(len(program) // 8, program)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(filter_))


def hold_proc(fd: int) -> None:
    """From now on look at ourselves in the /proc behind `fd`: a chroot may hide the one at its path."""
    global _proc
    _proc = fd


def _own_descriptors() -> list[int]:
    if _proc is None:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    listing = os.open("self/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=_proc)
    try:
        return [int(name) for name in os.listdir(listing)]
    finally:
        os.close(listing)


def close_but(*keep: int, lowest: int = 3) -> None:
    """Close every descriptor from `lowest` on, but `keep`."""
    if not _HAS_CLOSE_RANGE:  # a million calls else
        for number in set(_own_descriptors()) - set(keep):
            if number >= lowest:
                try:
                    os.close(number)
                except OSError:
                    continue  # the one that listed them
        return
    for fd in sorted(keep):
        os.closerange(lowest, fd)
        lowest = fd + 1
    os.closerange(lowest, 1 << 20)


def adopt_orphans() -> bool:
    """Become the subreaper of our descendants; False where the kernel has none (gVisor)."""
    return bool(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def pidfd_open(pid: int) -> int:
    """pidfd_open(2), Linux 5.3; -1 where the kernel has none (gVisor)."""
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno == errno.ENOSYS:
            return -1
        raise


def send_signal(pid: int, pidfd: int, number: int) -> None:
    """Signal a process that we have not waited for, by its pidfd if there is one. Raises OSError."""
    if pidfd >= 0:
        signal.pidfd_send_signal(pidfd, number)
    else:
        os.kill(pid, number)


def default_thread_stack(size: int) -> None:
    """The stack of threads to come, bytes, whatever RLIMIT_STACK was when the C library started. glibc only."""
    attributes = ctypes.create_string_buffer(64)
    setter = getattr(_libc, "pthread_setattr_default_np", None)
    if setter is not None and _libc.pthread_attr_init(attributes) == 0:
        _libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(size))
        setter(attributes)
        _libc.pthread_attr_destroy(attributes)
