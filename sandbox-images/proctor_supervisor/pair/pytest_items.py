"""The driver of `pytest` tests: pytest runs in this process, the solution it imports is in the candidate's.

Plain assertions, no plugins, no cache, no configuration, no conftest. A case is a collected item; it passed when its
setup, call and teardown all reported passed. Skipped and expected failures do not count as passed, and since
a mark that says so is the tests' own, such tests are refused.
"""

from __future__ import annotations

import ast
import os
import sys
from dataclasses import dataclass
from typing import Any

from . import names
from .link import Link
from .report import Report
from .script import SolutionModule, told


@dataclass(frozen=True)
class Files:
    """Test files, read. wanted: names that they use and do not bind."""

    trees: dict[str, ast.Module]
    wanted: frozenset[str]


def read(tests: dict) -> Files | str:
    """The files, or what is wrong with them."""
    module = tests.get("module", "solution")
    trees: dict[str, ast.Module] = {}
    wanted: set[str] = set()
    candidates: set[str] = set()
    for name, code in tests["files"].items():
        if os.path.isabs(name) or ".." in name.split("/"):
            return f"{name}: not a file name within the tests' folder"
        if not name.endswith(".py") or os.path.basename(name) == "conftest.py":
            continue
        try:
            trees[name] = names.parse(code, name)
            wanted |= names.unresolved(code, name)
        except names.Unparsable as error:
            return f"{name} does not compile: {error}"
        candidates |= wanted | names.from_module(trees[name], module)
        missing = names.missing_modules(trees[name], {module, *(os.path.basename(n)[:-3] for n in tests["files"])})
        if missing:
            return f"{name} imports what this sandbox does not have: {', '.join(missing)}"
    for name, tree in trees.items():
        reason = names.needs_one_process(tree, candidates) or names.cannot_pass(tree)
        if reason is not None:
            return f"{name}, {reason}"
    if not any(module in names.imported(tree) for tree in trees.values()):
        return f"no test file imports {module}"
    if not any(_is_test(node) for tree in trees.values() for node in ast.walk(tree)):
        return "no test is defined"
    return Files(trees, frozenset(wanted))


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def run(
    tests: dict, files: Files, link: Link, report: Report, *, stop: str, first_case: int, load: BaseException | None
) -> str | None:
    """Run every item from `first_case` on. What is wrong with the tests, where that shows only now; else None."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = True
    try:
        import pytest
    except ImportError:
        return "pytest is not available in this sandbox"
    if load is not None:
        verdict, detail = told(load)
        _one_case(report, "runtime_error" if verdict == "passed" else verdict, detail)
        return None
    for name, code in tests["files"].items():
        os.makedirs(os.path.dirname(os.path.abspath(name)), exist_ok=True)
        with open(name, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(code)
    module = tests.get("module", "solution")
    link.share_surroundings(numpy=any(map(names.seeds_numpy, files.trees.values())))
    sys.modules[module] = SolutionModule(module, link, files.wanted)
    plugin = _Items(report, stop, first_case)
    off = [f"-p no:{p}" for p in ("cacheprovider", "doctest", "junitxml", "pastebin", "unraisableexception")]
    arguments = [*" ".join(off).split(), "--assert=plain", "--noconftest", "-q", "-c", os.devnull, "--rootdir=."]
    pytest.main([*arguments, "--import-mode=importlib", *sorted(files.trees)], plugins=[plugin])
    if plugin.uncollected is not None:
        _one_case(report, "wrong_answer", plugin.uncollected)
    return None


def _one_case(report: Report, verdict: str, detail: str | None) -> None:
    report.total(1)
    report.begin(0)
    report.end(verdict, detail)


class _Items:
    """A plugin that reports each item to the supervisor."""

    def __init__(self, report: Report, stop: str, first_case: int) -> None:
        self._report = report
        self._stop = stop
        self._first = first_case
        self._number: dict[str, int] = {}
        self._failed: tuple[str, str] | None = None
        self._passed: set[str] = set()
        #: That nothing could be collected is the candidate's fault: the files were found fit before it ran.
        self.uncollected: str | None = "no test was collected"

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.uncollected = f"{report.nodeid} cannot be collected: {str(report.longrepr)[-300:]}"

    def pytest_collection_finish(self, session: Any) -> None:
        marked = [i.nodeid for i in session.items for m in ("skip", "skipif", "xfail") if i.get_closest_marker(m)]
        if marked:
            self.uncollected = f"{marked[0]} would be skipped"  # as the candidate made it: the marks were looked for
            session.items.clear()
        elif session.items and not session.testsfailed:
            self.uncollected = None
            self._number = {item.nodeid: n for n, item in enumerate(session.items)}
            self._report.total(len(session.items))
            del session.items[: self._first]

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self._failed = None
        self._passed = set()
        self._report.begin(self._number[nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.passed:
            self._passed.add(report.when)
        elif self._failed is None:
            self._failed = _failure(report)

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        if self._failed is None and self._passed >= {"setup", "call", "teardown"}:
            self._report.end("passed")
        else:
            self._report.end(*(self._failed or ("wrong_answer", "not every phase passed")))
        self._report.flush()  # code of the tests still runs, and may end this process

    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> None:
        if self._failed is not None and self._stop == "first_failure":
            item.session.shouldstop = "first failure"


def _failure(report: Any) -> tuple[str, str]:
    if report.skipped:
        return "wrong_answer", f"{report.when} skipped"
    text = str(getattr(report.longrepr, "reprcrash", None) or report.longrepr)[-300:]
    return "wrong_answer", f"{report.when}: {text}"
