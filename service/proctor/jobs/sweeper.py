"""The sweeper: what time alone brings about.

Units whose lease ended go back to their lanes, tickets are topped up, half-admitted batches are dropped, batches past
a deadline are ended. Every API process and every worker sweeps; in parallel it is harmless (`lua/sweep.lua`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from redis.exceptions import RedisError

from proctor.jobs.clock import going_on
from proctor.jobs.scripts import AsyncScripts, SyncScripts
from proctor.settings import Settings

INTERVAL_S = 0.5
#: Units, batches and so on that one sweep handles at most.
MOST = 200

log = logging.getLogger("proctor.sweeper")


def sweep(scripts: SyncScripts) -> list[int]:
    """One sweep. Returns the numbers of units requeued, batches dropped, tickets made, deadlines met."""
    return list(scripts.call("sweep", MOST))


async def run(redis: Any, settings: Settings) -> None:
    """Sweep until cancelled. Redis being away is waited for."""
    scripts = AsyncScripts(redis, settings.namespace)
    try:
        await _sweep_on(scripts)
    finally:
        scripts.pipe.close()
    raise asyncio.CancelledError


async def _sweep_on(scripts: AsyncScripts) -> None:
    away = False
    while going_on():
        try:
            requeued, dropped, _, _ = await scripts.call("sweep", MOST)
            if requeued or dropped:
                log.warning("requeued %d units without a lease, dropped %d half-admitted batches", requeued, dropped)
            away = False
        except (RedisError, OSError) as error:
            log.log(logging.DEBUG if away else logging.WARNING, "cannot sweep: %s", type(error).__name__)
            away = True
        await asyncio.sleep(INTERVAL_S)
