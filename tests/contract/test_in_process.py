"""Tests that need the candidate's own process: refused, unless the setting allows them; then flagged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.namespace import NamespaceProvider
from proctor.sandbox.provider import Session
from proctor.settings import Settings
from proctor.wire import InvalidCode, ScriptTests, Verdict

from .conftest import LIMITS

_PATCHES = "from unittest.mock import patch\nwith patch('builtins.input', return_value='3'):\n    assert ask() == 3"
_PROGRAM = f"def main():\n    {_PATCHES.replace(chr(10), chr(10) + '    ')}\nif __name__ == '__main__':\n    main()"
_CODE = "def add(a, b): return a + b\ndef ask(): return int(input())"
_WRONG = "def add(a, b): return 7\ndef ask(): return 7"


@pytest.fixture
def session(allowed: bool) -> Iterator[Session]:
    provider = NamespaceProvider(Settings(allow_in_process=allowed))
    lent = provider.session()
    try:
        yield lent
    finally:
        provider.give_back(lent)
        provider.close()


@pytest.mark.parametrize("tests", [_PATCHES, _PROGRAM], ids=["patches", "program"])
@pytest.mark.parametrize("allowed", [False])
def test_one_process_is_refused_from_the_tests_alone(tests: str, session: Session) -> None:
    for code in (_CODE, _WRONG, "raise SystemExit(0)"):
        outcome = judge(_unit(code, tests), session)
        assert outcome.error is not None, outcome
        assert outcome.error.code is InvalidCode.TESTS_INVALID


@pytest.mark.parametrize("tests", [_PATCHES, _PROGRAM], ids=["patches", "program"])
@pytest.mark.parametrize("allowed", [True])
def test_one_process_that_is_allowed_is_flagged(tests: str, session: Session) -> None:
    for code, verdict in ((_CODE, Verdict.PASSED), (_WRONG, Verdict.WRONG_ANSWER)):
        outcome = judge(_unit(code, tests), session)
        assert (outcome.verdict, list(map(str, outcome.flags))) == (verdict, ["in_process"]), outcome


def _unit(code: str, tests: str) -> Unit:
    return Unit("python", code, ScriptTests(kind="script", code=tests), LIMITS, "first_failure")
