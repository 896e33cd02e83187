# Looks for what an earlier sample left: files, shared memory, queues, sockets, processes, and its text in our memory.
import ctypes
import gc
import os
import socket
import time

start = input()
libc = ctypes.CDLL(None, use_errno=True)
time.sleep(0.25)
for folder in ("/tmp", "/var/tmp", "/dev/shm", ".", os.path.expanduser("~"), "/run", "/var/lock"):
    for name in ("doctor-left", "doctor-alive"):
        if os.path.exists(os.path.join(folder, name)):
            print(f"finds {name} in {folder}")
if libc.shmget(0x70726F63, 4096, 0) >= 0:
    print("finds System V shared memory")
if libc.msgget(0x70726F63, 0) >= 0:
    print("finds a System V message queue")
if libc.semget(0x70726F63, 1, 0) >= 0:
    print("finds a System V semaphore")
if ctypes.CDLL("librt.so.1", use_errno=True).mq_open(b"/doctor-left", os.O_RDWR) >= 0:
    print("finds a POSIX message queue")
try:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect("\0doctor-left")
    print("finds an abstract socket")
except OSError:
    pass
# `start` is the first half of the other sample's secret; the second half follows it only in that sample's own text.
known = sum(1 for o in gc.get_objects() if isinstance(o, str) and start in o and len(o) > len(start) + 8)
if known:
    print("finds the text of another sample among Python's objects")
libc.sbrk.restype = ctypes.c_void_p
libc.sbrk.argtypes = [ctypes.c_long]
end = libc.sbrk(0)
size = 0
while size < 64 << 20:
    # walk down the heap page by page; mincore says whether a page is there
    page = (end - size - 4096) & ~4095
    if libc.mincore(ctypes.c_void_p(page), ctypes.c_size_t(4096), ctypes.create_string_buffer(1)) != 0:
        break
    size += 4096
if size:
    heap = ctypes.string_at((end - size) & ~4095, size - 4096 if size > 4096 else 0)
    at, needle = 0, start.encode()
    while (at := heap.find(needle, at)) >= 0:
        tail = heap[at + len(needle) : at + len(needle) + 5]
        if tail == b"-half":
            print("finds the text of another sample in its memory")
            break
        at += 1
print("done")
