from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from api_fakes import FakeBackend, result_json

from proctor import client as client_module
from proctor.api.app import Parts, create_app
from proctor.client import (
    AsyncRewardClient,
    ClientError,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    Overloaded,
    RewardClient,
    ServiceError,
    TimedOut,
    UnexpectedAnswer,
    errors,
)
from proctor.client.request import Bounds, chunks
from proctor.client.retry import Retry
from proctor.client.scores import summarize
from proctor.client.testing import AsyncFakeRewardClient, FakeRewardClient
from proctor.settings import Settings
from proctor.wire import Sample, SampleResult

QUICK = Retry(patience_s=5, first_s=0.001, longest_s=0.002)
TESTS = {"kind": "script", "code": "assert f(1) == 1"}


class Flaky(httpx.AsyncBaseTransport):
    """Passes requests on to an application, after the failures that a test planned."""

    def __init__(self, app: Any) -> None:
        self.inner = httpx.ASGITransport(app)
        self.plan: list[Any] = []  # status, exception, or None for a good answer
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Exception):
            raise step
        if isinstance(step, int):
            return httpx.Response(step, headers={"Retry-After": "0"}, json={"type": "t", "detail": "d"})
        if step is not None:
            return step
        return await self.inner.handle_async_request(request)


@pytest.fixture
async def transport(backend: FakeBackend) -> AsyncIterator[Flaky]:
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def open_parts(_: Settings) -> AsyncIterator[Parts]:
        yield Parts(backend)

    app = create_app(Settings(), open_parts)
    async with app.router.lifespan_context(app):
        yield Flaky(app)


@pytest.fixture
async def client(transport: Flaky) -> AsyncIterator[AsyncRewardClient]:
    async with AsyncRewardClient("http://127.0.0.1", retry=QUICK, transport=transport) as client:
        yield client


