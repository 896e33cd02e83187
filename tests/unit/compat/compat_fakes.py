"""Ports without a queue: judges by the text, runs by a script of accounts."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, Request

from proctor.api import problems
from proctor.api.compat import routers
from proctor.api.compat.ports import Call, Run
from proctor.api.parse import parse_json
from proctor.client.testing import result
from proctor.errors import InvalidRequest, Overloaded
from proctor.judge.run_once import Account
from proctor.settings import Settings
from proctor.wire import BatchRequest, Limits, SampleResult


def account(**fields: Any) -> Account:
    plain = {"exit_code": 0, "signal": None, "stopped": None, "cpu_s": 0.01, "wall_s": 0.02, "memory_mib": 9.5}
    return Account(**(plain | fields))


@dataclass
class FakePorts:
    """script: one entry a call: "overloaded", "slow", "invalid", or "up", which is also what follows."""

    script: list[str] = field(default_factory=list)
    account: Account = field(default_factory=account)
    batches: list[BatchRequest] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    limits_default: Limits = field(default_factory=Limits)
    limits_max: Limits = field(default_factory=lambda: Settings().limits_max)

    async def read(self, request: Request) -> Call:
        body = await request.body()
        key = hashlib.sha256(request.url.path.encode() + body).hexdigest()
        return Call("local", parse_json(body, max_depth=100), key, dict(request.query_params))

    async def _step(self, key: str) -> str:
        self.keys.append(key)
        step = self.script.pop(0) if self.script else "up"
        if step == "overloaded":
            raise Overloaded("full", retry_after_s=0.01)
        if step == "slow":
            await asyncio.sleep(60)
        return step

    async def score(self, batch: BatchRequest, owner: str, key: str) -> list[SampleResult]:
        self.batches.append(batch)
        step = await self._step(key)
        return [self._judge(i, s.completion, step) for i, s in enumerate(batch.samples)]

    def _judge(self, index: int, text: str, step: str) -> SampleResult:
        if step == "invalid":
            return result(index, {}, "invalid")
        return result(index, {}, "passed" if "good" in text else "wrong_answer", thinking=0.5)

    async def run(self, runs: Sequence[Run], owner: str, key: str, *, deadline_s: float) -> list[Account | None]:
        self.runs += runs
        step = await self._step(key)
        for run in runs:
            if run.language not in await self.languages():
                raise InvalidRequest(f"{run.language} is not available")
        return [None if step == "invalid" else self.account for _ in runs]

    async def languages(self) -> dict[str, str]:
        return {"python": "3.11.2", "cpp": "12.2.0"}


def app_of(ports: FakePorts, **settings: Any) -> FastAPI:
    app = FastAPI()
    for router in routers(Settings(**settings), lambda request: ports):
        app.include_router(router)
    problems.install(app)
    return app


LABEL = json.dumps({"inputs": ["2\n"], "outputs": ["4\n"]})


class Http:
    """A client of an application, in this process."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def post(self, url: str, *, json: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", url, json=json))

    def get(self, url: str) -> httpx.Response:
        return asyncio.run(self._send("GET", url))

    async def _send(self, method: str, url: str, **request: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://proctor") as client:
            return await client.request(method, url, **request)
