"""A local model without torch: one token a character, and the score is told by the text."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from proctor.thinking.local.model import OutOfMemory
from proctor.thinking.local.prompt import Encoded
from proctor.thinking.types import Thought


class FakeModel:
    """Score: the sum of the tokens. room: rows × longest that fit. Tokens of value 13 break it; 26 makes NaN."""

    def __init__(self, *, room: int = 10**9, seconds: float = 0.0) -> None:
        self.batches: list[list[int]] = []
        self.room = room
        self.seconds = seconds
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def encode(self, thought: Thought) -> Encoded:
        if "untokenisable" in thought.reasoning:
            raise ValueError("told to")
        ids = [int(word) for word in thought.reasoning.split() if word.isdigit()]
        return Encoded(ids[-50:], len(ids) > 50)

    def encode_text(self, text: str) -> Encoded:
        return self.encode(Thought("", text))

    def run(self, rows: Sequence[list[int]]) -> list[float]:
        self.entered.set()
        self.gate.wait(10)
        time.sleep(self.seconds)
        if len(rows) * max(map(len, rows)) > self.room:
            raise OutOfMemory("too large")
        if any(13 in row for row in rows):
            raise RuntimeError("told to break")
        self.batches.append([len(row) for row in rows])
        return [float("nan") if 26 in row else float(sum(row)) for row in rows]

    def describe(self) -> dict[str, Any]:
        return {"model": "fake", "head": "sequence", "device": "cpu"}