def samples(n: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": str(i), "completion": f"def f(x): return x  # {i}", "tests": TESTS, **fields} for i in range(n)]


@pytest.mark.parametrize("count", [1, 16, 17, 250])
async def test_scores_keep_the_order(client: AsyncRewardClient, count: int) -> None:
    scores = await client.score(samples(count), reward={"policy": "p-grpo"})
    assert [r.id for r in scores.results] == [str(i) for i in range(count)]
    assert [r.index for r in scores.results] == list(range(count))
    assert scores.rewards == [1.0] * count
    assert scores.summary.passed == count
    assert scores.provenance is not None


async def test_models_and_odd_text_go_through(client: AsyncRewardClient, backend: FakeBackend) -> None:
    sample = Sample.model_validate({"id": "\ud800", "completion": "\0\u2028", "tests": TESTS})
    scores = await client.score([sample] * 20)
    assert scores.results[7].id == "\ud800"
    planned = next(iter(backend.batches.values())).plan.samples[0]
    assert planned.id == "\ud800"


async def test_chunks_are_scored_apart_and_put_together(transport: Flaky, backend: FakeBackend) -> None:
    client = AsyncRewardClient("http://127.0.0.1", retry=QUICK, bounds=Bounds(samples=30), transport=transport)
    got: dict[int, str | None] = {}
    scores = await client.score(samples(100), on_result=lambda i, r: got.update({i: r.id}))
    assert len(backend.batches) == len(scores.ids) == 4
    assert [r.id for r in scores.results] == [str(i) for i in range(100)]
    assert got == {i: str(i) for i in range(100)}
    await client.aclose()


@pytest.mark.parametrize(
    "failure", [429, 503, 504, httpx.ConnectError("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x")], ids=repr
)
async def test_passing_failures_are_tried_again_under_one_key(
    client: AsyncRewardClient, transport: Flaky, backend: FakeBackend, failure: Any
) -> None:
    transport.plan = [failure, failure]
    assert (await client.score(samples(3))).rewards == [1.0] * 3
    keys = {r.headers["idempotency-key"] for r in transport.seen}
    assert len(transport.seen) == 3
    assert len(keys) == 1
    assert len(backend.batches) == 1


async def test_patience_ends(transport: Flaky) -> None:
    client = AsyncRewardClient("http://127.0.0.1", retry=Retry(patience_s=0), transport=transport)
    transport.plan = [httpx.ConnectError("no route")]
    with pytest.raises(ConnectionFailed, match="no route"):
        await client.score(samples(1))
    transport.plan = [429]
    with pytest.raises(Overloaded):
        await client.score(samples(1))
    await client.aclose()


async def test_faults_point_at_the_samples_as_given(client: AsyncRewardClient, transport: Flaky) -> None:
    given = samples(40)
    given[33] = {"completion": 5, "tests": {"kind": "nope"}}
    with pytest.raises(InvalidRequest) as caught:
        await client.score(given)
    assert {f.pointer for f in caught.value.faults} == {"/samples/33/completion", "/samples/33/tests/kind"}
    shared = [{"completion": "", "tests": {"kind": "script"}}] * 2
    with pytest.raises(InvalidRequest) as caught:
        await client.score([*samples(1), *shared])
    assert {f.pointer for f in caught.value.faults} == {"/samples/1/tests/code"}
    assert len([r for r in transport.seen if r.method == "POST"]) == 2


async def test_big_test_sets_go_once_by_hash(transport: Flaky, backend: FakeBackend) -> None:
    client = AsyncRewardClient("http://127.0.0.1", retry=QUICK, bounds=Bounds(upload_from=100), transport=transport)
    big = {"kind": "script", "code": "assert f(1) == 1\n" * 100}
    for _ in range(2):
        assert (await client.score(samples(4, tests=big))).rewards == [1.0] * 4
    assert [r.method for r in transport.seen] == ["HEAD", "PUT", "POST", "POST"]
    assert len(transport.seen[-1].content) < 1000
    backend.sets.clear()  # expired
    assert (await client.score(samples(1, tests=big))).rewards == [1.0]
    assert len(backend.sets) == 1
    sha = await client.upload(big)
    assert (await client.score(samples(1, tests={"ref": sha}))).rewards == [1.0]
    await client.aclose()


async def test_named_tests_travel_with_the_chunks_that_use_them(client: AsyncRewardClient, transport: Flaky) -> None:
    scores = await client.score(samples(2, tests="one"), tests={"one": TESTS, "unused": TESTS})
    assert scores.rewards == [1.0, 1.0]
    assert set(json.loads(transport.seen[0].content)["tests"]) == {"one"}


async def test_a_broken_stream_is_taken_up(client: AsyncRewardClient, transport: Flaky, backend: FakeBackend) -> None:
    lines = [result_json(i, str(i), "passed") + b"\n" for i in range(20)]

    async def broken() -> AsyncIterator[bytes]:
        yield b"".join(lines[:5])
        yield lines[5][:30]
        raise httpx.ReadError("gone")

    backend.instant = False
    batch = await client.submit(samples(20))
    backend.batches[batch].results = [line.strip() for line in lines]
    await backend.finish(batch)
    transport.plan = [httpx.Response(200, content=broken())]
    got = [r.index async for r in client.stream(batch)]
    assert got == list(range(20))
    assert [r.url.params["after"] for r in transport.seen if "results" in r.url.path] == ["0", "5"]


async def test_lines_end_with_newlines_alone(client: AsyncRewardClient, transport: Flaky) -> None:
    """A line may hold U+2028 where another server does not escape it."""
    data = json.loads(result_json(0, "x", "passed")) | {"id": "a\u2028b\x85c"}
    transport.plan = [httpx.Response(200, content=json.dumps(data, ensure_ascii=False).encode() + b"\n")]
    assert [r.id async for r in client.stream("b0")] == ["a\u2028b\x85c"]


async def test_a_lost_batch_is_started_again(client: AsyncRewardClient, transport: Flaky, backend: FakeBackend) -> None:
    transport.plan = [None, 404]
    assert (await client.score(samples(20))).rewards == [1.0] * 20
    posts = [r for r in transport.seen if r.method == "POST"]
    assert len(posts) == 2
    assert len(backend.batches) == 1


async def test_another_service_takes_over(transport: Flaky) -> None:
    client = AsyncRewardClient(["http://a", "http://b"], retry=QUICK, transport=transport)
    transport.plan = [httpx.ConnectError("down")]
    assert (await client.score(samples(1))).rewards == [1.0]
    assert {r.url.host for r in transport.seen} == {"a", "b"}
    await client.aclose()


async def test_unknown_batches_are_not_waited_for(client: AsyncRewardClient) -> None:
    with pytest.raises(NotFound):
        await client.status("none")
    with pytest.raises(NotFound):
        await anext(client.stream("none"))
    with pytest.raises(NotFound):
        await client.cancel("none")


async def test_own_time_limit_cancels_the_batch(client: AsyncRewardClient, backend: FakeBackend) -> None:
    backend.instant = False
    with pytest.raises(TimedOut):
        await client.score(samples(20), timeout_s=0.3)
    (batch,) = backend.batches.values()
    assert batch.status == "cancelled"


async def test_being_cancelled_cancels_the_batch(client: AsyncRewardClient, backend: FakeBackend) -> None:
    backend.instant = False
    scoring = asyncio.create_task(client.score(samples(20)))
    while not backend.batches:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    scoring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scoring
    (batch,) = backend.batches.values()
    assert batch.status == "cancelled"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"id": 1}'])
