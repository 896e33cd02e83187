"""The worker's pod run for real without a cluster: samples reach neither Redis nor the worker nor a metadata service.

Controls show that the very connections that fail for a sample work from the worker beside it.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from .docker_cli import build_sandboxes, build_service_images, docker, free_port, wait_for
from .pods import PROFILES, Pod, started, termination_log
from .test_kubernetes import named, of_kind

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

KEY = "a-key-for-the-pod-test"
PASSWORD = "a-password-for-the-pod-test"
WORKER_PORT = 9999

#: What a sample tries, and says how far it came with each. Endings: the error's name, or what was reached.
ATTACK = """
import os, socket
def attempt(name, act):
    try:
        print(name, "REACHED", act())
    except OSError as error:
        print(name, type(error).__name__)
def redis(address):
    with socket.create_connection(address, 3) as connection:
        connection.sendall(b"PING\\r\\n")
        return connection.recv(64)
for address in {metadata!r}:
    attempt("metadata", lambda: socket.create_connection((address, 80), 1))
attempt("redis", lambda: redis(({redis!r}, 6379)))
attempt("redis by name", lambda: redis(("proctor-redis", 6379)))
attempt("worker", lambda: socket.create_connection(("127.0.0.1", {port}), 3))
attempt("worker by the pod's address", lambda: socket.create_connection(({ip!r}, {port}), 3))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0worker"))
attempt("sockets", lambda: os.listdir("/run/proctor"))
attempt("status", lambda: os.listdir("/run/status"))
attempt("secrets", lambda: os.listdir("/run/secrets"))
attempt("termination log", lambda: open({log!r}, "w").write("from one sample to the next"))
attempt("command line", lambda: open("/proc/1/cmdline").read())
"""
TRIED = 10

#: Where clouds tell a machine's secrets (most of them, AWS's tasks, Azure, Alibaba, AWS by IPv6), and a cluster's API.
METADATA = ("169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "10.96.0.1")

#: In the worker: something to be reached, by TCP and by an abstract Unix socket.
LISTENER = f"""
import select, socket
tcp = socket.create_server(("0.0.0.0", {WORKER_PORT}))
unix = socket.socket(socket.AF_UNIX)
unix.bind("\\0worker")
unix.listen()
while True:
    for ready in select.select([tcp, unix], [], [])[0]:
        ready.accept()[0].close()
"""


@pytest.fixture(scope="module", name="network")
def _network() -> Iterator[str]:
    build_service_images("proctor", "proctor-redis")
    build_sandboxes()
    name = f"proctor-test-{secrets.token_hex(4)}"
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture(scope="module", name="files")
def _files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The Secrets, as folders that the pods' users can read."""
    base = tmp_path_factory.mktemp("secrets")
    for path in (base, *base.parents):
        if path.name.startswith("pytest-"):
            path.chmod(0o755)
    base.chmod(0o755)
    contents = {
        "proctor-redis-url": ("PROCTOR_REDIS_URL", f"redis://proctor:{PASSWORD}@proctor-redis:6379/0"),
        "proctor-redis-password": ("redis-password", PASSWORD),
        "proctor-api-keys": ("api-keys.json", json.dumps([KEY])),
    }
    folders = {}
    for name, (file, text) in contents.items():
        folders[name] = base / name
        folders[name].mkdir(mode=0o755)
        (folders[name] / file).write_text(text)
        (folders[name] / file).chmod(0o644)
    return folders


def config_of(overlay: str) -> dict[str, str]:
    (config,) = of_kind(overlay, "ConfigMap")
    data: dict[str, str] = config["data"]
    return data


@pytest.fixture(scope="module", name="redis")
def _redis(network: str, files: dict[str, Path]) -> Iterator[Pod]:
    workload = named("k8s/overlays/dev", "StatefulSet", "proctor-redis")
    with started(workload, network, config={}, files=files, alias="proctor-redis") as pod:
        _await_probes(pod, workload)
        yield pod


@pytest.fixture(scope="module", name="url")
def _url(network: str, files: dict[str, Path], redis: Pod) -> Iterator[str]:
    workload = named("k8s/overlays/prod", "Deployment", "proctor-api")
    port = free_port()
    config = config_of("k8s/overlays/prod")
    with started(workload, network, config=config, files=files, publish=f"127.0.0.1:{port}:8000") as pod:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"the API answers\n{pod.logs()}", lambda: _get(url, "/healthz") == 200, 120)
        yield url


def _get(url: str, path: str) -> int:
    try:
        return httpx.get(url + path, timeout=10).status_code
    except httpx.HTTPError:
        return 0


