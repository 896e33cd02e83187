"""Cancel, deadline, back-pressure, fair shares, idempotency."""

from __future__ import annotations

import asyncio
import time

import pytest
from jobs_api import Api, api_process, eventually, finished, workers_up
from jobs_fakes import Service, plan

from proctor.errors import IdempotencyClash, NotFound, Overloaded, Unavailable
from proctor.jobs.admit import Admission
from proctor.judge.plan import Plan
from proctor.settings import Settings


async def until_running(queue: Service, count: int = 1) -> None:
    await eventually(lambda: len(queue.runs()) >= count)


async def test_cancel_kills_what_runs_and_drops_what_waits(queue: Service, api: Api) -> None:
    queue.start("worker")
    batch_id = await api.batches.admit("me", plan([f"sleep=20 note={i}" for i in range(40)], wall_s=30), detached=True)
    await until_running(queue)
    began = time.monotonic()
    await api.batches.cancel("me", batch_id)
    state, results = await finished(api, batch_id)
    assert state.status == "cancelled"
    assert {(r["verdict"], r["reward"], r["error"]["code"]) for r in results} == {("invalid", None, "cancelled")}
    await eventually(lambda: queue.runs("killed"), 2.0)
    assert time.monotonic() - began < 2.0
    assert len(queue.runs()) == 1
    again = await api.batches.admit("me", plan(["pass"]), detached=True)  # the slot is free
    await finished(api, again, timeout_s=3)
    await api.batches.cancel("me", batch_id)  # a second time changes nothing
    assert (await api.batches.status("me", batch_id)).status == "cancelled"
    assert not await api.redis.hlen("test:units")


async def test_cancel_spares_units_that_another_batch_waits_for(queue: Service, api: Api) -> None:
    codes = [f"sleep=0.6 note={i}" for i in range(4)]
    doomed = await api.batches.admit("me", plan(codes), detached=True)
    spared = await api.batches.admit("me", plan(codes), detached=True)
    queue.start("worker")
    await until_running(queue)
    await api.batches.cancel("me", doomed)
    _, results = await finished(api, spared)
    assert {r["verdict"] for r in results} == {"passed"}
    _, cancelled = await finished(api, doomed)
    assert {r["verdict"] for r in cancelled} <= {"passed", "invalid"}
    assert len(queue.runs()) == 4
    assert not queue.runs("killed")


