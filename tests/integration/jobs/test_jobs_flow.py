"""Batches from admission to their summary, with real workers around a fake sandbox."""

from __future__ import annotations

import asyncio
import hashlib
import json

import pytest
from jobs_api import Api, api_process, eventually, finished
from jobs_fakes import TESTS_SHA, Service, plan, sample

from proctor.errors import InvalidRequest, NotFound, Unavailable
from proctor.jobs.admit import TESTS_OUTLAST_S
from proctor.judge import outcome as outcomes
from proctor.judge.outcome import Outcome
from proctor.wire import CaseResult, SampleResult, Verdict


async def test_a_batch_is_run_and_summed_up(queue: Service, api: Api) -> None:
    queue.start("worker")
    batch_id = await api.batches.admit("me", plan(["pass note=1", "fail note=2", "pass note=3"]), detached=True)
    state, results = await finished(api, batch_id)
    assert [r["verdict"] for r in results] == ["passed", "wrong_answer", "passed"]
    assert [r["reward"] for r in results] == [1.0, 0.0, 1.0]
    assert state.status == "done"
    assert state.summary is not None
    assert (state.summary.samples, state.summary.passed, state.summary.failed) == (3, 2, 1)
    assert state.provenance is not None
    assert (state.provenance.image, state.provenance.tier) == ("sha256:fake", "B")
    for r in results:
        SampleResult.model_validate(r)
        assert 0 <= r["timing"]["queue_s"] <= r["timing"]["total_s"] < 30


async def test_identical_samples_of_a_batch_run_once(queue: Service, api: Api) -> None:
    queue.start("worker")
    batch_id = await api.batches.admit("me", plan(["pass", "fail", "pass", "pass"]), detached=True)
    _, results = await finished(api, batch_id)
    assert [r["verdict"] for r in results] == ["passed", "wrong_answer", "passed", "passed"]
    assert sorted(queue.runs()) == ["fail", "pass"]


async def test_batches_in_flight_share_units_but_owners_never(queue: Service, api: Api) -> None:
    codes = ["sleep=0.8 note=shared"]
    first = await api.batches.admit("me", plan(codes), detached=True)
    waiting = await api.batches.admit("me", plan(codes), detached=True)
    other = await api.batches.admit("you", plan(codes, owner="you"), detached=True)
    queue.start("worker")
    await eventually(queue.runs)
    running = await api.batches.admit("me", plan(codes), detached=True)
    for batch_id in (first, waiting, running):
        _, results = await finished(api, batch_id)
        assert [r["verdict"] for r in results] == ["passed"]
    await finished(api, other, owner="you")
    assert len(queue.runs()) == 2  # one for each owner


async def test_a_batch_admitted_while_an_outcome_is_finished_gets_it(queue: Service) -> None:
    """The outcome lies in the stream and no finisher is there yet: the unit must neither be lost nor run again."""
    codes = ["pass note=late"]
    async with api_process(queue, finish=False) as api:
        queue.start("worker")
        first = await api.batches.admit("me", plan(codes), detached=True)
        for _ in range(500):
            if await api.redis.xlen("test:outcomes"):
                break
            await asyncio.sleep(0.02)
        second = await api.batches.admit("me", plan(codes), detached=True)
    async with api_process(queue) as api:
        for batch_id in (first, second):
            _, results = await finished(api, batch_id)
            assert results[0]["verdict"] == "passed"
        third = await api.batches.admit("me", plan(codes), detached=True)
        await finished(api, third)
    assert len(queue.runs()) == 2  # the third came after all was forgotten


async def test_outcomes_known_without_running_need_no_worker(api: Api) -> None:
    no_code = Outcome(verdict=Verdict.NO_CODE, cases=(CaseResult(verdict=Verdict.NOT_RUN),))
    samples = [sample(0, None, known=no_code), sample(1, None, known=outcomes.tests_invalid("no tests"))]
    batch_id = await api.batches.admit("me", plan([], samples=samples), detached=True)
    state, results = await finished(api, batch_id)
    assert [(r["verdict"], r["reward"]) for r in results] == [("no_code", 0.0), ("invalid", None)]
    assert results[1]["error"] == {"code": "tests_invalid", "message": "no tests"}
    assert state.summary is not None
    assert (state.summary.failed, state.summary.invalid) == (1, 1)


