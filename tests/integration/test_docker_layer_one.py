"""Layer 1 as the kernel sees it: a process in a sandbox container, before any isolation of samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from proctor.sandbox.docker_client import connect
from proctor.sandbox.docker_container import Owner, container_options, fresh_uid
from proctor.settings import Settings
from proctor.wire import Limits

pytestmark = pytest.mark.docker

REFUSED = """
io_uring bpf keyctl add_key ptrace userfaultfd perf_event_open process_vm_readv shmget mq_open open_tree kexec_load
init_module unshare_cgroup unshare_time bind settimeofday kcmp af_inet af_alg af_vsock af_netlink mount
"""
#: Run inside; prints one JSON object.
PROBE = """
import ctypes, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    libc.syscall(number, *arguments)
    return ctypes.get_errno()
def attempt(act):
    try:
        act()
    except OSError as error:
        return error.errno
    return 0
def isolated():
    if (pid := os.fork()) == 0:
        # user, pid, mount, ipc, uts, net
        os._exit(libc.unshare(0x10000000 | 0x20000000 | 0x20000 | 0x08000000 | 0x04000000 | 0x40000000) != 0)
    return os.waitpid(pid, 0)[1]
print(json.dumps({
    "io_uring": call(425, 1, 0), "bpf": call(321, 0, 0, 0), "keyctl": call(250, 0, 0),
    "add_key": call(248, 0, 0, 0, 0, 0), "ptrace": call(101, 0, 0, 0, 0),
    "userfaultfd": call(323, 0), "perf_event_open": call(298, 0, 0, 0, 0, 0),
    "process_vm_readv": call(310, 1, 0, 0, 0, 0, 0), "shmget": call(29, 0, 4096, 0o1600), "mq_open": call(240, b"x", 0),
    "open_tree": call(428, -100, b"/", 0), "kexec_load": call(246, 0, 0, 0, 0), "init_module": call(175, 0, 0, 0),
    "unshare_cgroup": call(272, 0x02000000), "unshare_time": call(272, 0x80), "bind": call(49, 0, 0, 0),
    "clone3": call(435, 0, 0), "settimeofday": call(164, 0, 0), "kcmp": call(312, 1, 1, 0, 0, 0),
    "af_inet": attempt(lambda: socket.socket(socket.AF_INET)), "af_alg": attempt(lambda: socket.socket(38, 5, 0)),
    "af_vsock": attempt(lambda: socket.socket(40, 1, 0)), "af_netlink": attempt(lambda: socket.socket(16, 3, 0)),
    "af_unix": attempt(lambda: socket.socket(socket.AF_UNIX).close()),
    "isolated": isolated(),
    "mount": call(165, b"x", b"/tmp", b"tmpfs", 0, 0),
    "write_root": attempt(lambda: open("/x", "w")), "write_usr": attempt(lambda: open("/usr/x", "w")),
    "write_sockets": attempt(lambda: open("/run/proctor/x", "w")), "write_tmp": attempt(lambda: open("/tmp/x", "w")),
    "write_proc": attempt(lambda: open("/proc/sys/kernel/core_pattern", "w")),
    "write_cgroup": attempt(lambda: open("/sys/fs/cgroup/memory/memory.limit_in_bytes", "w")),
    "uid": os.getuid(), "groups": os.getgroups(), "links": os.listdir("/sys/class/net"),
    "status": dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line),
    "environment": sorted(os.environ), "pids": [name for name in os.listdir("/proc") if name.isdigit()],
    "setuid": [os.path.join(folder, name) for folder, _, names in os.walk("/usr") for name in names
               if not os.path.islink(path := os.path.join(folder, name)) and os.stat(path).st_mode & 0o6000],
    "tools": [name for name in ("cc", "gcc", "g++", "clang", "ld", "as", "pip", "pip3", "apt-get", "curl", "wget")
              if os.path.exists("/usr/bin/" + name)],
}))
"""


@pytest.fixture(scope="module", name="seen")
def _seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("sockets")
    folder.chmod(0o777)  # so that nothing but the mount stands in the way
    options = container_options(
        image=Settings().sandbox_image,
        folder=folder,
        limits=Limits(memory_mib=64),
        limits_max=Limits(processes=64),
        uid=fresh_uid(mapped=False),
        owner=Owner.current(),
        instance="test",
        token="secret",
        min_tier="A",
        tier=None,
        runtime=None,
    )
    options |= {"entrypoint": ["python3", "-I", "-c", PROBE], "command": [], "auto_remove": False}
    options["log_config"] = {"type": "json-file"}
    client = connect()
    container = client.containers.create(**options)
    try:
        container.start()
        container.wait(timeout=60)
        yield json.loads(container.logs(stdout=True, stderr=True))
    finally:
        container.remove(force=True)
        client.close()


@pytest.mark.parametrize("call", REFUSED.split())
def test_the_kernel_refuses(seen: dict[str, Any], call: str) -> None:
    assert seen[call] == 1, "EPERM"


def test_clone3_is_not_there(seen: dict[str, Any]) -> None:
    assert seen["clone3"] == 38, "ENOSYS"


def test_the_supervisor_can_isolate_and_dial(seen: dict[str, Any]) -> None:
    assert (seen["isolated"], seen["af_unix"], seen["write_tmp"]) == (0, 0, 0)


@pytest.mark.parametrize("place", ["root", "usr", "sockets"])
def test_read_only(seen: dict[str, Any], place: str) -> None:
    assert seen[f"write_{place}"] == 30, "EROFS"


@pytest.mark.parametrize("place", ["proc", "cgroup"])
def test_no_hand_on_the_kernel(seen: dict[str, Any], place: str) -> None:
    assert seen[f"write_{place}"] in (1, 2, 13, 30)


def test_no_network_but_loopback(seen: dict[str, Any]) -> None:
    assert seen["links"] == ["lo"]


def test_no_capability_no_new_privileges_filter_on(seen: dict[str, Any]) -> None:
    status = seen["status"]
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_a_uid_of_its_own(seen: dict[str, Any]) -> None:
    assert seen["uid"] >= 1_000_000_000
    assert seen["groups"] == [seen["uid"]]


def test_alone_in_its_pid_namespace(seen: dict[str, Any]) -> None:
    assert seen["pids"] == ["1"]


def test_nothing_of_the_service_in_the_environment(seen: dict[str, Any]) -> None:
    assert set(seen["environment"]) <= {
        "PATH",
        "LANG",
        "HOME",
        "HOSTNAME",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "LC_CTYPE",
    }


def test_the_image_holds_no_tool_to_climb_with(seen: dict[str, Any]) -> None:
    assert (seen["tools"], seen["setuid"]) == ([], [])


def test_the_image_holds_the_supervisor_and_no_service() -> None:
    client = connect()
    try:
        found = client.containers.run(
            Settings().sandbox_image,
            entrypoint=["python3", "-c"],
            command=[
                "import os; print(os.listdir('/opt/proctor'), os.path.exists('/usr/lib/python3/dist-packages/proctor'))"
            ],
            remove=True,
            network_mode="none",
        )
    finally:
        client.close()
    assert found == b"['proctor_supervisor'] False\n"


@pytest.mark.parametrize(
    "library", ["numpy", "scipy.optimize", "pandas", "sympy", "networkx", "sortedcontainers", "pytest"]
)
def test_the_image_has_the_libraries(library: str) -> None:
    client = connect()
    try:
        client.containers.run(
            Settings().sandbox_image,
            entrypoint=["python3", "-c"],
            command=[f"import {library}"],
            remove=True,
            read_only=True,
            network_mode="none",
        )
    finally:
        client.close()
