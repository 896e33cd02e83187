"""Processes die, Redis goes away, sandboxes are lost: nothing is lost, doubled or changed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from jobs_api import Api, api_process, eventually, finished, workers_up
from jobs_fakes import GONE, STUB_FAILS, Service, plan

from proctor.errors import Unavailable
from proctor.jobs.batches import State


async def some_done(api: Api, batch_id: str, count: int) -> State:
    for _ in range(1000):
        if (state := await api.batches.status("me", batch_id)).done >= count:
            return state
        await asyncio.sleep(0.02)
    raise AssertionError("no progress")


async def test_a_killed_worker_loses_nothing(queue: Service, api: Api) -> None:
    (victim,) = await workers_up(queue, api)
    codes = [f"{'fail' if i % 3 == 0 else 'pass'} sleep=0.03 note={i}" for i in range(120)]
    batch_id = await api.batches.admit("me", plan(codes), detached=True)
    await some_done(api, batch_id, 20)
    victim.kill()
    victim.wait()
    killed = time.monotonic()
    ran = len(queue.runs())
    queue.start("worker")
    state, results = await finished(api, batch_id, timeout_s=40)
    assert [r["verdict"] for r in results] == ["wrong_answer" if i % 3 == 0 else "passed" for i in range(120)]
    assert state.summary is not None
    assert state.summary.invalid == 0
    again = [n for n in Counter(queue.runs()).values() if n > 1]
    print(f"{ran} had run, {len(again)} ran again; done {time.monotonic() - killed:.1f} s after the kill")
    assert len(again) < 15  # what was in hand or not yet sent, not the whole batch


async def test_recovery_starts_within_five_seconds(queue: Service, api: Api) -> None:
    (victim, _) = await workers_up(queue, api, 2)
    batch_id = await api.batches.admit(
        "me", plan(["sleep=30 note=a", "sleep=30 note=b"], wall_s=31, deadline_s=90), detached=True
    )
    await eventually(lambda: len(queue.runs()) == 2)
    victim.kill()
    queue.start("worker")
    killed = time.monotonic()
    await eventually(lambda: len(queue.runs()) == 3, 5)
    print(f"run again {time.monotonic() - killed:.2f} s after the kill")
    await api.batches.cancel("me", batch_id)


async def test_a_killed_finisher_loses_nothing(queue: Service) -> None:
    async with api_process(queue, finish=False) as api:
        await workers_up(queue, api)
        finisher = queue.start("finisher")
        codes = [f"pass sleep=0.01 note={i}" for i in range(300)]
        batch_id = await api.batches.admit("me", plan(codes), detached=True)
        for done in (30, 90, 150):
            await some_done(api, batch_id, done)
            finisher.kill()
            finisher.wait()
            finisher = queue.start("finisher")
        state, results = await finished(api, batch_id, timeout_s=40)
        assert {r["verdict"] for r in results} == {"passed"}
        assert state.summary is not None
        assert state.summary.passed == 300
        assert len(queue.runs()) == 300  # nothing ran twice


async def test_a_redis_restart_with_aof(queue: Service, api: Api) -> None:
    await workers_up(queue, api, 2)
    codes = [f"pass sleep=0.02 note={i}" for i in range(200)]
    batch_id = await api.batches.admit("me", plan(codes), detached=True)
    await some_done(api, batch_id, 20)
    for number in (signal.SIGTERM, signal.SIGKILL):
        queue.stop_redis(number)
        await asyncio.sleep(1.0)
        queue.start_redis()
        back = time.monotonic()
        await asyncio.sleep(0.5)
    state, results = await finished(api, batch_id, timeout_s=40)
    assert {r["verdict"] for r in results} == {"passed"}
    assert state.summary is not None
    print(f"done {time.monotonic() - back:.1f} s after Redis was back; {len(queue.runs())} runs of 200 units")
    assert len(await api.batches.workers()) == 2


async def test_thirty_seconds_without_redis(queue: Service, api: Api) -> None:
    """Longer than any lease: outcomes are kept by the worker and taken when Redis is back."""
    await workers_up(queue, api)
    codes = [f"pass sleep=0.5 note={i}" for i in range(12)]
    batch_id = await api.batches.admit("me", plan(codes), detached=True)
    await some_done(api, batch_id, 1)
    queue.stop_redis()
    await asyncio.sleep(30)
    queue.start_redis()
    _, results = await finished(api, batch_id, timeout_s=40)
    assert {r["verdict"] for r in results} == {"passed"}
    assert len(await api.batches.workers()) == 1  # the same process
    assert all(p.poll() is None for p in queue.processes)


async def test_sigterm_hands_back_what_has_not_ended(queue: Service, api: Api) -> None:
    (worker,) = await workers_up(queue, api)
    codes = ["sleep=8 note=long", *(f"sleep=0.05 note={i}" for i in range(20))]
    batch_id = await api.batches.admit("me", plan(codes), detached=True)
    await eventually(queue.runs)
    worker.send_signal(signal.SIGTERM)
    await eventually(lambda: worker.poll() is not None, 4)
    assert worker.returncode == 0
    assert not await api.batches.workers()
    assert not await api.redis.zcard("test:leases")  # handed back, not left to expire
    await workers_up(queue, api)
    _, results = await finished(api, batch_id, timeout_s=30)
    assert {r["verdict"] for r in results} == {"passed"}


async def test_an_idle_worker_ends_at_once(queue: Service, api: Api) -> None:
    (worker,) = await workers_up(queue, api)
    await asyncio.sleep(0.5)
    worker.send_signal(signal.SIGTERM)
    await eventually(lambda: worker.poll() is not None, 2)
    assert worker.returncode == 0


async def test_code_that_takes_its_sandbox_down_gets_a_verdict_and_poisons_nothing(queue: Service, api: Api) -> None:
    await workers_up(queue, api)
    codes = ["lose", *(f"pass note={i}" for i in range(20))]
    batch_id = await api.batches.admit("me", plan(codes), detached=True)
    _, results = await finished(api, batch_id)
    assert (results[0]["verdict"], results[0]["reward"], results[0]["flags"]) == (
        "runtime_error",
        0.0,
        ["sandbox_lost"],
    )
    assert {r["verdict"] for r in results[1:]} == {"passed"}
    counts = Counter(queue.runs())
    assert counts.pop("lose") == 3  # once in a shard, twice alone
    assert set(counts.values()) == {1}


async def test_a_worker_without_work_gets_another_sandbox(queue: Service, api: Api, tmp_path: Path) -> None:
    """Not only once a unit asks for one: a sandbox that comes finds somebody who listens."""
    gone = tmp_path / "gone"
    await workers_up(queue, api, **{GONE: str(gone)})
    for _ in range(2):
        gone.touch()
        await eventually(lambda: not gone.exists(), 5)
        await asyncio.sleep(1)
        for _ in range(50):
            if await api.batches.workers():
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("the worker waits for work without a sandbox")
    batch_id = await api.batches.admit("me", plan(["pass"]), detached=True)
    _, results = await finished(api, batch_id, timeout_s=10)
    assert [r["verdict"] for r in results] == ["passed"]


async def test_a_sandbox_lost_once_is_a_rerun(queue: Service, api: Api) -> None:
    await workers_up(queue, api)
    marker = queue.folder / "lost"
    batch_id = await api.batches.admit("me", plan([f"lose-once={marker}", "pass"]), detached=True)
    _, results = await finished(api, batch_id)
    assert [r["verdict"] for r in results] == ["passed", "passed"]


async def test_where_the_control_fails_it_is_not_the_code(queue: Service, api: Api) -> None:
    """Sandboxes go away for good after the first loss: the sample ends as ours at its deadline, never as the code's."""
    await workers_up(queue, api)
    batch_id = await api.batches.admit("me", plan(["lose-down"], deadline_s=4, wall_s=1), detached=True)
    _, results = await finished(api, batch_id, timeout_s=15)
    assert results[0]["error"]["code"] == "sandbox_unavailable"
    assert results[0]["reward"] is None
    assert not await api.batches.workers()  # without a sandbox it is not live
    queue.down_file.unlink()
    again = await api.batches.admit("me", plan(["pass"]), detached=True)
    await finished(api, again, timeout_s=15)


