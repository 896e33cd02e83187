"""`docker compose up` for real: up, score, lose a sandbox and a worker, score again, scale, down, nothing left."""

from __future__ import annotations

import json
import os
import secrets
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from proctor.client import RewardClient

from .docker_cli import ROOT, SECCOMP, build_sandboxes, build_service_images, docker, free_port, inspect, run, wait_for
from .test_monitoring import alert_queries, dashboard_queries

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

DATA = Path(os.environ.get("PROCTOR_SHARED_DATA") or ROOT.parent / "shared" / "data")
KEY = "a-key-for-the-compose-test"
PASSWORD = "a-password-for-the-compose-test"
SANDBOXES = 2


@dataclass
class Compose:
    """One project of compose.yaml, under a name and on ports of its own. profiles: as in .env."""

    name: str = field(default_factory=lambda: f"proctor-test-{secrets.token_hex(4)}")
    port: int = field(default_factory=free_port)
    prometheus_port: int = field(default_factory=free_port)
    profiles: str = ""

    def __call__(self, *arguments: str, timeout_s: float = 180) -> str:
        environment = {
            "PROCTOR_PUBLISH": f"127.0.0.1:{self.port}",
            "PROCTOR_PROMETHEUS_PUBLISH": f"127.0.0.1:{self.prometheus_port}",
            "PROCTOR_API_KEYS": json.dumps([KEY]),
            "PROCTOR_METRICS_KEY": KEY,
            "PROCTOR_REDIS_PASSWORD": PASSWORD,
            "PROCTOR_GRAFANA_PASSWORD": PASSWORD,
            "COMPOSE_PROFILES": self.profiles,
        }
        command = ("docker", "compose", "-p", self.name, "--env-file", ".env.example", *arguments)
        return run(*command, environment=environment, timeout_s=timeout_s).stdout.strip()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def containers(self, service: str) -> list[dict[str, Any]]:
        return inspect(self("ps", "-q", service).split())

    def workers(self) -> int:
        """Workers with a sandbox, as the API sees them; 0 while it does not answer."""
        try:
            return int(httpx.get(f"{self.url}/readyz", timeout=5).json().get("workers", 0))
        except (httpx.HTTPError, ValueError):
            return 0

    def leftovers(self) -> list[str]:
        """Containers, networks and volumes of this project."""
        mine = ["--filter", f"label=com.docker.compose.project={self.name}", "-q"]
        return [
            *docker("ps", "-a", *mine).split(),
            *docker("network", "ls", *mine).split(),
            *docker("volume", "ls", *mine).split(),
        ]


@pytest.fixture(scope="module", name="compose")
def _compose() -> Iterator[Compose]:
    build_service_images()
    compose = Compose()
    try:
        compose(
            "up", "-d", "--no-build", "--wait", "--scale", f"sandbox={SANDBOXES}", "redis", "api", "worker", "sandbox"
        )
        wait_for("every sandbox has a worker", lambda: compose.workers() == SANDBOXES, 120)
        yield compose
    finally:
        compose("--profile", "*", "down", "-v")
        assert compose.leftovers() == []


def humaneval(solution: str) -> list[dict[str, Any]]:
    path = DATA / "humaneval.jsonl"
    if not path.exists():
        pytest.skip(f"not run: {path} is absent")
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        {
            "id": row["id"],
            "completion": row[solution],
            "tests": {"kind": "script", "code": row["tests"], "entry_point": row["entry_point"]},
        }
        for row in rows
    ]


def score(compose: Compose, samples: list[dict[str, Any]]) -> dict[str | None, str]:
    with RewardClient(compose.url, api_key=KEY) as client:
        return {result.id: str(result.verdict) for result in client.score(samples).results}


@pytest.mark.shared_data
def test_scores_humaneval(compose: Compose) -> None:
    assert set(score(compose, humaneval("reference_solution")).values()) == {"passed"}
    stubs = set(score(compose, humaneval("stub_solution")).values())
    assert "passed" not in stubs
    assert "invalid" not in stubs


def test_needs_the_key(compose: Compose) -> None:
    assert httpx.get(f"{compose.url}/v1/info").status_code == 401
    info = httpx.get(f"{compose.url}/v1/info", headers={"Authorization": f"Bearer {KEY}"}).json()
    assert (info["sandbox"]["provider"], info["sandbox"]["tier"] in ("A", "B")) == ("attached", True)


def _crash(container: dict[str, Any]) -> None:
    """End a container's first process as a crash would: `docker kill` would count as a wish that it stay down."""
    try:
        os.kill(container["State"]["Pid"], signal.SIGKILL)
    except PermissionError:  # not root here
        docker("restart", "-t", "0", container["Id"])


