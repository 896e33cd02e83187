"""The driver of `function` tests: call, take the value over, compare it here.

Arguments are made anew for every case and the expected value is fixed before the call, so that nothing that the
candidate does to what it was given can change what it is held against.
"""

from __future__ import annotations

import ast
from typing import Any

from . import compare
from .link import Link
from .report import Report, short


class BadLiteral(Exception):
    """A `$py` literal that is none."""


def run(tests: dict, link: Link, report: Report, *, stop: str, first_case: int) -> None:
    """Run the cases from `first_case` on. Raises nothing that the candidate did."""
    rules = tests.get("compare") or {}
    for number, case in list(enumerate(tests["cases"]))[first_case:]:
        report.begin(number)
        verdict, detail = _case(case, tests["entry_point"], rules, link)
        report.end(verdict, detail)
        if verdict != "passed" and stop == "first_failure":
            return


def check(tests: dict) -> str | None:
    """What is wrong with the tests; None where they can be run."""
    if not tests["cases"]:
        return "no test case"
    for number, case in enumerate(tests["cases"]):
        try:
            revive([case.get("args"), case.get("kwargs"), case.get("expected")])
        except BadLiteral as error:
            return f"case {number}: {error}"
        selector = case.get("result", "return")
        if selector != "return" and int(selector[3:]) >= len(case.get("args") or []):
            return f"case {number}: there is no {selector}"
    return None


def _case(case: dict, entry_point: str, rules: dict, link: Link) -> tuple[str, str | None]:
    expected = revive(case.get("expected"))
    args, kwargs = revive(case.get("args") or []), revive(case.get("kwargs") or {})
    try:
        result = link.ask("entry", entry_point, tuple(args), kwargs or (), case.get("result", "return"))
    except MemoryError as error:
        return "memory_limit", f"MemoryError: {str(error)[:300]}"
    except Exception as error:
        return "runtime_error", f"{type(error).__name__}: {str(error)[:300]}"
    except SystemExit as error:
        return "runtime_error", f"the call ended the program (SystemExit: {short(error.code)})"
    if _same(result, expected, rules):
        return "passed", None
    return "wrong_answer", f"got {short(result)}, expected {short(expected)}"


def _same(result: Any, expected: Any, rules: dict) -> bool:
    """Whether the result is right. One that cannot even be compared (a signalling NaN, endless nesting) is not."""
    tolerances = {name: rules.get(name) or 0.0 for name in ("abs_tol", "rel_tol")}
    try:
        return compare.equal(result, expected, types=rules.get("types", "json"), **tolerances)
    except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError):
        return False


def revive(value: Any) -> Any:
    """A copy of JSON data with its `{"$py": "<literal>"}` made values. Raises BadLiteral."""
    if type(value) is dict:
        if set(value) == {"$py"} and type(value["$py"]) is str:
            try:
                return ast.literal_eval(value["$py"])
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
                raise BadLiteral(f"$py is no literal: {error}") from None
        return {key: revive(item) for key, item in value.items()}
    return [revive(item) for item in value] if type(value) is list else value
