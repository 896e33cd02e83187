"""The solutions that a row brings along: right ones, wrong ones, stubs. Read by name, whatever the row's format.

Languages are named as the service names them; one that it does not offer is not run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_RIGHT = (
    *("reference_solution", "canonical_solution", "gold_standard_solution", "correct_solution"),
    *("solution", "code", "solutions", "other_correct", "reference_solutions"),
)
_WRONG = ("incorrect_solutions", "buggy_solution", "wrong_or_failing", "wrong_solutions")
_STUBS = ("stub_solution",)
_ACCEPTED = frozenset({"accepted", "ok", "correct", "ac", "passed", "pass"})
#: Of a solution's outcome. A time or memory limit depends on the machine that told it, so those say nothing here.
_REJECTED = frozenset({"fail", "failed", "wrong", "wrong_answer", "wa", "rejected"})

#: Names of languages in public sets → ours. CodeContests' numbers are those of its protocol buffer.
_LANGUAGES = {
    **dict.fromkeys(("python", "python3", "py", "py3", "pypy3", "cpython", "3"), "python"),
    **dict.fromkeys(("cpp", "c++", "c++17", "c++20", "cc", "2"), "cpp"),
    **dict.fromkeys(("java", "4"), "java"),
    **dict.fromkeys(("js", "javascript", "nodejs", "node"), "javascript"),
    **dict.fromkeys(("rs", "rust"), "rust"),
    **dict.fromkeys(("go", "golang"), "go"),
    **dict.fromkeys(("python2", "py2", "1"), "python2"),
}


@dataclass(frozen=True, slots=True)
class Solution:
    """A program. name: the field it stands in, and its place there."""

    name: str
    language: str
    code: str


@dataclass(frozen=True, slots=True)
class Solutions:
    """Those of a row. Each is there once, however often the row holds it."""

    right: tuple[Solution, ...] = ()
    wrong: tuple[Solution, ...] = ()
    stubs: tuple[Solution, ...] = ()


def language_of(name: Any, default: str = "python") -> str:
    """Our name of a language; `default` where none is given."""
    if name is None or name == "":
        return default
    text = str(name).strip().lower()
    return _LANGUAGES.get(text, text)


def solutions(row: dict[str, Any], language: str) -> Solutions:
    """The solutions of `row`, which are in `language` where they say nothing else."""
    outcome = str(row.get("expected") or "").lower()
    is_wrong = outcome in _REJECTED and "solution" in row  # rows that are solutions, with their outcome
    right = [s for n in _RIGHT if not (is_wrong and n == "solution") for s in _held(n, row.get(n), language)]
    wrong = [s for n in _WRONG for s in _held(n, row.get(n), language)]
    if is_wrong:
        wrong += _held("solution", row["solution"], language)
    wrong += _packed(row, language)
    for verdict, solution in _submissions(row.get("submissions"), language):
        if verdict in _ACCEPTED | _REJECTED:
            (right if verdict in _ACCEPTED else wrong).append(solution)
    stubs = [s for n in _STUBS for s in _held(n, row.get(n), language)]
    return Solutions(_once(right), _once(wrong), _once(stubs))


def _submissions(value: Any, language: str) -> Iterator[tuple[str, Solution]]:
    """What was handed in, each with the outcome that its source tells."""
    for number, entry in enumerate(value if isinstance(value, list) else []):
        if isinstance(entry, dict) and isinstance(entry.get("declared_verdict"), str):
            for solution in _one(f"submissions[{number}]", entry, language):
                yield entry["declared_verdict"].lower(), solution


def _packed(row: dict[str, Any], language: str) -> Iterator[Solution]:
    """HumanEvalPack's bug beside a row of HumanEval-X: a body in the place of the right one."""
    pack, whole, body = row.get("pack"), row.get("reference_solution"), row.get("reference_completion")
    if isinstance(pack, dict) and isinstance(whole, str) and isinstance(body, str) and body.strip():
        buggy = pack.get("buggy_solution")
        if isinstance(buggy, str) and body in whole:
            yield Solution("pack.buggy_solution", language, whole.replace(body, buggy, 1))


def _held(name: str, value: Any, language: str) -> Iterator[Solution]:
    """The programs in a field: text, JSON in text, a list of texts or objects, or columns (CodeContests)."""
    if isinstance(value, str) and name == "solutions":
        value = _listed(value)
    if isinstance(value, dict) and isinstance(value.get("solution"), list):
        languages = value.get("language") or [None] * len(value["solution"])
        value = [
            {"solution": code, "language": spoken} for code, spoken in zip(value["solution"], languages, strict=False)
        ]
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _one(f"{name}[{number}]", entry, language)
    else:
        yield from _one(name, value, language)


def _one(name: str, value: Any, language: str) -> Iterator[Solution]:
    if isinstance(value, dict):
        language = language_of(value.get("language"), language)
        value = next((value[k] for k in ("solution", "code", "content") if isinstance(value.get(k), str)), None)
    if isinstance(value, str) and value.strip():
        yield Solution(name, language, value)


def _listed(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list) else text


def _once(found: list[Solution]) -> tuple[Solution, ...]:
    return tuple({(s.language, s.code): s for s in reversed(found)}.values())[::-1]
