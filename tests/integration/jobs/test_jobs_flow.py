"""Batches from admission to their summary, with real workers around a fake sandbox."""

from __future__ import annotations

from jobs_api import Api, finished
from jobs_fakes import Service, plan


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
