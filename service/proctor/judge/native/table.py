"""Which kinds of tests each language has. A language with a way of its own is a line here."""

from __future__ import annotations

from collections.abc import Callable

from proctor.judge.native import cpp, go, rust
from proctor.judge.native.harness import Harness
from proctor.judge.outcome import Outcome
from proctor.judge.unit import Unit
from proctor.sandbox.provider import Session
from proctor.wire import FunctionTests
from proctor_supervisor.languages.table import PYTHON

#: `script` tests, by language.
SCRIPTS: dict[str, Harness] = {"cpp": cpp.assemble, "go": go.assemble, "rust": rust.assemble}

#: `function` tests, by language: judges a unit.
FUNCTIONS: dict[str, Callable[[Unit, FunctionTests, Session], Outcome]] = {}


def kinds(language: str) -> tuple[str, ...]:
    """The kinds of tests that a language has."""
    if language == PYTHON:
        return ("stdio", "function", "script", "pytest")
    return ("stdio", *(["function"] if language in FUNCTIONS else []), *(["script"] if language in SCRIPTS else []))
