"""A batch in numbers, from one line of account per result."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from proctor.jobs.records import Account
from proctor.wire import Summary


def summarize(accounts: Sequence[Account], wall_s: float) -> Summary:
    """The summary of a finished batch. wall_s: from admission to the last result."""
    kinds = Counter(account.kind for account in accounts)
    return Summary(
        samples=len(accounts),
        passed=kinds["p"],
        failed=kinds["f"],
        invalid=kinds["i"],
        gate_open=sum(account.gate_open for account in accounts),
        zero_variance_groups=_zero_variance(accounts),
        wall_s=round(wall_s, 6),
        samples_per_s=round(len(accounts) / wall_s, 3) if wall_s > 0 else 0.0,
    )


def _zero_variance(accounts: Sequence[Account]) -> int:
    """Groups with two and more rewards, all of them equal; samples without a reward have no say."""
    rewards: defaultdict[int, list[float]] = defaultdict(list)
    for account in accounts:
        if account.ordinal >= 0 and account.reward is not None:
            rewards[account.ordinal].append(account.reward)
    return sum(len(group) > 1 and len(set(group)) == 1 for group in rewards.values())
