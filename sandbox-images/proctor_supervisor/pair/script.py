"""The driver of `script` tests: test code as HumanEval, MBPP and their like publish it.

Code whose top level only prepares (imports, assignments, definitions) and asserts has a case per assert; any other
script is one case. With an entry point and a `check` in the code, `check(entry_point)` is called, as HumanEval means
it, unless the code does so itself. The code is `__main__`, so that it runs what it would run as a program; what it lets
unittest run counts (suites.py).
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import names, traces
from .link import Link
from .report import Report, short
from .suites import Suites

FILENAME = "tests.py"
#: The `__module__` of what the tests define.
OWN_MODULE = "__main__"
MODULE = "solution"
_PREPARES = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Delete,
    ast.Pass,
)


@dataclass(frozen=True)
class Script:
    """A script, read. It can run any number of times.

    cases: the statements of each; wanted: names that the candidate must give; unresolved: those that the tests leave
    open; in_classes: those of them that class bodies read; one_process: why it cannot be parted from the candidate's
    process, None where it can; traceless: whether it leaves nothing behind in its own; seeds_numpy: whether it seeds
    numpy's generator; uses_unittest: whether it imports unittest.
    """

    cases: tuple[list[ast.stmt], ...]
    wanted: frozenset[str]
    unresolved: frozenset[str]
    in_classes: frozenset[str]
    calls_check: bool
    one_process: str | None
    traceless: bool
    seeds_numpy: bool = False
    uses_unittest: bool = False
    _compiled: dict[tuple[int, bool], types.CodeType] = field(default_factory=dict)

    def code(self, case: int, *, asserting: bool = True) -> types.CodeType:
        """A case, compiled; without its assert if not `asserting`."""
        code = self._compiled.get((case, asserting))
        if code is None:
            body = [s for s in self.cases[case] if asserting or not isinstance(s, ast.Assert)]
            code = compile(ast.Module(body, []), FILENAME, "exec", dont_inherit=True)
            self._compiled[case, asserting] = code
        return code


class Globals(dict):
    """The tests' globals: a wanted name that is not there is the candidate's, asked for each time it is used."""

    def __init__(self, link: Link, wanted: frozenset[str], in_classes: frozenset[str] = frozenset()) -> None:
        super().__init__(__name__=OWN_MODULE, __file__=FILENAME)
        self._link = link
        self._wanted = wanted
        given, function = link.ask("given", sorted(wanted))
        self._given = frozenset(given)
        if function is not None:
            self[given[0]] = function
        for name in in_classes & self._given - self.keys():
            self[name] = link.ask("global", name)

    def __missing__(self, name: str) -> Any:
        if name not in self._given:
            raise KeyError(name)
        value = self._link.ask("global", name)
        if callable(value):
            self[name] = value  # a function stays what it is; data may change
        return value


def read(tests: dict) -> Script | str:
    """The script, or what is wrong with it."""
    code, entry_point = tests["code"], tests.get("entry_point")
    try:
        tree = names.parse(code, FILENAME)
        wanted = unresolved = names.unresolved(code, FILENAME)
    except names.Unparsable as error:
        return f"the test code does not compile: {error}"
    calls_check = bool(entry_point) and _defines(tree, "check") and not _calls(tree, "check")
    if calls_check and entry_point:
        wanted |= {entry_point.replace("()", "").split(".")[0]}
    missing = names.missing_modules(tree, {MODULE})
    if missing:
        return f"the tests import what this sandbox does not have: {', '.join(missing)}"
    if not wanted:
        wanted = names.tested_builtin(tree)
    if not names.mentions(tree, wanted, MODULE):
        return "the tests never use the candidate"
    if names.runs_pytest(tree):
        return "the tests run pytest over their own file: they are tests of kind pytest"
    acts = [s for s in tree.body if not isinstance(s, _PREPARES) and not _is_docstring(s)]
    if not acts and not calls_check:
        return "the tests only define and never run anything"
    per_assert = not calls_check and all(isinstance(s, ast.Assert) for s in acts)
    return Script(
        tuple(_cases(tree, per_assert)),
        wanted,
        unresolved,
        wanted & names.read_in_classes(code, FILENAME),
        calls_check,
        names.needs_one_process(tree, wanted | names.from_module(tree, MODULE)),
        traces.leaves_none(tree, MODULE),
        names.seeds_numpy(tree),
        "unittest" in names.imported(tree),
    )


def run(
    tests: dict, script: Script, link: Link, report: Report, *, stop: str, first_case: int, load: BaseException | None
) -> None:
    """Run the cases from `first_case` on. `load`: what the candidate's module raised; it fails every case."""
    scope = Globals(link, script.wanted, script.in_classes) if load is None else None
    suites = Suites()
    if scope is not None:
        sys.argv, sys.modules[OWN_MODULE] = [FILENAME], Main(scope)
        if script.uses_unittest:  # which leaves traces: this process is these tests' own
            suites.watch()
    for number in range(len(script.cases)):
        if scope is not None and number < first_case:
            _prepare(script, number, scope)
            continue
        if number < first_case:
            continue
        report.begin(number)
        if scope is None:
            verdict, detail = told(load)  # type: ignore[arg-type]
        else:
            verdict, detail = _case(script, number, tests, scope, suites)
        report.end(verdict, detail)
        if verdict != "passed" and stop == "first_failure":
            return


