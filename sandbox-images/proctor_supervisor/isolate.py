"""Isolation of one sample from all else, in tiers. The strongest that works is found at start by trying it (`probe`).

**B** The supervisor stands in a user, pid, mount, IPC, UTS and network namespace made once, on a root of its own: a
tmpfs with read-only binds of an allow-list. Every sample gets a pid, mount and IPC namespace and a tmpfs, then loses
every capability; candidates that leave all of it as it was may take turns there (`turns`). The sample is process 1 of
its pid namespace, so its end, however it comes, ends all that it started. (A separate init would cost a second fork,
0.9 ms of CPU; instead the guest gives the signals that a process 1 ignores their default meaning by handlers, see
`guest`.) It finds /sandbox/work, /tmp, /var/tmp and /dev/shm, all on its own tmpfs of `disk_mib`; /usr, libraries, a
few files of /etc, five devices; no /proc; nothing else.

**A** No namespace, no right: a Landlock domain per sample (Linux 6.12: files, TCP, signals, abstract sockets), a folder
of its own that is wiped afterwards, and a reaper (`reaper`), which stands in a domain around the sample's and so can
kill all of the sample's tree and nothing else, while the sample cannot reach it. Path-based chmod and utime, which
Landlock lets pass, are off the list of system calls where our user owns more than that. A sample sees the names of the
machine's files, but reads only the system's; TMPDIR names its folder for temporary files, /tmp itself is closed to it,
and so is /dev/shm, which multiprocessing's locks need, unless it is the container's own.

**U** A user id for each sample (`users`), a folder and a reaper as in A, and a Landlock domain as far as the kernel has
one. Needs root's CAP_SETUID and CAP_SETGID, and is for kernels without user namespaces and with an old Landlock or none
(gVisor). Without Landlock, nothing outside of its folder may be writable to a sample, which the trial at start makes
sure of; what every user of the machine may read, it reads, /proc included.

All have rlimits, no_new_privs and the system-call filter of `seccomp`.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import resource
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from . import boxes, jail, landlock, linux, reaper, seccomp, users
from .cgroup import Cgroup, own
from .users import Users

TIERS = ("U", "A", "B")
"""Weakest first."""

BOX = "/sandbox"
UID = 1000
"""What a sample takes itself for."""

SHM = "/dev/shm"

MADE_UP_UIDS = 1_862_270_976
"""Root becomes a user from here on, which no account has."""

STACK = 256 << 20
"""Room for the stack of a sample's main thread, bytes: deep recursion in C."""

FOLDERS = ("work", "tmp", "shm")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("ld.so.cache", "ld.so.conf", "localtime", "timezone", "mime.types", "debian_version", "os-release")
_PASSWD = f"root:x:0:0::/:/bin/sh\nsandbox:x:{UID}:{UID}::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
_GROUP = f"root:x:0:\nsandbox:x:{UID}:\nnogroup:x:65534:\n"
#: Limits of what the filter refuses anyway; gVisor lets nobody set them.
_MAY_BE_UNKNOWN = (resource.RLIMIT_MSGQUEUE,)
_INODES_PER_MIB = 64
_MIB = 1 << 20

_BOX_FLAGS = linux.MS_NOSUID | linux.MS_NODEV
_SAMPLE_NAMESPACES = linux.CLONE_NEWNS | linux.CLONE_NEWIPC
_OWN_NAMESPACES = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWNET
)


class Unavailable(Exception):
    """The kernel, or what runs us, does not allow this tier."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What was prepared once for all samples.

    proc: a descriptor of /proc that no sample has. box: the path of a sample's folder, the same for every one.
    program: the filter of system calls. rules: what a Landlock domain allows, but for the box. shm: whether a sample
    has the /dev/shm of the container for itself.
    helpers: processes of ours in a sample's tree, at its root. cgroup: the one that limits our memory, if any.
    users: of tier U; jail: the folder that is the root of all of ours, "" where that is the machine's;
    part, uid: the kind of sample that stands here, and its user (0: ours).
    """

    tier: str
    proc: int
    box: str
    program: bytes
    enforcement: dict[str, str]
    rules: tuple[landlock.Rule, ...] = ()
    shm: bool = False
    helpers: int = 0
    cgroup: Cgroup | None = None
    users: Users | None = None
    jail: str = ""
    part: str = "candidate"
    uid: int = 0


