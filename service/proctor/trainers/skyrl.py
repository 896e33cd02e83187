"""SkyRL-gym (0.4): an environment.

    skyrl_gym.register(id="proctor", entry_point="proctor.trainers.skyrl:ProctorEnv")

SkyRL makes one environment per sample, with the row's columns as `extras`, and calls `init(prompt)` and `step(action)`;
the tests stand in `extras["reward_spec"]["ground_truth"]`. Options come from `env_config` (`url`, `on_invalid`, and
those of `Options`). It has no way to leave a sample out: `on_invalid` is "wait", "raise" or a number.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from proctor.trainers.shared import shared_scoring


def _base() -> type:
    """SkyRL-gym's BaseTextEnv where it is installed."""
    try:
        base: type = importlib.import_module("skyrl_gym.envs.base_text_env").BaseTextEnv
    except ImportError:
        return object
    return base


def ground_truth(row: Mapping[str, Any]) -> Any:
    """The tests of a row. Raises ValueError where it has none."""
    spec = row.get("reward_spec")
    if not isinstance(spec, Mapping) or spec.get("ground_truth") is None:
        raise ValueError("reward_spec.ground_truth, which holds the tests, is missing")
    return spec["ground_truth"]


class ProctorEnv(_base()):  # type: ignore[misc]
    """One prompt, one answer, one reward."""

    def __init__(self, env_config: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        """env_config: options, or an object with them under `proctor`. extras: the row."""
        super().__init__()
        options = _options(env_config)
        options.setdefault("tests", ground_truth)
        self._scoring = shared_scoring(options)
        self._row = dict(extras or {})
        self._prompt: Any = self._row.get("prompt")

    def init(self, prompt: Any) -> tuple[Any, dict[str, Any]]:
        """The prompt, unchanged."""
        self._prompt = prompt
        return prompt, {}

    def step(self, action: str) -> dict[str, Any]:
        """Score the answer; the episode is over. Raises Unscorable, ClientError."""
        (scored,) = self._scoring.score([self._scoring.sample(action, self._prompt, self._row)])
        self._metrics = self._scoring.terms(scored)
        verdict = scored.result.verdict.value if scored.result else "invalid"
        return {"observations": [], "reward": scored.reward, "done": True, "metadata": {"verdict": verdict}}

    def get_metrics(self) -> dict[str, Any]:
        """What the reward is made of."""
        return dict(getattr(self, "_metrics", {}))

    def close(self) -> None:
        """Nothing to close."""


def _options(env_config: Any) -> dict[str, Any]:
    if env_config is None:
        return {}
    given = env_config.get("proctor", env_config) if hasattr(env_config, "get") else getattr(env_config, "proctor", {})
    return dict(given.items()) if hasattr(given, "items") else {}
