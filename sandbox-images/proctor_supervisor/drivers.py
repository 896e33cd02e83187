"""Pairs whose candidate is not Python's: what each of the two processes is, and who fails where one cannot be built."""

from __future__ import annotations

import json

from .host import tasks_allowed
from .job import Job
from .languages.driver import Driver
from .pairing import Pair, Report
from .programs import Builder, judge_end
from .run import Ran


def run_pair(
    builder: Builder, driver: Driver, source: bytes, tests: dict, limits: dict, options: dict
) -> tuple[Ran, Ran, Report]:
    """Run `tests` (wire tests of kind function or script) against a candidate. Raises Closed, Fault.

    options: as for Python's pairs. A candidate that does not compile is told by its account; nothing ran then.
    """
    report = Report(total=len(tests["cases"]) if tests["kind"] == "function" else None)
    if tests["kind"] == "script" and driver.tests is None:
        report.tests_error = f"script tests in {driver.candidate.name} are not run by this route"
        return Ran(), Ran(), report
    built = builder.build(driver.candidate, driver.candidate_sources(source, tests), limits)
    if isinstance(built, Ran):
        return built, Ran(), report
    candidate = builder.job(built, limits, trees=2, peer=True)
    judge = (
        _function(builder, tests, limits, options)
        if tests["kind"] == "function"
        else _script(builder, driver, tests, limits)
    )
    if isinstance(judge, Ran):
        report.tests_error = judge.compile_error
        return Ran(), judge, report
    one, other, report = Pair(builder.host, candidate, judge).run(limits["sample_wall_s"])
    return judge_end(one, driver.candidate), other, report


def _function(builder: Builder, tests: dict, limits: dict, options: dict) -> Job:
    tasks = tasks_allowed(builder.host, limits, trees=2)
    cpu_s = limits["compile_s"] + 2 * limits["sample_wall_s"]
    text = json.dumps(tests).encode("ascii")
    return Job("tests", limits, tasks, cpu_s, options={**options, "foreign": True}, blobs=[text])


def _script(builder: Builder, driver: Driver, tests: dict, limits: dict) -> Job | Ran:
    language = driver.tests
    assert language is not None
    given = {"code": tests["code"], "entry_point": tests.get("entry_point"), "language": driver.candidate.name}
    built = builder.build(language, driver.tests_sources(json.dumps(given).encode("ascii")), limits, tests=True)
    if isinstance(built, Ran):
        return built
    return builder.job(built, limits, trees=2, peer=True)
