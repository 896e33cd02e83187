"""The system calls that a sample may make: an allow-list, assembled into BPF here.

The filter does not tell apart who asks; whatever is not on the list is answered EPERM (so that
programs which probe for a feature go on), `clone3` ENOSYS (so that the C library falls back to
`clone`, whose flags can be read), another architecture or the x32 table is killed.

What is left out, and why:
- `socket`, `connect`, `bind`, `listen`, `accept`: no network, no AF_ALG, no AF_VSOCK, no path or abstract
  socket of another's. `socketpair` stays for AF_UNIX SOCK_STREAM, which asyncio and multiprocessing use;
  a datagram pair could reach path sockets through `sendto`.
- System V IPC, POSIX message queues, `memfd_create`: memory that no process's account shows and no
  sample's folder holds. multiprocessing uses files in /dev/shm, which every sample has for itself.
- `splice`, `tee`, `vmsplice`, `sendfile`, `copy_file_range`: they move page-cache pages about, and the
  page cache is shared with all samples. The `shutil` module falls back by itself.
- `ptrace`, `process_vm_*`, `pidfd_getfd`, `kcmp`, `io_uring`, `bpf`, `userfaultfd`, `perf_event_open`, keys, `mount`,
  `unshare`, `setns`, modules, clocks, `mincore`, NUMA and locked memory, `chown` and `setxattr`: not needed to compute.
- `setpriority`, `sched_set*`, `prlimit64` of another process: pid 0 (oneself) only.
- `fcntl(F_SETOWN)`, most of `ioctl` and `prctl`: lists of what Python needs.
"""

from __future__ import annotations

import errno
import struct

from . import linux

