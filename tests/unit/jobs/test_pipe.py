"""Many tasks, few round trips: against a client that counts them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from proctor.jobs.pipe import LARGE, MOST, Pipe


class Client:
    """Answers each command with itself; `BAD` is refused. Each round trip takes a turn of the loop."""

    def __init__(self) -> None:
        self.trips: list[list[tuple[Any, ...]]] = []
        self.down = False

    def pipeline(self, transaction: bool) -> Trip:
        assert not transaction
        return Trip(self)

    async def run(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        """As a channel."""
        trip = Trip(self)
        for command in commands:
            trip.execute_command(*command)
        return await trip.execute(raise_on_error=False)


def piped() -> Pipe:
    client = Client()
    return Pipe(client, client)  # type: ignore[arg-type]


class Trip:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._commands: list[tuple[Any, ...]] = []

    async def __aenter__(self) -> Trip:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def execute_command(self, *command: Any) -> None:
        self._commands.append(command)

    async def execute(self, raise_on_error: bool) -> list[Any]:
        assert not raise_on_error
        self._client.trips.append(self._commands)
        await asyncio.sleep(0.001)
        if self._client.down:
            raise RedisConnectionError("away")
        return [ResponseError("no") if c[0] == "BAD" else c for c in self._commands]


async def test_what_comes_together_goes_together() -> None:
    client = Client()
    pipe = Pipe(client, client)  # type: ignore[arg-type]
    replies = await asyncio.gather(*(pipe.run([("A", i), ("B", i)]) for i in range(100)))
    assert replies == [[("A", i), ("B", i)] for i in range(100)]
    assert len(client.trips) <= 2


async def test_what_comes_during_a_round_trip_waits_for_the_next() -> None:
    client = Client()
    pipe = Pipe(client, client)  # type: ignore[arg-type]

    async def chain(i: int) -> None:
        for step in range(5):
            assert await pipe.one("GET", i, step) == ("GET", i, step)

    await asyncio.gather(*(chain(i) for i in range(50)))
    assert sum(map(len, client.trips)) == 250
    assert len(client.trips) <= 10


async def test_the_commands_of_a_call_stay_together_and_in_order() -> None:
    client = Client()
    pipe = Pipe(client, client)  # type: ignore[arg-type]
    await asyncio.gather(*(pipe.run([("X", i, k) for k in range(MOST // 2 - 1)]) for i in range(5)))
    for trip in client.trips:
        assert len(trip) <= MOST
        assert trip == sorted(trip)


async def test_a_refused_command_is_its_own_callers_alone() -> None:
    pipe = piped()
    good, bad = await asyncio.gather(pipe.one("GOOD"), pipe.one("BAD"), return_exceptions=True)
    assert good == ("GOOD",)
    assert isinstance(bad, ResponseError)
    (first, second) = await pipe.run([("BAD",), ("GOOD",)])
    assert isinstance(first, ResponseError)
    assert second == ("GOOD",)


async def test_a_broken_connection_is_told_to_all_and_forgotten() -> None:
    client = Client()
    pipe = Pipe(client, client)  # type: ignore[arg-type]
    client.down = True
    for outcome in await asyncio.gather(*(pipe.one("A", i) for i in range(10)), return_exceptions=True):
        assert isinstance(outcome, RedisConnectionError)
    client.down = False
    assert await pipe.one("A") == ("A",)


async def test_a_caller_that_goes_away_takes_nothing_from_others() -> None:
    pipe = piped()
    leaver, stayer = asyncio.create_task(pipe.one("A")), asyncio.create_task(pipe.one("B"))
    await asyncio.sleep(0)
    leaver.cancel()
    assert await stayer == ("B",)
    with pytest.raises(asyncio.CancelledError):
        await leaver


async def test_large_calls_hold_up_nobody() -> None:
    client = Client()
    pipe = Pipe(client, client)  # type: ignore[arg-type]
    await asyncio.gather(pipe.one("SET", "a", b"x" * (LARGE + 1)), pipe.one("GET", "b"))
    assert sorted(len(trip) for trip in client.trips) == [1, 1]
