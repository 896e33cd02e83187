from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from jobs_api import Api, api_process
from jobs_fakes import Service, service


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Service]:
    """A Redis of the test's own."""
    with service(tmp_path) as it:
        yield it


@pytest.fixture
async def api(queue: Service) -> AsyncIterator[Api]:
    """An API process beside it."""
    async with api_process(queue) as it:
        yield it