def _await_probes(pod: Pod, workload: dict[str, Any]) -> None:
    """Wait until every probe that is a command succeeds, as the kubelet does."""
    spec = workload["spec"]["template"]["spec"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            command = container.get(kind, {}).get("exec", {}).get("command")

            def succeeds(name: str = container["name"], command: list[str] | None = command) -> bool:
                full = ["docker", "exec", pod.container(name), *(command or [])]
                return subprocess.run(full, capture_output=True, timeout=60).returncode == 0

            if command:
                wait_for(f"{kind} of {container['name']}", succeeds, 120)


#: The overlay whose pod offers a tier.
OVERLAYS = {"B": "languages", "A": "prod", "U": "baseline"}


@dataclass(frozen=True)
class Started:
    """A worker's pod that runs. tier: what its sandbox offers; logs: the termination log of each container."""

    pod: Pod
    tier: str
    logs: dict[str, str]


@pytest.fixture(scope="module", name="started_pod", params=list(OVERLAYS))
def _started_pod(
    request: pytest.FixtureRequest,
    network: str,
    files: dict[str, Path],
    url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Started]:
    """The pod, with the sandbox at each tier; U as on a node that knows neither user namespaces nor Landlock; at B
    with every language."""
    tier = request.param
    overlay = f"k8s/overlays/{OVERLAYS[tier]}"
    workload = named(overlay, "Deployment", "proctor-worker")
    spec = workload["spec"]["template"]["spec"]
    replace = {} if tier == "U" else {s["name"]: [*s["args"], "--tier", tier] for s in spec["initContainers"]}
    profiles = _profiles_of_an_old_node(tmp_path_factory.mktemp("node")) if tier == "U" else PROFILES
    logs = {c["name"]: termination_log(c) for c in [*spec["initContainers"], *spec["containers"]]}
    with started(workload, network, config=config_of(overlay), files=files, replace=replace, profiles=profiles) as pod:
        _await_probes(pod, workload)
        wait_for("the API is ready", lambda: _get(url, "/readyz") == 200, 60)
        yield Started(pod, tier, logs)


def _profiles_of_an_old_node(folder: Path) -> dict[str, Path]:
    """Our profile, without what such a node's kernel would refuse."""
    missing = re.compile(r"landlock_\w+|unshare|setns|mount_setattr")
    found = {}
    for name, path in PROFILES.items():
        profile = json.loads(path.read_text())
        for group in profile["syscalls"]:
            group["names"] = [call for call in group["names"] if not missing.fullmatch(call)]
        profile["syscalls"] = [group for group in profile["syscalls"] if group["names"]]
        found[name] = folder / path.name
        found[name].write_text(json.dumps(profile))
    return found


def test_samples_reach_neither_redis_nor_the_worker(started_pod: Started, redis: Pod, url: str) -> None:
    inside, tier = started_pod.pod, started_pod.tier
    docker("exec", "-d", inside.container("worker"), "python", "-c", LISTENER)

    def attack(container: str) -> str:
        log = started_pod.logs[container]
        return ATTACK.format(redis=redis.ip, port=WORKER_PORT, ip=inside.ip, log=log, metadata=METADATA)

    # The control: from the worker the same attempts succeed, or fail for want of a way and not of a right.
    control = ("worker", "python", "-c", attack("worker"))
    wait_for("the listener listens", lambda: "worker REACHED" in inside.execute(*control), 60)
    lines, elsewhere = _parted(inside.execute(*control))
    assert len(lines) == TRIED
    assert not [line for line in elsewhere if "PermissionError" in line]
    assert [line for line in lines if "REACHED" not in line] == []
    assert "redis REACHED b'-NOAUTH" in lines[0], "it is Redis that answers, and it wants a password"

    # The sandbox's container, with no isolation of samples at all: its seccomp profile knows no network.
    bare, elsewhere = _parted(inside.execute("sandbox", "/usr/bin/python3", "-c", attack("sandbox")))
    assert elsewhere == ["metadata PermissionError"] * len(METADATA)
    assert {line.split()[-1] for line in bare if line.startswith(("redis ", "worker"))} <= {
        "PermissionError",
        "gaierror",
    }

    # The sample.
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=120) as client:
        # The worker of a pod before is known for some seconds more.
        wait_for(f"a worker of tier {tier}", lambda: client.get("/v1/info").json()["sandbox"]["tier"] == tier, 30)
        tests = {"kind": "stdio", "cases": [{"stdin": "", "stdout": "never printed"}]}
        sample = {"completion": attack("sandbox"), "tests": tests}
        answer = client.post("/v1/rewards", json={"samples": [sample]}).json()
    (case,) = answer["results"][0]["tests"]["cases"]
    assert case["verdict"] == "wrong_answer", case
    said, elsewhere = _parted(case["stdout"])
    assert len(said) == TRIED, case
    assert elsewhere == ["metadata PermissionError"] * len(METADATA), "no socket at all, whatever the network"
    # Without Landlock /proc is readable as for any user; what it shows of the supervisor is what the manifest says.
    harmless = ("sockets REACHED []", "status", *(["command line"] if tier == "U" else []))
    assert [line for line in said if "REACHED" in line and not line.startswith(harmless)] == []


