"""What a sandbox container is: layer 1 of the isolation, to the letter.

No network, a read-only root, no capability, no new privileges, a seccomp allow-list of ours, limits on memory,
processes and CPU, one small tmpfs, a uid of its own, IPC of its own, no log, no restart, no init but the supervisor.
The only thing of the host in it is the folder with the worker's socket, read-only, which is empty once it was dialled.

Where tier U is allowed (`PROCTOR_MIN_TIER=U`), and only there, the container starts as its root with two capabilities,
SETUID and SETGID, which the supervisor gives up again if it finds a stronger tier to work.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import proctor_supervisor
from proctor.errors import ConfigurationError
from proctor.settings import Tier
from proctor.wire import Limits
from proctor_supervisor.languages.table import COMMANDED

#: Where the folder with the socket lies in the container.
SOCKET_FOLDER = "/run/proctor"
SOCKET_NAME = "supervisor.sock"

LABEL_WORKER = "proctor.worker"
LABEL_HOST = "proctor.host"
LABEL_INSTANCE = "proctor.instance"

#: What the supervisor and its zygotes need beside the sample, MiB and processes.
_OWN_MEMORY_MIB = 192
_OWN_PROCESSES = 24
#: The most threads that a language's runtime has beside its program's, for two programs at once.
_RUNTIME_TASKS = 2 * max(one.headroom_tasks for one in COMMANDED.values())
_OWN_TMPFS_MIB = 16
#: Threads of the host that gVisor's kernel takes for each task within; it dies where it gets none.
_THREADS_OF_GVISOR = 8


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that a container belongs to, so that a reaper can tell whether it still lives.

    host: boot and pid namespace within which `worker` means anything.
    worker: pid and start time, together never used twice within one boot.
    """

    host: str
    worker: str

    @classmethod
    def current(cls) -> Owner:
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Owner:
        """A process of this host."""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = os.stat("/proc/self/ns/pid").st_ino
        return cls(host=f"{boot}:{namespace}", worker=f"{pid}:{start_time(pid)}")

    def lives(self) -> bool:
        """Whether the process runs. Only meaningful where `host` is the asking process's own."""
        pid, _, started = self.worker.partition(":")
        return pid.isdecimal() and start_time(int(pid)) == started


def start_time(pid: int) -> str | None:
    """Start time of a process, clock ticks since boot; None where it does not run (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return None if fields[0] in ("Z", "X") else fields[19]


@lru_cache(maxsize=1)
def seccomp_profile() -> str:
    """Our container profile, JSON. Raises ConfigurationError where the installation lacks it."""
    beside = Path(__file__).with_name("seccomp.json")  # in the wheel
    checkout = Path(proctor_supervisor.__file__).parents[1] / "seccomp.json"
    for path in (beside, checkout):
        if path.is_file():
            return json.dumps(json.loads(path.read_text("utf-8")), separators=(",", ":"))
    raise ConfigurationError(f"the seccomp profile is missing: neither {beside} nor {checkout} exists")


def memory_bytes(limits: Limits) -> int:
    """The container's memory for a sample under `limits`: its own, its files, and the supervisor's."""
    return (limits.memory_mib + limits.disk_mib + _OWN_MEMORY_MIB) << 20


def fresh_uid(*, mapped: bool) -> int:
    """The first of 256 uids that no other sandbox and no account has, so that per-uid limits are the sandbox's own.

    `mapped`: the daemon maps container uids into a range of 65,536.
    """
    first, blocks = (20_480, 150) if mapped else (1_000_000_000, 3_900_000)
    return first + 256 * secrets.randbelow(blocks)


def container_options(
    *,
    image: str,
    folder: Path,
    limits: Limits,
    limits_max: Limits,
    uid: int,
    owner: Owner,
    instance: str,
    token: str,
    min_tier: Tier,
    tier: Tier | None,
    runtime: str | None,
    apparmor: str | None = None,
) -> dict[str, Any]:
    """The arguments of `client.containers.create`.

    `instance` names the provider. `limits` are the first sample's, `limits_max` any sample's. The supervisor says
    `token` to the worker first, and takes the strongest tier from `min_tier` on, or just `tier`. `uid` is the
    supervisor's; in tier U the ids up to `uid` + 255 are its samples'.
    """
    from docker.types import LogConfig, Mount, Ulimit

    memory = memory_bytes(limits)
    many = (tier or min_tier) == "U"
    gvisor = runtime is not None and "runsc" in runtime
    pids = limits_max.processes + _OWN_PROCESSES + _RUNTIME_TASKS
    dial = ["--dial", f"{SOCKET_FOLDER}/{SOCKET_NAME}", "--token", token, "--min-tier", min_tier]
    tmpfs = f"rw,nosuid,nodev,size={limits_max.disk_mib + _OWN_TMPFS_MIB}m,mode=711,uid={uid},gid={uid}"
    return {
        "image": image,
        "command": [*dial, *(["--tier", tier] if tier else []), *(["--users", str(uid)] if many else [])],
        "name": f"proctor-{secrets.token_hex(6)}",
        "labels": {LABEL_WORKER: owner.worker, LABEL_HOST: owner.host, LABEL_INSTANCE: instance},
        "user": f"{uid}:{uid}",
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": [
            "no-new-privileges:true",
            f"seccomp={seccomp_profile()}",
            *([f"apparmor={apparmor}"] if apparmor else []),
        ],
        "privileged": False,
        "ipc_mode": "private",
        "mounts": [Mount(SOCKET_FOLDER, str(folder), type="bind", read_only=True)],
        "tmpfs": {"/tmp": tmpfs},
        "shm_size": 1 << 20,
        "mem_limit": memory,
        "memswap_limit": memory,  # memory and swap together: no swap
        "pids_limit": pids * _THREADS_OF_GVISOR if gvisor else pids,
        "nano_cpus": 1_000_000_000,
        "ulimits": [Ulimit(name="core", soft=0, hard=0), Ulimit(name="nofile", soft=4096, hard=4096)],
        "init": False,  # the supervisor is pid 1
        "restart_policy": {"Name": "no"},
        "auto_remove": True,
        "log_config": LogConfig(type="none"),
        "runtime": runtime,
        "stdin_open": False,
        "tty": False,
        **(_for_tier_u(tmpfs, gvisor=gvisor) if many else {}),
    }


def _for_tier_u(tmpfs: str, *, gvisor: bool) -> dict[str, Any]:
    """What a container needs for users of its own; under gVisor also the root of `proctor_supervisor.jail`, whose two
    capabilities reach gVisor's kernel and no other."""
    options: dict[str, Any] = {"user": "0:0", "cap_add": ["SETUID", "SETGID"]}
    if gvisor:
        options["cap_add"] += ["SYS_CHROOT", "MKNOD"]
        options["tmpfs"] = {"/tmp": tmpfs, "/usr/tmp": tmpfs, "/usr/dev": "rw,nosuid,dev,size=64m,mode=755"}
    return options
