"""Which comparison fits a problem: the strictest under which its reference solutions pass, with the evidence.

Where the expected output holds decimal fractions a tolerance is suggested even if the references print just these
digits: other right programs round the last one otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from proctor.datasets.findings import Suggestion
from proctor.datasets.problem import Problem
from proctor.wire import FunctionTests, StdioTests

#: From the strictest on. Functions have no case.
_TOLERANCES = (1e-9, 1e-6, 1e-4, 1e-3)
_USUAL = 1e-6
STRICT = "tokens"
_SPOKEN = {STRICT: "equal tokens or values", "case": "equal tokens in any case"}
_NUMBER_WITHIN = re.compile(r"10\s*(?:\^|\*\*|\^\{|<sup>)?\s*\{?\s*[-−–]\s*(\d{1,2})")
_TOLERANT = re.compile(r"(?:absolute|relative|error|tolerance|precision|within)", re.IGNORECASE)
_ANY_CASE = re.compile(
    r"(?:in\s+any\s+(?:letter\s+)?case|any\s+case\b|upper\s+or\s+lower|case[- ]insensitive)", re.IGNORECASE
)
_FRACTION = re.compile(r"(?<![\w.])[+-]?[0-9]*\.([0-9]+)(?![\w.])")


def variants(problem: Problem) -> dict[str, dict[str, Any]]:
    """Name → comparison, from the strictest on; none where the tests compare for themselves."""
    tests = problem.read.tests
    if isinstance(tests, FunctionTests):
        loose = {f"tolerance {t:g}": {"abs_tol": t, "rel_tol": t} for t in _TOLERANCES}
        return {STRICT: {}, **loose}
    if not isinstance(tests, StdioTests) or tests.checker is not None:
        return {}
    loose = {f"tolerance {t:g}": {"abs_tol": t, "rel_tol": t} for t in _TOLERANCES}
    both = {"ignore_case": True, "abs_tol": _TOLERANCES[1], "rel_tol": _TOLERANCES[1]}
    return {STRICT: {}, "case": {"ignore_case": True}, **loose, "case and tolerance 1e-06": both}


def is_strict(problem: Problem) -> bool:
    """Whether the row's own comparison is the strictest of `variants`."""
    tests = problem.read.tests
    if isinstance(tests, StdioTests | FunctionTests):
        return not tests.compare.model_dump(exclude_defaults=True)
    return False


def suggest(
    problem: Problem, passed: Mapping[str, Sequence[bool]], told: Mapping[str, str | None]
) -> Suggestion | None:
    """The comparison to use; None where the tests decide for themselves, or nothing was run.

    passed: name of a variant that was run → whether each reference passed under it. told: → its first difference.
    """
    choices = variants(problem)
    ran = {name: results for name, results in passed.items() if name in choices and results}
    best = max((sum(results) for results in ran.values()), default=0)
    if not best:
        return None
    name = next(n for n in choices if n in ran and sum(ran[n]) == best)
    evidence = [_counted(n, ran[n], told.get(n)) for n in choices if n in ran and (n in (STRICT, name))]
    compare = dict(choices[name])
    if name == STRICT:
        name, compare, more = _from_outputs(problem)
        evidence += more
    elif "abs_tol" in compare:
        tolerance = max(compare["abs_tol"], _stated(problem) or _USUAL)  # of what passes, not the least of all
        compare |= {"abs_tol": tolerance, "rel_tol": tolerance}
    return Suggestion(_named(name, problem), compare, evidence + _hints(problem))


def _named(name: str, problem: Problem) -> str:
    """tokens (values, for a function's), tolerance, case, or both of the latter."""
    if name == STRICT:
        return "values" if isinstance(problem.read.tests, FunctionTests) else STRICT
    return name.rsplit(" ", 1)[0] if "tolerance" in name else name


def _counted(name: str, results: Sequence[bool], told: str | None) -> str:
    text = f"{sum(results)} of {len(results)} reference solutions pass with {_SPOKEN.get(name, name)}"
    return f"{text}; {told}" if told and not all(results) else text


def _from_outputs(problem: Problem) -> tuple[str, dict[str, Any], list[str]]:
    """What the expected outputs ask for where equal tokens are enough for the references."""
    digits = _most_digits(problem)
    if not digits:
        return STRICT, {}, []
    tolerance = _stated(problem) or 10.0 ** -min(digits, 6)
    told = f"expected outputs have up to {digits} decimals: other right programs may round the last one"
    return f"tolerance {tolerance:g}", {"abs_tol": tolerance, "rel_tol": tolerance}, [told]


def _most_digits(problem: Problem) -> int:
    tests = problem.read.tests
    if isinstance(tests, StdioTests):
        return max((len(d) for case in tests.cases for d in _FRACTION.findall(case.stdout[:1_000_000])), default=0)
    if isinstance(tests, FunctionTests):
        return max(
            (len(d) for case in tests.cases for d in _FRACTION.findall(repr(case.expected)[:1_000_000])), default=0
        )
    return 0


def _stated(problem: Problem) -> float | None:
    """The tolerance that the statement names; None without one."""
    text = problem.read.problem or ""
    for found in _NUMBER_WITHIN.finditer(text):
        if _TOLERANT.search(text[max(0, found.start() - 160) : found.end() + 80]):
            return 10.0 ** -int(found[1])
    return None


def _hints(problem: Problem) -> list[str]:
    text = problem.read.problem or ""
    hints = []
    if (stated := _stated(problem)) is not None:
        hints.append(f"the statement allows an error of {stated:g}")
    if (found := _ANY_CASE.search(text)) is not None:
        hints.append(f"the statement says {' '.join(found[0].split())!a}")
    return hints
