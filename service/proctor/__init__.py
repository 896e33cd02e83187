"""Proctor: rewards for reinforcement learning on code, judged in isolation."""

__version__ = "0.1.0"
