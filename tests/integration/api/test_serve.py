"""`proctor serve` with real processes: start, what dies comes back, nothing stays."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from serving import PROCTOR, Service, free_port, pss_mib, serving, square

START_S = 5.0
REST_MIB = 250.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with serving(tmp_path, "--workers", "2") as service:
        yield service


def await_done(service: Service, batch: str, within_s: float = 60) -> dict[str, object]:
    end = time.monotonic() + within_s
    while True:
        try:
            status = httpx.get(f"{service.base}/v1/batches/{batch}", timeout=10).json()
            if status["status"] == "done":
                return dict(status)
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, service.said()
        time.sleep(0.1)


def test_starts_soon_says_where_and_rests_small(tmp_path: Path) -> None:
    started = time.monotonic()
    with serving(tmp_path, "--workers", "2") as service:
        taken = time.monotonic() - started
        assert taken < START_S * (2 if os.getloadavg()[0] > 2 else 1)
        while httpx.get(f"{service.base}/readyz").json()["workers"] < 2:
            time.sleep(0.1)
        time.sleep(0.5)
        assert pss_mib(service.tree()) < REST_MIB
        assert f"listening on {service.base}" in service.said()
        assert "isolation tier" in service.said()
        assert len(service.named("proctor worker")) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path, "--workers", "2") as service:
        httpx.post(f"{service.base}/v1/batches", json={"samples": [square(i, 0.5) for i in range(40)]})
        time.sleep(0.5)
        assert service.signal(number) == 0
        assert service.left() == []


def test_killing_the_parent_leaves_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as service:
        httpx.post(f"{service.base}/v1/batches", json={"samples": [square(i, 0.5) for i in range(40)]})
        time.sleep(0.5)
        service.signal(signal.SIGKILL)
        assert service.left() == []


def test_killed_workers_and_api_come_back_and_the_batch_ends(service: Service) -> None:
    samples = [square(i, 0.1) for i in range(60)]
    batch = httpx.post(f"{service.base}/v1/batches", json={"samples": samples}).json()["id"]
    time.sleep(1)
    victims = [*service.named("proctor worker"), *service.named("proctor api")]
    assert len(victims) == 3
    for victim in victims:
        victim.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    answered = httpx.get(f"{service.base}/healthz", timeout=10)  # the socket is the parent's: nobody is refused
    assert answered.status_code == 200
    assert time.monotonic() - killed < 6
    status = await_done(service, batch)
    results = status["results"]
    assert isinstance(results, list)
    assert [r["id"] for r in results] == [s["id"] for s in samples]
    assert {r["verdict"] for r in results} == {"passed"}
    assert not {v.pid for v in victims} & {p.pid for p in service.tree()}


def test_a_killed_redis_comes_back_with_what_it_held(service: Service) -> None:
    done = httpx.post(f"{service.base}/v1/rewards", json={"samples": [square("before")]}, timeout=60).json()
    batch = httpx.post(f"{service.base}/v1/batches", json={"samples": [square(i, 0.1) for i in range(30)]}).json()["id"]
    time.sleep(0.5)
    (redis,) = service.named("redis-server")
    redis.send_signal(signal.SIGKILL)
    status = await_done(service, batch)
    assert {r["verdict"] for r in status["results"]} == {"passed"}  # type: ignore[attr-defined]
    again = httpx.get(f"{service.base}/v1/batches/{done['id']}").json()
    assert again["results"] == done["results"]


def test_a_second_signal_is_faster(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "1") as service:
        httpx.post(f"{service.base}/v1/batches", json={"samples": [square(i, 20) for i in range(3)]})
        time.sleep(0.5)
        service.tree()
        for worker in service.named("proctor worker"):
            worker.suspend()  # it will not end by itself
        started = time.monotonic()
        threading.Timer(0.3, service.process.send_signal, (signal.SIGINT,)).start()
        assert service.signal(signal.SIGINT) == 0
        assert time.monotonic() - started < 2.5
        assert service.left() == []


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([PROCTOR, "serve", "--port", str(port)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_listening_for_others_needs_keys(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PROCTOR_API_KEYS"}
    command = [PROCTOR, "serve", "--host", "0.0.0.0", "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)
    assert done.returncode == 78
    assert "without API keys" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    environment = {**os.environ, "PROCTOR_MAX_SAMPLES": "none", "PROCTOR_SANDBOX": "chroot"}
    done = subprocess.run([PROCTOR, "serve"], capture_output=True, text=True, timeout=30, env=environment)
    assert done.returncode == 78
    assert "PROCTOR_MAX_SAMPLES" in done.stderr
    assert "PROCTOR_SANDBOX" in done.stderr


def test_a_sandbox_that_cannot_be_had_ends_the_service(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "1", ready=False, PROCTOR_SANDBOX_PYTHON="/nowhere/python") as service:
        assert service.process.wait(60) == 1
        assert "worker 1 cannot run" in service.said()
        assert list(service.folder.rglob("*")) == []


def test_api_and_worker_run_apart(tmp_path: Path) -> None:
    """As compose and Kubernetes start them, on a Redis that somebody else runs."""
    with serving(tmp_path, "--workers", "1"):
        socket_path = next((tmp_path / "t").glob("proctor-*/redis.sock"))
        port = free_port()
        environment = {**os.environ, "PROCTOR_REDIS_URL": f"unix://{socket_path}", "PROCTOR_SANDBOX": "namespace"}
        api = subprocess.Popen([PROCTOR, "api", "--port", str(port)], env=environment)
        worker = subprocess.Popen([PROCTOR, "worker"], env=environment)
        try:
            other = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 30
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if httpx.get(f"{other}/readyz").json().get("workers") == 2:
                        break
                assert time.monotonic() < end
                time.sleep(0.1)
            answer = httpx.post(f"{other}/v1/rewards", json={"samples": [square("apart")]}, timeout=60).json()
            assert answer["results"][0]["verdict"] == "passed"
        finally:
            for process in (api, worker):
                process.send_signal(signal.SIGTERM)
            codes = [process.wait(20) for process in (api, worker)]
        assert codes in ([0, 0], [-signal.SIGTERM, 0])


def test_several_api_processes_share_the_port_and_the_metrics(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "1", PROCTOR_API_PROCESSES="2") as service:
        for i in range(20):
            assert httpx.get(f"{service.base}/v1/batches/none{i}").status_code == 404
        end = time.monotonic() + 5
        wanted = 'proctor_http_requests_total{method="GET",route="/v1/batches/{batch_id}",status="404"} 20.0'
        while wanted not in httpx.get(f"{service.base}/metrics").text:
            assert time.monotonic() < end, httpx.get(f"{service.base}/metrics").text
        assert len(service.named("proctor api")) == 2


def test_orphans_of_a_killed_worker_are_not_left(service: Service) -> None:
    worker = service.named("proctor worker")[0]
    orphans = worker.children(recursive=True)
    assert orphans
    worker.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(orphans, timeout=5)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


def test_integers_of_any_size_survive(service: Service) -> None:
    """Body, Redis, worker, test process and back: 12,000 digits, more than Python turns into text unasked."""
    base, power = 10**11, 1100
    raw = f'{{"args": [{base}, {power}], "expected": 1{"0" * (11 * power)}}}'
    body = (
        '{"samples": [{"completion": "def f(a, b):\\n    return a ** b", '
        f'"tests": {{"kind": "function", "entry_point": "f", "cases": [{raw}]}}}}]}}'
    )
    answer = httpx.post(f"{service.base}/v1/rewards", content=body, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["verdict"] == "passed", answer.text