#: Which limit the kernel holds by itself, and which the supervisor reads and acts on every few milliseconds.
_ENFORCEMENT = {
    "cpu_s": "polled",
    "wall_s": "enforced",
    "memory_mib": "polled",
    "output_kib": "enforced",
    "processes": "enforced",
    "disk_mib": "enforced",
    "compile_s": "polled",
    "sample_wall_s": "enforced",
}


def ready(tier: str, prefixes: list[str], links: Sequence[tuple[str, str]] = ()) -> Ground:
    """Prepare `tier`, for good. `prefixes`: folders to read beyond the system's. Raises Unavailable.

    links: symbolic links (path, where to) that the root of tier B has besides.

    For B the caller stands in the user namespace already and is process 1 of its pid namespace.
    """
    try:
        cgroup = own()
        held = _ENFORCEMENT | ({"memory_mib": "enforced"} if cgroup else {})
        if tier == "B":
            return Ground("B", _build_root(prefixes, links), BOX, seccomp.assemble(), held, cgroup=cgroup)
        if tier == "A":
            return _ready_a(prefixes, held, cgroup)
        if tier == "U":
            return _ready_u(prefixes, held, cgroup)
    except OSError as error:
        raise Unavailable(str(error)) from None
    raise Unavailable(f"there is no tier {tier}")


def descriptors(ground: Ground) -> list[int]:
    """What the supervisor keeps open for all of its life."""
    return [ground.proc, *(ground.cgroup.descriptors if ground.cgroup else [])]


def part(ground: Ground, name: str) -> Ground:
    """The ground of one of two samples that run side by side."""
    if ground.tier == "B":
        return ground
    shm, base = ground.shm and name != "tests", os.path.dirname(ground.box)
    if ground.users is None:
        return dataclasses.replace(ground, box=f"{base}/{name}", shm=shm)
    _make_slot(f"{base}/{name}", ground.users.group(name))
    return dataclasses.replace(ground, box=f"{base}/{name}/box", shm=shm, part=name)


def _make_slot(path: str, group: int) -> None:
    """A folder in which samples of one kind make their boxes."""
    os.mkdir(path)
    os.chown(path, -1, group)
    os.chmod(path, 0o770)  # noqa: S103 (the group is the samples')


def of_sample(ground: Ground, number: int) -> Ground:
    """The ground of the `number`th sample of a kind."""
    if ground.users is None:
        return ground
    return dataclasses.replace(ground, uid=ground.users.sample(ground.part, number))


def _ready_a(prefixes: list[str], held: dict[str, str], cgroup: Cgroup | None) -> Ground:
    if (abi := linux.landlock_abi()) < landlock.ABI:
        raise OSError(f"Landlock ABI {abi}, and signals are scoped from {landlock.ABI} on")
    base = landlock.make_base()
    proc = os.open("/proc", os.O_DIRECTORY | os.O_RDONLY | os.O_CLOEXEC)
    program = seccomp.assemble(paths_change=_owns_nothing())
    return Ground(
        "A",
        proc,
        f"{base}/box",
        program,
        held | {"disk_mib": "polled"} | ({} if users.ours_alone() else {"processes": "polled"}),
        rules=tuple(landlock.system(prefixes)),
        shm=not base.startswith(SHM) and _root_is_read_only(),
        helpers=1,
        cgroup=cgroup,
    )


def _ready_u(prefixes: list[str], held: dict[str, str], cgroup: Cgroup | None) -> Ground:
    block = users.current()
    if block is None:
        raise OSError(errno.EPERM, "CAP_SETUID and CAP_SETGID are missing")
    has_landlock = linux.landlock_abi() > 0
    root = jail.ROOT if not has_landlock and jail.exists() else ""
    base = landlock.make_base((f"{root}/tmp",)) if root else landlock.make_base()
    os.chmod(base, 0o711)  # noqa: S103 (samples pass through, and see no names)
    base = base.removeprefix(root)
    if root:
        jail.link_stdin(f"{base}/candidate/box")
    return Ground(
        "U",
        os.open("/proc", os.O_DIRECTORY | os.O_RDONLY | os.O_CLOEXEC),
        f"{base}/box",
        seccomp.assemble(paths_change=True),  # a sample owns nothing but its own
        held | {"disk_mib": "polled"},
        rules=tuple(landlock.system(prefixes)) if has_landlock else (),
        shm=not base.startswith(SHM) and _root_is_read_only(),
        helpers=1,
        cgroup=cgroup,
        users=block,
        jail=root,
    )


