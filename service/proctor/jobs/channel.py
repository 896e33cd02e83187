"""A connection to Redis of one's own, for an event loop.

redis-py's asynchronous client spends several times what Redis does on a command: a task of its own, timeouts, streams
and a pool around each. A `Channel` has redis-py connect (address, TLS, authentication are its business), and then
reads and writes the transport itself: replies belong to the commands in their order, so that is all there is to do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import hiredis
from redis.exceptions import BusyLoadingError, ConnectionError, NoScriptError, ResponseError, TimeoutError

Argument = str | bytes | int | float
Command = Sequence[Argument]
#: Called with what Redis says on its own, on a channel that subscribes.
Heard = Callable[[Any], None]

_MORE = object()
_REFUSALS: dict[str, type[Exception]] = {"NOSCRIPT": NoScriptError, "LOADING": BusyLoadingError}


class Channel:
    """Commands in, replies out, over one connection that is made when it is needed, and again when it broke.

    client: the `redis.asyncio.Redis` that says where Redis is and how long to wait for it; it answers bytes.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._connecting = asyncio.Lock()
        self._wire: _Wire | None = None
        self._closings = 0

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """One reply per command, same order, in one round trip; of a command that Redis refused the exception.

        Where the connection breaks they are sent once more, so any of them may run twice.
        Raises redis.exceptions.ConnectionError, redis.exceptions.TimeoutError.
        """
        packed = b"".join(hiredis.pack_command(tuple(command)) for command in commands)  # type: ignore[arg-type]
        closings = self._closings
        try:
            return await (await self._open()).ask(packed, len(commands))
        except (ConnectionError, TimeoutError):
            if self._closings != closings:  # it was we who hung up
                raise
            return await (await self._open()).ask(packed, len(commands))

    def close(self) -> None:
        """Hang up; a command that comes later connects again."""
        self._closings += 1
        if self._wire is not None:
            self._wire.close()

    async def _open(self) -> _Wire:
        if (wire := self._wire) is not None and not wire.lost.done():
            return wire
        async with self._connecting:
            if self._wire is None or self._wire.lost.done():
                closings = self._closings
                self._wire = await connect(self._client)
                if self._closings != closings:  # meanwhile
                    self._wire.close()
            return self._wire


async def listen(client: Any, channel: str, heard: Heard) -> None:
    """Subscribe, and call `heard` with everything that comes, the confirmation first. Raises ConnectionError when the
    connection is lost; does not return."""
    wire = await connect(client, heard)
    try:
        wire.send(hiredis.pack_command(("SUBSCRIBE", channel)))  # type: ignore[arg-type]
        await asyncio.shield(wire.lost)
        raise ConnectionError("Redis has closed the connection")
    finally:
        wire.close()


async def connect(client: Any, heard: Heard | None = None) -> _Wire:
    """A connection that redis-py made, taken over. Raises RedisError, OSError."""
    connection = client.connection_pool.make_connection()
    try:
        await connection.connect()
    except asyncio.CancelledError:
        await connection.disconnect(nowait=True)
        raise
    return _Wire(connection, heard)


@dataclass(slots=True)
class _Asked:
    """Commands whose replies are due. timer: gives them up."""

    count: int
    future: asyncio.Future[list[Any]]
    replies: list[Any] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class _Wire(asyncio.Protocol):
    """One connection. lost: done when it is."""

    def __init__(self, connection: Any, heard: Heard | None) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._timeout_s: float | None = connection.socket_timeout
        self._heard = heard
        self._due: deque[_Asked] = deque()
        self._reader = hiredis.Reader(notEnoughData=_MORE, replyError=_refusal)
        self._writer = connection._writer  # closes the transport when it is collected
        connection._reader = connection._writer = None  # ours from here on
        self._transport: asyncio.Transport = self._writer.transport
        self._transport.set_protocol(self)
        if self._transport.is_closing():  # between the handshake and now
            self.connection_lost(None)

    def ask(self, packed: bytes, count: int) -> asyncio.Future[list[Any]]:
        """The replies to `count` commands. Raises ConnectionError, TimeoutError."""
        asked = _Asked(count, self._loop.create_future())
        if self.lost.done():
            asked.future.set_exception(ConnectionError("the connection is closed"))
            return asked.future
        if self._timeout_s is not None:
            asked.timer = self._loop.call_later(self._timeout_s, self._late)
        self._due.append(asked)
        self._transport.write(packed)
        return asked.future

    def send(self, packed: bytes) -> None:
        """Send what has no reply of its own."""
        self._transport.write(packed)

    def close(self, error: Exception | None = None) -> None:
        """Hang up; who waits for replies gets `error`."""
        self._transport.close()
        self.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _MORE:
                self._take(reply)
        except hiredis.ProtocolError as error:
            self.close(ConnectionError(f"Redis sent what is no reply: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if not self.lost.done():
            self.lost.set_result(None)
        while self._due:
            self._settle(self._due.popleft(), exc or ConnectionError("Redis has closed the connection"))

    def _take(self, reply: Any) -> None:
        if self._heard is not None:
            self._heard(reply)
        elif self._due and not isinstance(reply, hiredis.PushNotification):
            asked = self._due[0]
            asked.replies.append(reply)
            if len(asked.replies) == asked.count:
                self._settle(self._due.popleft())

    def _settle(self, asked: _Asked, error: Exception | None = None) -> None:
        if asked.timer is not None:
            asked.timer.cancel()
        if asked.future.done():  # whoever asked has gone
            return
        if error is None:
            asked.future.set_result(asked.replies)
        else:
            asked.future.set_exception(
                error if isinstance(error, ConnectionError | TimeoutError) else ConnectionError(str(error))
            )

    def _late(self) -> None:
        self.close(TimeoutError("Redis does not answer"))


def _refusal(text: str) -> Exception:
    code, _, rest = text.partition(" ")
    kind = _REFUSALS.get(code)
    return kind(rest) if kind is not None else ResponseError(text)
