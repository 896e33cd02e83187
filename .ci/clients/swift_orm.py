"""ms-swift's registry and its own computation of rewards, unmodified, with Proctor's ORM."""

from __future__ import annotations

import json

import torch
from service import SQUARE, UNIT_TESTS, WRONG, check, service
from swift.rewards import AsyncORM, orms
from swift.rl_core.data import GRPOSample
from swift.rl_core.grpo_algorithm import compute_rewards_per_func

from proctor.trainers.swift import register
from proctor.trainers.tally import Unscorable


def sample(answer: str, finish_reason: str = "stop") -> GRPOSample:
    messages = [{"role": "user", "content": "Square it."}, {"role": "assistant", "content": answer}]
    extra = {"tests": json.dumps(UNIT_TESTS)}
    return GRPOSample(messages=messages, extra=extra, prompt_id="p", request_id="r", finish_reason=finish_reason)


def main() -> None:
    with service() as running:
        register(running.url)
        check(issubclass(orms["proctor"], AsyncORM), "an AsyncORM in the registry")
        orm = orms["proctor"](args=None)
        samples = [sample(SQUARE), sample(WRONG), sample(SQUARE, "length")]
        for _ in range(3):
            rewards = compute_rewards_per_func(samples, [orm], [None], torch.device("cpu"))
            check(rewards.squeeze(1).tolist() == [1.0, 0.0, 1.0], rewards)
        print("ms-swift: rewards", rewards.squeeze(1).tolist())
    register(running.url, name="strict", on_invalid="raise", patience_s=0.2)
    try:
        compute_rewards_per_func(samples, [orms["strict"](args=None)], [None], torch.device("cpu"))
    except Unscorable as error:
        print("ms-swift, without a service:", str(error)[:60])
    else:
        raise SystemExit("an outage became a reward")


main()
