"""The HTTP side as a hostile or a hasty client meets it: real uvicorn, real Redis, real sandboxes."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import zstandard
from serving import Service, serving, square

from proctor.client import RewardClient
from proctor.wire import BatchAnswer

BODY_MIB = 64


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("s")
    with serving(folder, "--workers", "1", PROCTOR_MAX_BODY_MIB=str(BODY_MIB), PROCTOR_MAX_SAMPLES="20000") as service:
        yield service


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.base, timeout=60) as client:
        yield client


def raw_post(service: Service, path: str, body: bytes, *headers: str) -> socket.socket:
    """A connection on which a request was sent and nothing was read."""
    port = int(service.base.rsplit(":", 1)[1])
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
    return connection


def body_of(*samples: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"samples": samples, **fields}).encode()


def prompt_answer(http: httpx.Client, salt: str, within_s: float = 15.0) -> None:
    """The only worker is free: a sample is judged at once."""
    started = time.monotonic()
    answer = http.post("/v1/rewards", json={"samples": [square(salt)]}).json()
    assert answer["results"][0]["verdict"] == "passed"
    assert time.monotonic() - started < within_s


def test_a_batch_end_to_end(http: httpx.Client) -> None:
    wrong = {**square("w"), "completion": "print(5)"}
    answer = http.post("/v1/rewards", json={"samples": [square("r"), wrong, square("r")]})
    parsed = BatchAnswer.model_validate(answer.json())
    assert [r.verdict.value for r in parsed.results] == ["passed", "wrong_answer", "passed"]
    assert [r.reward for r in parsed.results] == [1.0, 0.0, 1.0]
    assert [r.index for r in parsed.results] == [0, 1, 2]
    assert (parsed.summary.samples, parsed.summary.passed, parsed.summary.invalid) == (3, 2, 0)
    assert parsed.provenance.tier is not None


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1, 1.0])
def test_a_client_that_goes_away_cancels_its_batch(service: Service, http: httpx.Client, after_s: float) -> None:
    body = body_of(*(square(f"gone {after_s} {i}", 25) for i in range(3)))
    connection = raw_post(service, "/v1/rewards", body)
    time.sleep(after_s)
    connection.close()
    prompt_answer(http, f"after gone {after_s}")


def test_a_client_with_a_key_may_go_away_and_come_back(service: Service, http: httpx.Client) -> None:
    body = body_of(*(square(f"kept {i}", 0.5) for i in range(4)))
    key = {"Idempotency-Key": "come back"}
    connection = raw_post(service, "/v1/rewards", body, "Idempotency-Key: come back")
    time.sleep(0.3)
    connection.close()
    joined = http.post("/v1/batches", content=body, headers=key).json()["id"]
    answer = http.post("/v1/rewards", content=body, headers=key).json()
    assert answer["id"] == joined
    assert [r["verdict"] for r in answer["results"]] == ["passed"] * 4
    clash = http.post("/v1/rewards", content=body_of(square("other")), headers=key)
    assert clash.status_code == 409


def test_delete_stops_what_runs(http: httpx.Client) -> None:
    batch = http.post("/v1/batches", content=body_of(*(square(f"del {i}", 25) for i in range(3)))).json()["id"]
    time.sleep(0.5)
    assert http.delete(f"/v1/batches/{batch}").status_code == 204
    prompt_answer(http, "after delete")
    lines = http.get(f"/v1/batches/{batch}/results").content.splitlines()
    results = [json.loads(line) for line in lines]
    assert sorted(r["index"] for r in results) == [0, 1, 2]
    assert {(r["verdict"], r["reward"], r["error"]["code"]) for r in results} == {("invalid", None, "cancelled")}
    assert http.get(f"/v1/batches/{batch}").json()["status"] == "cancelled"
    assert http.delete(f"/v1/batches/{batch}").status_code == 204


def test_results_stream_as_they_come_and_resume(http: httpx.Client) -> None:
    batch = http.post("/v1/batches", content=body_of(*(square(f"st {i}", 0.3) for i in range(6)))).json()["id"]
    arrived: list[float] = []
    lines: list[bytes] = []
    with http.stream("GET", f"/v1/batches/{batch}/results") as answer:
        rest = b""
        for piece in answer.iter_bytes():
            *whole, rest = (rest + piece).split(b"\n")
            lines += whole
            arrived += [time.monotonic()] * len(whole)
    assert rest == b""
    assert sorted(json.loads(line)["index"] for line in lines) == list(range(6))
    assert arrived[-1] - arrived[0] > 0.9  # not all at the end
    again = http.get(f"/v1/batches/{batch}/results", params={"after": 4}).content.split(b"\n")
    assert again == [*lines[4:], b""]
    for beyond in (6, 2**63 - 1, 2**63, 10**30):  # Redis counts to 2**63
        assert http.get(f"/v1/batches/{batch}/results", params={"after": beyond}, timeout=10).content == b""


@pytest.mark.parametrize("odd", ["\ud800", "\0", "\u2028\u2029\x85", "\x1b[2J[bold]x[/]", "💥", "\udcff\ud83d"])
def test_odd_text_breaks_nothing(http: httpx.Client, odd: str) -> None:
    shown = {
        **square(),
        "id": odd,
        "group": odd,
        "completion": f"import sys; sys.stdout.buffer.write({odd!r}.encode('utf-8', 'surrogatepass'))",
    }
    inside = {**square(), "id": "in", "completion": f"# {odd}\nprint(int(input()) ** 2)"}
    batch = http.post("/v1/batches", content=body_of(shown, inside)).json()["id"]
    raw = http.get(f"/v1/batches/{batch}/results").content
    assert raw.isascii()
    results = sorted((json.loads(line) for line in raw.splitlines()), key=lambda r: r["index"])
    assert (results[0]["id"], results[0]["group"]) == (odd, odd)
    assert results[0]["verdict"] == "wrong_answer"
    assert results[1]["verdict"] in ("passed", "compile_error")  # as Python itself takes the comment
    assert http.get(f"/v1/batches/{batch}").content.isascii()


def test_logs_hold_no_code_tests_or_keys(service: Service, http: httpx.Client) -> None:
    secrets = ("code-5b1f", "tests-5b1f", "key-5b1f-0123456789")
    tests = {"kind": "stdio", "cases": [{"stdin": "tests-5b1f", "stdout": "tests-5b1f"}]}
    sample = {"completion": "raise SystemExit('code-5b1f')", "tests": tests}
    headers = {"Authorization": "Bearer key-5b1f-0123456789", "Idempotency-Key": "key-5b1f-0123456789"}
    assert http.post("/v1/rewards", content=body_of(sample), headers=headers).status_code == 200
    assert http.post("/v1/rewards", content=body_of({**sample, "language": "code-5b1f"})).status_code == 422
    assert http.post("/v1/rewards", content=b'{"code-5b1f tests-5b1f').status_code == 422
    assert not [secret for secret in secrets if secret in service.said()]


def test_big_integers_stay_exact(http: httpx.Client) -> None:
    big = 3**300
    tests = {"kind": "stdio", "cases": [{"stdin": f"{big}\n", "stdout": f"{big + 1}\n"}]}
    body = body_of({"completion": "print(int(input()) + 1)", "tests": tests})
    assert http.post("/v1/rewards", content=body).json()["results"][0]["verdict"] == "passed"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"\xff\xfe", 422),
        (b"[" * 1_000_000, 422),
        (b'{"samples": []}', 422),
        (b'{"samples": 1}', 422),
        (body_of(*[square()] * 20_001), 422),
        (b" " * ((BODY_MIB << 20) + 1), 413),
        (body_of({**square(), "language": "cobol"}), 422),
        (body_of({**square(), "limits": {"cpu_s": 1e9}}), 422),
        (body_of({**square(), "tests": "unknown"}), 422),
        (body_of({**square(), "tests": {"ref": "0" * 64}}), 422),
    ],
    ids=["empty", "bytes", "deep", "none", "type", "many", "large", "language", "limit", "name", "ref"],
)
def test_bad_input_is_a_problem_and_nothing_is_begun(http: httpx.Client, body: bytes, status: int) -> None:
    answer = http.post("/v1/rewards", content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert http.get("/healthz").status_code == 200


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda zeros: gzip.compress(zeros, 6),
    "zstd": lambda zeros: zstandard.ZstdCompressor(3).compress(zeros),
}


@pytest.mark.parametrize("encoding", BOMBS)
def test_bombs_cost_little_memory(service: Service, http: httpx.Client, encoding: str) -> None:
    """1 GiB of zeros in 1 MiB or less: refused at the bound, and the memory comes back."""
    bomb = BOMBS[encoding](b"\0" * (1 << 30))
    (api,) = service.named("proctor api")
    peak = [0]
    stop = threading.Event()

    def watch() -> None:
        process = psutil.Process(api.pid)
        while not stop.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    before = api.memory_info().rss
    watcher.start()
    answer = http.post("/v1/rewards", content=bomb, headers={"Content-Encoding": encoding})
    stop.set()
    watcher.join()
    assert answer.status_code == 413
    assert peak[0] - before < (2 * BODY_MIB + 32) << 20


def test_the_service_answers_while_it_reads_a_large_body(service: Service, http: httpx.Client) -> None:
    """40 MiB of samples are parsed in pieces: no other request waits for long."""
    samples = [{**square(i), "prompt": "p" * 1000, "language": "cobol"} for i in range(20_000)]
    body = body_of(*samples)
    answers: list[httpx.Response] = []
    sender = threading.Thread(
        target=lambda: answers.append(httpx.post(f"{service.base}/v1/rewards", content=body, timeout=60))
    )
    sender.start()
    slowest = 0.0
    while sender.is_alive():
        started = time.monotonic()
        assert http.get("/healthz").status_code == 200
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.01)
    assert answers[0].status_code == 422
    assert slowest < 0.5


def test_a_body_that_breaks_off_begins_nothing(service: Service, http: httpx.Client) -> None:
    body = body_of(*(square(f"half {i}", 25) for i in range(3)))
    port = int(service.base.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /v1/rewards HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body[:50])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /v1/rewards HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    prompt_answer(http, "after half")


def test_test_sets_by_hash_through_redis(http: httpx.Client) -> None:
    body = json.dumps(square()["tests"], indent=1).encode()
    sha = hashlib.sha256(body).hexdigest()
    assert http.put(f"/v1/test-sets/{sha}", content=body).status_code == 201
    assert http.head(f"/v1/test-sets/{sha}").status_code == 200
    answer = http.post("/v1/rewards", json={"samples": [{**square("ref"), "tests": {"ref": sha}}]}).json()
    assert answer["results"][0]["verdict"] == "passed"


def test_the_client_scores_many_in_chunks(service: Service) -> None:
    from proctor.client.request import Bounds

    samples = [square(f"many {i % 100}") for i in range(300)]
    got: list[int] = []
    with RewardClient(service.base, bounds=Bounds(samples=70)) as client:
        scores = client.score(samples, on_result=lambda i, _: got.append(i))
        assert client.info()["sandbox"]["provider"] == "namespace"
    assert scores.rewards == [1.0] * 300
    assert sorted(got) == list(range(300))
    assert len(scores.ids) == 5


def test_a_request_outlives_a_redis_that_does_not_answer(service: Service, http: httpx.Client) -> None:
    (redis,) = service.named("redis-server")
    answers: list[httpx.Response] = []
    body = body_of(*(square(f"out {i}", 0.5) for i in range(4)))
    sender = threading.Thread(
        target=lambda: answers.append(httpx.post(f"{service.base}/v1/rewards", content=body, timeout=90))
    )
    sender.start()
    time.sleep(1)
    redis.suspend()
    try:
        started = time.monotonic()
        refused = http.get("/readyz")
        assert (refused.status_code, refused.json()["type"]) == (503, "unavailable")
        assert "retry-after" in refused.headers
        assert http.get("/healthz").status_code == 200
        assert time.monotonic() - started < 20
    finally:
        redis.resume()
    sender.join(60)
    assert [r["verdict"] for r in answers[0].json()["results"]] == ["passed"] * 4


def test_slow_readers_hold_little_memory(service: Service, http: httpx.Client) -> None:
    """Readers that ask for large results and never read: what they are sent waits in Redis, not in the API."""
    loud = {**square("loud"), "completion": "import sys; print('x' * 4000); print('y' * 4000, file=sys.stderr)"}
    batch = http.post("/v1/batches", content=body_of(*({**loud, "id": str(i)} for i in range(2000)))).json()["id"]
    while http.get(f"/v1/batches/{batch}", params={"results": "false"}).json()["status"] != "done":
        time.sleep(0.1)
    whole = http.get(f"/v1/batches/{batch}/results").content
    (api,) = service.named("proctor api")
    before = api.memory_info().rss
    port = int(service.base.rsplit(":", 1)[1])
    connections = []
    for _ in range(200):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(f"GET /v1/batches/{batch}/results HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connections.append(connection)
    time.sleep(3)
    grown = api.memory_info().rss - before
    assert http.get("/healthz").status_code == 200
    for connection in connections:
        connection.close()
    assert len(whole) > 1_000_000
    assert grown < 200 * 512 * 1024


def test_a_stop_breaks_streams_off_and_answers_those_who_wait(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "1") as service:
        batch = httpx.post(f"{service.base}/v1/batches", content=body_of(square("s", 25))).json()["id"]
        answers: list[httpx.Response] = []
        url = f"{service.base}/v1/rewards"
        sender = threading.Thread(
            target=lambda: answers.append(httpx.post(url, content=body_of(square("t", 25)), timeout=60))
        )
        sender.start()
        with httpx.stream("GET", f"{service.base}/v1/batches/{batch}/results", timeout=60) as stream:
            time.sleep(0.3)
            (api,) = service.named("proctor api")
            started = time.monotonic()
            api.terminate()
            with pytest.raises(httpx.RemoteProtocolError):
                stream.read()
        sender.join(20)
        assert time.monotonic() - started < 3
        assert (answers[0].status_code, answers[0].json()["type"]) == (503, "unavailable")
        service.await_ready()
        assert httpx.get(f"{service.base}/v1/batches/{batch}").json()["status"] == "running"
        assert "Traceback" not in service.said()
