"""What the protocols of others need from Proctor: score a batch, run a program, read a request. Tests bring their own.

Resends join running work: a request's key is the hash of its route and body, within a window of time, so that a
client that gave up waiting and sends again gets the answer of the work it began.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import Request

from proctor.api.admission import plan_request, sandbox_name
from proctor.api.answer import all_results, ended
from proctor.api.context import Context
from proctor.api.parse import parse_json
from proctor.errors import FieldFault, InvalidRequest, Unavailable
from proctor.judge.plan import Plan, PlannedSample, PlannedUnit
from proctor.judge.run_once import Account, read_account
from proctor.judge.run_tests import RunTests
from proctor.judge.unit import unit_key
from proctor.wire import BatchRequest, Limits, RewardSpec, SampleResult, Verdict

WAIT_S = 15.0
NO_WORKER_RETRY_S = 5.0
WINDOW_S = 600  # a finished batch answers the same request again for at most this long


@dataclass(frozen=True, slots=True)
class Call:
    """A request, read: whose it is, its JSON, and the key of its resends."""

    owner: str
    body: Any
    key: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A program to run once. files: content by path relative to its working directory; limits: all eight."""

    language: str
    code: str
    limits: Limits
    stdin: str = ""
    argv: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    fetch: tuple[str, ...] = ()


class Ports(Protocol):
    """What a protocol's routes stand on."""

    @property
    def limits_default(self) -> Limits:
        """Limits where a request names none."""

    @property
    def limits_max(self) -> Limits:
        """The most that a request may have."""

    async def read(self, request: Request) -> Call:
        """The request, its body bounded. Raises RequestError: Unauthorized, TooLarge, InvalidRequest."""

    async def score(self, batch: BatchRequest, owner: str, key: str) -> list[SampleResult]:
        """One result per sample, same order. Raises InvalidRequest, Overloaded, Unavailable."""

    async def run(self, runs: Sequence[Run], owner: str, key: str, *, deadline_s: float) -> list[Account | None]:
        """One account per run, same order; None where we failed to run it. Raises as `score`."""

    async def languages(self) -> dict[str, str]:
        """Version of the compiler or interpreter by language. Raises Unavailable without a worker."""


PortsOf = Callable[[Request], Ports]


def queue_ports(request: Request) -> Ports:
    """The ports of the running application."""
    context: Context = request.app.state.context
    return QueuePorts(context)


