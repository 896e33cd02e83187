"""ms-swift (4.6): a plugin file for `--external_plugins plugin.py --reward_funcs proctor`.

    from proctor.trainers.swift import register
    register("http://127.0.0.1:8000", tests="tests")

ms-swift calls `await orm(completions, **columns)`; completions are texts, `messages` the conversations. It turns None
into 0 and masks nothing, so `on_invalid` is "wait", "raise" or a number. Every step has an event loop of its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Unpack

from proctor.trainers.scoring import Options, Scoring
from proctor.trainers.tally import OnInvalid


class ProctorORM:
    """The reward function. ms-swift makes it as `ProctorORM(args=…)`: subclasses carry the scoring."""

    scoring: Scoring

    def __init__(self, args: Any = None, **kwargs: Any) -> None:
        self.args = args

    async def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float]:
        """One reward per completion, same order. Raises Unscorable, ClientError."""
        rows = _rows(columns, len(completions))
        samples = [
            self.scoring.sample(completion, _prompt(row.get("messages")), row)
            for completion, row in zip(completions, rows, strict=True)
        ]
        cut = [row.get("finish_reason") == "length" or row.get("is_truncated") is True for row in rows]
        marked = [
            s.model_copy(update={"finish_reason": "length"}) if c else s for s, c in zip(samples, cut, strict=True)
        ]
        step = getattr(columns.get("trainer_state"), "global_step", None)
        try:
            scored = await self.scoring.ascore(marked, step=step if isinstance(step, int) else None)
        finally:
            await self.scoring.aclose()  # this event loop ends with the step
        return [s.reward for s in scored if s.reward is not None]


def orm(
    url: str | Sequence[str] = "http://127.0.0.1:8000",
    *,
    on_invalid: OnInvalid = "wait",
    base: type = object,
    **options: Unpack[Options],
) -> type[ProctorORM]:
    """A class for `orms`. base: ms-swift's AsyncORM."""
    scoring = Scoring(url, on_invalid=on_invalid, **options)
    bases = (ProctorORM,) if base is object else (ProctorORM, base)
    return type("ProctorORM", bases, {"scoring": scoring, "__doc__": ProctorORM.__doc__})


def register(
    url: str | Sequence[str] = "http://127.0.0.1:8000",
    *,
    name: str = "proctor",
    on_invalid: OnInvalid = "wait",
    **options: Unpack[Options],
) -> None:
    """Enter the reward function in ms-swift's registry as `name`. Raises ImportError without ms-swift."""
    rewards = importlib.import_module("swift.rewards")
    rewards.orms[name] = orm(url, on_invalid=on_invalid, base=rewards.AsyncORM, **options)


def _rows(columns: dict[str, Any], count: int) -> list[dict[str, Any]]:
    lists = {k: v for k, v in columns.items() if isinstance(v, list | tuple) and len(v) == count}
    return [{k: v[i] for k, v in lists.items()} for i in range(count)]


def _prompt(messages: Any) -> Any:
    """The conversation before the completion, which stands last."""
    if not isinstance(messages, list) or not messages:
        return None
    answered = isinstance(messages[-1], dict) and messages[-1].get("role") == "assistant"
    return messages[:-1] if answered else messages