def _parted(said: str) -> tuple[list[str], list[str]]:
    """The lines about what is in the pod and beside it, and those about metadata services."""
    lines = said.splitlines()
    elsewhere = [line for line in lines if line.startswith("metadata ")]
    return [line for line in lines if line not in elsewhere], elsewhere


def test_a_sample_leaves_nothing_behind_at_any_tier(started_pod: Started, url: str) -> None:
    """Of equal samples none finds anything of the one before, wherever in the pod a sample may write."""
    code = (
        "import os, sys, tempfile\n"
        "for root in {os.path.realpath(at) for at in ('/tmp', '/dev/shm', '/var/tmp', tempfile.gettempdir(), '.')}:\n"
        "    try:\n"
        "        with open(f'{root}/left-behind', 'x') as file:\n"
        "            file.write('x')\n"
        "    except FileExistsError:\n"
        "        print('found', root)\n"
        "    except OSError:\n"
        "        pass\n"
        "print(sys.stdin.read())\n"
    )
    cases = [{"stdin": f"case {number}", "stdout": f"case {number}"} for number in range(3)]
    sample = {"completion": code, "tests": {"kind": "stdio", "cases": cases}}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=120) as client:
        results = client.post("/v1/rewards", json={"samples": [sample]}).json()["results"]
    assert [result["verdict"] for result in results] == ["passed"], results


#: Reads a number and prints its double.
DOUBLES = {
    "python": "print(int(input()) * 2)",
    "c": '#include <stdio.h>\nint main(void) { int n; scanf("%d", &n); printf("%d\\n", 2 * n); }',
    "cpp": "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << 2 * n; }",
    "go": 'package main\nimport "fmt"\nfunc main() { var n int; fmt.Scan(&n); fmt.Println(2 * n) }',
    "java": "public class Main { public static void main(String[] a) {\n"
    "System.out.println(2 * new java.util.Scanner(System.in).nextInt()); } }",
    "javascript": "console.log(2 * parseInt(require('fs').readFileSync(0, 'utf8')))",
    "typescript": "const n: number = parseInt(require('fs').readFileSync(0, 'utf8')); console.log(2 * n)",
    "bash": "#!/bin/bash\nread n\necho $((2 * n))",
    "rust": "use std::io;\nfn main() { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap();\n"
    'println!("{}", 2 * s.trim().parse::<i32>().unwrap()); }',
}


def test_a_pod_runs_the_languages_of_its_sidecars(started_pod: Started, url: str) -> None:
    serves = {"python", "bash"} | (DOUBLES.keys() if started_pod.tier == "B" else set())
    tests = {"kind": "stdio", "cases": [{"stdin": "21\n", "stdout": "42\n"}]}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=300) as client:
        assert set(client.get("/v1/info").json()["languages"]) == serves
        samples = [{"language": name, "completion": DOUBLES[name], "tests": tests} for name in sorted(serves)]
        results = client.post("/v1/rewards", json={"samples": samples}).json()["results"]
    assert {s["language"]: r["verdict"] for s, r in zip(samples, results, strict=True)} == dict.fromkeys(
        serves, "passed"
    )


def test_a_pod_ends_in_order_and_at_once_when_idle(started_pod: Started) -> None:
    """The worker hands back what it holds and ends by itself; the sidecar ends when it is told to."""
    inside = started_pod.pod
    for name in started_pod.logs.keys() - {"worker"}:
        assert docker("inspect", "-f", "{{.RestartCount}} {{.State.OOMKilled}}", inside.container(name)) == "0 false"
    for name in ("worker", "sandbox"):
        docker("stop", "-t", "60", inside.container(name), timeout_s=90)
        code = docker("inspect", "-f", "{{.State.ExitCode}}", inside.container(name))
        assert code == "0", f"{name}: 137 would mean that it had to be killed\n{inside.logs()}"
