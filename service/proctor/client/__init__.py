"""The client: `RewardClient` and `AsyncRewardClient`. Needs httpx and pydantic alone."""

from proctor.client.aio import AsyncRewardClient
from proctor.client.blocking import RewardClient
from proctor.client.errors import (
    ClientError,
    ConnectionFailed,
    IdempotencyClash,
    InvalidRequest,
    NotFound,
    Overloaded,
    ServiceError,
    TimedOut,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from proctor.client.request import Options
from proctor.client.scores import Scores

__all__ = [
    "AsyncRewardClient",
    "ClientError",
    "ConnectionFailed",
    "IdempotencyClash",
    "InvalidRequest",
    "NotFound",
    "Options",
    "Overloaded",
    "RewardClient",
    "Scores",
    "ServiceError",
    "TimedOut",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
]
