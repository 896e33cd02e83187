"""Calls that share a request: each gets its own results, and nobody else's faults."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from trainer_fakes import TESTS

from proctor.client import ConnectionFailed, InvalidRequest, NotFound, Scores
from proctor.client.scores import summarize
from proctor.client.testing import result
from proctor.trainers.scoring import Scoring
from proctor.trainers.together import MOST, Together
from proctor.wire import Sample, SampleResult


def sample(text: str) -> Sample:
    return Sample(completion=text, tests=TESTS)  # type: ignore[arg-type]


class Client:
    """Remembers requests; refuses those with "odd", hangs with "hang", is away with "down"."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.cancelled = 0

    async def score(
        self, samples: Sequence[Sample], *, on_result: Callable[[int, SampleResult], None] | None = None, **_: Any
    ) -> Scores:
        self.requests.append(len(samples))
        texts = [s.completion for s in samples]
        if "odd" in texts:
            raise InvalidRequest(422, "invalid_request", "odd")
        if "down" in texts:
            raise ConnectionFailed("away")
        results = [result(i, {}, "passed" if t == "good" else "wrong_answer") for i, t in enumerate(texts)]
        if on_result:
            for i, r in enumerate(results):
                if texts[i] != "hang":
                    on_result(i, r)
        if "hang" in texts:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return Scores(results=results, summary=summarize(results, 0.1))


async def rewards(together: Together, *texts: str, **options: Any) -> list[float | None]:
    return [r.reward for r in await together.score([sample(t) for t in texts], options)]


async def test_calls_at_the_same_time_share_a_request() -> None:
    client = Client()
    together = Together(client)
    got = await asyncio.gather(*(rewards(together, "good" if i % 2 else "bad") for i in range(100)))
    assert [g[0] for g in got] == [float(i % 2) for i in range(100)]
    assert client.requests == [100]


async def test_only_with_the_same_options() -> None:
    client = Client()
    together = Together(client)
    await asyncio.gather(rewards(together, "good", step=1), rewards(together, "good", step=2))
    assert client.requests == [1, 1]


async def test_a_call_is_answered_before_the_others_end() -> None:
    together = Together(Client())
    slow = asyncio.ensure_future(rewards(together, "hang"))
    assert await asyncio.wait_for(rewards(together, "good", "bad"), 5) == [1.0, 0.0]
    assert not slow.done()
    slow.cancel()


async def test_a_faulty_sample_is_its_callers_alone() -> None:
    client = Client()
    together = Together(client)
    odd, good = await asyncio.gather(rewards(together, "odd"), rewards(together, "good"), return_exceptions=True)
    assert isinstance(odd, InvalidRequest)
    assert good == [1.0]
    assert sorted(client.requests) == [1, 1, 2]


async def test_an_outage_is_everyones() -> None:
    together = Together(Client())
    got = await asyncio.gather(rewards(together, "down"), rewards(together, "good"), return_exceptions=True)
    assert all(isinstance(g, ConnectionFailed) for g in got)


async def test_a_request_that_nobody_waits_for_ends() -> None:
    client = Client()
    together = Together(client)
    calls = [asyncio.ensure_future(rewards(together, "hang")) for _ in range(2)]
    await asyncio.sleep(0.05)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert client.cancelled == 1


async def test_a_full_request_leaves_at_once() -> None:
    client = Client()
    together = Together(client)
    await asyncio.gather(*(rewards(together, *["good"] * (MOST // 2)) for _ in range(3)))
    assert client.requests == [MOST, MOST // 2]


def test_event_loops_that_ended_leave_nothing() -> None:
    scoring = Scoring(async_client=Client())
    for _ in range(3):
        asyncio.run(scoring.ascore([sample("good")]))
    assert len(scoring._async) == 1

    async def closed() -> None:
        await scoring.ascore([sample("good")])
        await scoring.aclose()

    asyncio.run(closed())
    assert scoring._async == {} or all(loop.is_closed() for loop in scoring._async)


@pytest.mark.parametrize("count", [1, 3])
async def test_scoring_shares_requests(count: int) -> None:
    client = Client()
    scoring = Scoring(async_client=client)
    got = await asyncio.gather(*(scoring.ascore([sample("good")]) for _ in range(count)))
    assert [g[0].reward for g in got] == [1.0] * count
    assert client.requests == [count]


@pytest.fixture
def service() -> Iterator[tuple[str, threading.Event]]:
    """A service that answers 404 and keeps the connection; its URL, and whether its client has closed one."""
    closed = threading.Event()

    def answer(listening: socket.socket) -> None:
        with contextlib.suppress(OSError), listening.accept()[0] as connection:
            connection.settimeout(20)
            try:
                while connection.recv(1 << 16):
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
            except ConnectionError:  # closed with a reset
                pass
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", closed
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_connections_end_with_their_event_loop(service: tuple[str, threading.Event]) -> None:
    """Trainers that name a function never close what it opened; its connection was left to the garbage collector."""
    url, closed = service
    scoring = Scoring(url, on_invalid="raise")

    async def step() -> None:
        with pytest.raises(NotFound):
            await scoring.ascore([sample("good")])
        assert not closed.is_set()  # kept for the next call

    asyncio.run(step())
    assert closed.wait(10)


def test_connections_can_be_closed_before(service: tuple[str, threading.Event]) -> None:
    url, closed = service
    scoring = Scoring(url, on_invalid="raise")

    async def steps() -> None:
        with pytest.raises(NotFound):
            await scoring.ascore([sample("good")])
        await scoring.aclose()
        await scoring.aclose()
        assert await asyncio.to_thread(closed.wait, 10)

    asyncio.run(steps())