async def test_odd_text_survives_as_ascii(queue: Service, api: Api) -> None:
    queue.start("worker")
    odd = "\ud800\x00\u2028\x1b[31m"
    batch_id = await api.batches.admit("me", plan([], samples=[sample(0, "pass", id=odd, group=odd)]), detached=True)
    await finished(api, batch_id)
    (line,) = await api.batches.results("me", batch_id)
    assert line.isascii()
    assert b"\n" not in line
    assert json.loads(line)["id"] == odd


async def test_groups_without_variance_are_counted(queue: Service, api: Api) -> None:
    queue.start("worker")
    spec = [("pass note=1", "a"), ("pass note=2", "a"), ("pass note=3", "b"), ("fail note=4", "b"), ("fail", "c")]
    samples = [sample(i, code, group=group) for i, (code, group) in enumerate(spec)]
    batch_id = await api.batches.admit("me", plan([], samples=samples), detached=True)
    state, _ = await finished(api, batch_id)
    assert state.summary is not None
    assert state.summary.zero_variance_groups == 1


async def test_results_resume_and_belong_to_their_owner(queue: Service, api: Api) -> None:
    queue.start("worker")
    batch_id = await api.batches.admit("me", plan([f"pass note={i}" for i in range(25)]), detached=True)
    await finished(api, batch_id)
    every = await api.batches.results("me", batch_id)
    assert await api.batches.results("me", batch_id, 10, 5) == every[10:15]
    for call in (api.batches.status, api.batches.results, api.batches.cancel):
        with pytest.raises(NotFound):
            await call("you", batch_id)
    with pytest.raises(NotFound):
        await api.batches.status("me", "nonesuch")


async def test_test_sets_belong_to_who_sent_them(api: Api) -> None:
    body = b'{"kind": "stdio", "cases": []}'
    sha = hashlib.sha256(body).hexdigest()
    with pytest.raises(InvalidRequest):
        await api.batches.put_test_set("me", "0" * 64, body)
    assert await api.batches.put_test_set("me", sha, body)
    assert not await api.batches.put_test_set("me", sha, body)
    assert await api.batches.has_test_set("me", sha)
    assert not await api.batches.has_test_set("you", sha)
    assert await api.batches.test_sets("me", [sha, "0" * 64]) == {sha: body}
    assert await api.batches.test_sets("you", [sha]) == {}


async def test_ready_means_a_live_worker_with_a_sandbox(queue: Service, api: Api) -> None:
    with pytest.raises(Unavailable):
        await api.batches.ready()
    queue.start("worker")
    for _ in range(600):
        if workers := await api.batches.workers():
            break
        await asyncio.sleep(0.05)
    assert [(w.provider, w.tier, w.image) for w in workers] == [("fake", "B", "sha256:fake")]
    await api.batches.ready()


async def test_nothing_is_left_in_redis_without_an_end(queue: Service, api: Api) -> None:
    """When all is done, what has no TTL is a handful of keys whose size does not grow with the work."""
    queue.start("worker")
    for n in range(3):
        batch_id = await api.batches.admit("me", plan([f"pass note={n}-{i}" for i in range(300)]), detached=True)
        await finished(api, batch_id)

    async def sizes() -> dict[str, int]:
        found = {}
        async for key in api.redis.scan_iter():
            if await api.redis.ttl(key) == -1:
                found[key.decode()] = await api.redis.memory_usage(key)
        return found

    for _ in range(50):
        left = await sizes()
        if "test:units" not in left and "test:specs" not in left:
            break
        await asyncio.sleep(0.1)
    assert set(left) <= {
        *("test:outcomes", "test:tickets", "test:workers", "test:owners"),
        *("rq:workers", "rq:workers:test", "rq:queues", "rq:clean_groups"),
    }, left
    assert sum(left.values()) < 20_000


async def test_test_sets_stay_as_long_as_a_batch_may_need_them(api: Api) -> None:
    """And not a day longer: the next batch with the same tests keeps them for itself."""
    key = f"test:t:me:{TESTS_SHA}"
    await api.batches.admit("me", plan(["pass"], deadline_s=600), detached=True)
    first = await api.redis.ttl(key)
    assert 600 < first <= 600 + TESTS_OUTLAST_S
    await api.batches.admit("me", plan(["pass note=2"], deadline_s=60), detached=True)
    assert await api.redis.ttl(key) > first - 30  # never shortened
    await api.batches.admit("me", plan(["pass note=3"], deadline_s=9000), detached=True)
    assert await api.redis.ttl(key) > 9000
