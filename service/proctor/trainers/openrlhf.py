"""OpenRLHF (0.11): a local reward file. Or no file at all: `--reward.remote_url http://127.0.0.1:8000/get_reward`.

    # reward.py, for `--reward.remote_url reward.py`
    from proctor.trainers.openrlhf import ProctorReward
    reward_func = ProctorReward("http://127.0.0.1:8000")

OpenRLHF calls `reward_func(queries, prompts, labels)` with one sample at a time, in a thread; a query is prompt and
response with their special tokens, a label (`--data.label_key`) holds the tests. An error in it is swallowed, and a
sample without reward ends the step, so `on_invalid` is "wait", "raise" or a number.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Unpack

from proctor.trainers.scoring import Options, Scoring
from proctor.trainers.tally import OnInvalid
from proctor.trainers.text import response_of
from proctor.wire import Sample


class ProctorReward:
    """`reward_func` of a reward file."""

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:8000",
        *,
        on_invalid: OnInvalid = "wait",
        **options: Unpack[Options],
    ) -> None:
        """See `Options`; `tests` may be a function of {"label", "prompt"}."""
        options.setdefault("tests", "label")
        self.scoring = Scoring(url, on_invalid=on_invalid, **options)

    def __call__(
        self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **other: Any
    ) -> dict[str, Any]:
        """`rewards`, `scores` (1 where the code passed) and `extra_logs`, as tensors where torch is loaded.

        Raises Unscorable, ClientError.
        """
        samples = [self._sample(q, p, label) for q, p, label in zip(queries, prompts, labels, strict=True)]
        scored = self.scoring.score(samples)
        terms = [self.scoring.terms(s) for s in scored]
        return {
            "rewards": _tensor([s.reward for s in scored]),
            "scores": _tensor([t["outcome_term"] for t in terms]),
            "extra_logs": {name: _tensor([t[name] for t in terms]) for name in terms[0]},
        }

    def _sample(self, query: str, prompt: str, label: Any) -> Sample:
        return self.scoring.sample(response_of(query, prompt), prompt, {"label": label, "prompt": prompt})


def _tensor(values: list[Any]) -> Any:
    """A tensor, as OpenRLHF's own examples return; OpenRLHF has loaded torch before it loads the file."""
    torch = sys.modules.get("torch")
    return values if torch is None else torch.tensor(values, dtype=torch.float32)
