"""A batch in numbers, from one line of account per result."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from proctor.finish.health import Trend
from proctor.jobs.records import Account
from proctor.wire import Summary


def summarize(accounts: Sequence[Account], wall_s: float, trend: Trend | None = None) -> Summary:
    """The summary of a finished batch. wall_s: from admission to the last result. trend: of the batch's run."""
    trend = trend or Trend()
    judged = [account for account in accounts if account.kind != "i"]
    gate_open = sum(account.gate_open for account in accounts)
    kinds = Counter(account.kind for account in accounts)
    return Summary(
        samples=len(accounts),
        passed=kinds["p"],
        failed=kinds["f"],
        invalid=kinds["i"],
        gate_open=gate_open,
        zero_variance_groups=zero_variance((a.ordinal, a.reward) for a in accounts),
        wall_s=round(wall_s, 6),
        samples_per_s=round(len(accounts) / wall_s, 3) if wall_s > 0 else 0.0,
        invalid_rate=kinds["i"] / len(accounts) if accounts else None,
        gate_open_share=gate_open / len(judged) if judged else None,
        thinking_mean_passed=_mean(a.thinking for a in judged if a.kind == "p"),
        thinking_mean_failed=_mean(a.thinking for a in judged if a.kind == "f"),
        zero_variance_groups_before_thinking=zero_variance((a.ordinal, a.bare) for a in accounts),
        thinking_drift=trend.thinking,
        pass_rate_drift=trend.passing,
        warnings=[trend.warning] if trend.warning else [],
    )


def zero_variance(rewards: Iterable[tuple[int, float | None]]) -> int:
    """Groups, by number, with two and more rewards, all of them equal; -1 is no group, None has no say."""
    groups: defaultdict[int, list[float]] = defaultdict(list)
    for ordinal, reward in rewards:
        if ordinal >= 0 and reward is not None:
            groups[ordinal].append(reward)
    return sum(len(group) > 1 and len(set(group)) == 1 for group in groups.values())


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
