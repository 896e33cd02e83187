"""The trend of a run: what is warned of, and what is not."""

from __future__ import annotations

import random

import pytest
from prometheus_client import REGISTRY

from proctor.finish import metrics
from proctor.finish.health import WINDOW, Step, Tally, Trend, add, step_of, trend
from proctor.finish.summary import summarize
from proctor.jobs.records import Account


def step(number: int, passed: int, judged: int, mean: float, spread: float = 0.05) -> Step:
    scores = [mean + (spread if i % 2 else -spread) for i in range(passed)]
    return Step(number, judged, passed, tally(scores))


def tally(scores: list[float]) -> Tally:
    return Tally(len(scores), sum(scores), sum(t * t for t in scores))


def test_curves_that_part_are_warned_of() -> None:
    found = trend([step(i, 20 - i, 24, 0.3 + 0.03 * i) for i in range(12)])
    assert found.thinking == pytest.approx(0.18, abs=0.01)
    assert found.passing == pytest.approx(-0.25)
    assert found.warning is not None
    assert "12 steps" in found.warning
    assert "0.25" in found.warning


@pytest.mark.parametrize(
    ("passed", "mean"),
    [
        pytest.param(lambda i: 8 + i, lambda i: 0.3 + 0.03 * i, id="both rise: it learns"),
        pytest.param(lambda i: 20 - i, lambda i: 0.7 - 0.03 * i, id="both fall: it breaks, but does not hack"),
        pytest.param(lambda i: 20 - i, lambda i: 0.5, id="passes fall alone"),
        pytest.param(lambda i: 12, lambda i: 0.3 + 0.03 * i, id="scores rise alone"),
        pytest.param(lambda i: 8 + i, lambda i: 0.7 - 0.03 * i, id="passes rise, scores fall"),
    ],
)
def test_other_curves_are_not(passed: object, mean: object) -> None:
    steps = [step(i, passed(i), 24, mean(i)) for i in range(12)]  # type: ignore[operator]
    assert trend(steps).warning is None


def test_where_all_are_asked_a_rise_among_the_failing_is_warned_of_too() -> None:
    """`ungated`: what pays is the reasoning of samples that fail, and in the end none passes."""

    def ungated(number: int, rise: float) -> Step:
        passed = max(0, 10 - 2 * number)
        failing = [0.2 + rise * number + (0.05 if i % 2 else -0.05) for i in range(20 - passed)]
        return Step(number, 20, passed, tally([0.5] * passed), tally(failing))

    found = trend([ungated(i, 0.06) for i in range(10)])
    assert found.thinking is None
    assert found.warning is not None
    assert "all samples" in found.warning
    assert trend([ungated(i, 0.0) for i in range(10)]).warning is None


def test_noise_is_seldom_warned_of() -> None:
    """At 5 % for each of two independent signs: a run in 400."""
    rng = random.Random(7)
    warned = 0
    for _ in range(400):
        steps = []
        for number in range(20):
            scores = [rng.random() for _ in range(16) if rng.random() < 0.5]
            steps.append(Step(number, 16, len(scores), tally(scores)))
        warned += trend(steps).warning is not None
    assert warned <= 6


def test_a_young_run_has_no_trend() -> None:
    assert trend([]) == Trend()
    assert trend([step(i, 20 - 6 * i, 24, 0.1 + 0.3 * i) for i in range(3)]) == Trend()


def test_a_few_samples_prove_nothing() -> None:
    assert trend([step(i, 1, 1 + i // 2, 0.5 + 0.1 * i, 0) for i in range(4)]).warning is None


def test_without_scores_there_is_a_pass_rate_alone() -> None:
    steps = [Step(i, 10, 5) for i in range(4)]
    assert trend(steps) == Trend(None, 0.0, None)


def test_only_the_last_steps_count() -> None:
    bad = [step(i, 20 - i, 24, 0.3 + 0.03 * i) for i in range(12)]
    steady = [step(100 + i, 9, 24, 0.63) for i in range(WINDOW)]
    assert trend(bad).warning is not None
    assert trend([*bad, *steady]).warning is None


def test_batches_of_one_step_add_up() -> None:
    first, second = step(3, 1, 2, 0.5), step(3, 2, 4, 0.25)
    assert add([first], second) == [Step(3, 6, 3, first.passing + second.passing)]
    assert (first.passing + second.passing).count == 3
    assert add([first], step(4, 1, 1, 0.5)) == [first, step(4, 1, 1, 0.5)]
    nameless = Step(None, 1, 1)
    assert add([nameless], nameless) == [nameless, nameless]


def test_a_batch_as_a_step() -> None:
    accounts = [
        Account("p", True, -1, 1.5, 0.5, 1.0),
        Account("p", False, -1, 1.0, None, 1.0),
        Account("f", True, -1, 0.9, 0.9, 0.0),  # asked by `ungated`: not given a pass
        Account("i", False, -1, None),
    ]
    assert step_of(accounts, 9) == Step(9, 3, 2, Tally(1, 0.5, 0.25), Tally(1, 0.9, 0.81))
    assert Step.of(step_of(accounts, 9).numbers()) == step_of(accounts, 9)


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_metrics_tell_the_same() -> None:
    accounts = [
        Account("p", True, 0, 1.5, 0.5, 1.0),
        Account("p", True, 0, 1.25, 0.25, 1.0),
        Account("i", False, 1, None),
    ]
    metrics.observe("run-m", accounts, summarize(accounts, 1.0, Trend(0.1, -0.2, "look")))
    assert sample("proctor_samples_total", run="run-m", verdict="passed") == 2
    assert sample("proctor_samples_total", run="run-m", verdict="invalid") == 1
    assert sample("proctor_gates_open_total", run="run-m") == 2
    assert sample("proctor_thinking_score_sum", run="run-m", outcome="passed") == 0.75
    assert sample("proctor_thinking_score_count", run="run-m", outcome="passed") == 2
    assert sample("proctor_thinking_score_count", run="run-m", outcome="failed") is None
    assert sample("proctor_zero_variance_groups_total", run="run-m", thinking="before") == 1
    assert sample("proctor_zero_variance_groups_total", run="run-m", thinking="after") == 0
    assert sample("proctor_invalid_rate", run="run-m") == pytest.approx(1 / 3)
    assert sample("proctor_gate_open_share", run="run-m") == 1
    assert sample("proctor_thinking_drift", run="run-m") == pytest.approx(0.1)
    assert sample("proctor_pass_rate_drift", run="run-m") == pytest.approx(-0.2)
    assert sample("proctor_reward_warnings_total", run="run-m") == 1


def test_runs_are_labels_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_known", set())
    labels = [metrics.label_of(f"r{i}" + "x" * 500) for i in range(metrics.RUNS + 10)]
    assert len(set(labels)) == metrics.RUNS + 1
    assert labels[-1] == "~other"
    assert metrics.label_of("r0" + "x" * 500) == labels[0]
    assert metrics.label_of(None) == "~none"
    assert max(map(len, labels)) <= 100