def _cases(tree: ast.Module, per_assert: bool) -> Iterator[list[ast.stmt]]:
    """Statements of each case: what prepares belongs to the assert that follows."""
    if not per_assert:
        yield tree.body
        return
    body: list[ast.stmt] = []
    for statement in tree.body:
        body.append(statement)
        if isinstance(statement, ast.Assert):
            yield body
            body = []


def _prepare(script: Script, case: int, scope: Globals) -> None:
    """What an earlier case prepared for later ones; its assert was judged before."""
    try:
        exec(script.code(case, asserting=False), scope)
    except BaseException:
        return


def _case(script: Script, case: int, tests: dict, scope: Globals, suites: Suites) -> tuple[str, str | None]:
    try:
        exec(script.code(case), scope)
        if script.calls_check:
            scope["check"](_entry(scope, tests["entry_point"]))
    except BaseException as error:
        own_end = isinstance(error, SystemExit) and not hasattr(error, "_proctor_candidate")
        return (suites.failed() if own_end else None) or told(error, tests["code"])
    return suites.failed() or ("passed", None)


def _entry(scope: Globals, path: str) -> Any:
    first, *rest = path.replace("()", "").split(".")
    try:
        value = scope[first]
    except KeyError:
        raise NameError(f"name {first!r} is not defined") from None
    if rest and isinstance(value, type):
        value = value()
    for name in rest:
        value = getattr(value, name)
    return value


def told(error: BaseException, code: str | None = None) -> tuple[str, str | None]:
    """The verdict on a case that ended with `error`, and its account for people."""
    where = _where(error, code)
    if isinstance(error, SystemExit):
        if not hasattr(error, "_proctor_candidate") and error.code in (None, 0, False):
            return "passed", None  # the tests' own end, as of unittest.main()
        return "runtime_error", f"SystemExit({short(error.code)}){where}"
    if hasattr(error, "_proctor_candidate"):
        verdict = "memory_limit" if isinstance(error, MemoryError) else "runtime_error"
        return verdict, f"{type(error).__name__}: {str(error)[:300]}{where}"
    if isinstance(error, AssertionError):
        return "wrong_answer", f"AssertionError{_colon(error)}{where}"
    if isinstance(error, NameError):
        return "runtime_error", f"NameError{_colon(error)}{where}"
    return "wrong_answer", f"{type(error).__name__}{_colon(error)}{where}"


def _colon(error: BaseException) -> str:
    try:
        text = str(error)[:300]
    except Exception:
        text = ""
    return f": {text}" if text else ""


def _where(error: BaseException, code: str | None) -> str:
    """The line of the tests at which it happened."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    if line is None:
        return ""
    lines = (code or "").splitlines()
    text = lines[line - 1].strip()[:160] if 0 < line <= len(lines) else ""
    return f" (tests line {line}: {text})"


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _defines(tree: ast.Module, name: str) -> bool:
    return any(isinstance(s, ast.FunctionDef) and s.name == name for s in tree.body)


def _calls(tree: ast.Module, name: str) -> bool:
    """Whether the top level calls `name`."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for statement in tree.body
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
    )


#: Names with two underscores that a module gives itself; Python's own machinery looks for the others.
_TOLD = frozenset("__version__ __author__ __license__ __email__ __title__".split())


class Main(types.ModuleType):
    """The tests' code as the module `__main__`, where unittest, pickle and typing look for what it defines."""

    def __init__(self, scope: Globals) -> None:
        super().__init__(OWN_MODULE)
        super().__setattr__("_proctor_scope", scope)

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return super().__getattribute__("_proctor_scope")

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__:  # and not what the candidate gives
            return self.__dict__[name]
        raise AttributeError(f"module {OWN_MODULE!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __dir__(self) -> list[str]:
        return sorted(self.__dict__)


class SolutionModule(types.ModuleType):
    """The candidate's module as the tests import it: every attribute is the candidate's, asked for when used.

    A star import brings only names that the tests use and that are no builtins.
    """

    def __init__(self, name: str, link: Link, wanted: frozenset[str]) -> None:
        super().__init__(name)
        self.__dict__["_proctor"] = (link, wanted)

    def __getattr__(self, name: str) -> Any:
        link, wanted = self.__dict__["_proctor"]
        if name == "__all__":
            return sorted(set(map(str, link.ask("public"))) & wanted)
        hidden = name.startswith("__") and name not in _TOLD
        if hidden or not link.ask("names", [name]):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return link.ask("global", name)

    def __dir__(self) -> list[str]:
        return sorted(map(str, self.__dict__["_proctor"][0].ask("every")))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            self.__dict__["_proctor"][0].ask("setglobal", name, value)
