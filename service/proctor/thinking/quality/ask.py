"""Asking the attached model about many thoughts, for its evaluation and its calibration."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from proctor.errors import ConfigurationError, ThinkingError, ThinkingUnavailable
from proctor.thinking.quality.accuracy import Judged, report
from proctor.thinking.quality.files import Pair
from proctor.thinking.scorer import REJECTED, Scorer
from proctor.thinking.types import Score, Thought

#: Thoughts on their way at a time; the scorer batches them.
AT_A_TIME = 1024

Progress = Callable[[int], Any]


async def evaluate(scorer: Scorer, pairs: Sequence[Pair], seed: int = 0, progress: Progress = int) -> dict[str, Any]:
    """The report on a scorer's judgement of `pairs`. scorer: one that does not normalise, which would make ties.

    Which of the two is asked first is drawn by `seed`. Pairs with a side that is empty, that could not be scored or
    that the server refused are counted apart, never as lost. Raises ThinkingError where that is all of them.
    """
    rng = random.Random(seed)
    first = [rng.random() < 0.5 for _ in pairs]
    thoughts: list[Thought] = []
    for pair, chosen_first in zip(pairs, first, strict=True):
        two = [Thought(pair.problem, pair.chosen), Thought(pair.problem, pair.rejected)]
        thoughts += two if chosen_first else two[::-1]
    scores = await ask(scorer, thoughts, progress)
    judged: list[Judged] = []
    refused = 0
    for at, (pair, chosen_first) in enumerate(zip(pairs, first, strict=True)):
        chosen, other = scores[2 * at : 2 * at + 2] if chosen_first else scores[2 * at : 2 * at + 2][::-1]
        if not (
            isinstance(chosen, Score) and isinstance(other, Score) and pair.chosen.strip() and pair.rejected.strip()
        ):
            continue
        if REJECTED in (*chosen.flags, *other.flags):
            refused += 1
        else:
            lengths = (len(pair.chosen), len(pair.rejected))
            judged.append(Judged(pair.problem, pair.subset, chosen.value, other.value, *lengths, chosen_first))
    if not judged:
        raise next((s for s in scores if isinstance(s, Exception)), ThinkingUnavailable("no pair was scored"))
    apart = {"unscored": len(pairs) - len(judged) - refused, "thinking_rejected": refused}
    return {"model": scorer.describe(), **report(judged, seed), **apart}


async def calibrate(
    scorer: Scorer, thoughts: Sequence[Thought], trim: float, progress: Progress = int
) -> dict[str, Any]:
    """The range of a scorer's raw scores. scorer: one that does not normalise. trim: share cut off at each end.

    Raises ThinkingError where one thought could not be scored, ConfigurationError where the scores do not differ.
    """
    scores = await ask(scorer, thoughts, progress)
    for score in scores:
        if isinstance(score, Exception):
            raise score
    values = sorted(s.value for s in scores if isinstance(s, Score) and REJECTED not in s.flags)
    if not values or not quantile(values, trim) < quantile(values, 1 - trim):
        raise ConfigurationError(f"{len(values)} scores that do not differ: nothing to calibrate by")
    about = scorer.describe()
    return {
        "min": quantile(values, trim),
        "max": quantile(values, 1 - trim),
        "trim": trim,
        "count": len(values),
        "mean": math.fsum(values) / len(values),
        "quantiles": {str(q): quantile(values, q) for q in (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)},
        **{name: about[name] for name in ("model", "provider", "asks", "template")},
    }


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of `ordered` lies, interpolated."""
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


async def ask(scorer: Scorer, thoughts: Sequence[Thought], progress: Progress = int) -> list[Score | ThinkingError]:
    """A score or an error for each thought, same order. progress: told how many more are done."""
    limit = asyncio.Semaphore(AT_A_TIME)

    async def one(thought: Thought) -> Score | ThinkingError:
        async with limit:
            try:
                return await scorer.score(thought)
            except ThinkingError as error:
                return error
            finally:
                progress(1)

    return list(await asyncio.gather(*map(one, thoughts)))
