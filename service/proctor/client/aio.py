"""The asynchronous client. Every request may be sent again: each chunk has one idempotency key for all its tries."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from proctor.client.errors import (
    ClientError,
    ConnectionFailed,
    NotFound,
    ServiceError,
    TimedOut,
    UnexpectedAnswer,
    from_problem,
)
from proctor.client.request import Bounds, Chunk, Options, SampleLike, TestsLike, chunks, digest, encode
from proctor.client.retry import Retry, passes
from proctor.client.scores import Scores, summarize
from proctor.wire import BatchAnswer, BatchStatus, Provenance, SampleResult

DEFAULT_URL = "http://127.0.0.1:8000"
SILENCE_S = 60.0  # a stream without a byte for this long is taken up anew
SMALL = 16  # samples up to which a chunk is one request with one answer
PACK_FROM = 256 << 10  # bytes; on the way to another machine
CANCEL_S = 5.0
MENDS = 3

OnResult = Callable[[int, SampleResult], None]


@dataclass
class _Job:
    """A chunk on its way. url: index of the service that has it; after: results received of batch `id` there."""

    chunk: Chunk
    url: int
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    id: str | None = None
    after: int = 0
    got: dict[int, SampleResult] = field(default_factory=dict)
    provenance: Provenance | None = None


class AsyncRewardClient:
    """Scores samples over HTTP.

    urls: one service, or several that share the work; a chunk moves to the next one when its service fails.
    api_key: sent as `Authorization: Bearer`. retry: how outages are waited out. bounds: sizes of chunks.
    concurrency: chunks under way at a time. transport: of httpx, for tests.
    """

    def __init__(
        self,
        urls: str | Sequence[str] = DEFAULT_URL,
        *,
        api_key: str | None = None,
        retry: Retry | None = None,
        bounds: Bounds | None = None,
        concurrency: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._urls = [u.rstrip("/") for u in ([urls] if isinstance(urls, str) else urls)]
        if not self._urls:
            raise ValueError("no URL")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._retry = retry or Retry()
        self._bounds = bounds or Bounds()
        self._concurrency = concurrency
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_url = 0
        self._uploaded: set[tuple[int, str]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        http, self._http = self._http, None
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()

    # scoring

    async def score(
        self,
        samples: Sequence[SampleLike],
        *,
        tests: Mapping[str, TestsLike] | None = None,
        on_result: OnResult | None = None,
        timeout_s: float | None = None,
        **options: Any,
    ) -> Scores:
        """Scores of `samples`, in their order, however many requests that takes.

        tests: sets that samples name. on_result: called with a sample's position and result as each is ready.
        timeout_s: for all of it, seconds. options: see `Options`. What still runs is cancelled when this is.
        Raises ConnectionFailed, TimedOut, ServiceError.
        """
        _check(options)
        started = time.monotonic()
        jobs = [_Job(chunk, self._pick()) for chunk in chunks(samples, tests, _options(options), self._bounds)]
        gate = asyncio.Semaphore(self._concurrency)

        async def work(job: _Job) -> None:
            async with gate:
                await self._run(job, on_result)

        try:
            async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
                for job in jobs:
                    group.create_task(work(job))
        except BaseException as error:
            await self._abandon(jobs)
            if isinstance(error, TimeoutError):
                raise TimedOut(f"not done within {timeout_s:g} s") from None
            if isinstance(error, BaseExceptionGroup):
                raise error.exceptions[0] from None
            raise
        found = {job.chunk.positions[i]: r for job in jobs for i, r in job.got.items()}
        results = [found[i].model_copy(update={"index": i}) for i in range(len(samples))]
        return Scores(
            results=results,
            summary=summarize(results, time.monotonic() - started),
            ids=tuple(job.id for job in jobs if job.id),
            provenance=next((job.provenance for job in jobs if job.provenance), None),
        )

    async def submit(
        self,
        samples: Sequence[SampleLike],
        *,
        tests: Mapping[str, TestsLike] | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> str:
        """The id of a batch that was started with all of `samples`. Raises ConnectionFailed, ServiceError."""
        _check(options)
        whole = Bounds(samples=len(samples), bytes=1 << 62, upload_from=self._bounds.upload_from)
        (chunk,) = chunks(samples, tests, _options(options), whole)
        job = _Job(chunk, self._pick())
        job.key = idempotency_key or job.key
        await self._persist(job, lambda: self._submit(job))
        assert job.id is not None
        return job.id

    async def status(self, batch_id: str, *, results: bool = True) -> BatchStatus:
        """Where a batch is. Raises NotFound, ConnectionFailed."""
        answer = await self._ask("GET", f"/v1/batches/{batch_id}", params={"results": str(results).lower()})
        return _parsed(BatchStatus, answer)

    async def stream(self, batch_id: str, after: int = 0) -> AsyncIterator[SampleResult]:
        """The results of a batch from number `after` on, each once, as they are ready; through broken connections.

        Raises NotFound, ConnectionFailed.
        """
        job = _Job(Chunk(b"", (), {}, {}), 0, id=batch_id, after=after)
        failing = _Failing(self._retry)
        while True:
            try:
                async for result in self._stream(job):
                    failing.over()
                    yield result
                return
            except (httpx.HTTPError, ServiceError) as error:
                job.url = (job.url + 1) % len(self._urls)
                await failing.wait(error)

    async def cancel(self, batch_id: str) -> None:
        """Cancel a batch. Raises NotFound, ConnectionFailed."""
        await self._ask("DELETE", f"/v1/batches/{batch_id}")

    async def upload(self, tests: TestsLike) -> str:
        """Upload a test set; its SHA-256, for `{"ref": …}`. Raises InvalidRequest, ConnectionFailed."""
        body = encode(tests)
        sha = digest(body)
        await self._ask("PUT", f"/v1/test-sets/{sha}", content=body)
        return sha

    async def info(self) -> dict[str, Any]:
        """What the service says of itself. Raises ConnectionFailed."""
        return dict(await self._ask("GET", "/v1/info"))

    # one chunk

    async def _run(self, job: _Job, on_result: OnResult | None) -> None:
        at_once = len(job.chunk.positions) <= SMALL and on_result is None
        await self._persist(job, (lambda: self._answered(job)) if at_once else (lambda: self._streamed(job, on_result)))

    async def _persist(self, job: _Job, attempt: Callable[[], Awaitable[None]]) -> None:
        """`attempt` until it succeeds, at the next service after each failure that may pass."""
        failing = _Failing(self._retry)
        while True:
            before = len(job.got)
            try:
                return await attempt()
            except (httpx.HTTPError, ServiceError) as error:
                if len(job.got) > before:
                    failing.over()
                mends = True
                if isinstance(error, ServiceError) and error.type == "test_set_unknown" and job.chunk.uploads:
                    self._uploaded -= {(job.url, sha) for sha in job.chunk.uploads}
                elif isinstance(error, NotFound) and job.id is not None:
                    job.id = None  # expired, or another service: the same key starts it again there
                elif isinstance(error, ServiceError) and not passes(error):
                    raise _translated(error, job.chunk) from None
                else:
                    mends = False
                    job.url = (job.url + 1) % len(self._urls)
                await failing.wait(error, mends=mends)

    async def _answered(self, job: _Job) -> None:
        await self._upload_missing(job)
        answer = _parsed(BatchAnswer, await self._post(job, "/v1/rewards"))
        job.id, job.provenance = answer.id, answer.provenance
        job.got = {r.index: r for r in answer.results}

    async def _streamed(self, job: _Job, on_result: OnResult | None) -> None:
        if job.id is None:
            await self._submit(job)
        async for result in self._stream(job):
            if result.index not in job.got:
                job.got[result.index] = result
                if on_result:
                    on_result(job.chunk.positions[result.index], result)
        if len(job.got) < len(job.chunk.positions):
            raise httpx.RemoteProtocolError("the stream ended early")
        answer = await self._send(job.url, "GET", f"/v1/batches/{job.id}", params={"results": "false"})
        job.provenance = _parsed(BatchStatus, answer).provenance

    async def _submit(self, job: _Job) -> None:
        await self._upload_missing(job)
        answer = await self._post(job, "/v1/batches")
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise UnexpectedAnswer("the answer names no batch")
        job.id, job.after = answer["id"], 0

    async def _post(self, job: _Job, path: str) -> Any:
        body, headers = job.chunk.body, {"Idempotency-Key": job.key, "Content-Type": "application/json"}
        if len(body) >= PACK_FROM and not _is_local(self._urls[job.url]):
            body = await asyncio.to_thread(gzip.compress, body, 1)
            headers["Content-Encoding"] = "gzip"
        return await self._send(job.url, "POST", path, content=body, headers=headers)

    async def _upload_missing(self, job: _Job) -> None:
        for sha, body in job.chunk.uploads.items():
            if (job.url, sha) in self._uploaded:
                continue
            path = f"/v1/test-sets/{sha}"
            try:
                await self._send(job.url, "HEAD", path)
            except NotFound:
                await self._send(job.url, "PUT", path, content=body)
            self._uploaded.add((job.url, sha))

    async def _stream(self, job: _Job) -> AsyncIterator[SampleResult]:
        """Results from `job.after` on, which counts them. Lines end with a newline and nothing else."""
        url = f"{self._urls[job.url]}/v1/batches/{job.id}/results"
        timeout = httpx.Timeout(SILENCE_S, connect=10.0)
        async with self._client().stream(
            "GET", url, params={"after": job.after}, headers=self._headers, timeout=timeout
        ) as answer:
            if answer.is_error:
                await answer.aread()
                raise _error_of(answer)
            rest = b""
            async for piece in answer.aiter_bytes():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    result = _parsed(SampleResult, _json(line))
                    job.after += 1
                    yield result

    async def _abandon(self, jobs: list[_Job]) -> None:
        """Cancel what still runs; its deadline ends it where that fails."""
        begun = [job for job in jobs if len(job.got) < len(job.chunk.positions)]

        async def cancel(job: _Job) -> None:
            with suppress(ClientError, httpx.HTTPError, TimeoutError):
                async with asyncio.timeout(CANCEL_S):
                    if job.id is None:
                        return
                    await self._send(job.url, "DELETE", f"/v1/batches/{job.id}")

        await asyncio.shield(asyncio.gather(*map(cancel, begun)))

    # one request

    def _pick(self) -> int:
        self._next_url = (self._next_url + 1) % len(self._urls)
        return self._next_url

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        """The answer of any service, tried until patience ends."""
        failing = _Failing(self._retry)
        url = 0
        while True:
            try:
                return await self._send(url, method, path, **request)
            except (httpx.HTTPError, ServiceError) as error:
                url = (url + 1) % len(self._urls)
                await failing.wait(error)

    async def _send(self, url: int, method: str, path: str, **request: Any) -> Any:
        """JSON of the answer. Raises ServiceError, httpx.HTTPError, UnexpectedAnswer."""
        headers = {**self._headers, **request.pop("headers", {})}
        answer = await self._client().request(method, self._urls[url] + path, headers=headers, **request)
        if answer.is_error:
            raise _error_of(answer)
        return _json(answer.content) if answer.content else None

    def _client(self) -> httpx.AsyncClient:
        """Connections belong to an event loop; in another one there are others."""
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._loop = loop
            self._http = httpx.AsyncClient(
                timeout=httpx.Timeout(None, connect=10.0, write=60.0),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
                transport=self._transport,
            )
        return self._http


class _Failing:
    """Failures in a row, and how long they have lasted."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self.over()

    def over(self) -> None:
        """A good answer came."""
        self._since: float | None = None
        self._failures = 0

    async def wait(self, error: Exception, *, mends: bool = False) -> None:
        """Pause before the next try. Raises `error`, or ConnectionFailed, where it does not pass or lasts too long.

        mends: the next try is another request, so that it may succeed although this error does not pass.
        """
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        self._failures += 1
        if not passes(error) and not (mends and self._failures <= MENDS):
            raise error
        after = error.retry_after_s if isinstance(error, ServiceError) else None
        pause = self._retry.pause_s(self._failures, after)
        if now + pause - self._since > self._retry.patience_s:
            if isinstance(error, ServiceError):
                raise error
            raise ConnectionFailed(f"{type(error).__name__}: {error}") from error
        await asyncio.sleep(pause)


