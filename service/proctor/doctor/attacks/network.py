# Every way to talk to somebody: internet, local services, kernel sockets. Each that opens is a breach.
import ctypes
import errno
import socket

libc = ctypes.CDLL(None, use_errno=True)
FAMILIES = {"AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17, "AF_ALG": 38, "AF_VSOCK": 40, "AF_XDP": 44}


def reach(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(0.5)
        s.connect(address)


for name, number in FAMILIES.items():
    for kind in (1, 2, 3, 5):
        fd = libc.socket(number, kind, 0)
        if fd >= 0 and name not in ("AF_INET", "AF_INET6"):
            print(f"socket({name}, {kind}) opens")

for family, address in (
    (socket.AF_INET, ("127.0.0.1", 6379)),
    (socket.AF_INET, ("127.0.0.1", 80)),
    (socket.AF_INET, ("169.254.169.254", 80)),
    (socket.AF_INET, ("192.0.2.1", 53)),
):
    try:
        reach(family, address)
        print(f"connects to {address}")
    except OSError as error:
        # refused means that somebody was there to refuse
        if error.errno == errno.ECONNREFUSED and address[0] != "127.0.0.1":
            print(f"reaches {address}")

for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/systemd/private", "/var/run/nscd/socket"):
    try:
        reach(socket.AF_UNIX, path)
        print(f"connects to {path}")
    except OSError:
        pass
print("done")
