"""slime and miles: `--custom-rm-path proctor.trainers.slime.reward`, with `--rm-url http://127.0.0.1:8000`.

Or no code at all: `--rm-type remote_rm --rm-url http://127.0.0.1:8000/slime`.

slime calls `await reward(args, sample)`, under `--group-rm` with a list of samples; the tests stand in `sample.label`,
or where `args.proctor` says (a mapping of `Options`, set in the file of `--custom-config-path`). It has no way to leave
a sample out of its group: `on_invalid` is "wait", "raise" or a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proctor.trainers.scoring import Scoring
from proctor.trainers.shared import shared_scoring
from proctor.trainers.tally import Scored
from proctor.wire import Sample


async def reward(args: Any, sample: Any, **kwargs: Any) -> Any:
    """The reward of a sample, or of each in a list; with `--reward-key` an object that has it under that name.

    Raises Unscorable, ClientError.
    """
    scoring = shared_scoring(_options(args))
    samples = sample if isinstance(sample, list) else [sample]
    scored = await scoring.ascore([_sample(scoring, s) for s in samples])
    rewards = [_reward(scoring, s, getattr(args, "reward_key", None)) for s in scored]
    return rewards if isinstance(sample, list) else rewards[0]


def _options(args: Any) -> dict[str, Any]:
    given = getattr(args, "proctor", None)
    options = dict(given) if isinstance(given, Mapping) else {}
    if "url" not in options and (url := getattr(args, "rm_url", None)):
        options["url"] = url
    return {"tests": "label", **options}


def _sample(scoring: Scoring, sample: Any) -> Sample:
    metadata = getattr(sample, "metadata", None)
    row = {**(metadata if isinstance(metadata, Mapping) else {}), "label": sample.label}
    made = scoring.sample(sample.response, sample.prompt, row)
    status = getattr(getattr(sample, "status", None), "value", None)
    return made.model_copy(update={"finish_reason": "length"}) if status == "truncated" else made


def _reward(scoring: Scoring, scored: Scored, key: str | None) -> Any:
    return scored.reward if not key else {**scoring.terms(scored), key: scored.reward}
