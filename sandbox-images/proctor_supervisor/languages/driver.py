"""How `function` and `script` tests reach a candidate that is not Python's: a driver of ours in its process.

The driver gets arguments and gives results over a socket of its own, descriptor 3 of its process. `function` tests run
in Python's test process, which compares (pair/foreign.py); `script` tests run in a program of ours in their own
language, which has the report's pipe at descriptor 4. Nothing of the tests is in the candidate's process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from .language import Language

_PAIR = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pair")

Sources = dict[str, bytes]


def _as_it_is(source: bytes, name: str, _tests: dict) -> Sources:
    return {name: source}


@dataclass(frozen=True, slots=True)
class Driver:
    """A language's driver.

    folder: beneath pair/, where its files are. candidate: the language, building and running driver and code.
    candidate_files: put beside the code. wrap: (source, its name, tests) → sources, the main one first.
    tests: the language, running the test program, which finds tests.json beside it; None: `script` tests cannot be run
    apart. tests_files: the test program's.
    """

    folder: str
    candidate: Language
    candidate_files: tuple[str, ...]
    tests: Language | None = None
    tests_files: tuple[str, ...] = ()
    wrap: Callable[[bytes, str, dict], Sources] = _as_it_is
    texts: Sources = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the files while they can be read: a supervisor's isolation hides them."""
        for name in {*self.candidate_files, *self.tests_files}:
            with open(os.path.join(_PAIR, self.folder, name), "rb") as file:
                self.texts[name] = file.read()

    def candidate_sources(self, source: bytes, tests: dict) -> Sources:
        """What the candidate's process is built from, the main source first."""
        name = self.candidate.source_name(source.decode("utf-8", "replace"))
        return {**self.wrap(source, name, tests), **{name: self.texts[name] for name in self.candidate_files}}

    def tests_sources(self, tests: bytes) -> Sources:
        """What the tests' process is built from. tests: JSON."""
        return {"tests.json": tests, **{name: self.texts[name] for name in self.tests_files}}
