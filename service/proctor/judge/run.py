"""Judge one unit in one session: dispatch by the kind of its tests."""

from __future__ import annotations

import math

from proctor.judge.native.scripts import judge_script
from proctor.judge.native.table import SCRIPTS
from proctor.judge.outcome import Outcome, tests_invalid
from proctor.judge.pairs import judge_pair
from proctor.judge.patience import Budget, PatientSession
from proctor.judge.plan import case_count
from proctor.judge.run_once import run_once
from proctor.judge.run_tests import RunTests
from proctor.judge.stdio import judge_stdio
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Session
from proctor.wire import DatasetTests, ScriptTests, StdioTests


def judge(unit: Unit, session: Session, *, budget: Budget | None = None, within_s: float = math.inf) -> Outcome:
    """The outcome of `unit`, run in `session`; blocks until it is known.

    budget: wall clock for second looks, shared by the units of a run; None: no second looks.
    within_s: seconds until the unit's deadline, which no second look outlasts.
    Whatever the code does is an outcome. Raises SandboxError where the sandbox fails us.
    """
    if isinstance(unit.tests, DatasetTests):
        raise TypeError("a unit holds tests that are resolved, never a data set's row")
    patient: Session = session if budget is None else PatientSession(session, budget, within_s=within_s)
    if isinstance(unit.tests, RunTests):
        return run_once(unit, unit.tests, patient)
    if case_count(unit.tests) == 0:
        return tests_invalid("no test case: nothing can be judged")
    if isinstance(unit.tests, StdioTests):
        return judge_stdio(unit, unit.tests, patient)
    if isinstance(unit.tests, ScriptTests) and unit.language in SCRIPTS:
        return judge_script(unit, unit.tests, patient, SCRIPTS[unit.language])
    return judge_pair(unit, patient)
