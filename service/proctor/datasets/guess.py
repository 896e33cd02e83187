"""Which format a row has, by its fields."""

from __future__ import annotations

import json
from typing import Any

from proctor.judge.datasets.row import RowFault

OURS, PLAIN = "proctor", "plain"
_LCB_CASE = ("testtype", "metadata")


def guess(row: dict[str, Any]) -> str | None:
    """The format of `row`; None where no format has such fields."""
    if is_ours(tests_of(row)):
        return OURS
    for format, fields in _MARKS:
        if all(name in row for name in fields):
            return format
    return _by_tests(row)


def format_of(row: dict[str, Any], given: str | None) -> str:
    """The format that was named, else the guessed one. Raises RowFault."""
    found = given or guess(row)
    if found is None:
        names = ", ".join(sorted(row)[:12])
        raise RowFault((), f"no known format has the fields {names}: name it with --from")
    return found


def is_ours(tests: Any) -> bool:
    """Whether a value is tests of a request of ours."""
    return isinstance(tests, dict) and isinstance(tests.get("kind"), str)


def tests_of(row: dict[str, Any]) -> Any:
    """The field `tests`; tests of ours may stand in it as JSON in a string, as columns of trainers hold them."""
    tests = row.get("tests")
    if not isinstance(tests, str) or tests.lstrip()[:1] != "{":
        return tests
    try:
        value = json.loads(tests)
    except (ValueError, RecursionError):
        return tests
    return value if is_ours(value) else tests


#: The first of these whose fields are all there; those of one set that are part of another's come later.
_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("livecodebench", ("public_test_cases",)),
    ("livecodebench", ("private_test_cases",)),
    ("codeforces", ("official_tests",)),
    ("synthetic1", ("verification_info",)),
    ("eurus", ("reward_model",)),
    ("nemo", ("verifier_metadata",)),
    ("evalplus", ("base_input", "canonical_solution")),
    ("evalplus", ("test", "test_list")),
    ("code_contests", ("private_tests",)),
    ("code_contests", ("public_tests",)),
    ("taco", ("input_output", "picture_num")),
    ("taco", ("input_output", "raw_tags")),
    ("apps", ("input_output",)),
    ("mbpp", ("test_list",)),
    ("humaneval", ("prompt", "test", "entry_point")),
    ("kodcode", ("test", "test_info")),
    ("kodcode", ("test", "question")),
    ("kodcode", ("test", "solution")),
)


def _by_tests(row: dict[str, Any]) -> str | None:
    """Of rows with a field `tests`: DeepCoder's is JSON in a string; other ones are plain."""
    tests = row.get("tests")
    if isinstance(tests, str):
        return "deepcoder" if tests.lstrip()[:1] in ("[", "{") and "entry_point" not in row else PLAIN
    if isinstance(tests, dict):
        return "deepcoder"
    if isinstance(tests, list):
        lcb = bool(tests) and isinstance(tests[0], dict) and any(name in tests[0] for name in (*_LCB_CASE, "type"))
        return "deepcoder" if lcb else PLAIN
    return None
