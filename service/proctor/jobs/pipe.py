"""Commands of many tasks in one round trip.

Each round trip wakes this process and Redis, which costs more than a further command in it. So tasks hand
their commands to a `Pipe`: what comes while a round trip is under way goes out with the next one. Alone, a command
goes at once. The commands of one call stay together and in order; calls of different tasks know nothing of each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from proctor.jobs.channel import Argument, Channel, Command
from proctor.jobs.clock import going_on

Call = tuple[Sequence[Command], asyncio.Future[list[Any]]]

#: Commands in a round trip, at most, unless one call brings more.
MOST = 512
#: Calls of more bytes than this take a connection of their own, so that nobody waits behind them.
LARGE = 256 * 1024


class Pipe:
    """Gathers the commands of one event loop. client: a `redis.asyncio.Redis`; channel: to the same, made if None."""

    def __init__(self, client: Any, channel: Channel | None = None) -> None:
        self._client = client
        self._channel = channel or Channel(client)
        self._calls: list[Call] = []
        self._sender: asyncio.Task[None] | None = None

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """One reply per command, same order; a command that Redis refused has its exception as reply.

        Raises redis.exceptions.RedisError, OSError where Redis cannot be reached: any of the commands may have run.
        """
        if sum(len(a) for c in commands for a in c if isinstance(a, str | bytes)) > LARGE:
            return await self.apart(commands)
        future = asyncio.get_running_loop().create_future()
        self._calls.append((commands, future))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="proctor-pipe")
        return list(await future)

    async def one(self, *command: Argument) -> Any:
        """The reply to one command. Raises redis.exceptions.RedisError, OSError."""
        (reply,) = await self.run([command])
        return checked(reply)

    async def _send(self) -> None:
        calls: list[Call] = []
        try:
            while self._calls and going_on():
                calls = self._next()
                try:
                    replies = await self._channel.run([command for commands, _ in calls for command in commands])
                except Exception as error:
                    for _, future in calls:
                        if not future.done():
                            future.set_exception(error)
                else:
                    _hand_out(replies, calls)
        finally:
            self._sender = None
            for _, future in (*calls, *self._calls):  # all are done, unless the loop ends
                future.cancel()

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def _next(self) -> list[Call]:
        count = taken = 0
        for commands, _ in self._calls:
            if taken and count + len(commands) > MOST:
                break
            count += len(commands)
            taken += 1
        calls, self._calls = self._calls[:taken], self._calls[taken:]
        return calls

    async def apart(self, commands: Sequence[Command]) -> list[Any]:
        """As `run`, on a connection of their own: for large replies."""
        async with self._client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return list(await pipe.execute(raise_on_error=False))


def _hand_out(replies: list[Any], calls: Sequence[Call]) -> None:
    at = 0
    for commands, future in calls:
        if not future.done():
            future.set_result(replies[at : at + len(commands)])
        at += len(commands)


def checked(reply: Any) -> Any:
    """`reply` itself. Raises it where it is the exception of a command that Redis refused."""
    if isinstance(reply, Exception):
        raise reply
    return reply
