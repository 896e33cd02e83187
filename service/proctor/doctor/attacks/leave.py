# Leaves a message and a process behind in every way there is, for `find.py` in a later sample.
import ctypes
import os
import socket
import time

marker = input().encode()
libc = ctypes.CDLL(None, use_errno=True)
for folder in ("/tmp", "/var/tmp", "/dev/shm", ".", os.path.expanduser("~"), "/run", "/var/lock"):
    try:
        with open(os.path.join(folder, "doctor-left"), "wb") as f:
            f.write(marker)
    except OSError:
        pass
shm = libc.shmget(0x70726F63, 4096, 0o1666)
queue = libc.msgget(0x70726F63, 0o1666)
libc.semget(0x70726F63, 1, 0o1666)
fd = ctypes.CDLL("librt.so.1", use_errno=True).mq_open(b"/doctor-left", os.O_CREAT | os.O_RDWR, 0o666, None)
try:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("\0doctor-left")
    listener.listen()
except OSError:
    pass
print("left", flush=True)
if os.fork() == 0:
    os.setsid()
    for signal_number in range(1, 65):
        try:
            import signal

            signal.signal(signal_number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    if os.fork() == 0:
        for fd in (0, 1, 2):
            os.close(fd)
        for _ in range(600):
            time.sleep(0.1)
            for folder in ("/tmp", "/dev/shm"):
                try:
                    with open(os.path.join(folder, "doctor-alive"), "wb") as f:
                        f.write(marker)
                except OSError:
                    pass
    os._exit(0)
