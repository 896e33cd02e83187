"""Coroutines of one end awaited at the other.

The candidate's coroutine is a task of its own loop, which runs whenever the tests await: a while, or until some task is
done. In between the tests' loop goes on, so that what they start together runs together, and their timeouts hold.
A coroutine of the tests is run to its end where the candidate awaits it.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from typing import Any

#: Seconds for which the candidate's loop runs at a time, at most.
SLICE_MAX_S = 0.02


@types.coroutine
def driven(ask: Callable[..., Any], target: Any) -> Generator[None, Any, Any]:
    """Await the candidate's `target`. Raises what it raises."""
    slice_s = 0.0
    while not ask("drive", target, slice_s):
        try:
            yield
        except BaseException:  # cancelled, or given up
            ask("cancel", target)
            raise
        slice_s = min(SLICE_MAX_S, 2 * slice_s + 0.001)
    return ask("outcome", target)


def run_here(coroutine: Any) -> Any:
    """Run a coroutine to its end, within another loop if need be."""
    import asyncio  # here: in a zygote it would make every fork dearer by a third

    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
        asyncio._set_running_loop(outer)


class Tasks:
    """The candidate's coroutines that the tests await, and the loop that they share."""

    def __init__(self) -> None:
        self._loop: Any = None
        self._tasks: dict[int, Any] = {}

    def drive(self, target: Any, slice_s: float) -> bool:
        """Let the loop run for `slice_s`, or until a task is done; whether that of `target` is."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        if id(target) not in self._tasks:
            nested = self._loop.is_running()
            self._tasks[id(target)] = _Ended(target) if nested else self._loop.create_task(_whole(target))
        task = self._tasks[id(target)]
        if not task.done():
            self._loop.run_until_complete(self._some(asyncio, slice_s))
        return bool(task.done())

    async def _some(self, asyncio: Any, slice_s: float) -> None:
        pending = [task for task in self._tasks.values() if not task.done()]
        waits = slice_s if len(pending) == len(self._tasks) else 0.0
        if pending:  # others may have run before this
            await asyncio.wait(pending, timeout=waits, return_when="FIRST_COMPLETED")

    def outcome(self, target: Any) -> Any:
        """What `target` gave. Raises what it raised."""
        return self._tasks.pop(id(target)).result()

    def cancel(self, target: Any) -> None:
        """The tests do not wait for `target` any more."""
        task = self._tasks.pop(id(target), None)
        if task is None or task.done() or self._loop.is_running():
            return
        task.cancel()
        try:
            self._loop.run_until_complete(task)
        except BaseException:
            return  # what it said when it was cancelled is nobody's any more


class _Ended:
    """A coroutine that is awaited while the loop runs already, by a function of the tests that a task called."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def done(self) -> bool:
        return True

    def result(self) -> Any:
        return run_here(_whole(self._target))


async def _whole(target: Any) -> Any:
    return await target
