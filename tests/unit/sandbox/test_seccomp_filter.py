"""The sample's filter of system calls: its numbers against libseccomp's, its BPF in an interpreter, on each machine.
No machine of the other architecture is needed: the filter is data, and qemu's user mode knows no seccomp.
"""

from __future__ import annotations

import ctypes
import errno
import struct

import pytest

from proctor_supervisor import seccomp

#: AUDIT_ARCH_*, which are libseccomp's tokens too.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
KILL, ALLOW = 0x80000000, 0x7FFF0000
DENY, NOT_THERE = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
#: Linux numbers calls alike on every architecture from here on.
COMMON = 424


def resolve(name: str, machine: str) -> int:
    """The number that libseccomp's tables give a call; negative where its version does not know it."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("no libseccomp, which Debian's apt and Docker bring")
    return int(library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(ARCHITECTURES[machine]), name.encode()))


def decide(program: bytes, machine: str, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What a filter answers to a call: a BPF interpreter for what `assemble` uses (see linux/filter.h)."""
    data = struct.pack("=IIQ6Q", number, ARCHITECTURES[machine], 0, *arguments, *[0] * (6 - len(arguments)))
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator = at = 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x54:
                accumulator &= value
            case 0x05:
                at += value
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}
                at += if_true if holds[operation] else if_false
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"an instruction {operation:#x} that is not expected")


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_numbers_are_those_of_libseccomp(machine: str) -> None:
    numbers = seccomp.numbers(machine)
    known = {name: resolve(name, machine) for name in numbers}
    other = seccomp.numbers("x86_64" if machine == "aarch64" else "aarch64")
    for name, number in numbers.items():
        if known[name] >= 0:
            assert known[name] == number, name
        else:  # newer than the library
            assert number >= COMMON, name
            assert other[name] == number, name
    assert sum(number >= 0 for number in known.values()) > 0.95 * len(numbers)


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("paths_change", [True, False])
def test_every_number_is_answered_as_the_list_says(machine: str, paths_change: bool) -> None:
    program = seccomp.assemble(machine, paths_change=paths_change)
    assert len(program) // 8 <= 4096  # the kernel's BPF_MAXINSNS
    numbers = seccomp.numbers(machine)
    by_path = {"chmod", "fchmodat", "fchmodat2", "utime", "utimes", "futimesat", "utimensat"}
    depends = {numbers[name] for name in ("clone", "clone3", "socketpair", "setpriority", "personality", "fcntl")}
    depends |= {numbers[name] for name in ("ioctl", "prctl", "prlimit64", "sched_setaffinity")}
    depends |= {numbers[name] for name in ("sched_setscheduler", "sched_setparam")}
    allowed = {n for name, n in numbers.items() if paths_change or name not in by_path}
    for number in set(range(1024)) - depends:
        assert decide(program, machine, number) == (ALLOW if number in allowed else DENY), number


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("clone", (17,), ALLOW),
        ("clone", (0x3D0F00,), ALLOW),  # a thread of glibc's
        ("clone", (0x10000000 | 17,), DENY),
        ("clone", (0x20000 | 17,), DENY),
        ("clone", (0x40000000 | 17,), DENY),
        ("clone3", (), NOT_THERE),
        ("socketpair", (1, 1), ALLOW),
        ("socketpair", (1, 1 | 0o2000000 | 0o4000), ALLOW),
        ("socketpair", (1, 2), DENY),
        ("socketpair", (2, 1), DENY),
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (1,), DENY),
        ("sched_setaffinity", (7,), DENY),
        ("setpriority", (0, 0), ALLOW),
        ("setpriority", (0, 0, 19), ALLOW),
        ("setpriority", (0, 0, -1 & 0xFFFFFFFF), DENY),
        ("setpriority", (0, 0, -20 & 0xFFFFFFFFFFFFFFFF), DENY),
        ("setpriority", (0, 9), DENY),
        ("setpriority", (2, 0), DENY),
        ("prctl", (15,), ALLOW),
        ("prctl", (22,), DENY),
        ("personality", (0xFFFFFFFF,), ALLOW),
        ("personality", (0x0040000,), DENY),
        ("fcntl", (0, 1), ALLOW),
        ("fcntl", (0, 8), 0x00050000 | errno.EINVAL),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), 0x00050000 | errno.ENOTTY),
    ],
)
def test_arguments_decide(machine: str, name: str, arguments: tuple[int, ...], answer: int) -> None:
    assert decide(seccomp.assemble(machine), machine, seccomp.numbers(machine)[name], arguments) == answer


REFUSED = """
socket connect bind listen accept4 ptrace process_vm_readv pidfd_getfd io_uring_setup bpf userfaultfd perf_event_open
keyctl add_key mount umount2 pivot_root unshare setns init_module memfd_create splice shmget semget msgget mq_open
setxattr chroot setuid setresuid capset seccomp landlock_create_ruleset sched_setattr ioprio_set kexec_load reboot
"""


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize("name", REFUSED.split())
def test_kernel_interfaces_are_refused(machine: str, name: str) -> None:
    number = resolve(name, machine)
    assert number >= 0
    assert decide(seccomp.assemble(machine), machine, number) == DENY


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_another_architecture_is_killed(machine: str) -> None:
    other = "x86_64" if machine == "aarch64" else "aarch64"
    assert decide(seccomp.assemble(machine), other, 0) == KILL


def test_the_x32_table_is_killed() -> None:
    assert decide(seccomp.assemble("x86_64"), "x86_64", 0x40000000 | 39) == KILL
