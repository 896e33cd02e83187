"""The Lua scripts, called by hash; a server that has forgotten them is told again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError

from proctor.jobs.channel import Argument
from proctor.jobs.line import Line
from proctor.jobs.pipe import Pipe, checked


@cache
def source(name: str) -> str:
    """The text of `lua/NAME.lua` with what all scripts share in front."""
    folder = resources.files("proctor.jobs") / "lua"
    return "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in ("common", name))


@cache
def sha1(name: str) -> str:
    """What EVALSHA calls the script."""
    return hashlib.sha1(source(name).encode(), usedforsecurity=False).hexdigest()


class AsyncScripts:
    """Scripts through `redis.asyncio`, for the keys of one namespace."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self.pipe = Pipe(client)
        self.keys = (f"{namespace}:", namespace)

    async def call(self, name: str, *args: Argument) -> Any:
        """Run one script. Raises redis.exceptions.RedisError."""
        return (await self.pipeline([(name, args)]))[0]

    async def pipeline(self, calls: Sequence[tuple[str, Sequence[Argument]]]) -> list[Any]:
        """Run scripts in order, in one round trip; each is atomic, the row of them is not."""
        commands = [("EVALSHA", sha1(name), 2, *self.keys, *args) for name, args in calls]
        replies = await self.pipe.run(commands)
        if any(isinstance(reply, NoScriptError) for reply in replies):
            loads = [("SCRIPT", "LOAD", source(name)) for name in {name for name, _ in calls}]
            replies = (await self.pipe.run([*loads, *commands]))[len(loads) :]
        return [checked(reply) for reply in replies]


class SyncScripts:
    """Scripts through a connection of one's own, for one thread of a worker."""

    def __init__(self, client: redis.Redis, namespace: str) -> None:
        self.line = Line(client)
        self.keys = (f"{namespace}:", namespace)

    def call(self, name: str, *args: Argument) -> Any:
        """Run one script. Raises redis.exceptions.RedisError."""
        command = ("EVALSHA", sha1(name), 2, *self.keys, *args)
        try:
            return self.line.one(*command)
        except NoScriptError:
            self.line.one("SCRIPT", "LOAD", source(name))
            return self.line.one(*command)