def _owns_nothing() -> bool:
    """Whether our user owns no file that a sample could reach: a user made up for us, or a read-only root."""
    return os.getuid() >= MADE_UP_UIDS or _root_is_read_only()


def _root_is_read_only() -> bool:
    """Whether we run in a container as ours are, with a /tmp and a /dev/shm of its own."""
    if os.statvfs("/").f_flag & os.ST_RDONLY:
        return True
    with open("/proc/self/mounts") as file:  # gVisor tells it here alone
        return any(item[1] == "/" and "ro" in item[3].split(",") for item in map(str.split, file))


def enter_user_namespace() -> None:
    """Stand in new namespaces as user `UID` with every capability there; the next fork is process 1 of a pid namespace.

    Raises Unavailable.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        linux.prctl(linux.PR_SET_DUMPABLE, 1)  # else uid_map belongs to root
        linux.unshare(_OWN_NAMESPACES)
        for name, text in (("setgroups", "deny"), ("gid_map", f"{UID} {gid} 1"), ("uid_map", f"{UID} {uid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    except OSError as error:
        raise Unavailable(f"no user namespace: {error}") from None


def _build_root(prefixes: list[str], links: Sequence[tuple[str, str]]) -> int:
    """Make a read-only root and stand on it; a descriptor of /proc, which the root lacks."""
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proctor", "/tmp", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=16m")
    os.mkdir("/tmp/old")
    os.mkdir("/tmp/new")
    linux.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    linux.mount("proctor", "/new", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=16m")
    proc = _own_proc()
    _fill_system("/old", "/new", prefixes)
    _fill_devices("/old", "/new")
    _fill_files("/old", "/new")
    for path, where in links:
        os.makedirs(os.path.dirname(f"/new{path}"), exist_ok=True)
        os.symlink(where, f"/new{path}")
    linux.mount_setattr("/new", linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID)
    os.chdir("/new")
    linux.pivot_root(".", ".")
    linux.umount(".", linux.MNT_DETACH)
    os.chdir("/")
    return proc


def _own_proc() -> int:
    """A descriptor of a /proc that is mounted nowhere; of the old one where a container's masks forbid a new one."""
    os.mkdir("/new/proc")
    flags = os.O_DIRECTORY | os.O_RDONLY | os.O_CLOEXEC
    try:
        linux.mount("proc", "/new/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    except OSError:
        return os.open("/old/proc", flags)
    else:
        proc = os.open("/new/proc", flags)
        linux.umount("/new/proc", linux.MNT_DETACH)
        return proc
    finally:
        os.rmdir("/new/proc")


def _bind(source: str, target: str) -> None:
    linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)


def _fill_system(old: str, new: str, prefixes: list[str]) -> None:
    os.mkdir(f"{new}/usr")
    _bind(f"{old}/usr", f"{new}/usr")
    for name in _SYSTEM:
        if os.path.islink(f"{old}/{name}"):
            os.symlink(os.readlink(f"{old}/{name}"), f"{new}/{name}")
        elif os.path.isdir(f"{old}/{name}"):
            os.mkdir(f"{new}/{name}")
            _bind(f"{old}/{name}", f"{new}/{name}")
    for prefix in prefixes:
        if prefix != "/usr" and not prefix.startswith("/usr/"):
            os.makedirs(new + prefix, exist_ok=True)
            _bind(old + prefix, new + prefix)


