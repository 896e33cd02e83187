"""Prometheus metrics of rewards: the health of the reward, by training run.

A run's name is a client's choice, so the first RUNS of them have series of their own in each process and the others
share one: `~other`. Batches without a run are `~none`.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from proctor.jobs.records import Account
from proctor.wire import Summary

RUNS = 50
_NAME = 100  # characters

SAMPLES = Counter("proctor_samples", "Samples finished.", ["run", "verdict"])
GATES = Counter("proctor_gates_open", "Samples whose gate was open.", ["run"])
THINKING = Histogram(
    "proctor_thinking_score",
    "T of the samples that were asked, by how their code did; sum by count is the mean.",
    ["run", "outcome"],
    buckets=[tenth / 10 for tenth in range(11)],
)
ZERO_VARIANCE = Counter(
    "proctor_zero_variance_groups",
    "Groups whose rewards are all equal: before (by format and outcome) and after the thinking term.",
    ["run", "thinking"],
)
INVALID_RATE = Gauge(
    "proctor_invalid_rate", "Share of the last batch not judged.", ["run"], multiprocess_mode="mostrecent"
)
GATE_SHARE = Gauge(
    "proctor_gate_open_share", "Share of the last batch whose gate was open.", ["run"], multiprocess_mode="mostrecent"
)
DRIFT = Gauge(
    "proctor_thinking_drift",
    "Change of the mean T given a pass, later half of the run's last steps minus the earlier.",
    ["run"],
    multiprocess_mode="mostrecent",
)
PASS_DRIFT = Gauge(
    "proctor_pass_rate_drift", "Change of the pass rate over the same steps.", ["run"], multiprocess_mode="mostrecent"
)
WARNINGS = Counter("proctor_reward_warnings", "Batches whose summary holds a warning.", ["run"])

_VERDICTS = {"p": "passed", "f": "failed", "i": "invalid"}
_known: set[str] = set()


def label_of(run: str | None) -> str:
    """The label of a run; bounded in number and length."""
    if run is None:
        return "~none"
    name = run[:_NAME].encode("utf-8", "replace").decode()
    if name not in _known and len(_known) >= RUNS:
        return "~other"
    _known.add(name)
    return name


def observe(run: str | None, accounts: Sequence[Account], summary: Summary) -> None:
    """Count a batch that has just ended."""
    label = label_of(run)
    for kind, verdict in _VERDICTS.items():
        SAMPLES.labels(label, verdict).inc(sum(account.kind == kind for account in accounts))
    for account in accounts:
        if account.thinking is not None:
            THINKING.labels(label, _VERDICTS[account.kind]).observe(account.thinking)
    GATES.labels(label).inc(summary.gate_open)
    ZERO_VARIANCE.labels(label, "before").inc(summary.zero_variance_groups_before_thinking or 0)
    ZERO_VARIANCE.labels(label, "after").inc(summary.zero_variance_groups)
    WARNINGS.labels(label).inc(len(summary.warnings))
    gauges = (
        (INVALID_RATE, summary.invalid_rate),
        (GATE_SHARE, summary.gate_open_share),
        (DRIFT, summary.thinking_drift),
        (PASS_DRIFT, summary.pass_rate_drift),
    )
    for gauge, value in gauges:
        if value is not None:
            gauge.labels(label).set(value)
