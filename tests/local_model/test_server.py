"""`proctor thinking-server` as a process: its scores, what it costs the service, and how good a trained head is."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
import transformers
from conftest import serving
from pairs import PROBLEMS, Problem, degraded, good, rows

from proctor.client import RewardClient
from proctor.embedded import embedded
from proctor.settings import Settings
from proctor.thinking import Score, Thought, make_scorer
from proctor.thinking.local.engine import Engine
from proctor.thinking.local.model import Options, load
from proctor.thinking.normalize import sigmoid


@pytest.fixture(scope="module")
def tiny(encoder: Callable[..., Path]) -> Path:
    return encoder(seed=3)


@pytest.fixture(scope="module")
def server(tiny: Path) -> Iterator[str]:
    with serving(tiny) as about:
        assert (about["head"], about["device"], about["dtype"]) == ("sequence", "cpu", "float32")
        yield about["url"]


async def scores_of(thoughts: list[Thought], **settings: Any) -> list[Score]:
    scorer = make_scorer(Settings(**settings))
    assert scorer is not None
    try:
        return list(await asyncio.gather(*map(scorer.score, thoughts)))
    finally:
        await scorer.close()


async def test_over_http_as_in_process(tiny: Path, server: str) -> None:
    thoughts = [Thought("Add.", "so " * n + str(n)) for n in range(1, 60)]
    engine = Engine(load(str(tiny), Options()))
    here = [sigmoid(float(x or 0)) for x in await engine.score(thoughts)]
    engine.close()
    there = await scores_of(thoughts, thinking_provider="transformers", thinking_url=server)
    assert [s.value for s in there] == pytest.approx(here, abs=1e-4)
    vllm = await scores_of(thoughts, thinking_provider="vllm", thinking_url=server)
    assert [s.value for s in vllm] == pytest.approx(here, abs=1e-4)


def test_the_service_asks_for_open_gates_alone_and_flags_what_was_cut(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten samples of which three pass: three thoughts for `p-grpo`, ten for `ungated`."""
    monkeypatch.setenv("PROCTOR_THINKING_PROVIDER", "transformers")
    monkeypatch.setenv("PROCTOR_THINKING_URL", server)
    tests = {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "4\n"}]}

    def samples(mark: str) -> list[dict[str, Any]]:
        long = " and so on" * 300
        return [
            {
                "prompt": "Double it.",
                "reasoning": f"{mark} {i}" + long * (i == 0),
                "completion": f"print(int(input()) {'*' if i < 3 else '-'} 2)",
                "tests": tests,
            }
            for i in range(10)
        ]

    with embedded(workers=1, sandbox="namespace") as url, RewardClient(url) as client:
        info = httpx.get(f"{url}/v1/info").json()["thinking"]
        assert (info["provider"], info["asks"], info["normalize"]) == ("transformers", "/score", "sigmoid")
        before = work(server)
        gated = client.score(samples("gated"))
        after = work(server)
        ungated = client.score(samples("ungated"), reward={"policy": "ungated"})
        assert work(server) - after == 10
    assert after - before == 3
    assert [r.components.thinking is not None for r in gated.results] == [True] * 3 + [False] * 7
    assert [r.flags for r in gated.results[:2]] == [["thinking_truncated"], []]
    assert all(r.components.thinking is not None for r in ungated.results)
    assert gated.summary.thinking_mean_passed is not None


def work(server: str) -> int:
    return int(httpx.get(f"{server}/v1/info").json()["work"]["inputs"])


