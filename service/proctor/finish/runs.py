"""What Redis holds of a training run, for the trend of its reward: bounded, and gone after a week."""

from __future__ import annotations

import hashlib
import json

from proctor.finish.health import WINDOW, Step
from proctor.jobs.records import dumps
from proctor.jobs.scripts import AsyncScripts

TTL_S = 7 * 86_400
#: Steps kept: more than are looked at, as batches of several steps may be under way.
KEPT = 2 * WINDOW


class Runs:
    """Steps by run. A run belongs to one API key."""

    def __init__(self, scripts: AsyncScripts, namespace: str) -> None:
        self._prefix = f"{namespace}:run:"
        self._scripts = scripts

    async def steps(self, owner: str, run: str) -> list[Step]:
        """The steps of a run so far, in the order in which they were first seen."""
        text = await self._scripts.pipe.one("GET", self._prefix + name_of(owner, run))
        return [Step.of(numbers) for numbers in json.loads(text)] if text else []

    async def add(self, owner: str, run: str, step: Step) -> None:
        """Add a batch to its run; `finish.health.add`, at once for everybody."""
        await self._scripts.call("run_step", name_of(owner, run), dumps(step.numbers()), KEPT, TTL_S)


def name_of(owner: str, run: str) -> str:
    """A run's part of the key."""
    return hashlib.sha256(dumps([owner, run]).encode()).hexdigest()[:32]