def _slow(sample: dict[str, Any], number: int) -> dict[str, Any]:
    """The same sample as one of its own, which takes its time: there is work left when something dies."""
    completion = f"import time\ntime.sleep(0.1)  # {number}\n{sample['completion']}"
    return {**sample, "id": f"{sample['id']} {number}", "completion": completion}


@pytest.mark.shared_data
def test_survives_the_death_of_a_sandbox_and_a_worker(compose: Compose) -> None:
    samples = humaneval("reference_solution")
    many = [_slow(sample, number) for number in range(3) for sample in samples]
    sandbox, worker = compose.containers("sandbox")[0], compose.containers("worker")[0]
    with httpx.Client(base_url=compose.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as client:
        batch = client.post("/v1/batches", json={"samples": many}).json()["id"]
        wait_for("some are done", lambda: client.get(f"/v1/batches/{batch}").json()["done"] > 20, 60, 0.1)
        _crash(sandbox)
        done = client.get(f"/v1/batches/{batch}").json()["done"]
        wait_for("more are done", lambda: client.get(f"/v1/batches/{batch}").json()["done"] > done + 20, 60, 0.1)
        _crash(worker)
        assert client.get(f"/v1/batches/{batch}").json()["status"] != "done"
        wait_for("the batch is done", lambda: client.get(f"/v1/batches/{batch}").json()["status"] == "done", 300)
        results = client.get(f"/v1/batches/{batch}").json()["results"]
    assert len(results) == len(many)
    assert {result["verdict"] for result in results} == {"passed"}
    wait_for("all are back", lambda: compose.workers() == SANDBOXES, 240)
    assert set(score(compose, samples).values()) == {"passed"}


@pytest.mark.shared_data
def test_sandboxes_can_be_scaled(compose: Compose) -> None:
    """Eight replicas share one folder of sockets: each has a worker and works, also once one has died and is back."""
    compose("up", "-d", "--no-build", "--no-recreate", "--scale", "sandbox=8", "sandbox")
    wait_for("eight sandboxes have a worker each", lambda: compose.workers() == 8, 240)
    eight = {container["Id"][:12] for container in compose.containers("sandbox")}
    assert len(eight) == 8
    wait_for("each of them has work", lambda: _hosts(compose) == eight, 120)
    samples = humaneval("reference_solution")

    _crash(compose.containers("sandbox")[3])
    assert set(score(compose, samples).values()) == {"passed"}
    wait_for("all eight are back, and work", lambda: compose.workers() == 8 and _hosts(compose) == eight, 240)

    compose("up", "-d", "--no-build", "--no-recreate", "--scale", f"sandbox={SANDBOXES}", "sandbox")
    wait_for("six are gone", lambda: compose.workers() == SANDBOXES, 240)


def test_sandboxes_that_come_while_no_worker_listens(compose: Compose) -> None:
    """An empty folder of sockets stays the worker's: Docker would give it to the owner of the sandbox image's."""
    compose("stop", "worker")
    compose("up", "-d", "--no-build", "--no-recreate", "--no-deps", "--scale", f"sandbox={SANDBOXES + 1}", "sandbox")
    compose("start", "worker")
    wait_for("each sandbox has a worker", lambda: compose.workers() == SANDBOXES + 1, 240)
    compose("up", "-d", "--no-build", "--no-recreate", "--scale", f"sandbox={SANDBOXES}", "sandbox")
    wait_for("one is gone", lambda: compose.workers() == SANDBOXES, 240)


def _hosts(compose: Compose) -> set[str]:
    """The names of the containers that some slow samples run in, as the samples see them."""
    code = "import os, time\ntime.sleep(0.5)\nprint(os.uname().nodename)  # {}"
    tests = {"kind": "stdio", "cases": [{"stdin": "", "stdout": "another"}]}
    samples = [{"completion": code.format(secrets.token_hex(4)), "tests": tests} for _ in range(32)]
    with RewardClient(compose.url, api_key=KEY) as client:
        results = client.score(samples).results
    return {str(case.stdout).strip() for result in results for case in result.tests.cases}


def test_every_service_is_hardened(compose: Compose) -> None:
    services = {name: compose.containers(name) for name in ("redis", "api", "worker", "sandbox")}
    assert len(services["sandbox"]) == SANDBOXES
    for name, containers in services.items():
        for container in containers:
            _is_hardened(name, container)


def _is_hardened(name: str, container: dict[str, Any]) -> None:
    host, config = container["HostConfig"], container["Config"]
    assert not host["Privileged"], name
    assert host["ReadonlyRootfs"], name
    assert host["CapDrop"] == ["ALL"], name
    assert not host["CapAdd"], name
    assert "no-new-privileges:true" in host["SecurityOpt"], name
    assert config["User"].split(":")[0] not in ("", "0", "root"), name
    assert host["RestartPolicy"]["Name"] == "unless-stopped", name
    assert host["Memory"] > 0, name
    assert host["NanoCpus"] > 0, name
    assert host["PidsLimit"] > 0, name
    assert container["State"]["Health"]["Status"] in ("healthy", "starting"), name
    assert not [m for m in container["Mounts"] if m["Type"] == "bind"], "nothing of the host is in it"
    assert (host["NetworkMode"] == "none") is name.startswith("sandbox")
    assert not host["PortBindings"] or name == "api"


def test_every_service_of_every_profile_is_written_so() -> None:
    """Those that need an image of others, too: what Compose makes of the file."""
    text = Compose()("--profile", "*", "config", "--format", "json")
    services = json.loads(text)["services"]
    assert {"grafana", "prometheus", "redis", "api", "worker", "sandbox", "sandbox-rust"} <= services.keys()
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert not service.keys() & {"cap_add", "privileged", "devices", "pid", "userns_mode"}, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["user"].split(":")[0] not in ("", "0", "root"), name
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name
        assert {"mem_limit", "cpus", "pids_limit"} <= service.keys(), name
        assert service.get("network_mode") == ("none" if name.startswith("sandbox") else None), name
        sockets = [mount for mount in service.get("volumes", []) if mount["source"].startswith("sockets")]
        assert all(mount["volume"]["nocopy"] for mount in sockets), name
        assert len(sockets) == (6 if name == "worker" else name.startswith("sandbox")), name
        binds = [mount for mount in service.get("volumes", []) if mount["type"] == "bind"]
        assert all(mount["read_only"] for mount in binds), name
        assert not binds or name == "grafana"
    assert "docker.sock" not in text
    published = [port["host_ip"] for service in services.values() for port in service.get("ports", [])]
    assert set(published) == {"127.0.0.1"}


def test_sandboxes_see_their_sockets_and_nothing_else(compose: Compose) -> None:
    for container in compose.containers("sandbox"):
        _sees_its_sockets_alone(container, f"{compose.name}_sockets")


def _sees_its_sockets_alone(container: dict[str, Any], volume: str) -> None:
    mounts = {m["Destination"]: (m["Name"], m["RW"]) for m in container["Mounts"] if m["Type"] != "tmpfs"}
    assert mounts == {"/run/proctor": (volume, False)}
    (applied,) = [o for o in container["HostConfig"]["SecurityOpt"] if o.startswith("seccomp")]
    assert json.loads(applied.partition(applied[7])[2]) == json.loads(SECCOMP.read_text())
    assert not [e for e in container["Config"]["Env"] if e.startswith("PROCTOR")]
    assert list(container["NetworkSettings"]["Networks"]) == ["none"]


#: As the sandbox's own user, with no isolation of samples at all. Says the error's name, or "done".
MEDDLING = """
import os, socket
(path, *_) = [f"/run/proctor/{name}" for name in os.listdir("/run/proctor")]  # the spare worker's
def attempt(act):
    try:
        act()
    except OSError as error:
        print(type(error).__name__, error.errno)
    else:
        print("done")
attempt(lambda: os.unlink(path))
attempt(lambda: os.rename(path, "/run/proctor/x.sock"))
attempt(lambda: os.symlink("/tmp/x", "/run/proctor/y.sock"))
attempt(lambda: os.chmod(path, 0))
attempt(lambda: socket.socket(socket.AF_UNIX).bind("/run/proctor/z.sock"))
attempt(lambda: socket.socket(socket.AF_UNIX).bind("/tmp/z.sock"))
"""


def test_no_sandbox_replaces_a_socket(compose: Compose) -> None:
    """A sandbox that was taken over finds the sockets of workers without a sandbox, and can only dial them. Those of
    workers that have one are gone: their connections have no name."""
    for container in compose.containers("sandbox"):
        wait_for("a worker waits", lambda id=container["Id"]: docker("exec", id, "ls", "/run/proctor"), 60)
        said = docker("exec", container["Id"], "/usr/bin/python3", "-c", MEDDLING).splitlines()
        assert said == ["OSError 30"] * 4 + ["PermissionError 1"] * 2, "EROFS; EPERM, for a sandbox listens nowhere"
    assert compose.workers() == SANDBOXES


def test_redis_lets_nobody_in_and_loses_nothing(compose: Compose) -> None:
    (redis,) = compose.containers("redis")

    def cli(*arguments: str, user: str | None = "proctor", password: str = PASSWORD) -> str:
        login = ["--user", user, "--pass", password, "--no-auth-warning"] if user else []
        return docker("exec", redis["Id"], "redis-cli", *login, *arguments)

    assert cli("ping", user=None).startswith("NOAUTH")
    assert cli("ping", password="another-password").startswith("NOAUTH")
    assert cli("ping") == "PONG"
    for forbidden in (
        ["flushall"],
        ["config", "get", "*"],
        ["acl", "list"],
        ["set", "foreign", "1"],
    ):
        assert cli(*forbidden).startswith("NOPERM"), forbidden
    assert cli("get", "proctor:x", user="health", password="x").startswith("NOPERM")
    info = cli("info", user="health", password="x")
    assert "aof_enabled:1" in info
    assert "maxmemory_policy:noeviction" in info
    (network,) = redis["NetworkSettings"]["Networks"]
    assert inspect([network])[0]["Internal"]
    assert PASSWORD not in docker("top", redis["Id"])


def test_prometheus_reads_the_metrics(compose: Compose) -> None:
    """And answers every query of dashboard and alerts. The profile's other half, Grafana, is an image of others;
    its files are held against ours in test_monitoring."""
    compose("up", "-d", "--no-build", "--no-recreate", "--no-deps", "prometheus")
    url = f"http://127.0.0.1:{compose.prometheus_port}/api/v1"

    def workers() -> bool:
        try:
            found = httpx.get(f"{url}/query", params={"query": "proctor_workers"}, timeout=5).json()
        except (httpx.HTTPError, ValueError):
            return False
        return [sample["value"][1] for sample in found["data"]["result"]] == [str(SANDBOXES)]

    wait_for("Prometheus has the number of workers", workers, 240)
    add = {"kind": "function", "entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}]}
    samples = [{"group": "g", "completion": f"def add(a, b): return a {sign} b", "tests": add} for sign in "+-"]
    with RewardClient(compose.url, api_key=KEY) as client:
        client.score(samples, run="compose", step=1)

    def answer(query: str) -> list[Any]:
        found = httpx.get(f"{url}/query", params={"query": query}, timeout=5).json()
        assert found["status"] == "success", query
        return list(found["data"]["result"])

    shown = [query for query in dashboard_queries() if "thinking_score" not in query and "drift" not in query]
    assert len(shown) > 12, "all but those that take a thinking model or a run of some steps"
    wait_for("every panel has data", lambda: all(answer(query) for query in shown), 120)
    # A scrape in the midst of the batch shows samples that wait, and none judged, until the next one.
    wait_for("no alert has a cause", lambda: [query for query in alert_queries() if answer(query)] == [], 60)
    groups = httpx.get(f"{url}/rules", timeout=5).json()["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}
    assert [rule for group in groups for rule in group["rules"]]


def test_another_language(compose: Compose) -> None:
    """Node's sandboxes beside Python's: each worker has one of both, and either language comes to any worker."""
    build_sandboxes("node")
    compose.profiles = "node"
    scales = [part for name in ("sandbox", "sandbox-node") for part in ("--scale", f"{name}={SANDBOXES}")]
    compose("up", "-d", "--no-build", *scales, "worker", "sandbox", "sandbox-node")

    with httpx.Client(base_url=compose.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=120) as client:

        def serves() -> bool:
            info = client.get("/v1/info").json()
            return info["workers"] == SANDBOXES and {"python", "javascript", "typescript"} <= set(info["languages"])

        wait_for("each worker has a sandbox of both", serves, 240)
        sum_of = {
            "kind": "function",
            "entry_point": "add",
            "cases": [{"args": [n, 2], "expected": n + 2} for n in range(3)],
        }
        code = {
            "python": "def add(a, b):\n    return a + b\n",
            "javascript": "function add(a, b) { return a + b; }",
            "typescript": "function add(a: number, b: number): number { return a + b; }",
        }
        samples = [
            {"language": language, "completion": text.replace("+", sign) + " " * number, "tests": sum_of}
            for language, text in code.items()
            for sign in "+-"
            for number in range(4)
        ]
        results = client.post("/v1/rewards", json={"samples": samples}).json()["results"]
    expected = ["passed" if "+" in str(sample["completion"]) else "wrong_answer" for sample in samples]
    assert [result["verdict"] for result in results] == expected
    found = compose.containers("sandbox-node")
    assert len(found) == SANDBOXES
    for container in found:
        _is_hardened("sandbox-node", container)
        _sees_its_sockets_alone(container, f"{compose.name}_sockets-node")
