"""The tests' end: reads the tests, asks the candidate, reports each case. The candidate's process is elsewhere."""

from __future__ import annotations

import os
import socket
import sys
from typing import NoReturn

from . import codec, function, pytest_items, script
from .link import Link
from .report import Report


def main(sock: socket.socket, report_fd: int, tests: dict, options: dict) -> NoReturn:
    """Run `tests` (wire tests of kind function, script or pytest) against the candidate at `sock`.

    options: stop, first_case, allow_in_process.
    """
    sys.setrecursionlimit(1000 + codec.FRAMES)
    os.set_inheritable(report_fd, False)
    report = Report(report_fd)

    def gone() -> NoReturn:
        os._exit(3)  # nothing to test any more: what the supervisor saw of the candidate decides

    def tampered(text: str) -> NoReturn:
        if report.case is None:
            report.begin(options.get("first_case", 0))
        report.end("tampered", f"the candidate broke the protocol: {text}")
        report.flag("tampered")
        os._exit(4)

    link = Link(sock, gone=gone, tampered=tampered, flag=report.flag)
    try:
        _DRIVERS[tests["kind"]](tests, link, report, options)
    except _Refused as refused:
        report.tests_error(str(refused))
    link.end()
    report.done()
    os._exit(0)


class _Refused(Exception):
    """Tests that cannot be run."""


def _function(tests: dict, link: Link, report: Report, options: dict) -> None:
    wrong = function.check(tests)
    if wrong is not None:
        raise _Refused(wrong)
    report.total(len(tests["cases"]))
    load = _load(link)
    if load is not None:
        _fail_all(report, len(tests["cases"]), options, load)
        return
    function.run(tests, link, report, stop=options["stop"], first_case=options.get("first_case", 0))


def _script(tests: dict, link: Link, report: Report, options: dict) -> None:
    read = script.read(tests)
    if isinstance(read, str):
        raise _Refused(read)
    reason = script.needs_one_process(read)
    if reason is not None:
        if not options.get("allow_in_process"):
            raise _Refused(f"{reason}; set PROCTOR_ALLOW_IN_PROCESS=1 to run such tests in the candidate's process")
        _in_process(tests, link, report)
        return
    report.total(read.total)
    load = _load(link)
    link.share_surroundings()
    sys.modules[script.MODULE] = script.SolutionModule(script.MODULE, link, read.wanted | _star(tests))
    script.run(tests, read, link, report, stop=options["stop"], first_case=options.get("first_case", 0), load=load)


def _star(tests: dict) -> frozenset[str]:
    from . import names

    return names.unresolved(tests["code"], script.FILENAME)


def _in_process(tests: dict, link: Link, report: Report) -> None:
    """One case, run by the candidate's own process, whose word is all there is: flagged."""
    report.flag("in_process")
    report.total(1)
    load = _load(link)
    report.begin(0)
    if load is not None:
        report.end(*script.told(load))
        return
    try:
        link.ask("exec", tests["code"], tests.get("entry_point"))
    except AssertionError as error:
        report.end("wrong_answer", f"AssertionError: {str(error)[:300]}")
    except BaseException as error:
        report.end(*script.told(error))
    else:
        report.end("passed")


def _pytest(tests: dict, link: Link, report: Report, options: dict) -> None:
    read = pytest_items.read(tests)
    if isinstance(read, str):
        raise _Refused(read)
    load = _load(link)
    wrong = pytest_items.run(
        tests, read, link, report, stop=options["stop"], first_case=options.get("first_case", 0), load=load
    )
    if wrong is not None:
        raise _Refused(wrong)


def _load(link: Link) -> BaseException | None:
    """Wait for the candidate's module; what it raised."""
    try:
        link.loaded()
    except BaseException as error:
        return error
    return None


def _fail_all(report: Report, total: int, options: dict, load: BaseException) -> None:
    for number in range(options.get("first_case", 0), total):
        report.begin(number)
        verdict, detail = script.told(load)
        report.end("runtime_error" if verdict == "passed" else verdict, detail)
        if options["stop"] == "first_failure":
            return


_DRIVERS = {"function": _function, "script": _script, "pytest": _pytest}
