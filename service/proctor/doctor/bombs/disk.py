# Ends with 0 only if it could write 64 MiB.
import os

written = 0
for folder in ("/tmp", "/dev/shm", "."):
    try:
        with open(os.path.join(folder, "fill"), "wb") as f:
            while written < 64 << 20:
                written += f.write(bytes(1 << 20))
                f.flush()
    except OSError:
        pass
raise SystemExit(written < 64 << 20)
