"""Which of the waiting inputs go through the model together. Pure.

A batch costs its rows times its longest row, padding included, so rows of like length go together (bucketing), up to a
budget of padded tokens. The one that has waited longest is always among them: nothing starves. A row is at most SPREAD
times as long as another of its batch, short ones aside: else most of the work would be padding.
"""

from __future__ import annotations

from collections.abc import Sequence

SPREAD = 2
#: Tokens below which lengths make no difference worth a batch of its own.
SHORT = 64


def choose(lengths: Sequence[int], first: int, budget: int, most: int) -> list[int]:
    """Places of the inputs to run next: `first` and those nearest to it in length.

    lengths: tokens, one per waiting input. budget: padded tokens, which only a batch of one may exceed. most: rows.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    low = high = order.index(first)
    while high - low + 1 < most:
        shorter = lengths[first] - lengths[order[low - 1]] if low > 0 else None
        longer = lengths[order[high + 1]] - lengths[first] if high + 1 < len(order) else None
        rows = high - low + 2
        can_grow = longer is not None and rows * lengths[order[high + 1]] <= budget
        can_grow = can_grow and _alike(lengths[order[low]], lengths[order[high + 1]])
        can_shrink = shorter is not None and rows * lengths[order[high]] <= budget
        can_shrink = can_shrink and _alike(lengths[order[low - 1]], lengths[order[high]])
        if can_grow and (not can_shrink or (longer or 0) <= (shorter or 0)):
            high += 1
        elif can_shrink:
            low -= 1
        else:
            break
    return order[low : high + 1]


def _alike(short: int, long: int) -> bool:
    return long <= SPREAD * max(short, SHORT)