_X86_64 = """
read=0 write=1 open=2 close=3 stat=4 fstat=5 lstat=6 poll=7 lseek=8 mmap=9 mprotect=10 munmap=11 brk=12
rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 ioctl=16 pread64=17 pwrite64=18 readv=19 writev=20 access=21
pipe=22 select=23 sched_yield=24 mremap=25 msync=26 madvise=28 dup=32 dup2=33 pause=34 nanosleep=35
getitimer=36 alarm=37 setitimer=38 getpid=39 sendto=44 recvfrom=45 sendmsg=46 recvmsg=47 shutdown=48
getsockname=51 getpeername=52 socketpair=53 getsockopt=55 clone=56 fork=57 vfork=58 execve=59 exit=60 wait4=61
kill=62 uname=63 fcntl=72 flock=73 fsync=74 fdatasync=75 truncate=76 ftruncate=77 getdents=78 getcwd=79
chdir=80 fchdir=81 rename=82 mkdir=83 rmdir=84 creat=85 link=86 unlink=87 symlink=88 readlink=89 chmod=90
fchmod=91 umask=95 gettimeofday=96 getrlimit=97 getrusage=98 sysinfo=99 times=100 getuid=102 getgid=104
geteuid=107 getegid=108 setpgid=109 getppid=110 getpgrp=111 setsid=112 getgroups=115 getresuid=118
getresgid=120 getpgid=121 getsid=124 capget=125 rt_sigpending=127 rt_sigtimedwait=128 rt_sigsuspend=130
sigaltstack=131 utime=132 personality=135 statfs=137 fstatfs=138 getpriority=140 setpriority=141
sched_setparam=142 sched_getparam=143 sched_setscheduler=144 sched_getscheduler=145 sched_get_priority_max=146
sched_get_priority_min=147 sched_rr_get_interval=148 prctl=157 arch_prctl=158 setrlimit=160 gettid=186
getxattr=191 lgetxattr=192 fgetxattr=193 listxattr=194 llistxattr=195 flistxattr=196 tkill=200 time=201
futex=202 sched_setaffinity=203 sched_getaffinity=204 epoll_create=213 getdents64=217 set_tid_address=218
restart_syscall=219 fadvise64=221 timer_create=222 timer_settime=223 timer_gettime=224 timer_getoverrun=225
timer_delete=226 clock_gettime=228 clock_getres=229 clock_nanosleep=230 exit_group=231 epoll_wait=232
epoll_ctl=233 tgkill=234 utimes=235 waitid=247 inotify_add_watch=254 inotify_rm_watch=255 openat=257
mkdirat=258 futimesat=261 newfstatat=262 unlinkat=263 renameat=264 linkat=265 symlinkat=266 readlinkat=267
fchmodat=268 faccessat=269 pselect6=270 ppoll=271 set_robust_list=273 get_robust_list=274 utimensat=280
epoll_pwait=281 signalfd=282 timerfd_create=283 eventfd=284 fallocate=285 timerfd_settime=286
timerfd_gettime=287 signalfd4=289 eventfd2=290 epoll_create1=291 dup3=292 pipe2=293 inotify_init1=294
preadv=295 pwritev=296 recvmmsg=299 prlimit64=302 sendmmsg=307 getcpu=309 renameat2=316 getrandom=318
execveat=322 membarrier=324 preadv2=327 pwritev2=328 statx=332 rseq=334 pidfd_open=434 clone3=435
close_range=436 openat2=437 faccessat2=439 epoll_pwait2=441 futex_waitv=449 fchmodat2=452
"""
_AARCH64 = """
getxattr=8 lgetxattr=9 fgetxattr=10 listxattr=11 llistxattr=12 flistxattr=13 getcwd=17 eventfd2=19
epoll_create1=20 epoll_ctl=21 epoll_pwait=22 dup=23 dup3=24 fcntl=25 inotify_init1=26 inotify_add_watch=27
inotify_rm_watch=28 ioctl=29 flock=32 mkdirat=34 unlinkat=35 symlinkat=36 linkat=37 renameat=38 statfs=43
fstatfs=44 truncate=45 ftruncate=46 fallocate=47 faccessat=48 chdir=49 fchdir=50 fchmod=52 fchmodat=53
openat=56 close=57 pipe2=59 getdents64=61 lseek=62 read=63 write=64 readv=65 writev=66 pread64=67 pwrite64=68
preadv=69 pwritev=70 pselect6=72 ppoll=73 signalfd4=74 readlinkat=78 newfstatat=79 fstat=80 fsync=82 fdatasync=83
timerfd_create=85 timerfd_settime=86 timerfd_gettime=87 utimensat=88 capget=90 personality=92 exit=93
exit_group=94 waitid=95 set_tid_address=96 futex=98 set_robust_list=99 get_robust_list=100 nanosleep=101
getitimer=102 setitimer=103 timer_create=107 timer_gettime=108 timer_getoverrun=109 timer_settime=110
timer_delete=111 clock_gettime=113 clock_getres=114 clock_nanosleep=115 sched_setparam=118
sched_setscheduler=119 sched_getscheduler=120 sched_getparam=121 sched_setaffinity=122 sched_getaffinity=123
sched_yield=124 sched_get_priority_max=125 sched_get_priority_min=126 sched_rr_get_interval=127
restart_syscall=128 kill=129 tkill=130 tgkill=131 sigaltstack=132 rt_sigsuspend=133 rt_sigaction=134
rt_sigprocmask=135 rt_sigpending=136 rt_sigtimedwait=137 rt_sigreturn=139 setpriority=140 getpriority=141
getresuid=148 getresgid=150 times=153 setpgid=154 getpgid=155 getsid=156 setsid=157 getgroups=158 uname=160
getrlimit=163 setrlimit=164 getrusage=165 umask=166 prctl=167 getcpu=168 gettimeofday=169 getpid=172
getppid=173 getuid=174 geteuid=175 getgid=176 getegid=177 gettid=178 sysinfo=179 socketpair=199
getsockname=204 getpeername=205 sendto=206 recvfrom=207 getsockopt=209 shutdown=210 sendmsg=211 recvmsg=212
brk=214 munmap=215 mremap=216 clone=220 execve=221 mmap=222 fadvise64=223 mprotect=226 msync=227 madvise=233
recvmmsg=243 wait4=260 prlimit64=261 sendmmsg=269 renameat2=276 getrandom=278 execveat=281 membarrier=283
preadv2=286 pwritev2=287 statx=291 rseq=293 pidfd_open=434 clone3=435 close_range=436 openat2=437
faccessat2=439 epoll_pwait2=441 futex_waitv=449 fchmodat2=452
"""
#: AUDIT_ARCH of the machine, and its calls.
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}
_X32_BIT = 0x40000000

_LD, _JEQ, _JGE, _JSET, _JA, _AND, _RET = 0x20, 0x15, 0x35, 0x45, 0x05, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NR, _ARCH = 0, 4

_DENY = _ERRNO | errno.EPERM

