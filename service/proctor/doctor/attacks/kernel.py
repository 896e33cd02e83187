# System calls that a sample has no business with: each that works is a breach.
import ctypes
import errno
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
CALLS = {
    "unshare(user)": (272 if X86 else 97, 0x10000000),
    "unshare(mount)": (272 if X86 else 97, 0x00020000),
    "unshare(net)": (272 if X86 else 97, 0x40000000),
    "mount": (165 if X86 else 40, b"none", b"/tmp", b"tmpfs", 0, None),
    "pivot_root": (155 if X86 else 41, b"/tmp", b"/tmp"),
    "chroot": (161 if X86 else 51, b"/tmp"),
    "ptrace(traceme)": (101 if X86 else 117, 0, 0, 0, 0),
    "bpf": (321 if X86 else 280, 0, None, 0),
    "io_uring_setup": (425, 1, None),
    "userfaultfd": (323 if X86 else 282, 1),
    "keyctl": (250 if X86 else 219, 0, -3, 0),
    "add_key": (248 if X86 else 217, b"user", b"x", b"x", 1, -3),
    "perf_event_open": (298 if X86 else 241, None, 0, -1, -1, 0),
    "init_module": (175 if X86 else 105, None, 0, b""),
    "kexec_load": (246 if X86 else 104, 0, 0, None, 0),
    "reboot": (169 if X86 else 142, 0, 0, 0, None),
    "swapon": (167 if X86 else 224, b"/tmp", 0),
    "syslog": (103 if X86 else 116, 3, None, 0),
    "open_by_handle_at": (304 if X86 else 265, -1, None, 0),
    "setns": (308 if X86 else 268, -1, 0),
    "process_vm_readv(parent)": (310 if X86 else 270, os.getppid(), None, 0, None, 0, 0),
    "fsopen": (430, b"tmpfs", 0),
    "move_mount": (429, -1, b"", -1, b"/tmp", 0),
}
# An error that the kernel gives only after it let the call in shows that nothing stands before it.
REFUSED = {errno.EPERM, errno.ENOSYS, errno.EACCES}
for name, (number, *arguments) in CALLS.items():
    ctypes.set_errno(0)
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if answer >= 0 or ctypes.get_errno() not in REFUSED:
        print(f"{name} is let in ({answer}, {errno.errorcode.get(ctypes.get_errno(), 0)})")
print("done")
