"""Which kinds of tests each language has. A language with a way of its own is a line here."""

from __future__ import annotations

from proctor.judge.native import cpp, go, rust
from proctor.judge.native.harness import Harness
from proctor_supervisor.languages.table import DRIVERS, PYTHON

#: `script` tests made of two programs by text, by language; those with a driver run as pairs.
SCRIPTS: dict[str, Harness] = {"cpp": cpp.assemble, "go": go.assemble, "rust": rust.assemble}


def kinds(language: str) -> tuple[str, ...]:
    """The kinds of tests that a language has."""
    if language == PYTHON:
        return ("stdio", "function", "script", "pytest")
    driver = DRIVERS.get(language)
    script = language in SCRIPTS or (driver is not None and driver.tests is not None)
    return ("stdio", *(["function"] if driver else []), *(["script"] if script else []))
