"""An event loop's own connection to Redis: order, refusals, silence, Redis going away and coming back."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from jobs_fakes import Service
from redis.exceptions import ConnectionError, NoScriptError, RedisError, ResponseError, TimeoutError

from proctor.jobs.channel import Channel, listen


@contextlib.asynccontextmanager
async def channel_to(url: str, **options: Any) -> AsyncIterator[Channel]:
    client = redis.asyncio.Redis.from_url(url, **options)
    channel = Channel(client)
    try:
        yield channel
    finally:
        channel.close()
        await client.aclose()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_replies_belong_to_their_commands(queue: Service, protocol: int) -> None:
    async with channel_to(queue.url, protocol=protocol) as channel:
        odd = bytes(range(256)) * 1000
        ok, refused, got, echoed = await channel.run(
            [("SET", "a", odd), ("LPUSH", "a", "x"), ("GET", "a"), ("ECHO", 1.5)]
        )
        assert (ok, got, echoed) == (b"OK", odd, b"1.5")
        assert isinstance(refused, ResponseError)
        (unknown,) = await channel.run([("EVALSHA", "0" * 40, 0)])
        assert isinstance(unknown, NoScriptError)


async def test_a_password_is_said(queue: Service) -> None:
    queue.client().config_set("requirepass", "secret")
    async with channel_to(queue.url, password="secret") as channel:
        assert await channel.run([("PING",)]) == [b"PONG"]
    async with channel_to(queue.url) as channel:
        with pytest.raises(RedisError, match="uthenticat"):
            await channel.run([("PING",)])


async def test_calls_at_once_get_their_own(queue: Service) -> None:
    async with channel_to(queue.url) as channel:
        calls = (channel.run([("ECHO", f"{i}"), ("ECHO", f"{i}'")]) for i in range(200))
        assert await asyncio.gather(*calls) == [[f"{i}".encode(), f"{i}'".encode()] for i in range(200)]


async def test_the_answer_of_one_who_left_is_nobody_elses(queue: Service) -> None:
    async with channel_to(queue.url) as channel:
        leaver = asyncio.create_task(channel.run([("BLPOP", "late", 5)]))
        await asyncio.sleep(0.1)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        stayer = asyncio.create_task(channel.run([("ECHO", "mine")]))
        queue.client().rpush("late", "x")
        assert await stayer == [b"mine"]


async def test_a_connection_that_broke_is_made_anew(queue: Service) -> None:
    async with channel_to(queue.url) as channel:
        await channel.run([("PING",)])
        queue.client().client_kill_filter(_type="normal", skipme=True)
        assert await channel.run([("PING",)]) == [b"PONG"]


async def test_a_redis_that_does_not_answer_is_given_up(queue: Service) -> None:
    async with channel_to(queue.url, socket_timeout=0.3, retry=None) as channel:
        await channel.run([("PING",)])
        with pytest.raises((TimeoutError, ConnectionError)):
            await channel.run([("BLPOP", "nothing", 30)])
        assert await channel.run([("PING",)]) == [b"PONG"]


async def test_without_redis_it_raises_and_with_it_goes_on(queue: Service) -> None:
    async with channel_to(queue.url, socket_timeout=1) as channel:
        await channel.run([("PING",)])
        queue.stop_redis(signal.SIGKILL)
        with pytest.raises(ConnectionError):
            await channel.run([("PING",)])
        queue.start_redis()
        assert await channel.run([("PING",)]) == [b"PONG"]


async def test_hanging_up_ends_what_waits_and_not_what_comes(queue: Service) -> None:
    async with channel_to(queue.url) as channel:
        waiting = asyncio.create_task(channel.run([("BLPOP", "nothing", 30)]))
        await asyncio.sleep(0.1)
        channel.close()
        with pytest.raises(ConnectionError):
            await waiting
        assert await channel.run([("PING",)]) == [b"PONG"]


@pytest.mark.parametrize("protocol", [2, 3])
async def test_listeners_hear_that_they_listen_and_then_what_is_said(queue: Service, protocol: int) -> None:
    client = redis.asyncio.Redis.from_url(queue.url, protocol=protocol)
    heard: asyncio.Queue[list[Any]] = asyncio.Queue()
    task = asyncio.create_task(listen(client, "news", heard.put_nowait))
    assert (await heard.get())[0] == b"subscribe"
    queue.client().publish("news", "a 1 0")
    assert list(await heard.get()) == [b"message", b"news", b"a 1 0"]
    queue.client().client_kill_filter(_type="pubsub")
    with pytest.raises(ConnectionError):
        await task
    await client.aclose()
