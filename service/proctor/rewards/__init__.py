"""Rewards from format (`judge/format.py`), outcome and thinking: pure functions, no HTTP, no Redis.

A term that is missing is None and stays missing. Composing with NaN, infinity or a value outside [0, 1]
raises; a reward is never invented.
"""

from proctor.rewards.policies import Reward, asks_thinking, compose, outcome_value, soft_gate

__all__ = ["Reward", "asks_thinking", "compose", "outcome_value", "soft_gate"]
