"""A row as a problem: what is tested, under which limits, and the solutions that come with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from proctor.datasets import files, plain
from proctor.datasets.convert import row_id
from proctor.datasets.guess import OURS, PLAIN, format_of, tests_of
from proctor.datasets.solutions import Solution, Solutions, language_of, solutions
from proctor.judge import extract
from proctor.judge.datasets import RowFault, RowTests, read_row
from proctor.judge.plan import pointer, resolve
from proctor.wire import FunctionTests, LimitsOverride, PytestTests, TestsAdapter


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was read. fault: why it could not be; then the rest is empty.

    number, row: as in the file. tests: None where there is nothing to run, `invalid` says why.
    """

    number: int
    id: str
    format: str
    language: str
    row: dict[str, Any] | None
    read: RowTests
    solutions: Solutions
    fault: str | None = None

    @property
    def kind(self) -> str:
        """The kind of its tests; "none" without any."""
        return self.read.tests.kind if self.read.tests is not None else "none"


def problem_of(row: files.Row, source: str | None = None) -> Problem:
    """The problem that a row is; `source` names its format, else its fields do."""
    name = str(row.number) if row.data is None else row_id(row.data) or str(row.number)
    try:
        if row.data is None:
            raise RowFault((), row.fault or "no row")
        format = format_of(row.data, source)
        read = _read(format, row.data)
    except RowFault as fault:
        told = f"{pointer(fault.path)}: {fault.detail}" if fault.path else fault.detail
        return Problem(row.number, name, source or "?", "python", row.data, RowTests(None, 0), Solutions(), told)
    data = {**row.data, "tests": tests_of(row.data)} if format == OURS else row.data
    language = language_of(data.get("language"))
    published = data.get("published")
    held = {**_inner(published, data), **data} if format == OURS else data
    return Problem(row.number, name, format, language, row.data, read, solutions(held, language))


def completion(problem: Problem, solution: Solution) -> str:
    """A completion whose code is just this solution, put below the row's prompt where it is only a body."""
    code, read = solution.code, problem.read
    if "```" in code and (found := extract.extract_code(code, entry_point=read.entry_point)):
        code = found
    if read.prelude and read.entry_point and not extract.defines(code, read.entry_point, solution.language):
        code = read.prelude.rstrip() + "\n" + code
    longest = max((len(run) for run in re.findall(r"~{3,}", code)), default=3)
    fence = "~" * (longest + 1)
    return f"{fence}{solution.language}\n{code}\n{fence}\n"


def stubs(problem: Problem) -> list[Solution]:
    """Programs that must not pass: the row's own stubs, one that does nothing, one that defines all and yields None."""
    made = [*problem.solutions.stubs]
    if (empty := _EMPTY.get(problem.language)) is not None:
        made.append(Solution("empty program", problem.language, empty))
    names = _names(problem)
    if problem.language == "python" and names and problem.kind in ("function", "script", "pytest"):
        made.append(Solution("stub", "python", "\n".join(_STUB.format(name=n) for n in names)))
    return made


def _read(format: str, row: dict[str, Any]) -> RowTests:
    if format == PLAIN:
        return plain.read(row)
    if format != OURS:
        return read_row(format, row)
    try:
        tests = TestsAdapter.validate_python(tests_of(row))
        limits = LimitsOverride.model_validate(row.get("limits") or {})
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False)[0]
        raise RowFault(("tests", *first["loc"]), str(first["msg"])) from None
    read = resolve(tests)
    prompt = row.get("prompt")
    if limits.model_fields_set:
        read = replace(read, limits=limits)
    return replace(read, problem=prompt) if isinstance(prompt, str) else read


def _inner(published: Any, row: dict[str, Any]) -> dict[str, Any]:
    """The published row within one of ours, for the solutions that it brings."""
    tests = row.get("tests")
    inner = published.get("row") if isinstance(published, dict) else None
    if inner is None and isinstance(tests, dict):
        inner = tests.get("row")
    return {k: v for k, v in inner.items() if k != "tests"} if isinstance(inner, dict) else {}


def _names(problem: Problem) -> list[str]:
    """The names that tests ask for: the entry point, else all that the first reference defines at its top level."""
    read = problem.read
    if isinstance(read.tests, FunctionTests):
        return [read.tests.entry_point.partition(".")[0]]
    if read.entry_point:
        return [read.entry_point.partition(".")[0]]
    text = "\n".join(s.code for s in problem.solutions.right[:1] if s.language == "python")
    names = _DEFINED.findall(text)
    if isinstance(read.tests, PytestTests):
        names += [
            n.strip() for line in _IMPORTED.findall("\n".join(read.tests.files.values())) for n in line.split(",")
        ]
    return [n for n in dict.fromkeys(names) if n.isidentifier()]


_DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_IMPORTED = re.compile(r"^[ \t]*from[ \t]+solution[ \t]+import[ \t]+([\w, \t]+)", re.MULTILINE)
_STUB = "def {name}(*args, **kwargs):\n    return None\n"
_EMPTY = {
    "python": "pass",
    "c": "int main(void) { return 0; }",
    "cpp": "int main() { return 0; }",
    "java": "public class Main { public static void main(String[] args) { } }",
    "javascript": ";",
    "go": "package main\n\nfunc main() { }",
    "rust": "fn main() { }",
}
