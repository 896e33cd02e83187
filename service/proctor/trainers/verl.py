"""verl (0.9): a custom reward function.

    reward.custom_reward_function.path=pkg://proctor.trainers.verl
    reward.custom_reward_function.name=compute_score_async
    +reward.custom_reward_function.reward_kwargs.url=http://127.0.0.1:8000

verl calls it once per sample with `data_source`, `solution_str`, `ground_truth` (the tests) and `extra_info`. It takes
the keys of the first sample's answer and looks them up in every other's, so every answer has the same keys. It has no
way to leave a sample out: `on_invalid` is "wait", "raise" or a number. Use the asynchronous function with verl's
reward loop; the other one holds one of its few threads for as long as it waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proctor.trainers.scoring import Scoring
from proctor.trainers.shared import shared_scoring
from proctor.trainers.tally import Scored
from proctor.wire import Sample

_VERL_OWN = ("reward_router_address", "reward_model_tokenizer")


def compute_score(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Any = None, **reward_kwargs: Any
) -> dict[str, float]:
    """Score one sample, blocking.

    reward_kwargs: `url`, `on_invalid`, `problem_key` (the field of `extra_info` that holds the problem, for the
    thinking model), and what `scoring.Options` lists; `tests` and `columns` name fields of `extra_info`, or
    `ground_truth`, the default. Raises Unscorable, ClientError.
    """
    scoring, sample = _prepared(data_source, solution_str, ground_truth, extra_info, reward_kwargs)
    return _answer(scoring, scoring.score([sample])[0])


async def compute_score_async(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Any = None, **reward_kwargs: Any
) -> dict[str, float]:
    """Score one sample, asynchronously; otherwise as `compute_score`. Requests made together run together."""
    scoring, sample = _prepared(data_source, solution_str, ground_truth, extra_info, reward_kwargs)
    return _answer(scoring, (await scoring.ascore([sample]))[0])


def _prepared(
    data_source: str, solution: str, ground_truth: Any, extra_info: Any, reward_kwargs: Mapping[str, Any]
) -> tuple[Scoring, Sample]:
    options = {k: v for k, v in reward_kwargs.items() if k not in (*_VERL_OWN, "problem_key")}
    options.setdefault("tests", "ground_truth")
    scoring = shared_scoring(options)
    extra = dict(extra_info) if isinstance(extra_info, Mapping) else {}
    row = {**extra, "data_source": data_source, "ground_truth": ground_truth}
    problem = extra.get(reward_kwargs.get("problem_key") or "problem")
    return scoring, scoring.sample(solution, problem if isinstance(problem, str) else None, row)


def _answer(scoring: Scoring, scored: Scored) -> dict[str, float]:
    assert scored.reward is not None  # on_invalid "none" is refused
    terms = scoring.terms(scored)
    return {"score": scored.reward, "acc": terms["passed"], **terms}
