"""What is scored, what a score is, and what scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Thought:
    """A problem and the reasoning about it. The code and the verdict are not part of it, by design."""

    problem: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class Score:
    """T ∈ [0, 1], normalised. flags: "thinking_rejected", where the server refused this very input."""

    value: float
    flags: tuple[str, ...] = ()


class Provider(Protocol):
    """One kind of server. Raw scores, before normalisation."""

    #: The normalisation that suits its scores where the settings name none: "sigmoid" | "identity".
    normalize: str
    #: Inputs per call that the server takes at most; None without a cap.
    most: int | None

    async def score(self, texts: list[Thought]) -> list[float]:
        """Raw scores, one per thought, same order.

        Raises ThinkingRejected (the input was refused), ThinkingUnavailable (anything else that went wrong).
        """

    def describe(self) -> dict[str, Any]:
        """What `/v1/info` says of it; no secret."""

    async def close(self) -> None:
        """Close connections."""
