from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from compat_fakes import FakePorts, Http, app_of

from proctor.api.compat import patience


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_PAUSE_S", 0.01)


@pytest.fixture
def ports() -> FakePorts:
    return FakePorts()


@pytest.fixture
def http(ports: FakePorts) -> Http:
    return Http(app_of(ports))
