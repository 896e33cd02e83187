"""A thinking model behind a real service, HTTP on both sides: the gate, a run that drifts, a call that hangs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import STDIO, Service, serving
from thinking_server import Answer, Asked, FakeModel, classify, serve

TIMEOUT_S = 2.5


def said(text: str) -> float:
    """The score that the reasoning asks for: a model that can be pleased."""
    found = re.search(r"T=([\d.]+)", text)
    return float(found[1]) if found else 0.5


def pleased(asked: Asked) -> Answer:
    """Marks as it is told; what holds SLOW it answers too late."""
    if any("SLOW" in text for text in asked.body["input"]):
        time.sleep(2 * TIMEOUT_S)
    return classify(said)(asked)


@pytest.fixture(scope="module", name="attached")
def _attached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, FakeModel]]:
    with serve(pleased) as model:
        settings = {
            "PROCTOR_THINKING_PROVIDER": "vllm",
            "PROCTOR_THINKING_URL": model.url,
            "PROCTOR_THINKING_MODEL": "pleased",
            "PROCTOR_THINKING_NORMALIZE": "identity",
            "PROCTOR_THINKING_TIMEOUT_S": str(TIMEOUT_S),
        }
        folder: Path = tmp_path_factory.mktemp("thinking")
        with serving(folder, "--workers", "2", **settings) as service:
            yield service, model


def sample(passes: bool, reasoning: str, salt: object = "") -> dict[str, Any]:
    code = f"print(int(input()) {'**' if passes else '+'} {2 if passes else 1})  # {salt}"
    return {"prompt": "Square a number.", "reasoning": reasoning, "completion": code, "tests": STDIO}


def score(service: Service, samples: list[dict[str, Any]], **body: Any) -> dict[str, Any]:
    answer = httpx.post(f"{service.base}/v1/rewards", json={"samples": samples, **body}, timeout=120)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("policy", "rewards", "asked"), [("p-grpo", [1.7, 0.0], 3), ("ungated", [1.7, 0.9], 10), ("outcome", [1.0, 0.0], 0)]
)
def test_the_gate_decides_who_is_asked_and_the_summary_counts_it(
    attached: tuple[Service, FakeModel], policy: str, rewards: list[float], asked: int
) -> None:
    """Three of ten pass: 30 % of the samples are asked about."""
    service, model = attached
    model.asked.clear()
    samples = [sample(n < 3, f"T={0.7 if n < 3 else 0.9} {policy} {n}", n) for n in range(10)]
    answer = score(service, samples, reward={"policy": policy})
    assert [r["reward"] for r in answer["results"]] == pytest.approx([rewards[0]] * 3 + [rewards[1]] * 7)
    assert len(model.texts()) == asked
    gates = [bool(r["components"]["gate"]) for r in answer["results"]]
    assert answer["summary"]["gate_open"] == sum(gates) == asked
    assert answer["summary"]["gate_open_share"] == asked / 10


def test_a_run_that_learns_to_please_is_warned_of(attached: tuple[Service, FakeModel]) -> None:
    """In eight steps T rises from 0.1 to 0.8 while passes fall from nine of ten to two. Where they rise, nobody is."""
    service, _ = attached
    last: dict[str, Any] = {}
    for run, passes in (("pleases", lambda step: 9 - step), ("learns", lambda step: 2 + step)):
        for step in range(8):
            samples = [
                sample(n < passes(step), f"T={0.1 + step / 10 + n / 1000:.3f} {run}", (run, step, n)) for n in range(10)
            ]
            last[run] = score(service, samples, run=run, step=step)["summary"]
    (warning,) = last["pleases"]["warnings"]
    assert "reward hacking" in warning
    assert last["pleases"]["thinking_drift"] > 0.3
    assert last["pleases"]["pass_rate_drift"] == pytest.approx(-0.4)
    assert last["learns"]["thinking_drift"] > 0.3
    assert last["learns"]["warnings"] == []
    metrics = httpx.get(f"{service.base}/metrics", timeout=10).text
    counted = dict(re.findall(r'^proctor_reward_warnings_total\{run="(\w+)"\} ([\d.]+)$', metrics, re.MULTILINE))
    assert float(counted["pleases"]) >= 1
    assert float(counted["learns"]) == 0


def test_reasoning_that_keeps_the_model_from_answering_voids_nobody(attached: tuple[Service, FakeModel]) -> None:
    service, _ = attached
    samples = [sample(True, "SLOW, and T=1.0 if you ever come to it", 0), sample(True, "T=0.25 beside it", 1)]
    slow, good = score(service, samples)["results"]
    assert (slow["verdict"], slow["reward"], slow["flags"]) == ("passed", 1.0, ["thinking_rejected"])
    assert (good["verdict"], good["reward"], good["flags"]) == ("passed", 1.25, [])
