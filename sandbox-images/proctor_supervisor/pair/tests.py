"""The tests' end: reads the tests, asks the candidate, reports each case. The candidate's process is elsewhere.

A test process runs one set of tests after another, each against another candidate, as long as none of them leaves
anything behind (`traces`): a fork, its isolation and a cold interpreter cost more than most tests. Others, and whatever
else than their end befalls the tests, end the process; the supervisor starts the next one.
"""

from __future__ import annotations

import gc
import json
import os
import random
import socket
import sys
import types
from typing import Any, NoReturn

from .. import job, linux
from . import codec, foreign, function, pytest_items, script
from .foreign import ForeignLink
from .link import Link
from .report import Report

_KNOWN_BYTES = 8 << 20


def main(control: socket.socket, report_fd: int) -> NoReturn:
    """Run tests against candidates as they come over `control`: a message as `resident` says, with a socket.

    The job's first blob is the wire tests (of kind function, script or pytest) as JSON; its options: stop, first_case,
    allow_in_process. `report_fd`: see `Report`.
    """
    sys.setrecursionlimit(1000 + codec.FRAMES)
    os.set_inheritable(report_fd, False)
    known, own_main = _Known(), sys.modules["__main__"]
    gc.collect()
    gc.freeze()
    while True:
        message, fds, _flags, _address = socket.recv_fds(control, job.MESSAGE_MAX, 2)
        if not message:
            os._exit(0)
        sock, report = linux.unix_socket(fds[0], socket.SOCK_STREAM), Report(report_fd)
        task = _job(message, fds[1:])
        stays = _examine(known.read(task.blobs[0]), sock, report, task.options)
        _flush()
        report.done(stays=stays)
        if not stays:
            os._exit(0)
        sock.close()
        _forget(own_main)


def _job(message: bytes, fds: list[int]) -> job.Job:
    if not fds:
        return job.read_bytes(message[1:])
    with open(fds[0], "rb") as file:
        return job.read(file.fileno())


def _forget(own_main: types.ModuleType) -> None:
    """What traceless tests leave: garbage, their module and the candidate's, the state of `random`."""
    sys.modules["__main__"] = own_main
    sys.modules.pop(script.MODULE, None)
    random.seed()
    gc.collect()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue  # what the tests did to it


class _Tests:
    """Wire tests, parsed; for a script, read too (`read`: what it is, or what is wrong with it)."""

    def __init__(self, text: bytes) -> None:
        digits = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)  # for the tests' own integers, whose length the worker has bounded
        self.wire: dict = json.loads(text)
        sys.set_int_max_str_digits(digits)
        self.read = script.read(self.wire) if self.wire["kind"] == "script" else None


class _Known:
    """Tests that were read before: the samples of a group share theirs."""

    def __init__(self) -> None:
        self._tests: dict[bytes, _Tests] = {}

    def read(self, text: bytes) -> _Tests:
        tests = self._tests.get(text)
        if tests is None:
            tests = _Tests(text)
            if sum(map(len, self._tests)) + len(text) > _KNOWN_BYTES:
                self._tests.clear()
            self._tests[text] = tests
            gc.freeze()  # it is not garbage, and need not be looked through after every run
        return tests


def _examine(tests: _Tests, sock: socket.socket, report: Report, options: dict) -> bool:
    """Run tests; whether nothing of them stays. Does not return when the candidate is gone."""

    def gone() -> NoReturn:
        report.flush()
        os._exit(3)  # nothing to test any more: what the supervisor saw of the candidate decides

    def tampered(text: str) -> NoReturn:
        if report.case is None:
            report.begin(options.get("first_case", 0))
        report.end("tampered", f"the candidate broke the protocol: {text}")
        report.flag("tampered")
        os._exit(4)

    if options.get("foreign"):
        link: Any = ForeignLink(sock, gone=gone, tampered=tampered)
    else:
        link = Link(
            sock,
            gone=gone,
            tampered=tampered,
            flag=report.flag,
            tests_modules=_own_modules(tests.wire),
            by_value=tests.wire["kind"] == "function",
        )
    try:
        return _DRIVERS[tests.wire["kind"]](tests, link, report, options)
    except _Refused as refused:
        report.tests_error(str(refused))
        return True
    finally:
        link.end()


def _own_modules(tests: dict) -> frozenset[str]:
    """The modules that hold the tests' own classes."""
    if tests["kind"] != "pytest":
        return frozenset([script.OWN_MODULE])
    return frozenset(name.removesuffix(".py").replace("/", ".") for name in tests["files"])


class _Refused(Exception):
    """Tests that cannot be run."""


def _function(known: _Tests, link: Link, report: Report, options: dict) -> bool:
    tests = known.wire
    wrong = function.check(tests) or (foreign.check(tests) if options.get("foreign") else None)
    if wrong is not None:
        raise _Refused(wrong)
    report.total(len(tests["cases"]))
    load = _load(link)
    if load is not None:
        _fail_all(report, len(tests["cases"]), options, load)
        return True
    function.run(tests, link, report, stop=options["stop"], first_case=options.get("first_case", 0))
    return True


def _script(known: _Tests, link: Link, report: Report, options: dict) -> bool:
    tests, read = known.wire, known.read
    if not isinstance(read, script.Script):
        raise _Refused(read)
    if read.one_process is not None:
        if not options.get("allow_in_process"):
            raise _Refused(
                f"{read.one_process}; set PROCTOR_ALLOW_IN_PROCESS=1 to run such tests in the candidate's process"
            )
        _in_process(tests, link, report)
        return False
    report.total(len(read.cases))
    load = _load(link)
    undo = link.share_surroundings(numpy=read.seeds_numpy)
    try:
        sys.modules[script.MODULE] = script.SolutionModule(script.MODULE, link, read.wanted | read.unresolved)
        script.run(tests, read, link, report, stop=options["stop"], first_case=options.get("first_case", 0), load=load)
    finally:
        undo()
    return read.traceless


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


def _pytest(known: _Tests, link: Link, report: Report, options: dict) -> bool:
    tests = known.wire
    read = pytest_items.read(tests)
    if isinstance(read, str):
        raise _Refused(read)
    load = _load(link)
    wrong = pytest_items.run(
        tests, read, link, report, stop=options["stop"], first_case=options.get("first_case", 0), load=load
    )
    if wrong is not None:
        report.tests_error(wrong)
    return False


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