@dataclass(frozen=True, slots=True)
class QueuePorts:
    """The ports over the queue: the same admission, units, leases and results as the native routes."""

    context: Context

    @property
    def limits_default(self) -> Limits:
        """As configured."""
        return self.context.settings.limits_default

    @property
    def limits_max(self) -> Limits:
        """As configured."""
        return self.context.settings.limits_max

    async def read(self, request: Request) -> Call:
        """The request, its body bounded in bytes, depth and time."""
        owner = self.context.keys.owner(request.headers)
        async with self.context.bodies.read(request, owner) as body:
            depth = self.context.settings.max_json_depth
            value = await self.context.compute(len(body), parse_json, body, max_depth=depth)
            key = hashlib.sha256(f"{request.url.path}?{request.url.query}\n".encode() + body).hexdigest()
        return Call(owner, value, key, dict(request.query_params))

    async def score(self, batch: BatchRequest, owner: str, key: str) -> list[SampleResult]:
        """Score a batch through the queue; a resend joins it."""

        async def plan() -> Plan:
            size = sum(len(s.completion) for s in batch.samples)
            return await plan_request(self.context, owner, batch, size=size)

        results = await self._joined(owner, key, plan)
        return [SampleResult.model_validate_json(r) for r in results]

    async def run(self, runs: Sequence[Run], owner: str, key: str, *, deadline_s: float) -> list[Account | None]:
        """Run programs through the queue; a resend joins them."""

        async def plan() -> Plan:
            await self._check_languages({r.language for r in runs})
            return await self.context.compute(
                sum(len(r.code) + sum(map(len, r.files.values())) for r in runs),
                plan_runs,
                runs,
                owner=owner,
                sandbox_name=await self._sandbox_name(),
                deadline_s=deadline_s,
            )

        results = await self._joined(owner, key, plan)
        return [account_of(SampleResult.model_validate_json(r)) for r in results]

    async def languages(self) -> dict[str, str]:
        """Of all live workers."""
        workers = await self.context.workers()
        if not workers:
            raise Unavailable("No worker is there to run code.", retry_after_s=NO_WORKER_RETRY_S)
        return {name: version for w in workers for name, version in w.languages.items()}

    async def _check_languages(self, asked: set[str]) -> None:
        known = await self.languages()
        for language in sorted(asked - set(known)):
            detail = f"{ascii(language)[:80]} is not available; these languages are: {', '.join(sorted(known))}"
            raise InvalidRequest(detail, faults=(FieldFault("/language", detail),))

    async def _sandbox_name(self) -> str:
        return sandbox_name(await self.context.workers())

    async def _joined(self, owner: str, key: str, plan: Callable[[], Awaitable[Plan]]) -> list[bytes]:
        """The results of the batch that this key began in this window of time or the last, else of a new one.

        Admission finds one of this window by itself. One of the last can only be wanted still in the first half.
        """
        backend = self.context.backend
        window, since_s = divmod(time.time(), WINDOW_S)
        if since_s < WINDOW_S / 2:
            known = await backend.known(owner, f"compat:{window - 1:.0f}:{key}", key)
            if known is not None:
                return await self._results(owner, known)
        batch_id = await backend.admit(
            owner,
            await plan(),
            idempotency_key=f"compat:{window:.0f}:{key}",
            body_sha256=key,
            detached=True,
            share=self.context.keys.share(owner),
        )
        return await self._results(owner, batch_id)

    async def _results(self, owner: str, batch_id: str) -> list[bytes]:
        total = await self._ended(owner, batch_id)
        return await all_results(self.context.backend, owner, batch_id, total)

    async def _ended(self, owner: str, batch_id: str) -> int:
        """The number of samples, once all are done. Raises Unavailable when the service stops."""
        backend, stopping = self.context.backend, asyncio.ensure_future(self.context.stopping.wait())
        try:
            while True:
                state = await backend.status(owner, batch_id)
                if ended(state):
                    return state.total
                waiting = asyncio.ensure_future(backend.wait(owner, batch_id, state.total - 1, WAIT_S))
                try:
                    await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
                    if waiting.done():
                        waiting.result()
                finally:
                    waiting.cancel()
                if stopping.done():
                    raise Unavailable("The service is stopping; send the request again.", retry_after_s=1)
        finally:
            stopping.cancel()


def plan_runs(runs: Sequence[Run], *, owner: str, sandbox_name: str, deadline_s: float) -> Plan:
    """A plan of units that are run once each and not judged. Pure."""
    test_sets: dict[str, bytes] = {}
    samples = []
    for index, run in enumerate(runs):
        body = _run_tests(run)
        sha256 = hashlib.sha256(body).hexdigest()
        test_sets[sha256] = body
        key = unit_key(
            owner=owner,
            language=run.language,
            code=run.code,
            tests_sha256=sha256,
            limits=run.limits,
            stop="all",
            sandbox=sandbox_name,
        )
        unit = PlannedUnit(key, run.language, run.code, sha256, run.limits, "all")
        samples.append(PlannedSample(index, None, None, None, None, None, None, unit, None, ()))
    reward = RewardSpec(policy="outcome")
    return Plan(tuple(samples), test_sets, reward, deadline_s, 0, None, None, runs[0].limits)


def _run_tests(run: Run) -> bytes:
    files = {path: base64.b64encode(content).decode("ascii") for path, content in run.files.items()}
    tests = RunTests(stdin=run.stdin, argv=list(run.argv), files=files, fetch=list(run.fetch))
    return json.dumps(tests.model_dump(), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def account_of(result: SampleResult) -> Account | None:
    """What a run did; None where it could not be run."""
    if result.verdict is Verdict.INVALID or not result.tests.cases:
        return None
    if "sandbox_lost" in result.flags:  # the worker's words, not an account: it took its sandbox down, repeatedly
        return Account(exit_code=None, signal=9, stopped=None, cpu_s=0.0, wall_s=0.0, memory_mib=0.0)
    return read_account(result.tests.cases[0].detail or "")