def _check(options: Mapping[str, Any]) -> None:
    if unknown := set(options) - Options.__annotations__.keys():
        raise TypeError(f"unknown options: {', '.join(sorted(unknown))}")


def _options(options: dict[str, Any]) -> Options:
    return options  # type: ignore[return-value]  # checked by _check


def _translated(error: ServiceError, chunk: Chunk) -> ServiceError:
    faults = tuple(map(chunk.translate, error.faults))
    return type(error)(error.status, error.type, error.detail, faults=faults, retry_after_s=error.retry_after_s)


def _error_of(answer: httpx.Response) -> ServiceError:
    try:
        problem = json.loads(answer.content)
    except ValueError:
        problem = None
    return from_problem(answer.status_code, problem, answer.headers.get("retry-after"))


def _json(body: bytes) -> Any:
    # Not pydantic's own parser: it refuses the lone surrogates that ids may hold.
    try:
        return json.loads(body)
    except ValueError as error:
        raise UnexpectedAnswer(f"the answer is not JSON: {error}") from None


M = TypeVar("M", BatchAnswer, BatchStatus, SampleResult)


def _parsed(model: type[M], data: Any) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UnexpectedAnswer(f"the answer is no {model.__name__}: {error.errors(include_url=False)[:3]}") from None


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
