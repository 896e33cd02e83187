"""The scorer: many callers, few calls. Skeleton of the interface; see the module's functions."""

from __future__ import annotations

from typing import Any

from proctor.settings import Settings
from proctor.thinking.types import Provider, Score, Thought


class Scorer:
    """Scores thoughts through one provider."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def score(self, thought: Thought) -> Score:
        """T of one thought. Raises ThinkingUnavailable."""
        if not thought.reasoning.strip():
            return Score(0.0)
        return Score((await self.provider.score([thought]))[0])

    def available(self) -> bool:
        """Whether the model may be asked now: the circuit is not open."""
        return True

    def describe(self) -> dict[str, Any]:
        """For `/v1/info`."""
        return self.provider.describe()

    async def close(self) -> None:
        """Close connections."""
        await self.provider.close()


def make_scorer(settings: Settings) -> Scorer | None:
    """The scorer that the settings ask for; None where the provider is `none`."""
    if settings.thinking_provider == "none":
        return None
    raise NotImplementedError