async def test_cancel_while_units_are_still_activated(
    queue: Service, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More units than are activated at once, and nobody activates the rest before the cancel."""

    async def stall(*_: object) -> None:
        return None

    monkeypatch.setattr(Admission, "_activate", stall)
    batch_id = await api.batches.admit("me", plan([f"pass note={i}" for i in range(900)]), detached=True)
    await api.batches.cancel("me", batch_id)
    state, results = await finished(api, batch_id)
    assert state.status == "cancelled"
    assert {r["error"]["code"] for r in results} == {"cancelled"}
    await asyncio.sleep(6)  # the sweeper looks at what is half-activated
    assert await api.redis.exists("test:units", "test:activating", f"test:b:{batch_id}:q") == 0


async def test_units_that_an_api_process_left_unactivated_run(
    queue: Service, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stall(*_: object) -> None:
        return None

    monkeypatch.setattr(Admission, "_activate", stall)
    queue.start("worker")
    batch_id = await api.batches.admit("me", plan([f"pass note={i}" for i in range(900)]), detached=True)
    state, _ = await finished(api, batch_id, timeout_s=20)
    assert state.summary is not None
    assert state.summary.passed == 900


async def test_what_cannot_start_in_time_ends_at_its_deadline(queue: Service, api: Api) -> None:
    await workers_up(queue, api)
    codes = ["sleep=1.5 note=a", "sleep=1.5 note=b", "sleep=1.5 note=c", "sleep=1.5 note=d"]
    began = time.monotonic()
    batch_id = await api.batches.admit("me", plan(codes, deadline_s=4.0, wall_s=2.0), detached=True)
    state, results = await finished(api, batch_id)
    verdicts = [r["verdict"] for r in results]
    assert verdicts.count("passed") == 2  # the first at 0 s, the second at 1.5 s; the third could not end by 4 s
    assert {r["error"]["code"] for r in results if r["error"]} == {"deadline_exceeded"}
    assert time.monotonic() - began < 6.0
    assert len(queue.runs()) == 2  # "deadline_exceeded" never ran
    assert state.summary is not None
    assert state.summary.invalid == 2


async def test_without_workers_a_batch_ends_at_its_deadline(api: Api) -> None:
    batch_id = await api.batches.admit("me", plan(["pass"], deadline_s=1.0, wall_s=0.5), detached=True)
    _, results = await finished(api, batch_id, timeout_s=5)
    assert results[0]["error"]["code"] == "deadline_exceeded"


async def test_a_later_batch_saves_a_unit_whose_first_deadline_passed(queue: Service, api: Api) -> None:
    codes = ["pass note=x"]
    early = await api.batches.admit("me", plan(codes, deadline_s=1.0, wall_s=0.5), detached=True)
    await finished(api, early, timeout_s=5)
    late = await api.batches.admit("me", plan(codes, deadline_s=30, wall_s=0.5), detached=True)
    queue.start("worker")
    _, results = await finished(api, late)
    assert results[0]["verdict"] == "passed"


async def test_the_queue_is_bounded_and_nobody_is_kept_out(queue: Service) -> None:
    def batch(owner: str, name: str, count: int) -> Plan:
        return plan([f"pass note={owner}{name}{i}" for i in range(count)], owner=owner)

    async with api_process(queue, max_waiting_samples=100) as api:
        first = await api.batches.admit("me", batch("me", "a", 100), detached=True)
        with pytest.raises(Overloaded) as refused:  # full
            await api.batches.admit("me", batch("me", "b", 1), detached=True)
        assert refused.value.retry_after_s is not None
        assert 1 <= refused.value.retry_after_s <= 60
        second = await api.batches.admit("you", batch("you", "a", 40), detached=True)  # half of it is yours
        with pytest.raises(Overloaded):
            await api.batches.admit("you", batch("you", "b", 11), detached=True)
        third = await api.batches.admit("they", batch("they", "a", 60), detached=True)
        with pytest.raises(Overloaded):  # twice full, whoever it is
            await api.batches.admit("she", batch("she", "a", 10), detached=True)
        queue.start("worker")
        for batch_id, owner in ((first, "me"), (second, "you"), (third, "they")):
            await finished(api, batch_id, owner=owner)
        await api.batches.admit("she", batch("she", "a", 20), detached=True)


async def test_room_in_the_queue_goes_by_share(queue: Service) -> None:
    async with api_process(queue, max_waiting_samples=90) as api:
        await api.batches.admit("me", plan(["pass"]), detached=True)
        made = [plan([f"pass note={n}{i}" for i in range(30)], owner="you") for n in range(3)]
        for part in made[:2]:
            await api.batches.admit("you", part, detached=True, share=2.0)
        with pytest.raises(Overloaded):  # 90 of 90; two thirds of it are 60
            await api.batches.admit("you", made[2], detached=True, share=2.0)


async def test_a_greedy_run_does_not_starve_another(queue: Service, api: Api) -> None:
    """A run of 300 slow samples came first; a later run of 60 quick ones gets half of the sandbox time."""
    greedy = await api.batches.admit(
        "me", plan([f"sleep=0.06 note=g{i}" for i in range(300)], run="greedy"), detached=True
    )
    queue.start("worker")
    await until_running(queue, 10)
    began = time.monotonic()
    modest = await api.batches.admit(
        "me", plan([f"sleep=0.02 note=m{i}" for i in range(60)], run="modest"), detached=True
    )
    await finished(api, modest)
    took = time.monotonic() - began
    codes = queue.runs()
    first = next(i for i, code in enumerate(codes) if "note=m" in code)
    last = max(i for i, code in enumerate(codes) if "note=m" in code)
    during = codes[first : last + 1]
    theirs = sum(0.06 for code in during if "note=g" in code)
    share = 60 * 0.02 / (theirs + 60 * 0.02)
    print(f"share of the modest run {share:.2f}, done after {took:.2f} s (alone 1.2 s, last in line 18 s)")
    assert 0.35 < share < 0.75
    await api.batches.cancel("me", greedy)


async def test_owners_share_equally_whatever_their_runs(queue: Service, api: Api) -> None:
    for run in range(5):
        codes = [f"sleep=0.02 note=a{run}-{i}" for i in range(40)]
        await api.batches.admit("me", plan(codes, run=f"run {run}"), detached=True)
    one = await api.batches.admit("you", plan([f"sleep=0.02 note=b{i}" for i in range(40)], owner="you"), detached=True)
    queue.start("worker")
    await finished(api, one, owner="you")
    codes = queue.runs()
    last = max(i for i, code in enumerate(codes) if "note=b" in code)
    share = 40 / (last + 1)
    print(f"share of the owner with one run {share:.2f}")
    assert 0.4 < share < 0.7


@pytest.mark.parametrize("share", [0.5, 1.0, 3.0])
async def test_owners_get_sandbox_time_by_share(queue: Service, api: Api, share: float) -> None:
    """Both have more waiting than is run: once their cost is known, `share` to 1 of the runs are the first owner's."""
    for owner, weight in (("me", share), ("you", 1.0)):
        made = plan([f"sleep=0.015 note={owner}{i}" for i in range(200)], owner=owner)
        await api.batches.admit(owner, made, detached=True, share=weight)
    queue.start("worker")
    await until_running(queue, 200)
    mine = sum("note=me" in code for code in queue.runs()[60:200]) / 140
    print(f"share {share}: {mine:.2f} of the sandbox time")
    assert abs(mine - share / (share + 1)) < 0.15


async def test_many_runs_do_not_hide_another_owner(queue: Service, api: Api) -> None:
    """More lanes than a take looks at, all of them fresh, beside one that has been served."""
    one = await api.batches.admit("you", plan([f"sleep=0.02 note=b{i}" for i in range(30)], owner="you"), detached=True)
    queue.start("worker")
    await until_running(queue, 3)
    for run in range(150):
        await api.batches.admit("me", plan([f"sleep=0.02 note=a{run}"], run=f"run {run}"), detached=True)
    await finished(api, one, owner="you")
    codes = queue.runs()
    last = max(i for i, code in enumerate(codes) if "note=b" in code)
    print(f"done as number {last + 1} of 180")
    assert last < 100


async def test_priority_rules_within_an_owner(queue: Service, api: Api) -> None:
    low = await api.batches.admit("me", plan([f"sleep=0.01 note=l{i}" for i in range(80)]), detached=True)
    high = await api.batches.admit("me", plan([f"sleep=0.01 note=h{i}" for i in range(20)], priority=5), detached=True)
    queue.start("worker")
    await finished(api, low)
    await finished(api, high)
    assert all("note=h" in code for code in queue.runs()[:20])


async def test_no_worker_idles_while_another_hoards(queue: Service, api: Api) -> None:
    """One long unit at the head of a shard does not keep the rest of it from other workers."""
    await workers_up(queue, api, 2)
    warm = await api.batches.admit("me", plan([f"pass note=w{i}" for i in range(200)]), detached=True)  # cheap so far
    await finished(api, warm)
    began = time.monotonic()
    codes = [f"sleep={2 if i == 0 else 0.02} note={i}" for i in range(60)]
    batch_id = await api.batches.admit("me", plan(codes), detached=True)
    await finished(api, batch_id)
    assert time.monotonic() - began < 3.0  # 2 s, not 2 s and half of the rest


# idempotency


async def test_a_resend_is_the_same_batch(queue: Service, api: Api) -> None:
    queue.start("worker")

    async def send(body: str, codes: list[str]) -> str:
        return await api.batches.admit("me", plan(codes), idempotency_key="k", body_sha256=body, detached=True)

    first = await send("b1", ["pass"])
    assert await send("b1", ["pass"]) == first
    with pytest.raises(IdempotencyClash):
        await send("b2", ["fail"])
    with pytest.raises(IdempotencyClash):
        await api.batches.known("me", "k", "b2")
    assert await api.batches.known("me", "k", "b1") == first
    assert await api.batches.known("you", "k", "b1") is None
    await finished(api, first)
    assert await send("b1", ["pass"]) == first
    assert queue.runs() == ["pass"]


@pytest.mark.parametrize("size", [1, 1000])
async def test_parallel_resends_make_one_batch(api: Api, size: int) -> None:
    made = plan([f"pass note={i}" for i in range(size)])
    sends = [api.batches.admit("me", made, idempotency_key="k", body_sha256="b", detached=True) for _ in range(8)]
    assert len(set(await asyncio.gather(*sends))) == 1
    assert await api.redis.hget("test:load", "me") == str(size).encode()


async def test_a_resend_after_a_crash_in_mid_admission(queue: Service, api: Api) -> None:
    """An API process dies between two pieces; what it left is invisible, and dropped, and the resend works."""

    class Died(BaseException):
        pass

    class Dying(Admission):
        def _pieces(self, *args):  # type: ignore[no-untyped-def]
            pieces = super()._pieces(*args)
            yield next(pieces)
            yield next(pieces)
            raise Died

    made = plan([f"pass note={i}" for i in range(1000)])
    settings: Settings = api.settings
    with pytest.raises(Died):
        await Dying(api.redis, settings).admit("me", made, "k", "b")
    (left,) = [key async for key in api.redis.scan_iter("test:b:*") if key.count(b":") == 2]
    with pytest.raises(NotFound):
        await api.batches.status("me", left.decode().removeprefix("test:b:"))
    assert await api.batches.known("me", "k", "b") is None
    queue.start("worker")
    began = time.monotonic()
    batch_id = await api.batches.admit("me", made, idempotency_key="k", body_sha256="b", detached=True)
    assert time.monotonic() - began < 8
    state, _ = await finished(api, batch_id)
    assert state.summary is not None
    assert state.summary.passed == 1000
    assert not await api.redis.exists(left)
    assert await api.redis.hget("test:load", "me") is None


async def test_a_half_admitted_batch_is_dropped(api: Api) -> None:
    made = plan([f"pass note={i}" for i in range(1000)])
    admission = Admission(api.redis, api.settings)
    begin = admission._begin("half", "me", made, None, None)
    pieces = admission._pieces("half", "me", made)
    await admission._scripts.pipeline([begin, next(pieces), next(pieces)])
    assert await api.redis.hget("test:load", "me") == b"1000"
    for _ in range(80):
        if not [key async for key in api.redis.scan_iter("test:b:*")]:
            break
        await asyncio.sleep(0.1)
    assert not [key async for key in api.redis.scan_iter("test:b:*")]
    assert await api.redis.hget("test:load", "me") is None


async def test_redis_away_is_unavailable(queue: Service, api: Api) -> None:
    queue.stop_redis()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(api.batches.admit("me", plan(["pass"]), detached=True), 20)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(api.batches.ready(), 20)
    queue.start_redis()
    queue.start("worker")
    batch_id = await api.batches.admit("me", plan(["pass"]), detached=True)
    await finished(api, batch_id)