def test_a_server_ends_on_request(tiny: Path) -> None:
    command = [sys.executable, "-m", "proctor", "thinking", "server", str(tiny), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    for _ in range(100):
        try:
            assert httpx.get(f"{url}/healthz").json() == {"status": "alive"}
            break
        except httpx.TransportError:
            process.poll()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in (0, -signal.SIGTERM)
    process.stdout.close()


def test_listening_to_others_needs_a_key(tiny: Path) -> None:
    command = [sys.executable, "-m", "proctor", "thinking-server", str(tiny), "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 78
    assert "PROCTOR_THINKING_API_KEY" in done.stderr


# a head trained here


def features(model: Any, tokenizer: Any, texts: list[str]) -> torch.Tensor:
    """What the encoder makes of each text's first token; it is not trained."""
    found = []
    with torch.inference_mode():
        for at in range(0, len(texts), 16):
            batch = tokenizer(texts[at : at + 16], return_tensors="pt", padding=True, truncation=True)
            found.append(model.bert(**batch).last_hidden_state[:, :1])
    return torch.cat(found).clone()


def train(minilm: Path, problems: list[Problem], folder: Path) -> None:
    """all-MiniLM-L6-v2 with a reward head, by the Bradley-Terry loss on pairs; saved to `folder`."""
    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(minilm, num_labels=1).eval()
    better, worse = [good(p) for p in problems], [list(degraded(p).values()) for p in problems]

    def encoded(reasonings: list[str]) -> torch.Tensor:
        """One row per problem."""
        texts = [f"### Problem\n{p.prompt}\n\n### Reasoning\n{r}" for p, r in zip(problems, reasonings, strict=True)]
        return features(model, tokenizer, texts)

    kinds = len(worse[0])
    chosen = encoded(better).repeat(kinds, 1, 1)
    rejected = torch.cat([encoded([texts[kind] for texts in worse]) for kind in range(kinds)])
    head = [*model.bert.pooler.parameters(), *model.classifier.parameters()]
    optimizer = torch.optim.AdamW(head, lr=1e-3, weight_decay=0.01)
    for _ in range(60):
        margin = model.classifier(model.bert.pooler(chosen)) - model.classifier(model.bert.pooler(rejected))
        loss = torch.nn.functional.softplus(-margin).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def proctor(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "proctor", "thinking", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_head_trained_on_some_problems_judges_others(minilm: Path, tmp_path: Path) -> None:
    """Eight problems that it has not seen, through the server and `proctor thinking eval`."""
    problems = PROBLEMS.copy()
    random.Random(0).shuffle(problems)
    train(minilm, problems[:16], tmp_path / "model")
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join(map(json.dumps, rows(problems[16:]))))
    with serving(tmp_path / "model") as about:
        attached = {"PROCTOR_THINKING_PROVIDER": "transformers", "PROCTOR_THINKING_URL": about["url"]}
        found = json.loads(proctor("eval", str(file), "--json", **attached))
        proctor("calibrate", str(file), "--out", str(tmp_path / "c.json"), **attached)
        scaled = {"PROCTOR_THINKING_NORMALIZE": "minmax", "PROCTOR_THINKING_CALIBRATION": str(tmp_path / "c.json")}
        named: dict[str, Any] = {name.removeprefix("PROCTOR_").lower(): v for name, v in {**attached, **scaled}.items()}
        thoughts = [Thought(row["prompt"], row[side]) for row in rows(problems[16:]) for side in ("chosen", "rejected")]
        values = [score.value for score in asyncio.run(scores_of(thoughts, **named))]
    print({name: found[name] for name in ("accuracy", "ci95_wilson", "by_subset", "longer_wins", "shuffled_labels")})
    assert (found["pairs"], found["problems"], found["unscored"]) == (24, 8, 0)
    assert 0.25 <= found["longer_wins"] <= 0.75, "length alone does not tell"
    assert found["accuracy"] >= 0.75
    assert found["ci95_wilson"][0] > 0.5
    assert found["shuffled_labels"]["p_value"] < 0.01
    assert found["shuffled_labels"]["accuracy"] == pytest.approx(0.5, abs=0.02)
    assert set(found["by_subset"]) == {"factual accuracy", "logical rigor", "coherence"}
    assert (min(values), max(values)) == (0.0, 1.0)
