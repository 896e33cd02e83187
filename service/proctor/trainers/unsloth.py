"""unsloth trains with TRL's trainers: its reward functions are TRL's."""

from proctor.trainers.trl import AsyncProctorReward, ProctorReward

__all__ = ["AsyncProctorReward", "ProctorReward"]
