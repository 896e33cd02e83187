"""Holds a candidate against EvalPlus' canonical solution, as `evalplus.evaluate` does.

JSON has no tuples, sets or complex numbers, so MBPP+ publishes the inputs of some tasks in lists and strings:
`restored` gives them their types back, task by task (evalplus/data/mbpp.py, mbpp_deserialize_inputs). Some tasks
have more than one right answer: `right_answers` knows them (evalplus/eval/__init__.py, eval/_special_oracle.py).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

_TUPLES = {2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809}
_LISTS_OF_TUPLES = {63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780}
_FIRST_LIST_OF_TUPLES = {75, 413, 444, 753}
_SECOND_TUPLE = {106, 750}
_FIRST_TUPLE = {250, 307, 405, 446, 617, 720, 763, 808}
_TUPLES_OF_TUPLES = {259, 401, 445}
_TUPLES_ALL_THE_WAY = {580, 615, 791}

_SAME_SET = {
    *("similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly"),
    *("larg_nnum", "intersection_array", "find_dissimilar", "Diff"),
}
_FOUND_OR_NOT = {"check_str", "text_match_three", "text_starta_endb"}
_FLOATS_WITHIN = 1e-6


def check_all(
    candidate: Callable[..., Any], reference: Callable[..., Any], inputs: list[Any], task: str, name: str, atol: float
) -> None:
    """Assert that `candidate` answers every one of `inputs` as `reference` does; neither sees the other's arguments."""
    oracle = right_answers(task, name)
    for arguments in inputs:
        given = restored(task, arguments)
        want = reference(*copy.deepcopy(given))
        got = candidate(*copy.deepcopy(given))
        assert oracle(got, want, given, atol), f"not what the canonical solution gives for {str(given)[:200]}"


def restored(task: str, given: list[Any]) -> Any:
    """The arguments of one call with the types that JSON took from them; `task` is such as "Mbpp/2"."""
    number = task_number(task)
    if number in _TUPLES:
        return [tuple(v) for v in given]
    if number in _LISTS_OF_TUPLES:
        return [[tuple(v) for v in inner] for inner in given]
    if number in _FIRST_LIST_OF_TUPLES:
        return [[tuple(v) for v in given[0]], given[1]]
    if number in _SECOND_TUPLE:
        return [given[0], tuple(given[1])]
    if number in _FIRST_TUPLE:
        return [tuple(given[0]), *given[1:]]
    if number in _TUPLES_OF_TUPLES:
        return [tuple(tuple(v) for v in inner) for inner in given]
    if number in _TUPLES_ALL_THE_WAY:
        return tuples(given)
    return _single(number, given)


def _single(number: int, given: list[Any]) -> Any:
    """As `restored`, for tasks that have a form of their own."""
    if number == 115:
        return [[set(v) if isinstance(v, list) and v else {} for v in given[0]]]
    if number == 124:
        return [float(given[0]), complex(given[1])]
    if number == 252:
        return [complex(given[0])]
    if number == 278:
        return [tuple(tuple(v) if isinstance(v, list) else v for v in given[0])]
    if number == 722:
        return [{key: tuple(v) for key, v in given[0].items()}, *given[1:]]
    return given


def task_number(task: str) -> int:
    """N of "Mbpp/N"; 0 for other data sets, whose inputs are as published."""
    data_set, _, number = task.rpartition("/")
    return int(number) if data_set.lower() == "mbpp" and number.isdecimal() else 0


def tuples(value: Any) -> Any:
    """Lists as tuples at every depth."""
    return tuple(tuples(v) for v in value) if isinstance(value, list) else value


def right_answers(task: str, name: str) -> Callable[[Any, Any, Any, float], bool]:
    """Decides whether an answer (`got`) is right, given the canonical one, the arguments and the tolerance."""
    if task_number(task):
        if name == "are_equivalent":  # Mbpp/164: its statement is ambiguous; any answer counts
            return lambda got, want, given, atol: True
        if name == "sum_div":  # Mbpp/295
            return lambda got, want, given, atol: close(got, want, atol) or got == 0
        if name == "surface_Area":  # Mbpp/581: the height may be the pyramid's own
            return lambda got, want, given, atol: close(got, want, atol) or abs(got - _pyramid(*given)) <= atol
        if name == "digit_distance_nums":  # Mbpp/558: shorter numbers may be padded
            return lambda got, want, given, atol: close(got, want, atol) or got == _digit_distance(*given)
        if name in _SAME_SET:
            return lambda got, want, given, atol: set(got) == set(want)
        if name in _FOUND_OR_NOT:  # a match object stands for true
            return lambda got, want, given, atol: bool(want) == (got if isinstance(got, bool) else got is not None)
    elif name == "find_zero":  # HumanEval/32: any root within the tolerance
        return lambda got, want, given, atol: abs(_polynomial(given[0], got)) <= atol
    return lambda got, want, given, atol: close(got, want, atol)


def close(got: Any, want: Any, atol: float) -> bool:
    """Equal; or of one type and length, and all numbers of it within `atol` and 1e-7 of the expected.

    Where the row asks for no tolerance, floats (and lists or tuples of nothing but floats) have 1e-6. NaN equals NaN.
    """
    if bool(got == want):
        return True
    floats = isinstance(want, float) or (
        isinstance(want, list | tuple) and len(want) > 0 and all(isinstance(v, float) for v in want)
    )
    tolerance = atol or (_FLOATS_WITHIN if floats else 0.0)
    return tolerance > 0 and type(got) is type(want) and _all_close(got, want, tolerance)


def _all_close(got: Any, want: Any, tolerance: float) -> bool:
    if isinstance(want, list | tuple):
        if not isinstance(got, list | tuple) or len(got) != len(want):
            return False
        return all(_all_close(g, w, tolerance) for g, w in zip(got, want, strict=True))
    numbers = (bool, int, float, complex)
    if not isinstance(got, numbers) or not isinstance(want, numbers):
        return bool(got == want)
    both_nan = got != got and want != want
    return both_nan or got == want or abs(got - want) <= tolerance + 1e-7 * abs(want)


def _pyramid(base_edge: float, height: float) -> int:
    slant = math.sqrt((base_edge / 2) ** 2 + height**2)
    return round(base_edge**2 + 4 * (base_edge * slant) / 2)


def _digit_distance(first: Any, second: Any) -> int:
    a, b = str(first), str(second)
    width = max(len(a), len(b))
    return sum(abs(int(x) - int(y)) for x, y in zip(a.zfill(width), b.zfill(width), strict=True))


def _polynomial(coefficients: list[Any], x: float) -> float:
    return float(sum(c * math.pow(x, power) for power, c in enumerate(coefficients)))
