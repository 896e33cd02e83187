"""Rows of public formats as rows of ours, and back, without loss.

A row of ours is `{"id", "prompt", "tests", "limits", "published"}`: `tests` and `limits` as a request takes them, so
that they can stand in a trainer's column, and under `published` all else that the row held: its format, the row with
`null` where the tests stood, and how they stood there. A field whose very words could not be made again from that is
kept as it was (`verbatim`, good for exactly these tests: `of` is their SHA-256). Rows whose tests cannot be run stay
`{"kind": "dataset"}` tests.

Written rows are read again before they leave: tests or limits that a format cannot hold are an error, never a loss.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import ValidationError

from proctor.datasets import plain
from proctor.datasets.encoding import encode, same
from proctor.datasets.forms import FORMS, Form, Path, RowData, Values, at
from proctor.datasets.guess import PLAIN, tests_of
from proctor.datasets.shapes import CannotHold
from proctor.judge.datasets import RowFault, RowTests, RunnableTests, read_row
from proctor.judge.plan import pointer
from proctor.wire import DatasetTests, LimitsOverride, TestsAdapter

_IDS = ("id", "task_id", "question_id", "problem_id", "name", "title")


def to_ours(format: str, row: RowData) -> RowData:
    """A row of `format` as one of ours. Raises RowFault."""
    read = plain.read(row) if format == PLAIN else read_row(format, row)
    ours: RowData = {"id": row_id(row)} if row_id(row) is not None else {}
    if read.problem:
        ours["prompt"] = read.problem
    if format == PLAIN:
        return _of_plain(ours, row, read)
    untouched = {**ours, "tests": {"kind": "dataset", "format": format, "row": row}}
    if read.tests is None or read.invalid or not read.cases:
        return untouched
    ours["tests"] = read.tests.model_dump(exclude_defaults=True)
    if read.limits is not None:
        ours["limits"] = _limits(read.limits)
    try:
        return {**ours, "published": _published(format, row, read.tests, ours["tests"])}
    except (RowFault, ValueError, LookupError, TypeError):  # an oddity that the reader takes and no form writes
        return untouched


def _of_plain(ours: RowData, row: RowData, read: RowTests) -> RowData:
    """A plain row keeps its other fields; there is no way back, as there is no format to go back to."""
    if read.tests is None or not read.cases:
        raise RowFault(("tests",), "zero tests")
    limits = {"limits": _limits(read.limits)} if read.limits is not None else {}
    rest = {k: v for k, v in row.items() if k not in ("tests", "test_setup", "test_setup_code", "checker")}
    return {**rest, **ours, "tests": read.tests.model_dump(exclude_defaults=True), **limits}


def from_ours(format: str, ours: RowData, *, lossy: bool = False) -> RowData:
    """A row of ours as one of `format`. Raises CannotHold, RowFault; the former never where `lossy` is allowed."""
    ours = {**ours, "tests": tests_of(ours)}
    tests = _validated(ours["tests"])
    if isinstance(tests, DatasetTests):
        if tests.format == format:
            return tests.row
        return from_ours(format, {**to_ours(tests.format, tests.row), **_given(ours)}, lossy=lossy)
    try:
        row = _written(FORMS[format], format, ours, tests)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise RowFault(("published",), f"this is not as `proctor convert` writes it: {error!r}") from None
    if not lossy:
        _hold(format, row, tests, ours.get("limits"))
    return row


def _written(form: Form, format: str, ours: RowData, tests: RunnableTests) -> RowData:
    published = ours.get("published") or {}
    if published.get("format") != format:
        blank = form.blank(ours, tests)
        return _placed(blank, form.write(tests, {}, blank))
    if "verbatim" in published and published["of"] == _digest(ours["tests"]):
        return _with(published["row"], {tuple(path): value for path, value in published["verbatim"]})
    return _placed(published["row"], form.write(tests, published["layout"], published["row"]))


def row_id(row: RowData) -> str | None:
    """What names a row, as text; None without."""
    found = next((row[name] for name in _IDS if isinstance(row.get(name), str | int)), None)
    return None if found is None else str(found)


def _published(format: str, row: RowData, tests: RunnableTests, plain: RowData) -> RowData:
    form = FORMS[format]
    layout, now = form.take(row)
    rest = _with(row, dict.fromkeys(now))
    published: RowData = {"format": format, "row": rest, "layout": layout}
    if not _reproduced(form, tests, layout, rest, now):
        published["verbatim"] = [[list(path), at(row, path)] for path in now]
        published["of"] = _digest(plain)
    return published


def _reproduced(form: Form, tests: RunnableTests, layout: RowData, rest: RowData, now: Values) -> bool:
    """Whether writing gives each field just the value that it had."""
    try:
        again = form.write(tests, layout, rest)
    except (CannotHold, KeyError):
        return False
    if list(again) != list(now):
        return False
    return all(now[p][1] is not None and now[p][1] == again[p][1] and same(now[p][0], again[p][0]) for p in now)


def _placed(rest: RowData, values: Values) -> RowData:
    return _with(rest, {path: encode(value, encoding or "plain") for path, (value, encoding) in values.items()})


def _with(row: RowData, values: dict[Path, Any]) -> RowData:
    """`row` with these values at their paths; nothing of `row` is changed."""
    copy = dict(row)
    for path, value in values.items():
        inner = copy
        for name in path[:-1]:
            inner[name] = dict(inner[name])
            inner = inner[name]
        inner[path[-1]] = value
    return copy


def _hold(format: str, row: RowData, tests: RunnableTests, limits: RowData | None) -> None:
    """Read `row` back. Raises CannotHold where it says something else."""
    try:
        read = read_row(format, row)
    except RowFault as fault:
        raise CannotHold(f"the row would be malformed: {pointer(fault.path)}: {fault.detail}") from None
    told = _difference(read, tests) or _limits_difference(read.limits, limits)
    if told:
        raise CannotHold(told)


def _difference(read: RowTests, tests: RunnableTests) -> str | None:
    if read.tests is None or read.tests.kind != tests.kind:
        return f"tests of kind {tests.kind}"
    have, want = read.tests.model_dump(), tests.model_dump()
    wrong = [name for name in want if not same(have[name], want[name])]
    return f"these tests' {', '.join(wrong)}" if wrong else None


def _limits_difference(read: LimitsOverride | None, limits: RowData | None) -> str | None:
    have = _limits(read) if read else {}
    return None if have == (limits or {}) else f"limits {json.dumps(limits or {})}"


def _limits(limits: LimitsOverride) -> RowData:
    return limits.model_dump(exclude_none=True)


def _validated(value: Any) -> Any:
    try:
        return TestsAdapter.validate_python(value)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False)[0]
        raise RowFault(("tests", *first["loc"]), str(first["msg"])) from None


def _given(ours: RowData) -> RowData:
    return {name: ours[name] for name in ("id", "prompt", "limits") if ours.get(name) is not None}


def _digest(tests: Any) -> str:
    return hashlib.sha256(json.dumps(tests).encode("ascii")).hexdigest()
