# Writes to every descriptor there might be; an honest program runs after this one.
import os

for fd in range(3, 1024):
    try:
        os.write(fd, b"\0" * 64)
    except OSError:
        pass
