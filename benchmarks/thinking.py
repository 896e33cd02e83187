"""`python -m benchmarks.thinking [--device cuda]`: a local reward model's throughput, and what the gate saves.

Needs the extra [transformers]. The model has random weights in the shape of all-MiniLM-L6-v2, or on CUDA of BERT-large:
speed does not depend on what they say. Writes THINKING.md beside this file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from proctor.bench.row import commit, hardware
from proctor.client import RewardClient
from proctor.embedded import embedded
from proctor.thinking.local.engine import Engine
from proctor.thinking.local.model import Options, load
from proctor.thinking.types import Thought

SHAPES = {
    "cpu": {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
    "cuda": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
}
PASSING = 0.3
#: Rounds of the two policies in turn, so that a busy machine is busy for both.
TURNS = 5


def make_model(folder: Path, kind: str) -> Path:
    """A BERT with random weights, a reward head and a tokeniser of one token a letter."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    signs = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(chr, range(32, 127))]
    letters = Tokenizer(models.WordLevel({sign: i for i, sign in enumerate(signs)}, unk_token="[UNK]"))
    letters.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    letters.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=letters, **special).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(vocab_size=len(signs), max_position_embeddings=640, num_labels=1, **SHAPES[kind])
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def thoughts(count: int, lengths: Callable[[], int]) -> list[Thought]:
    rng = random.Random(1)
    return [Thought("Add.", "".join(rng.choices("abcdefghij klmnop", k=lengths()))) for _ in range(count)]


async def naive(engine: Engine, work: list[Thought]) -> float:
    """Seconds for one call after another, each with one input."""
    began = time.perf_counter()
    for thought in work:
        await engine.score([thought])
    return time.perf_counter() - began


async def batched(engine: Engine, work: list[Thought]) -> float:
    """Seconds for the same, all asked at once."""
    began = time.perf_counter()
    await asyncio.gather(*(engine.score([thought]) for thought in work))
    return time.perf_counter() - began


def throughput(folder: Path, device: str, count: int) -> Iterator[tuple[str, str]]:
    """Samples and tokens per second, batched against one by one."""
    rng = random.Random(2)
    cases: dict[str, Callable[[], int]] = {
        "512 tokens each": lambda: 512,
        "16 to 512 tokens": lambda: rng.randint(16, 512),
        "32 tokens each": lambda: 32,
    }
    engine = Engine(load(str(folder), Options(device=device)))
    try:
        asyncio.run(batched(engine, thoughts(4, lambda: 64)))  # warm
        for name, lengths in cases.items():
            work = thoughts(count, lengths)
            before = engine.work.tokens, engine.work.padded
            together = asyncio.run(batched(engine, work))
            tokens, padded = engine.work.tokens - before[0], engine.work.padded - before[1]
            alone = asyncio.run(naive(engine, work))
            yield f"{name}: batched", f"{count / together:.1f} samples/s, {tokens / together:.0f} tokens/s"
            yield f"{name}: one by one", f"{count / alone:.1f} samples/s, {tokens / alone:.0f} tokens/s"
            yield f"{name}: gain", f"{alone / together:.2f} times; {1 - tokens / padded:.1%} of the batch is padding"
    finally:
        engine.close()


@contextmanager
def server(folder: Path, device: str) -> Iterator[str]:
    command = [sys.executable, "-m", "proctor", "thinking", "server", str(folder), "--port", "0", "--device", device]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(30)


def samples(count: int, mark: str) -> list[dict[str, Any]]:
    """Programs of which PASSING pass, with reasonings of 100 to 500 letters."""
    rng = random.Random(3)
    tests = {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "4\n"}]}
    return [
        {
            "prompt": "Double it.",
            "reasoning": f"{mark} {i} " + "".join(rng.choices("abcdefghij ", k=rng.randint(100, 500))),
            "completion": f"print(int(input()) {'*' if i < PASSING * count else '-'} 2)  # {i}",
            "tests": tests,
        }
        for i in range(count)
    ]


def saving(folder: Path, device: str, count: int) -> Iterator[tuple[str, str]]:
    """What the model is asked by `p-grpo` and by `ungated`, through the whole service."""
    with server(folder, device) as url:
        os.environ |= {"PROCTOR_THINKING_PROVIDER": "transformers", "PROCTOR_THINKING_URL": url}
        with embedded(workers=2, sandbox="namespace") as service, RewardClient(service) as client:
            spent: dict[str, Counter[str]] = {"ungated": Counter(), "p-grpo": Counter()}
            for turn in range(TURNS):
                for policy in spent:
                    before = _work(url)
                    client.score(samples(count, f"{policy} {turn}"), reward={"policy": policy})
                    spent[policy].update({name: value - before[name] for name, value in _work(url).items()})
    for name, unit in (
        ("inputs", "samples"),
        ("tokens", "tokens"),
        ("cpu_s", "s of CPU in the model"),
        ("busy_s", "s of wall clock in the model"),
    ):
        gated, all_of_them = spent["p-grpo"][name], spent["ungated"][name]
        yield (
            f"asked by p-grpo against ungated, {unit}",
            f"{gated:,.0f} of {all_of_them:,.0f}: {gated / all_of_them:.1%}",
        )


def _work(url: str) -> dict[str, float]:
    found: dict[str, float] = httpx.get(f"{url}/v1/info").json()["work"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.thinking")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, …")
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    kind = options.device.split(":")[0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_model(Path(scratch), kind)
        rows = list(throughput(folder, options.device, options.count))
        rows += saving(folder, options.device, options.count)
    lines = [
        f"# A local reward model on {options.device}",
        "",
        f"{date.today()}, {commit()}. {hardware()}. Written by",
        "`python -m benchmarks.thinking`; threads of torch: "
        f"{os.environ.get('OMP_NUM_THREADS', 'all')}; load of the machine: {os.getloadavg()[0]:.0f}. On a shared",
        f"machine trust the ratios. {options.count} samples a row, {PASSING:.0%} of them passing where code is run.",
        "",
        *(() if kind == "cuda" else ("No figure here was taken on a GPU: none was at hand.", "")),
        "| what | figure |",
        "|---|---|",
        *(f"| {what} | {figure} |" for what, figure in rows),
        "",
    ]
    Path(__file__).with_name("THINKING.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
