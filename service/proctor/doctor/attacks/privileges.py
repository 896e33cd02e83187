# What the sample is: no capability, no way to gain one, a filter in force, no secret in its environment.
import ctypes
import os
import stat

libc = ctypes.CDLL(None, use_errno=True)
PR_GET_SECCOMP, PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS = 21, 23, 39


class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


data = (ctypes.c_uint32 * 6)()
if libc.capget(ctypes.byref(Header(0x20080522, 0)), data) == 0 and any(data):
    print(f"holds capabilities: {list(data)}")
bounding = [n for n in range(41) if libc.prctl(PR_CAPBSET_READ, n, 0, 0, 0) == 1]
if bounding and libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
    print("may gain privileges by executing a file (no_new_privs is off)")
if libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
    print("no_new_privs is off")
if libc.prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2:
    print("no seccomp filter is in force")
if os.geteuid() == 0:
    print("runs as uid 0")
for call, args in ((os.setuid, (0,)), (os.setgid, (0,)), (os.setgroups, ([0],))):
    try:
        call(*args)
        print(f"{call.__name__} works")
    except OSError:
        pass
try:
    os.mknod("/tmp/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    print("makes devices")
except OSError:
    pass
for name, value in os.environ.items():
    if name.startswith("PROCTOR") or "SECRET" in name or "TOKEN" in name or "KEY" in name or "doctor-secret" in value:
        print(f"sees {name} in its environment")
for fd in range(3, 256):
    try:
        print(f"inherits descriptor {fd}: {os.fstat(fd)}")
    except OSError:
        pass
print("done")
