"""A connection to Redis of one's own, for a thread that waits for its answers.

Between two units of work a worker's caches are cold, and then redis-py's way through pool, retries and events costs
several times what Redis does for the command. So workers pack and read by the client's connection itself, without
the rest: one connection, one retry on a fresh one.
"""

from __future__ import annotations

from typing import Any

import hiredis
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from proctor.jobs.channel import Argument, Command


class Line:
    """One connection, made when it is first needed. For one thread.

    client: the blocking `redis.Redis` that says where Redis is and how long to wait for it; it answers bytes.
    """

    def __init__(self, client: Any) -> None:
        self._connection = client.connection_pool.make_connection()

    def one(self, *command: Argument) -> Any:
        """The reply to a command. Raises redis.exceptions.RedisError."""
        (reply,) = self.run(command)
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    def run(self, *commands: Command) -> list[Any]:
        """One reply per command, same order, in one round trip; of a command that Redis refused the ResponseError.

        Where the connection breaks they are sent once more, so any of them may run twice.
        Raises redis.exceptions.ConnectionError, redis.exceptions.TimeoutError.
        """
        packed = b"".join(hiredis.pack_command(tuple(command)) for command in commands)  # type: ignore[arg-type]
        try:
            return self._send(packed, len(commands))
        except (ConnectionError, TimeoutError):
            return self._send(packed, len(commands))

    def _send(self, packed: bytes, count: int) -> list[Any]:
        connection = self._connection
        try:
            connection.send_packed_command([packed], check_health=False)
            return [self._reply() for _ in range(count)]
        except BaseException:
            connection.disconnect()  # an answer that was not read must not pass for the next one
            raise

    def _reply(self) -> Any:
        try:
            return self._connection.read_response()
        except ResponseError as refusal:
            return refusal
