"""For each format that tests can be written in: where they stand in a row, and how they are taken from it and put back.

A value goes with the name of its encoding. `take` gives the layout, and what stands in each field now; `write` gives
what is to stand there. The fields of `blank` are for tests that never were a row of that format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proctor.datasets.encoding import decode, encode
from proctor.datasets.shapes import CannotHold, Layout, take_lists, take_objects, write_lists, write_objects
from proctor.judge.datasets import RunnableTests
from proctor.judge.datasets.humaneval import helpers
from proctor.wire import FunctionTests, PytestTests, ScriptTests, StdioTests

Path = tuple[str, ...]
Values = dict[Path, tuple[Any, str | None]]  # of fields: decoded value, name of its encoding
RowData = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """take: row → layout, values now. write: tests, layout, rest of the row → values. blank: a row without tests."""

    take: Callable[[RowData], tuple[Layout, Values]]
    write: Callable[[RunnableTests, Layout, RowData], Values]
    blank: Callable[[RowData, RunnableTests], RowData]


def at(row: RowData, path: Path) -> Any:
    """What stands at `path`; None where nothing does."""
    value: Any = row
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _cases(tests: RunnableTests) -> StdioTests | FunctionTests:
    if not isinstance(tests, StdioTests | FunctionTests):
        raise CannotHold(f"tests of kind {tests.kind}")
    return tests


# two lists


def _lists(path: Path, encoding: str, blank: Callable[[RowData, RunnableTests], RowData]) -> Form:
    def take(row: RowData) -> tuple[Layout, Values]:
        data, found = decode(at(row, path))
        return {"encoding": found or encoding, **take_lists(data)}, {path: (data, found)}

    def write(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
        return {path: (write_lists(_cases(tests), layout), layout.get("encoding", encoding))}

    return Form(take, write, blank)


def _question(ours: RowData, tests: RunnableTests) -> RowData:
    return {"problem_id": ours.get("id"), "question": ours.get("prompt") or "", "input_output": "", "starter_code": ""}


def _eurus(ours: RowData, tests: RunnableTests) -> RowData:
    prompt = [{"role": "user", "content": ours.get("prompt") or ""}]
    return {"ability": "code", "prompt": prompt, "reward_model": {"ground_truth": "", "style": "rule"}}


def _nemo(ours: RowData, tests: RunnableTests) -> RowData:
    asked = {"input": [{"role": "user", "content": ours.get("prompt") or ""}]}
    return {"responses_create_params": asked, "verifier_metadata": {"problem_id": ours.get("id"), "unit_tests": {}}}


# lists of cases

_PUBLIC, _PRIVATE = ("public_test_cases",), ("private_test_cases",)


def _take_lcb(row: RowData) -> tuple[Layout, Values]:
    fields: Layout = {}
    values: Values = {}
    cases: list[Any] = []
    for path in (_PUBLIC, _PRIVATE):
        if path[0] in row:
            data, encoding = decode(row[path[0]] or [])
            encoding = encoding if row[path[0]] else None
            fields[path[0]] = {"encoding": encoding or "json", "cases": len(data)}
            values[path] = (data, encoding)
            cases += data
    return {"fields": fields, **take_objects(cases)}, values


def _write_lcb(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    kind = "stdin" if isinstance(tests, StdioTests) else "functional"
    cases: list[Any] = write_objects(_cases(tests), layout, {"testtype": kind})
    fields = layout.get("fields") or {_PUBLIC[0]: {"cases": 0}, _PRIVATE[0]: {}}
    values: Values = {}
    for number, (name, field) in enumerate(fields.items(), 1):
        count = field.get("cases", 0) if number < len(fields) else len(cases)  # the last field takes what is left
        values[(name,)] = (cases[:count], field.get("encoding", "json"))
        cases = cases[count:]
    return values


def _lcb(ours: RowData, tests: RunnableTests) -> RowData:
    metadata = {"func_name": tests.entry_point} if isinstance(tests, FunctionTests) else {}
    return {
        "question_id": ours.get("id"),
        "question_content": ours.get("prompt") or "",
        "public_test_cases": "",
        "private_test_cases": "",
        "starter_code": "",
        "metadata": encode(metadata, "json"),
    }


_INFO = ("verification_info",)


def _take_synthetic(row: RowData) -> tuple[Layout, Values]:
    info, encoding = decode(row["verification_info"])
    cases, inner = decode(info["test_cases"])
    other = {k: v for k, v in info.items() if k != "test_cases"}
    layout = {"encoding": encoding or "json", "inner": inner or "plain", "info": other, "order": list(info)}
    return {**layout, **take_objects(cases)}, {_INFO: (info, encoding)}


def _write_synthetic(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    found = _cases(tests)
    default = {"type": "stdin_stdout"}
    if isinstance(found, FunctionTests):
        default = {"type": "function_call", "fn_name": found.entry_point}
        layout = layout or {"lists": True, "wrapped": True}
    cases = write_objects(found, layout, default)
    info = layout.get("info", {"language": "python"}) | {"test_cases": encode(cases, layout.get("inner", "plain"))}
    ordered = {k: info[k] for k in layout.get("order", list(info))}
    return {_INFO: (ordered, layout.get("encoding", "json"))}


_TESTS = ("tests",)


def _take_deepcoder(row: RowData) -> tuple[Layout, Values]:
    data, encoding = decode(row["tests"])
    taken = take_lists(data) if isinstance(data, dict) else take_objects(data)
    return {"encoding": encoding or "json", "objects": isinstance(data, list), **taken}, {_TESTS: (data, encoding)}


def _write_deepcoder(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    found = _cases(tests)
    if not layout.get("objects", False):
        return {_TESTS: (write_lists(found, layout), layout.get("encoding", "json"))}
    return {_TESTS: (write_objects(found, layout, {}), layout.get("encoding", "json"))}


# contests

_CONTESTS = (("public_tests",), ("private_tests",), ("generated_tests",))


def _take_contests(row: RowData) -> tuple[Layout, Values]:
    fields: Layout = {}
    values: Values = {}
    for path in _CONTESTS:
        value = row.get(path[0])
        if value is not None:
            columns = isinstance(value, dict)
            count = len(value["input"]) if columns else len(value)
            fields[path[0]] = {"cases": count, "keys": list(value) if columns else None}
            values[path] = (value, "plain")
    return {"fields": fields}, values


def _write_contests(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    objects = write_objects(_programs(tests), {}, {})
    fields = layout.get("fields") or {"private_tests": {"keys": ["input", "output"]}}
    values: Values = {}
    for number, (name, field) in enumerate(fields.items(), 1):
        count = field.get("cases", 0) if number < len(fields) else len(objects)
        part, objects = objects[:count], objects[count:]
        keys = field.get("keys")
        values[(name,)] = ({k: [case[k] for case in part] for k in keys} if keys else part, "plain")
    return values


def _contest(ours: RowData, tests: RunnableTests) -> RowData:
    limits = ours.get("limits") or {}
    row: RowData = {"name": ours.get("id"), "description": ours.get("prompt") or "", "private_tests": {}}
    if "cpu_s" in limits:
        row["time_limit"] = {"seconds": int(limits["cpu_s"]), "nanos": round(limits["cpu_s"] % 1 * 1e9)}
    if "memory_mib" in limits:
        row["memory_limit_bytes"] = limits["memory_mib"] << 20
    return row


_OFFICIAL = (("official_tests",), ("generated_tests",))


def _take_codeforces(row: RowData) -> tuple[Layout, Values]:
    lists = [path for path in _OFFICIAL if isinstance(row.get(path[0]), list)]
    fields = {path[0]: {"cases": len(row[path[0]])} for path in lists}
    return {"fields": fields}, {path: (row[path[0]], "plain") for path in lists}


def _write_codeforces(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    objects = write_objects(_programs(tests), {}, {})
    fields = layout.get("fields") or {"official_tests": {}}
    values: Values = {}
    for number, (name, field) in enumerate(fields.items(), 1):
        count = field.get("cases", 0) if number < len(fields) else len(objects)
        values[(name,)] = (objects[:count], "plain")
        objects = objects[count:]
    return values


def _codeforces(ours: RowData, tests: RunnableTests) -> RowData:
    limits = ours.get("limits") or {}
    times = {"time_limit": limits.get("cpu_s"), "memory_limit": limits.get("memory_mib")}
    row: RowData = {"id": ours.get("id"), "description": ours.get("prompt") or "", "official_tests": [], **times}
    return {**row, "input_mode": "stdio", "generated_checker": None}


def _programs(tests: RunnableTests) -> StdioTests:
    if not isinstance(tests, StdioTests):
        raise CannotHold(f"tests of kind {tests.kind}")
    return tests


# test code


def _code(tests: RunnableTests) -> ScriptTests:
    if not isinstance(tests, ScriptTests):
        raise CannotHold(f"tests of kind {tests.kind}")
    return tests


def _take_humaneval(row: RowData) -> tuple[Layout, Values]:
    return {}, {("test",): (row["test"], "plain")}


def _write_humaneval(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    code = _code(tests)
    if not code.entry_point:
        raise CannotHold("test code without an entry point")
    return {("test",): (code.code.removeprefix(helpers(rest["prompt"], code.entry_point)), "plain")}


def _humaneval(ours: RowData, tests: RunnableTests) -> RowData:
    row = {"task_id": ours.get("id"), "prompt": ours.get("prompt") or ""}
    return {**row, "entry_point": _code(tests).entry_point, "test": ""}


def _take_mbpp(row: RowData) -> tuple[Layout, Values]:
    return {"lines": [text.count("\n") + 1 for text in row["test_list"]]}, {("test_list",): (row["test_list"], "plain")}


def _write_mbpp(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    code = _code(tests)
    if code.entry_point:
        raise CannotHold("an entry point")
    setup = [*(rest.get("test_imports") or []), rest.get("test_setup_code") or ""]
    before = "".join(part + "\n" for part in setup if part.strip())
    if not code.code.startswith(before):
        raise CannotHold("a setup that is not the row's own")
    lines = code.code[len(before) :].removesuffix("\n").split("\n")
    counts = layout.get("lines", [])
    if sum(counts) != len(lines):
        starts = [i for i, line in enumerate(lines) if line.startswith("assert") or i == 0]
        counts = [end - start for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    asserts = []
    for count in counts:
        asserts.append("\n".join(lines[:count]))
        lines = lines[count:]
    return {("test_list",): (asserts, "plain")}


def _mbpp(ours: RowData, tests: RunnableTests) -> RowData:
    return {"task_id": ours.get("id"), "text": ours.get("prompt") or "", "test_setup_code": "", "test_list": []}


def _take_kodcode(row: RowData) -> tuple[Layout, Values]:
    return {}, {("test",): (row["test"], "plain")}


def _write_kodcode(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    if not isinstance(tests, PytestTests) or list(tests.files) != ["test_solution.py"] or tests.module != "solution":
        raise CannotHold("anything but one test file that imports from `solution`")
    return {("test",): (tests.files["test_solution.py"], "plain")}


def _kodcode(ours: RowData, tests: RunnableTests) -> RowData:
    return {"question_id": ours.get("id"), "question": ours.get("prompt") or "", "test": "", "test_info": []}


def _take_nothing(row: RowData) -> tuple[Layout, Values]:
    """EvalPlus: the tests are made of inputs and a solution, so that the row keeps them all."""
    return {}, {}


def _write_nothing(tests: RunnableTests, layout: Layout, rest: RowData) -> Values:
    return {}


def _no_blank(ours: RowData, tests: RunnableTests) -> RowData:
    raise CannotHold("tests that are not inputs and a canonical solution")


FORMS: dict[str, Form] = {
    "apps": _lists(("input_output",), "json", _question),
    "code_contests": Form(_take_contests, _write_contests, _contest),
    "codeforces": Form(_take_codeforces, _write_codeforces, _codeforces),
    "deepcoder": Form(
        _take_deepcoder,
        _write_deepcoder,
        lambda ours, tests: {"problem": ours.get("prompt") or "", "tests": "", "starter_code": ""},
    ),
    "eurus": _lists(("reward_model", "ground_truth"), "json", _eurus),
    "evalplus": Form(_take_nothing, _write_nothing, _no_blank),
    "humaneval": Form(_take_humaneval, _write_humaneval, _humaneval),
    "kodcode": Form(_take_kodcode, _write_kodcode, _kodcode),
    "livecodebench": Form(_take_lcb, _write_lcb, _lcb),
    "mbpp": Form(_take_mbpp, _write_mbpp, _mbpp),
    "nemo": _lists(("verifier_metadata", "unit_tests"), "plain", _nemo),
    "synthetic1": Form(
        _take_synthetic,
        _write_synthetic,
        lambda ours, tests: {"problem_id": ours.get("id"), "prompt": ours.get("prompt") or "", "verification_info": ""},
    ),
    "taco": _lists(("input_output",), "json", _question),
}
