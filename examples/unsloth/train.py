"""GRPO with unsloth, scored by Proctor: TRL's trainer, so TRL's reward function. Needs a GPU."""

from __future__ import annotations

from datasets import load_dataset
from trl import GRPOConfig, GRPOTrainer
from unsloth import FastLanguageModel

from proctor.trainers.unsloth import ProctorReward

ASK = "{text}\nYour code should pass this test:\n{test}\nAnswer with one fenced block of Python."

if __name__ == "__main__":
    model, tokenizer = FastLanguageModel.from_pretrained("Qwen/Qwen2.5-Coder-1.5B-Instruct", max_seq_length=3072)
    model = FastLanguageModel.get_peft_model(model, r=16)
    rows = load_dataset("google-research-datasets/mbpp", "full", split="train")
    rows = rows.map(
        lambda r: {"prompt": [{"role": "user", "content": ASK.format(text=r["text"], test=r["test_list"][0])}]}
    )
    GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=[ProctorReward("http://127.0.0.1:8000", dataset="mbpp", run="unsloth-example")],
        train_dataset=rows,
        args=GRPOConfig(output_dir="out", num_generations=8, max_completion_length=1024, max_steps=100),
    ).train()