def _fill_devices(old: str, new: str) -> None:
    os.mkdir(f"{new}/dev")
    for name in _DEVICES:
        os.close(os.open(f"{new}/dev/{name}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        _bind(f"{old}/dev/{name}", f"{new}/dev/{name}")
    os.symlink(f"{BOX}/shm", f"{new}/dev/shm")
    os.symlink(f"{BOX}/stdin", f"{new}/dev/stdin")


def _fill_files(old: str, new: str) -> None:
    for folder in ("etc", "var", "run", BOX[1:]):
        os.makedirs(f"{new}/{folder}", exist_ok=True)
    os.symlink(f"{BOX}/tmp", f"{new}/tmp")
    os.symlink(f"{BOX}/tmp", f"{new}/var/tmp")
    for name in _ETC:
        try:
            with open(f"{old}/etc/{name}", "rb") as file:
                _write(f"{new}/etc/{name}", file.read(_MIB))
        except OSError:
            continue
    _copy_links(f"{old}/etc/alternatives", f"{new}/etc/alternatives")
    _write(f"{new}/etc/passwd", _PASSWD.encode())
    _write(f"{new}/etc/group", _GROUP.encode())


def _copy_links(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
        for entry in os.scandir(source):
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), f"{target}/{entry.name}")


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def settle(ground: Ground) -> None:
    """Give up what neither the supervisor nor a zygote needs."""
    if ground.tier == "B":
        linux.keep_capabilities(linux.CAP_SYS_ADMIN, linux.CAP_SETPCAP, linux.CAP_SYS_PTRACE)
    elif ground.users is None:
        linux.keep_capabilities()
    if ground.jail:
        linux.hold_proc(ground.proc)
        jail.enter()
        linux.keep_capabilities(linux.CAP_SETUID, linux.CAP_SETGID)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)


def stand(ground: Ground) -> None:
    """In the process of a sample that is still to come: stand apart from all others, in a folder of its own. Tier B."""
    _stand_b("size=1m,nr_inodes=64")
    _make_folders(ground)


def enter(ground: Ground, disk_mib: int, spare: int, *, stands: bool = False) -> int:
    """In the sample's process: stand apart from all others, in a folder of its own; the folder's descriptor.

    disk_mib: what the sample may write, MiB; spare: bytes that we write there ourselves before.
    stands: whether the process stands apart already, and the folder lacks its size alone.
    """
    size = f"size={disk_mib * _MIB + spare + 64 * 1024},nr_inodes={_names_max(disk_mib)}"
    if stands:
        linux.mount(None, BOX, None, linux.MS_REMOUNT | _BOX_FLAGS, size)
    elif ground.tier == "B":
        _stand_b(size)
    else:
        _enter_folder(ground)
    if not stands:
        _make_folders(ground)
    return os.open(ground.box, os.O_DIRECTORY | os.O_RDONLY | os.O_CLOEXEC)


def _names_max(disk_mib: int) -> int:
    """Files and folders that a sample may make."""
    return 1024 + disk_mib * _INODES_PER_MIB


def _stand_b(size: str) -> None:
    linux.unshare(_SAMPLE_NAMESPACES)
    linux.mount("sandbox", BOX, "tmpfs", _BOX_FLAGS, f"mode=700,{size}")


def _make_folders(ground: Ground) -> None:
    for name in FOLDERS:
        os.mkdir(f"{ground.box}/{name}", 0o700)
    os.chdir(f"{ground.box}/work")


def _enter_folder(ground: Ground) -> None:
    """Stand in a tree of our own with a reaper above, tiers A and U, in a folder that is this sample's."""
    if ground.users is None:
        reaper.stand_between(reaper.Domain(landlock.domain([])))
    else:
        reaper.stand_between(reaper.User(ground.users, ground.uid, ground.proc))
        if ground.jail:
            os.close(ground.proc)
        users.become(ground.users, ground.uid, ground.part)
        if ground.part == "tests":
            os.umask(0o077)  # where candidates may look into folders that both can write
    os.mkdir(ground.box, 0o700)
    os.environ["TMPDIR"] = os.environ["HOME"] = f"{ground.box}/tmp"


def give_up(ground: Ground, limits: dict[int, int]) -> None:
    """In the sample's process, last: no capability, no new privilege, rlimits, the filter. There is no way back."""
    os.setsid()
    if ground.tier == "B" or ground.users is not None:
        linux.drop_capabilities()
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.prctl(linux.PR_SET_PDEATHSIG, 9)
    for which, value in limits.items():
        try:
            resource.setrlimit(which, (value, value))
        except ValueError:  # the hard limit that we came with is lower
            hard = resource.getrlimit(which)[1]
            if which not in _MAY_BE_UNKNOWN:
                resource.setrlimit(which, (hard, hard))
    if ground.rules:
        landlock.enter(landlock.domain([*ground.rules, *((folder, landlock.ALL) for folder in _folders(ground))]))
    linux.seccomp(ground.program)


