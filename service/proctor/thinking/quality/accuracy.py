"""Pairwise accuracy, and what it may hide behind. Pure.

A model wins a pair where the chosen reasoning has the higher score; a tie is half a win. Beside the whole there are
breakdowns, because a model may win by something else than quality: by length (which of the two is longer, and how long
both are) and by position (which of the two was asked first; it must not matter).

The control turns each pair around by the toss of a coin, many times over: a judge of nothing has 0.5 there, and the
share of tosses that reach the model's own accuracy is the p-value of a permutation test.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

TOSSES = 2000
#: A reasoning counts as longer from this ratio on.
LONGER = 1.1


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair with its raw scores. lengths: characters. chosen_first: the chosen one was asked before the other."""

    problem: str
    subset: str
    chosen: float
    rejected: float
    chosen_length: int
    rejected_length: int
    chosen_first: bool

    @property
    def win(self) -> float:
        """1, or 0.5 for a tie, or 0."""
        return 0.5 if self.chosen == self.rejected else float(self.chosen > self.rejected)


def report(pairs: Sequence[Judged], seed: int = 0) -> dict[str, Any]:
    """Accuracy with its confidence intervals, breakdowns and control. pairs: one and more."""
    wins = [pair.win for pair in pairs]
    accuracy = math.fsum(wins) / len(wins)
    length_alone = [_length_win(pair) for pair in pairs]
    return {
        "pairs": len(pairs),
        "problems": len({pair.problem for pair in pairs}),
        "accuracy": accuracy,
        "ci95_wilson": wilson(math.fsum(wins), len(wins)),
        "ci95_bootstrap": bootstrap(pairs, seed),
        "ties": sum(win == 0.5 for win in wins),
        "mean_margin": math.fsum(pair.chosen - pair.rejected for pair in pairs) / len(pairs),
        "by_longer": _by(pairs, _longer),
        "by_length": _by(pairs, _thirds(pairs)),
        "by_position": _by(pairs, lambda pair: "chosen first" if pair.chosen_first else "chosen second"),
        **({"by_subset": _by(pairs, lambda pair: pair.subset)} if any(pair.subset for pair in pairs) else {}),
        "longer_wins": math.fsum(length_alone) / len(length_alone),
        "shuffled_labels": shuffled(wins, accuracy, seed),
    }


def wilson(wins: float, count: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion (Wilson 1927)."""
    share = wins / count
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def bootstrap(pairs: Sequence[Judged], seed: int = 0, rounds: int = TOSSES) -> tuple[float, float]:
    """The 95 % percentile interval over problems drawn with replacement: pairs of one problem go together."""
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for pair in pairs:
        sums[pair.problem][0] += pair.win
        sums[pair.problem][1] += 1
    problems = list(sums.values())
    rng = random.Random(seed)
    means = []
    for _ in range(rounds):
        drawn = rng.choices(problems, k=len(problems))
        means.append(math.fsum(wins for wins, _ in drawn) / math.fsum(count for _, count in drawn))
    return _middle(means)


def shuffled(wins: Sequence[float], accuracy: float, seed: int = 0, rounds: int = TOSSES) -> dict[str, Any]:
    """Accuracy where chosen and rejected change places by the toss of a coin."""
    rng = random.Random(seed)
    reached = [math.fsum(win if rng.random() < 0.5 else 1 - win for win in wins) / len(wins) for _ in range(rounds)]
    beaten = sum(value >= accuracy for value in reached)
    return {
        "accuracy": math.fsum(reached) / rounds,
        "range95": _middle(reached),
        "p_value": (beaten + 1) / (rounds + 1),
    }


def _middle(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[int(0.025 * len(ordered))], ordered[math.ceil(0.975 * len(ordered)) - 1]


def _by(pairs: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, Any]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        groups[key(pair)].append(pair.win)
    return {
        name: {
            "pairs": len(wins),
            "accuracy": math.fsum(wins) / len(wins),
            "ci95_wilson": wilson(math.fsum(wins), len(wins)),
        }
        for name, wins in sorted(groups.items())
    }


def _longer(pair: Judged) -> str:
    if pair.chosen_length >= LONGER * pair.rejected_length:
        return "chosen longer"
    if pair.rejected_length >= LONGER * pair.chosen_length:
        return "rejected longer"
    return "alike"


def _length_win(pair: Judged) -> float:
    """What a judge would get who always takes the longer one."""
    if pair.chosen_length == pair.rejected_length:
        return 0.5
    return float(pair.chosen_length > pair.rejected_length)


def _thirds(pairs: Sequence[Judged]) -> Callable[[Judged], str]:
    """Short, medium, long: thirds by the characters of both."""
    lengths = sorted(pair.chosen_length + pair.rejected_length for pair in pairs)
    low, high = lengths[(len(lengths) - 1) // 3], lengths[2 * (len(lengths) - 1) // 3]

    def third(pair: Judged) -> str:
        length = pair.chosen_length + pair.rejected_length
        if length <= low:
            return f"short (to {low} characters)"
        return f"medium (to {high} characters)" if length <= high else f"long (beyond {high} characters)"

    return third
