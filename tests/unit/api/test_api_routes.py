from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from typing import Any

import pytest
import zstandard
from api_fakes import Connect, FakeBackend

from proctor.wire import BatchAnswer, BatchStatus

JSON = {"content-type": "application/json"}


async def test_rewards_answers_in_the_order_of_the_samples(connect: Connect, sample: dict[str, Any]) -> None:
    async with connect() as client:
        answer = await client.post("/v1/rewards", json={"samples": [{**sample, "id": str(i)} for i in range(1200)]})
    assert answer.status_code == 200
    parsed = BatchAnswer.model_validate_json(answer.content)
    assert [r.id for r in parsed.results] == [str(i) for i in range(1200)]
    assert parsed.summary.wall_s == 0.1


async def test_requests_that_come_together_ask_for_the_workers_once(
    connect: Connect, backend: FakeBackend, sample: dict[str, Any]
) -> None:
    workers, asked = backend.workers, 0

    async def slowly() -> Any:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        return await workers()

    backend.workers = slowly  # type: ignore[method-assign]
    async with connect() as client:
        answers = await asyncio.gather(*(client.post("/v1/rewards", json={"samples": [sample]}) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert asked == 1


async def test_batch_is_accepted_at_once_and_looked_at(
    connect: Connect, backend: FakeBackend, sample: dict[str, Any]
) -> None:
    backend.instant = False
    async with connect() as client:
        accepted = await client.post("/v1/batches", json={"samples": [sample] * 3})
        assert accepted.status_code == 202
        at = accepted.headers["location"]
        assert at == f"/v1/batches/{accepted.json()['id']}"
        assert (await client.get(at)).json()["status"] == "queued"
        await backend.finish("b0", 2)
        status = BatchStatus.model_validate((await client.get(at)).json())
        assert (status.status, status.done, status.total) == ("running", 2, 3)
        assert [r.index for r in status.results] == [1, 2]
        assert (await client.get(at, params={"results": "false"})).json()["results"] == []


async def test_stream_gives_each_result_once_and_resumes(
    connect: Connect, backend: FakeBackend, sample: dict[str, Any]
) -> None:
    backend.instant = False
    async with connect() as client:
        await client.post("/v1/batches", json={"samples": [{**sample, "id": "\u2028"}] * 5})
        await backend.finish("b0", 2)
        reading = asyncio.create_task(client.get("/v1/batches/b0/results"))
        await asyncio.sleep(0.05)
        assert not reading.done()
        await backend.finish("b0")
        answer = await reading
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.content.isascii()
        assert [json.loads(line)["index"] for line in answer.content.splitlines()] == [4, 3, 2, 1, 0]
        rest = await client.get("/v1/batches/b0/results", params={"after": 3})
        assert [json.loads(line)["index"] for line in rest.content.splitlines()] == [1, 0]
        assert (await client.get("/v1/batches/b0/results", params={"after": 9})).content == b""


async def test_cancel_ends_the_stream_with_every_sample(
    connect: Connect, backend: FakeBackend, sample: dict[str, Any]
) -> None:
    backend.instant = False
    async with connect() as client:
        await client.post("/v1/batches", json={"samples": [sample] * 3})
        await backend.finish("b0", 1)
        assert (await client.delete("/v1/batches/b0")).status_code == 204
        lines = (await client.get("/v1/batches/b0/results")).content.splitlines()
        assert [json.loads(line)["verdict"] for line in lines] == ["passed", "invalid", "invalid"]
        assert (await client.get("/v1/batches/b0")).json()["status"] == "cancelled"


@pytest.mark.parametrize("path", ["/v1/batches/none", "/v1/batches/none/results"])
async def test_unknown_batch_is_404(connect: Connect, path: str) -> None:
    async with connect() as client:
        answer = await client.get(path)
        assert (await client.delete("/v1/batches/none")).status_code == 404
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "not_found"


async def test_idempotency_key_joins_or_clashes(connect: Connect, backend: FakeBackend, sample: dict[str, Any]) -> None:
    key = {"Idempotency-Key": "k1"}
    async with connect() as client:
        first = await client.post("/v1/batches", json={"samples": [sample]}, headers=key)
        again = await client.post("/v1/rewards", json={"samples": [sample]}, headers=key)
        other = await client.post("/v1/batches", json={"samples": [sample] * 2}, headers=key)
        empty = await client.post("/v1/batches", json={"samples": [sample]}, headers={"Idempotency-Key": " "})
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["type"]) == (409, "idempotency_clash")
    assert empty.status_code == 422
    assert len(backend.batches) == 1
    assert backend.batches["b0"].detached


async def test_sync_batch_without_a_key_is_attached(
    connect: Connect, backend: FakeBackend, sample: dict[str, Any]
) -> None:
    async with connect() as client:
        await client.post("/v1/rewards", json={"samples": [sample]})
    assert not backend.batches["b0"].detached


async def test_test_sets_are_verified_kept_and_used(connect: Connect, backend: FakeBackend) -> None:
    body = b'{"kind": "script",\n "code": "assert f(1) == 1"}'
    sha = hashlib.sha256(body).hexdigest()
    url = f"/v1/test-sets/{sha}"
    refer = {"samples": [{"completion": "def f(x): return x", "tests": {"ref": sha}}]}
    async with connect() as client:
        assert (await client.head(url)).status_code == 404
        unknown = await client.post("/v1/rewards", json=refer)
        assert (unknown.status_code, unknown.json()["type"]) == (422, "test_set_unknown")
        assert unknown.json()["errors"][0]["pointer"] == "/samples/0/tests/ref"
        assert (await client.put(url, content=body + b" ")).status_code == 422
        assert (await client.head(url)).status_code == 404
        assert (await client.put(url, content=gzip.compress(body), headers={"content-encoding": "gzip"})).is_success
        assert (await client.put(url, content=body)).status_code == 200
        assert (await client.head(url)).status_code == 200
        assert (await client.post("/v1/rewards", json=refer)).status_code == 200
        bad = b'{"kind": "script"}'
        refused = await client.put(f"/v1/test-sets/{hashlib.sha256(bad).hexdigest()}", content=bad)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/code")
        assert (await client.put("/v1/test-sets/ABC", content=body)).json()["errors"][0]["parameter"] == "sha256"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
async def test_packed_bodies(connect: Connect, sample: dict[str, Any], pack: Any) -> None:
    name = "gzip" if pack is gzip.compress else "zstd"
    body = pack(json.dumps({"samples": [sample]}).encode())
    headers = {**JSON, "content-encoding": name}
    bomb = pack(b"[" + b" " * (8 << 20))
    async with connect(max_body_mib=2) as client:
        assert (await client.post("/v1/rewards", content=body, headers=headers)).status_code == 200
        assert (await client.post("/v1/rewards", content=body[:-30], headers=headers)).status_code == 422
        assert (await client.post("/v1/rewards", content=b"junk", headers=headers)).status_code == 422
        large = await client.post("/v1/rewards", content=bomb, headers=headers)
        assert (large.status_code, large.json()["type"]) == (413, "too_large")
        odd = await client.post("/v1/rewards", content=body, headers={**JSON, "content-encoding": "br"})
        assert (odd.status_code, odd.headers["accept-encoding"]) == (415, "gzip, zstd")


async def test_large_body_is_413_declared_or_streamed(connect: Connect) -> None:
    async def pieces() -> Any:
        for _ in range(40):
            yield b" " * 65536

    async with connect(max_body_mib=1) as client:
        assert (await client.post("/v1/rewards", content=b" " * (1 << 21))).status_code == 413
        assert (await client.post("/v1/rewards", content=pieces())).status_code == 413


async def test_no_worker_is_503_and_not_ready(connect: Connect, backend: FakeBackend, sample: dict[str, Any]) -> None:
    backend.live, backend.up = [], False
    async with connect() as client:
        refused = await client.post("/v1/rewards", json={"samples": [sample]})
        ready = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert (ready.status_code, ready.json()["type"]) == (503, "unavailable")


async def test_info_readiness_and_metrics(connect: Connect, sample: dict[str, Any]) -> None:
    async with connect() as client:
        info = (await client.get("/v1/info")).json()
        ready = (await client.get("/readyz")).json()
        await client.post("/v1/rewards", json={"samples": [sample]})
        await client.get("/nowhere/at/all")
        metrics = (await client.get("/metrics")).text
    assert info["languages"] == {"python": "3.11.2"}
    assert (info["sandbox"]["tier"], info["sandbox"]["provider"]) == ("B", "namespace")
    assert info["limits"]["default"]["cpu_s"] == 10
    assert ready == {"status": "ready", "workers": 1, "sandbox": "namespace", "tier": "B"}
    assert 'proctor_http_requests_total{method="POST",route="/v1/rewards",status="200"}' in metrics
    assert "proctor_samples_unfinished 7.0\n" in metrics
    assert "proctor_redis_up 1.0\n" in metrics
    assert "nowhere" not in metrics


async def test_errors_of_the_framework_are_problems(connect: Connect, backend: FakeBackend) -> None:
    async def broken() -> None:
        raise RuntimeError("secret detail")

    backend.ready = broken  # type: ignore[method-assign]
    async with connect() as client:
        answers = {
            404: await client.get("/nowhere"),
            405: await client.put("/v1/rewards"),
            422: await client.get("/v1/batches/x/results", params={"after": -1}),
            500: await client.get("/readyz"),
        }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert {"type", "title", "detail"} <= answer.json().keys()
    assert answers[405].headers["allow"] == "POST"
    assert answers[422].json()["errors"][0]["parameter"] == "after"
    assert "secret" not in answers[500].text


async def test_openapi_describes_bodies_fields_and_errors(connect: Connect) -> None:
    async with connect() as client:
        page = (await client.get("/openapi.json")).json()
        assert (await client.get("/docs")).status_code == 200
    schemas = page["components"]["schemas"]
    for path in ("/v1/rewards", "/v1/batches"):
        body = page["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"] == {"$ref": "#/components/schemas/BatchRequest"}
        assert body["examples"]
    for name in ("BatchRequest", "Sample", "Limits", "StdioTests", "SampleResult", "BatchAnswer", "Info"):
        for field, schema in schemas[name]["properties"].items():
            assert "description" in schema or "const" in schema or "$ref" in schema, f"{name}.{field}"
    named = json.dumps(page)
    for ref in set(__import__("re").findall(r'"#/components/schemas/(\w+)"', named)):
        assert ref in schemas
    problem = page["paths"]["/v1/rewards"]["post"]["responses"]["422"]["content"]
    assert list(problem) == ["application/problem+json"]
    assert "HTTPValidationError" not in named


async def test_a_client_that_is_gone_is_noticed_although_the_queue_ignores_cancellation(
    connect: Connect, backend: FakeBackend, sample: dict[str, Any]
) -> None:
    """As seen with a client of Redis that swallowed a CancelledError and went on waiting."""
    backend.instant = False
    waited = backend.wait

    async def stubborn(owner: str, batch_id: str, seen: int, timeout_s: float, **_: Any) -> Any:
        try:
            return await waited(owner, batch_id, seen, timeout_s)
        except asyncio.CancelledError:
            return await waited(owner, batch_id, seen, timeout_s)

    backend.wait = stubborn  # type: ignore[method-assign]
    async with connect() as client:
        app = client._transport.app
        messages = [{"type": "http.request", "body": json.dumps({"samples": [sample]}).encode(), "more_body": False}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await asyncio.sleep(0.05)
            return {"type": "http.disconnect"}

        async def send(_: Any) -> None:
            pass

        scope = {"type": "http", "method": "POST", "path": "/v1/rewards", "headers": [], "query_string": b""}
        await asyncio.wait_for(app(scope, receive, send), 5)
    assert backend.batches["b0"].status == "cancelled"