@contextmanager
def as_sample(ground: Ground) -> Iterator[None]:
    """Look at a sample's processes with its rights, where ours do not suffice."""
    with users.acting_as(ground.uid, ground.users.group(ground.part) if ground.users else 0):
        yield


def rlimits(limits: dict, tasks: int, cpu_s: float, spare_mib: int) -> dict[int, int]:
    """Backstops, far enough off that a right program meets none before the supervisor's own account.

    tasks: processes and threads of this user, ours included; cpu_s: CPU seconds per process;
    spare_mib: MiB that we write ourselves into the sample's folder.
    """
    # A thread of a program that the sample executes reserves STACK, as its C library takes RLIMIT_STACK for a default.
    data = 2 * int(limits["memory_mib"]) * _MIB + 1024 * _MIB + int(limits["processes"]) * STACK
    return {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: int(cpu_s) + 2,
        resource.RLIMIT_NPROC: tasks,
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_DATA: data,
        resource.RLIMIT_AS: 2 * data + 8192 * _MIB,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_FSIZE: (int(limits["disk_mib"]) + spare_mib) * _MIB,
    }


def folder_use(ground: Ground, folder: int, disk_mib: int) -> tuple[int, bool]:
    """Bytes that the sample's files take, and whether that is all it may have (of bytes or of names)."""
    if ground.tier == "B":
        use = os.fstatvfs(folder)
        return (use.f_blocks - use.f_bfree) * use.f_frsize, use.f_bavail == 0 or use.f_ffree == 0
    with users.acting_as(ground.uid):
        used, names = boxes.use(folder, _names_max(disk_mib))
    return used, used > disk_mib * _MIB or names > _names_max(disk_mib)


def clean(ground: Ground) -> None:
    """After a sample, its processes dead: remove what it left. Raises OSError."""
    if ground.tier == "B":
        return
    with users.acting_as(ground.uid):
        if ground.uid:
            boxes.empty(os.path.dirname(ground.box), ground.uid)  # the slot: a sample may make more there than its box
        else:
            boxes.remove(ground.box)
        if ground.shm:
            boxes.empty(SHM, ground.uid or os.getuid())


def _folders(ground: Ground) -> list[str]:
    """Where a sample may write, tier A."""
    return [ground.box, SHM] if ground.shm else [ground.box]


def leave(ground: Ground) -> None:
    """At the supervisor's end: remove what `ready` made."""
    if ground.tier != "B":
        if ground.users is not None:
            reaper.end_all(ground.users, ground.proc)
        remove_base(ground.jail + os.path.dirname(ground.box))


def remove_base(base: str) -> None:
    """Remove a folder of `landlock.make_base` and all that samples left in it, each thing as its owner's."""
    if (block := users.current()) is not None:
        for slot in os.scandir(base):
            for uid in {entry.stat(follow_symlinks=False).st_uid for entry in os.scandir(slot.path)}:
                if block.has(uid, None):
                    with users.acting_as(uid):
                        boxes.empty(slot.path, uid)
    boxes.remove(base)


def ready_samples(ground: Ground) -> None:
    """In a zygote, before the first sample: what its samples inherit."""
    _be_first_to_die(ground)
    if ground.tier == "B":
        linux.unbind_capabilities(linux.CAP_SYS_ADMIN, linux.CAP_SYS_PTRACE, linux.CAP_SETPCAP)


def _be_first_to_die(ground: Ground) -> None:
    """Where memory runs out, the kernel is to take a sample before the supervisor; it has no /proc to undo it.

    The zygote is as mortal, but a sample that runs out of memory is larger.
    """
    try:
        fd = os.open("self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC, dir_fd=ground.proc)
    except OSError:
        return  # a /proc that may not be written; the account then has to be quicker than the kernel
    os.write(fd, b"1000")
    os.close(fd)


def fetch(ground: Ground, folder: int, path: str, most: int) -> bytes | None:
    """A file that the sample left at `path`, its processes dead: None unless it is a regular file with one name.

    Opened beneath the sample's folder, no link followed, no mount crossed. At most `most` bytes: a larger one is None.
    """
    try:
        with users.acting_as(ground.uid):
            fd = linux.open_beneath(folder, f"work/{path}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY)
    except OSError:
        return None
    with open(fd, "rb") as file:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1 or info.st_size > most:
            return None
        return file.read(most)
