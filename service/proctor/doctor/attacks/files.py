# Writing where nothing may be written, and reading what is not the sample's.
import os

OWN = ("/tmp", "/var/tmp", "/dev/shm", os.getcwd(), os.path.expanduser("~"))
secret = input()

for folder in (
    "/",
    "/etc",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/opt",
    "/var",
    "/bin",
    "/lib",
    "/root",
    "/home",
    "/dev",
    "/run",
    "/proc",
    "/sys",
    "/sys/fs/cgroup",
    "/srv",
    "/mnt",
    "/boot",
):
    if os.path.realpath(folder) in map(os.path.realpath, OWN):
        continue
    try:
        name = os.path.join(folder, "proctor-doctor")
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o600))
        print(f"creates a file in {folder}")
        os.unlink(name)
    except OSError:
        pass

for path in (
    "/etc/passwd",
    "/etc/ld.so.cache",
    "/usr/bin/python3",
    "/proc/sys/kernel/core_pattern",
    "/proc/self/oom_score_adj",
    "/proc/sysrq-trigger",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/cgroup.procs",
    "/dev/mem",
    "/dev/kmem",
    "/dev/sda",
    "/dev/vda",
):
    try:
        os.close(os.open(path, os.O_WRONLY))
        print(f"opens {path} for writing")
    except OSError:
        pass

for path in ("/etc/shadow", "/root/.ssh", "/root/.bashrc", "/var/lib/docker", "/proc/1/environ", "/proc/kcore"):
    try:
        if os.path.isdir(path):
            os.listdir(path)
        else:
            with open(path, "rb") as f:
                f.read(1)
        if path != "/proc/1/environ" or os.getpid() != 1:
            print(f"reads {path}")
    except OSError:
        pass

# the doctor left files with this secret on the machine, outside of the sandbox
for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run"):
    try:
        for entry in os.scandir(folder):
            if entry.is_file(follow_symlinks=False):
                with open(entry.path, "rb") as f:
                    if secret.encode() in f.read(4096):
                        print(f"reads a file of the machine in {folder}")
    except OSError:
        pass
print("done")
