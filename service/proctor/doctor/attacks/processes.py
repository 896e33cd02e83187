# Other processes: to see, to signal, to slow, to outrank.
import os
import resource

own = {os.getpid()}
reached = []
for pid in range(2, 65536):
    if pid in own:
        continue
    try:
        os.kill(pid, 0)
        reached.append(pid)
    except OSError:
        pass
if reached:
    print(f"may signal other processes: {reached[:8]}")
if os.getppid() != 0:
    try:
        os.kill(os.getppid(), 0)
        print("may signal its parent")
    except OSError:
        pass
for pid in (1, 2, os.getppid()):
    if pid in own or pid == 0:
        continue
    try:
        os.setpriority(os.PRIO_PROCESS, pid, 19)
        print(f"changes the priority of process {pid}")
    except OSError:
        pass
    try:
        os.sched_setaffinity(pid, {0})
        print(f"changes the affinity of process {pid}")
    except OSError:
        pass
    try:
        resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))
        print(f"changes the limits of process {pid}")
    except (OSError, ValueError):
        pass
try:
    os.nice(-5)
    print("raises its own priority")
except OSError:
    pass
try:
    others = [e for e in os.listdir("/proc") if e.isdigit() and int(e) not in own]
    if others:
        print(f"sees other processes in /proc: {others[:8]}")
except OSError:
    pass
print("done")
