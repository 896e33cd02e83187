"""What a finisher remembers of batches: their heads, which do not change, and which it has marked."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import Any

from proctor.jobs.pipe import Pipe
from proctor.jobs.records import BatchInfo, read_batch

#: Batches remembered; others are asked for again.
MOST = 1000


class Known:
    """The batches of one namespace, those used last at hand."""

    def __init__(self, pipe: Pipe, namespace: str) -> None:
        self._pipe = pipe
        self._namespace = namespace
        self._infos: OrderedDict[str, BatchInfo] = OrderedDict()
        self._marked: OrderedDict[str, dict[str, str]] = OrderedDict()

    def __contains__(self, batch_id: str) -> bool:
        return batch_id in self._infos

    def key(self, batch_id: str) -> str:
        """Where a batch lies in Redis."""
        return f"{self._namespace}:b:{batch_id}"

    async def info(self, batch_id: str) -> BatchInfo | None:
        """A batch, None where it is gone or closed. Raises RedisError."""
        if batch_id in self._infos:
            self._infos.move_to_end(batch_id)
            return self._infos[batch_id]
        return self.learn(batch_id, _fields(await self._pipe.one("HGETALL", self.key(batch_id))))

    def learn(self, batch_id: str, fields: dict[bytes, bytes]) -> BatchInfo | None:
        """Remember a batch by all its fields; None as `info`."""
        if b"owner" not in fields or b"closed" in fields:
            return None
        info = self._infos[batch_id] = read_batch(batch_id, fields)
        if len(self._infos) > MOST:
            self._infos.popitem(last=False)
        return info

    def forget(self, batch_id: str) -> None:
        """It has ended."""
        self._infos.pop(batch_id, None)

    async def mark(self, batch_id: str, by: dict[str, Any]) -> None:
        """Note once which sandboxes judged a batch. Raises RedisError."""
        if batch_id in self._marked:
            return
        known = self._marked[batch_id] = {name: str(value) for name, value in by.items() if value is not None}
        if len(self._marked) > MOST:
            self._marked.popitem(last=False)
        if known:
            await self._pipe.one("HSET", self.key(batch_id), *itertools.chain(*known.items()))

    def marks(self, batch_id: str) -> dict[str, str]:
        """What we marked a batch with."""
        return self._marked.get(batch_id, {})


def _fields(answer: Any) -> dict[bytes, bytes]:
    """What HGETALL answers, in the shapes of RESP2 and RESP3."""
    return answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
