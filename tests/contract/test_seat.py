"""A sandbox that is told so stays on one CPU, with all but what runs by command."""

from __future__ import annotations

import json
import os

import pytest

from proctor.sandbox.provider import Provider, Session

from .conftest import LIMITS
from .test_pairs import cases, pair, verdicts

CPUS = sorted(os.sched_getaffinity(0))
WHERE = "import os\ndef f(): return sorted(os.sched_getaffinity(0))"


def where(session: Session) -> bytes:
    program = session.program("python", f"{WHERE}\nprint(f())".encode(), LIMITS)
    stdout = program.run().stdout
    program.close()
    return stdout


def test_pairs_and_programs_stay_on_one_cpu(session: Session) -> None:
    for cpu in (CPUS[-1], CPUS[0]):
        session.sit(cpu)
        assert verdicts(pair(session, WHERE, cases(([], [cpu])))) == ["passed"]
        assert where(session) == f"{[cpu]}\n".encode()


def test_a_sandbox_that_stays_nowhere_may_go_everywhere(session: Session) -> None:
    session.sit(CPUS[0])
    assert where(session) == f"{CPUS[:1]}\n".encode()
    session.sit(None)
    assert where(session) == f"{CPUS}\n".encode()


def test_what_runs_by_command_may_go_everywhere(session: Session) -> None:
    if "bash" not in session.hello.languages:
        pytest.fail("every sandbox has bash")
    session.sit(CPUS[0])
    program = session.program("bash", b"unset OMP_NUM_THREADS; nproc", LIMITS)
    assert program.run().stdout == f"{len(CPUS)}\n".encode()
    program.close()


def test_a_cpu_that_is_not_there_changes_nothing(session: Session) -> None:
    session.sit(None)
    assert where(session) == f"{CPUS}\n".encode()
    session.sit(4095)
    assert where(session) == f"{CPUS}\n".encode()


def test_the_test_process_that_waits_moves_too(provider: Provider) -> None:
    session = provider.session()
    tests = {"kind": "script", "code": "import os\nassert sorted(os.sched_getaffinity(0)) == g()", "entry_point": None}
    for cpu in (CPUS[0], CPUS[0], CPUS[-1]):
        session.sit(cpu)
        ran = session.pair(
            "python", f"def g(): return [{cpu}]".encode(), json.dumps(tests).encode(), LIMITS, stop="all"
        )
        assert verdicts(ran) == ["passed"], ran
    provider.give_back(session)
