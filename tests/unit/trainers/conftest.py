from __future__ import annotations

import sys
from pathlib import Path

import pytest

from proctor.trainers import tally

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between rounds that do not slow the tests down."""
    monkeypatch.setattr(tally, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(tally, "LONGEST_PAUSE_S", 0.002)
