"""TRL's GRPOTrainer, unmodified, trains a tiny random model against a running Proctor.

The reward must rise; while the service is away its rewards are None, nothing crashes, and the mask holds for the reward
function beside it; then training goes on. Blocking and asynchronous.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "trl"))

import tiny
import torch
from service import Service, check, service
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from proctor.trainers.trl import AsyncProctorReward, ProctorReward

DOWN, UP, STEPS = 6, 9, 25  # steps: the service goes after step DOWN, and is back after step UP


class Outage(TrainerCallback):
    """Takes the service away in the middle of training."""

    def __init__(self, running: Service) -> None:
        self._service = running

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == DOWN:
            self._service.stop()
        if state.global_step == UP:
            self._service.start()


def ones(completions: list[Any], **_: Any) -> list[float]:
    """A function that always has an opinion."""
    return [1.0] * len(completions)


def train(kind: Any, running: Service, steps: int, callbacks: list[TrainerCallback]) -> list[dict[str, float]]:
    """The log of a training, an entry a step."""
    words = tiny.tokenizer()
    reward = kind(running.url, tests="tests", patience_s=0.2, limits={"cpu_s": 2}, run="ci")
    with tempfile.TemporaryDirectory() as out:
        trainer = GRPOTrainer(
            model=tiny.model(words),
            processing_class=words,
            train_dataset=tiny.dataset(),
            reward_funcs=[reward.beside(ones), reward],
            callbacks=callbacks,
            args=GRPOConfig(
                output_dir=out,
                per_device_train_batch_size=16,
                num_generations=8,
                max_steps=steps,
                logging_steps=1,
                learning_rate=2e-2,
                max_completion_length=1,
                save_strategy="no",
                report_to=[],
                use_cpu=True,
                disable_tqdm=True,
            ),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    check(all(torch.isfinite(p).all() for p in trainer.model.parameters()), "finite parameters")
    return [entry for entry in trainer.state.log_history if "reward" in entry]


def number(logged: float | None) -> float:
    """A logged number; transformers logs NaN as None."""
    return math.nan if logged is None else logged


def main() -> None:
    with service() as running:
        log = train(ProctorReward, running, STEPS, [Outage(running)])
        curve = [number(entry["rewards/proctor/mean"]) for entry in log]
        print("reward by step:", " ".join(f"{r:.2f}" for r in curve))
        check(len(log) == STEPS, f"{len(log)} of {STEPS} steps")
        for step, entry in enumerate(log, start=1):
            away = DOWN < step <= UP
            check(entry["proctor/invalid"] == float(away), f"step {step}: invalid is {entry['proctor/invalid']}")
            for name in ("proctor", "ones"):
                mean = number(entry[f"rewards/{name}/mean"])
                check(math.isnan(mean) == away, f"step {step}: {name} is {mean}")
        check(sum(curve[:3]) / 3 < 0.5 and sum(curve[-5:]) / 5 > 0.8, "a reward that rises")
        short = train(AsyncProctorReward, running, 6, [])
        check(all(entry["proctor/invalid"] == 0 for entry in short), "asynchronous rewards")
        print("asynchronous, reward by step:", " ".join(f"{entry['rewards/proctor/mean']:.2f}" for entry in short))


main()