#: clone: no new namespace, no tracing, no sibling of the caller.
_CLONE_REFUSED = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWCGROUP
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
    | 0x2000  # CLONE_PTRACE
    | 0x8000  # CLONE_PARENT
)
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 9, 36, 37, 38, 1030, 1031, 1032)  # dup, flags, locks, pipe size
_IOCTL = (0x5401, 0x5413, 0x540F, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, window size, FIONREAD, FIONBIO, FIO(N)CLEX
# PDEATHSIG, DUMPABLE (get), seccomp (get), name, capability (read), timer slack, no_new_privs, THP, memory name
_PRCTL = (1, 2, 3, 15, 16, 21, 23, 29, 30, 38, 39, 41, 42, 0x53564D41)
_AF_UNIX, _SOCK_STREAM, _SOCK_FLAGS = 1, 1, 0o2000000 | 0o4000

_BY_PATH = frozenset("chmod fchmodat fchmodat2 utime utimes futimesat utimensat".split())

_Code = list[tuple[int, int, int, int]]


def _argument(index: int) -> tuple[int, int, int, int]:
    """Load the low half of an argument. High halves don't matter: the kernel reads these as 32 bits too."""
    return (_LD, 0, 0, 16 + 8 * index)


def _one_of(index: int, values: tuple[int, ...], otherwise: int) -> _Code:
    code: _Code = [_argument(index)]
    code += [(_JEQ, len(values) - 1 - i + 1, 0, value) for i, value in enumerate(values)]
    return [*code, (_RET, 0, 0, otherwise), (_RET, 0, 0, _ALLOW)]


def _own_pid(index: int) -> _Code:
    return _one_of(index, (0,), _DENY)


def _checks() -> dict[str, _Code]:
    """Calls that depend on their arguments."""
    return {
        "clone": [_argument(0), (_JSET, 0, 1, _CLONE_REFUSED), (_RET, 0, 0, _DENY), (_RET, 0, 0, _ALLOW)],
        "clone3": [(_RET, 0, 0, _ERRNO | errno.ENOSYS)],
        "socketpair": [
            _argument(0),
            (_JEQ, 0, 3, _AF_UNIX),
            _argument(1),
            (_AND, 0, 0, 0xFFFFFFFF ^ _SOCK_FLAGS),
            (_JEQ, 1, 0, _SOCK_STREAM),
            (_RET, 0, 0, _DENY),
            (_RET, 0, 0, _ALLOW),
        ],
        "prlimit64": _own_pid(0),
        "sched_setaffinity": _own_pid(0),
        "sched_setscheduler": _own_pid(0),
        "sched_setparam": _own_pid(0),
        "setpriority": [
            _argument(0),
            (_JEQ, 0, 4, 0),  # PRIO_PROCESS
            _argument(1),
            (_JEQ, 0, 2, 0),
            _argument(2),
            (_JSET, 0, 1, 1 << 31),  # below 0: not every kernel (gVisor) asks for a right to it
            (_RET, 0, 0, _DENY),
            (_RET, 0, 0, _ALLOW),
        ],
        "personality": _one_of(0, (0, 0xFFFFFFFF), _DENY),
        "fcntl": _one_of(1, _FCNTL, _ERRNO | errno.EINVAL),
        "ioctl": _one_of(1, _IOCTL, _ERRNO | errno.ENOTTY),
        "prctl": _one_of(0, _PRCTL, _DENY),
    }


def _tree(segments: list[tuple[int, _Code]]) -> _Code:
    """A balanced search: `segments` are (first number, code), sorted, each up to the next one's first."""
    if len(segments) == 1:
        return segments[0][1]
    middle = len(segments) // 2
    left, right = _tree(segments[:middle]), _tree(segments[middle:])
    pivot = segments[middle][0]
    if len(left) <= 255:
        return [(_JGE, len(left), 0, pivot), *left, *right]
    return [(_JGE, 0, 1, pivot), (_JA, 0, 0, len(left)), *left, *right]


def _segments(numbers: dict[str, int]) -> list[tuple[int, _Code]]:
    checks = _checks()
    special = {numbers[name]: code for name, code in checks.items()}
    allow: _Code = [(_RET, 0, 0, _ALLOW)]
    deny: _Code = [(_RET, 0, 0, _DENY)]
    segments: list[tuple[int, _Code]] = [(0, deny)]
    for number in sorted(numbers.values()):
        code = special.get(number, allow)
        if segments[-1][0] == number:
            segments.pop()
        if not segments or segments[-1][1] is not code:
            segments.append((number, code))
        segments.append((number + 1, deny))
    return segments


def numbers(machine: str = linux.MACHINE) -> dict[str, int]:
    """The calls on the list, by name. Raises OSError for an architecture without a list."""
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no list of system calls for {machine}")
    return {name: int(number) for name, number in (item.split("=") for item in _MACHINES[machine][1].split())}


def assemble(machine: str = linux.MACHINE, *, paths_change: bool = True) -> bytes:
    """The filter as BPF. Raises OSError for an architecture without a list.

    paths_change: whether mode and times of a file may be changed by its path, which Landlock does not look at.
    """
    table = {name: number for name, number in numbers(machine).items() if paths_change or name not in _BY_PATH}
    code: _Code = [(_LD, 0, 0, _ARCH), (_JEQ, 1, 0, _MACHINES[machine][0]), (_RET, 0, 0, _KILL), (_LD, 0, 0, _NR)]
    if machine == "x86_64":
        code += [(_JGE, 0, 1, _X32_BIT), (_RET, 0, 0, _KILL)]
    code += _tree(_merged(_segments(table)))
    return b"".join(struct.pack("=HBBI", *step) for step in code)


def _merged(segments: list[tuple[int, _Code]]) -> list[tuple[int, _Code]]:
    merged: list[tuple[int, _Code]] = []
    for first, code in segments:
        if not merged or merged[-1][1] != code:
            merged.append((first, code))
    return merged
