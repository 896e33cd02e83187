"""A write to Redis is not code in a worker: what an attacker with Redis access would enqueue shows nothing."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from jobs_api import Api, finished, workers_up
from jobs_fakes import Service, plan
from rq import Queue
from rq.job import Job
from rq.registry import ReadyJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import utcformat

from proctor.jobs import scripts, ticket
from proctor.jobs.ticket import DATA, Refused, Ticket
from proctor.worker.rq_worker import TicketWorker


class Exploit:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (self.command,)


def raw_job(client: redis.Redis, job_id: str, data: bytes, **fields: bytes | str) -> None:
    """A job as an attacker writes it."""
    now = utcformat(datetime.now(UTC))
    hash_ = {"data": data, "created_at": now, "enqueued_at": now, "origin": "test", "status": "queued", **fields}
    client.hset(f"rq:job:{job_id}", mapping=hash_)  # type: ignore[arg-type]
    client.rpush("rq:queue:test", job_id)


def attacks(touch: str) -> dict[str, tuple[bytes, dict[str, bytes | str]]]:
    """Job data and further fields, by name; each would leave a file if it worked."""
    call = json.dumps(["os.system", None, [touch], {}]).encode()
    evil = pickle.dumps(Exploit(touch))
    callbacks = {f"{when}_callback_name": "os.system" for when in ("success", "failure", "stopped")}
    webhook = json.dumps([{"url": "http://127.0.0.1:9/", "job_status": s} for s in ("finished", "failed")])
    return {
        "json": (call, {}),
        "compressed": (zlib.compress(call), {}),
        "pickled call": (pickle.dumps(("os.system", None, (touch,), {})), {}),
        "pickle bomb": (evil, {}),
        "instance": (json.dumps(["system", "os", [touch], {}]).encode(), {}),
        "ticket with arguments": (json.dumps(["proctor.jobs.ticket.drain", None, [touch], {}]).encode(), {}),
        "callbacks": (DATA, {**callbacks, "success_callback_timeout": "60"}),
        "failing with callbacks": (call, dict(callbacks)),
        "webhooks": (DATA, {"webhooks": webhook}),
        "pickled meta and result": (DATA, {"meta": evil, "result": evil, "exc_info": evil}),
        "dependencies": (DATA, {"dependency_ids": json.dumps(["x"]), "allow_dependency_failures": "1"}),
        "retries": (call, {"retries_left": "3", "repeats_left": "3", "repeat_intervals": "[0]"}),
        "rate limit": (DATA, {"rate_limit_key": "k", "rate_limit_concurrency": "1", "group_id": "g"}),
        "malformed": (b"\xff\xfe", {"timeout": "soon", "status": "nonesuch", "created_at": "never"}),
    }


async def test_nothing_that_is_enqueued_runs(queue: Service, api: Api) -> None:
    (worker,) = await workers_up(queue, api)
    target = queue.folder / "pwned"
    client = queue.client()
    for name, (data, fields) in attacks(f"touch {target}").items():
        raw_job(client, f"attack {name}".replace(" ", "-"), data, **fields)
    Queue("test", connection=client).enqueue("os.system", f"touch {target}")
    Queue("test", connection=client, serializer=JSONSerializer).enqueue("os.system", f"touch {target}")
    for _ in range(200):
        if not client.llen("rq:queue:test"):
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    assert not client.llen("rq:queue:test")
    assert not target.exists()
    batch_id = await api.batches.admit("me", plan(["pass"]), detached=True)  # and the worker still works
    await finished(api, batch_id)
    assert worker.poll() is None


async def test_maintenance_runs_nothing_either(queue: Service, tmp_path: Path) -> None:
    """RQ's maintenance calls the failure callbacks of abandoned jobs; ours have none."""
    target = tmp_path / "pwned"
    client = queue.client()
    raw_job(client, "abandoned", DATA, failure_callback_name="os.system", status="started")
    client.lrem("rq:queue:test", 0, "abandoned")
    client.zadd(StartedJobRegistry("test", connection=client).key, {"abandoned:execution": 1})
    raw_job(
        client, "ready", json.dumps(["os.system", None, [f"touch {target}"], {}]).encode(), status="ready_to_enqueue"
    )
    client.zadd(ReadyJobRegistry("test", connection=client).key, {"ready": 1})
    drained: list[bool] = []
    ticket.serve_with(lambda: drained.append(True))
    worker = TicketWorker(client, "test", busy=lambda: False, on_stop=lambda: None)
    worker.run_maintenance_tasks()
    worker.work(burst=True, logging_level="WARNING")
    assert not target.exists()
    assert not drained


def test_a_genuine_ticket_drains(queue: Service) -> None:
    client = queue.client()
    drained: list[bool] = []
    ticket.serve_with(lambda: drained.append(True))
    raw_job(client, "t", DATA)
    TicketWorker(client, "test", busy=lambda: False, on_stop=lambda: None).work(burst=True, logging_level="WARNING")
    assert drained == [True]
    assert not client.exists("rq:job:t")
    assert not client.llen("rq:queue:test:intermediate")


def test_a_ticket_that_outstays_its_clock_ends_the_loop(queue: Service) -> None:
    client = queue.client()
    raw_job(client, "t", DATA)
    raw_job(client, "u", DATA)
    ticket.serve_with(lambda: time.sleep(60))
    began = time.monotonic()
    worker = TicketWorker(client, "test", busy=lambda: False, on_stop=lambda: None, timeout_s=1)
    worker.work(burst=True, logging_level="CRITICAL")
    assert time.monotonic() - began < 30
    assert client.lrange("rq:queue:test", 0, -1) == [b"u"]


def test_the_stock_class_would_have_run_it(queue: Service, tmp_path: Path) -> None:
    """What the test above is worth: the same job through RQ's own class leaves the file."""
    from rq import SimpleWorker

    client = queue.client()
    target = tmp_path / "pwned"
    raw_job(client, "j", json.dumps(["os.system", None, [f"touch {target}"], {}]).encode(), timeout="10")
    SimpleWorker(["test"], connection=client, serializer=JSONSerializer).work(burst=True, logging_level="ERROR")
    assert target.exists()


def test_lua_and_python_agree_on_what_a_ticket_is() -> None:
    assert DATA.decode() in scripts.source("sweep")
    assert f"'timeout', '{ticket.TIMEOUT_S}'" in scripts.source("sweep")
    assert Queue.redis_queue_namespace_prefix == "rq:queue:"
    assert Job.redis_job_namespace_prefix == "rq:job:"


@pytest.mark.parametrize("name", list(attacks("true")))
def test_a_job_that_is_not_a_ticket_has_no_function(queue: Service, name: str) -> None:
    data, fields = attacks("true")[name]
    job = Ticket("x", connection=queue.client(), serializer=ticket.NoSerializer)
    job.restore({b"data": data, **{k.encode(): v if isinstance(v, bytes) else v.encode() for k, v in fields.items()}})
    assert job.func is None
    assert job.success_callback is job.failure_callback is job.stopped_callback is None
    if data != DATA:
        with pytest.raises(Refused):
            job.perform()