async def test_other_services_are_noticed(client: AsyncRewardClient, transport: Flaky, body: bytes) -> None:
    transport.plan = [httpx.Response(200, content=body)]
    with pytest.raises(UnexpectedAnswer):
        await client.score(samples(1))


async def test_misspelt_options_and_no_samples_are_refused(client: AsyncRewardClient) -> None:
    with pytest.raises(TypeError, match="polcy"):
        await client.score(samples(1), polcy="x")
    with pytest.raises(ValueError, match="no samples"):
        await client.score([])


def test_every_error_status_has_its_error() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, ServiceError)]
    for kind in kinds:
        for status in kind.statuses:
            assert type(errors.from_problem(status, None, None)) is kind
    assert isinstance(errors.from_problem(418, {"type": "t"}, "7"), ClientError)
    assert errors.from_problem(429, {}, "7").retry_after_s == 7
    assert {k.__name__ for k in kinds} - {"ServiceError"} <= set(client_module.__all__)


def test_groups_stay_whole_and_chunks_stay_small() -> None:
    given = [{"completion": "x" * 50, "tests": "t", "group": f"g{i % 7}"} for i in range(70)]
    parts = chunks(given, bounds=Bounds(samples=25))
    assert sorted(p for part in parts for p in part.positions) == list(range(70))
    for part in parts:
        groups = {given[p]["group"] for p in part.positions}
        assert len(part.positions) == 10 * len(groups)
        assert len(part.positions) <= 25
        assert [s["group"] for s in json.loads(part.body)["samples"]] == [given[p]["group"] for p in part.positions]


def test_equal_tests_are_sent_once() -> None:
    (part,) = chunks(samples(50))
    assert part.body.count(b"assert f(1)") == 1


def test_zero_variance_groups_are_counted() -> None:
    def one(group: str | None, reward: float | None) -> SampleResult:
        data = json.loads(result_json(0, None, "passed" if reward else "wrong_answer"))
        return SampleResult.model_validate(data | {"group": group, "reward": reward})

    results = [
        one("a", 1),
        one("a", 1),
        one("b", 1),
        one("b", 0),
        one("c", 1),
        one("d", 1),
        one("d", None),
        one(None, 1),
    ]
    assert summarize(results, 1.0).zero_variance_groups == 1


def test_pauses_grow_with_jitter_and_respect_retry_after() -> None:
    retry = Retry(first_s=1, longest_s=4)
    for failures, most in ((1, 1), (2, 2), (3, 4), (9, 4)):
        assert all(0 <= retry.pause_s(failures, None) <= most for _ in range(50))
    assert retry.pause_s(1, 7) >= 7


def test_doubles_score_without_a_service() -> None:
    fake = FakeRewardClient(lambda s: "passed" if "return" in s["completion"] else "invalid", thinking=0.5)
    assert fake.score([{"completion": "return 1"}, {"completion": "no"}]).rewards == [1.5, None]
    assert len(fake.calls) == 1
    assert asyncio.run(AsyncFakeRewardClient().score(samples(2))).rewards == [1.0, 1.0]


def test_the_blocking_client_is_pickled_by_its_arguments() -> None:
    with RewardClient(["http://127.0.0.1:1"], api_key="k", retry=Retry(patience_s=0)) as client:
        copy = pickle.loads(pickle.dumps(client))
        for one in (client, copy):
            with pytest.raises(ConnectionFailed):
                one.score(samples(1))
        copy.close()
