"""A real sandbox for tests of judging, and the shared data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proctor.judge.outcome import Outcome
from proctor.judge.plan import plan_batch
from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.namespace import NamespaceProvider
from proctor.sandbox.provider import Session
from proctor.settings import Settings
from proctor.wire import BatchRequest, Limits, TestsAdapter

DATA = Path(os.environ.get("PROCTOR_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    provider = NamespaceProvider(Settings())
    lent = provider.session()
    yield lent
    provider.give_back(lent)
    provider.close()


@pytest.fixture(scope="session")
def rows() -> Callable[[str], list[dict[str, Any]]]:
    def read(name: str) -> list[dict[str, Any]]:
        path = DATA / f"{name}.jsonl"
        if not path.exists():
            pytest.skip(f"not run: {path} is absent")
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    return read


@pytest.fixture(scope="module")
def judged(session: Session) -> Callable[..., dict[str, Outcome]]:
    """Plan samples and judge each; outcomes by id."""

    def run(samples: list[dict[str, Any]], **request: Any) -> dict[str, Outcome]:
        plan = plan_batch(
            BatchRequest.model_validate({"samples": samples, **request}),
            owner="o",
            limits_default=Limits(),
            limits_max=Settings().limits_max,
            languages=session.hello.languages,
            sandbox_name="s",
            fetched={},
        )
        tests = {sha: TestsAdapter.validate_python(json.loads(body)) for sha, body in plan.test_sets.items()}
        outcomes: dict[str, Outcome] = {}
        for sample in plan.samples:
            unit = sample.unit
            if unit is None:
                assert sample.known is not None
                outcomes[str(sample.id)] = sample.known
            else:
                work = Unit(unit.language, unit.code, tests[unit.tests_sha256], unit.limits, unit.stop)
                outcomes[str(sample.id)] = judge(work, session)
        return outcomes

    return run
