"""GRPO with TRL on code, scored by Proctor.

    proctor serve                                             # in one terminal
    pip install "trl>=1.16" proctor-rewards                   # in the environment you train in
    python train.py --tiny                                    # a toy model on the CPU, a minute
    accelerate launch train.py --model Qwen/Qwen2.5-Coder-0.5B-Instruct

The one line that matters is `reward_funcs=[reward, reward.beside(brevity)]`.
"""

from __future__ import annotations

import argparse
from typing import Any

from trl import GRPOConfig, GRPOTrainer

from proctor.trainers.trl import ProctorReward


def mbpp() -> Any:
    """MBPP as conversations; the reward function reads a row's `test_list` as published."""
    from datasets import load_dataset

    rows = load_dataset("google-research-datasets/mbpp", "full", split="train")
    ask = "{text}\nYour code should pass this test:\n{test}\nAnswer with one fenced block of Python."
    return rows.map(
        lambda row: {"prompt": [{"role": "user", "content": ask.format(text=row["text"], test=row["test_list"][0])}]}
    )


def brevity(completions: list[Any], completion_ids: list[list[int]], **_: Any) -> list[float]:
    """A second reward function, to show `beside`: a little less for every token."""
    return [-0.0001 * len(ids) for ids in completion_ids]


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of `proctor serve`")
    parser.add_argument("--api-key", help="where the service asks for one")
    parser.add_argument("--model", default="Qwen/Qwen2.5-Coder-0.5B-Instruct")
    parser.add_argument("--tiny", action="store_true", help="a random toy model on the CPU")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--out", default="out")
    args = parser.parse_args()

    common: dict[str, Any] = {"api_key": args.api_key, "run": "example", "limits": {"cpu_s": 2}}
    shape: dict[str, Any]
    if args.tiny:
        import tiny

        tokenizer = tiny.tokenizer()
        model, data = tiny.model(tokenizer), tiny.dataset()
        reward = ProctorReward(args.url, tests="tests", **common)
        shape = {"max_completion_length": 1, "learning_rate": 2e-2, "use_cpu": True}
    else:
        model, tokenizer, data = args.model, None, mbpp()
        reward = ProctorReward(args.url, dataset="mbpp", **common)
        shape = {"max_completion_length": 512, "learning_rate": 1e-6, "bf16": True}

    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=data,
        reward_funcs=[reward, reward.beside(brevity)],
        args=GRPOConfig(
            output_dir=args.out,
            per_device_train_batch_size=16,
            num_generations=8,
            max_steps=args.steps,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            **shape,
        ),
    )
    trainer.train()
    curve = [entry["rewards/proctor/mean"] for entry in trainer.state.log_history if "rewards/proctor/mean" in entry]
    print("reward by step:", " ".join(f"{r:.2f}" for r in curve))


if __name__ == "__main__":
    main()
