"""What is scored, what a score is, what scores, and how that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from proctor.errors import ThinkingUnavailable

NormalizeName = Literal["sigmoid", "identity", "minmax"]


class ThinkingFailed(ThinkingUnavailable):
    """The server broke on this very call: whether by its own fault or an input's, a control must tell."""


class NoAnswerInTime(ThinkingUnavailable):
    """The server took the call and did not answer in time: whether for its load or an input, a control must tell."""


class NotAScore(ThinkingFailed):
    """A score that is no finite number, or outside the range of its normalisation. Never taken for a score."""


@dataclass(frozen=True, slots=True)
class Thought:
    """A problem and the reasoning about it. The code and the verdict are not part of it, by design."""

    problem: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class Score:
    """T ∈ [0, 1], normalised.

    flags: "thinking_rejected", where the server refused this very input; "thinking_truncated", where it saw the end of
    the reasoning alone.
    """

    value: float
    flags: tuple[str, ...] = ()


class Marked(float):
    """A raw score with something to say about it. flags: "thinking_truncated", where the model did not see it all."""

    def __new__(cls, value: float, flags: tuple[str, ...]) -> Marked:
        """`value`, marked."""
        return super().__new__(cls, value)

    def __init__(self, value: float, flags: tuple[str, ...]) -> None:
        self.flags = flags


class Provider(Protocol):
    """One kind of server. Raw scores, before normalisation."""

    #: The normalisation that suits its scores where the settings name none: "sigmoid" | "identity".
    normalize: NormalizeName
    #: Inputs per call that the server takes at most; None without a cap.
    most: int | None
    #: What it asks, for `/v1/info`: a route, and how.
    asks: str

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """Raw scores, one per thought, same order; None for a thought that got none, which is an error of it alone.

        Raises ThinkingRejected (an input was refused), ThinkingFailed (the server broke, perhaps on an input),
        NoAnswerInTime (perhaps an input's doing, too), ThinkingUnavailable (anything else that went wrong).
        """

    async def close(self) -> None:
        """Close connections."""