async def test_code_that_breaks_our_judging_earns_no_invalid(queue: Service, api: Api) -> None:
    """An exception of ours, again and again for this code alone, while a control and a stub with its tests pass."""
    await workers_up(queue, api)
    marker = queue.folder / "crashed"
    codes = ["crash", f"crash-once={marker}", *(f"pass note={i}" for i in range(20))]
    batch_id = await api.batches.admit("me", plan(codes), detached=True)
    _, results = await finished(api, batch_id)
    assert (results[0]["verdict"], results[0]["reward"], results[0]["flags"]) == (
        "runtime_error",
        0.0,
        ["judging_broken"],
    )
    assert {r["verdict"] for r in results[1:]} == {"passed"}  # what crashed once ran again
    counts = Counter(queue.runs())
    assert counts.pop("crash") == 3  # once in a shard, twice alone
    assert counts.pop(f"crash-once={marker}") == 2
    assert set(counts.values()) == {1}


async def test_a_fault_of_our_own_is_never_the_codes(queue: Service, api: Api) -> None:
    """Our judging fails at these tests whatever the code is."""
    await workers_up(queue, api, **{STUB_FAILS: "1"})
    batch_id = await api.batches.admit("me", plan(["crash", "pass"]), detached=True)
    _, results = await finished(api, batch_id)
    assert [(r["verdict"], r["reward"]) for r in results] == [("invalid", None), ("passed", 1.0)]


async def test_a_full_redis_ends_what_is_under_way(queue: Service, api: Api) -> None:
    """At maxmemory (noeviction) new batches are refused; what was admitted is finished all the same."""
    await workers_up(queue, api)
    batch_id = await api.batches.admit("me", plan([f"pass sleep=0.02 note={i}" for i in range(200)]), detached=True)
    await some_done(api, batch_id, 5)
    await api.redis.config_set("maxmemory", "1")
    with pytest.raises(Unavailable):
        await api.batches.admit("you", plan(["pass"], owner="you"), detached=True)
    _, results = await finished(api, batch_id)
    assert {r["verdict"] for r in results} == {"passed"}
    await api.redis.config_set("maxmemory", "0")
    again = await api.batches.admit("you", plan(["pass"], owner="you"), detached=True)
    await finished(api, again, owner="you")
