"""What a language gives so that its `script` tests can be judged: a candidate's program, and one of the tests.

Both are made from text, outside the sandbox. The candidate's program holds the candidate's code and a server that calls
its functions; the tests' program holds the tests and, for each of these functions, a stand-in with the same signature
that sends the arguments over and waits for the result. So the candidate's process never has the tests, and nothing it
does to itself (exiting, printing, patching, redefining `assert`) reaches them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proctor.sandbox.provider import Sources
from proctor.wire import ScriptTests


class CannotCross(Exception):
    """The candidate's code offers nothing that the tests could call from their own process: its failure, and why."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """The two programs of one sample."""

    candidate: Sources
    tests: Sources


#: (the candidate's code, the tests) → the programs. Raises CannotCross, and errors.TestsInvalid where the tests alone
#: cannot be run, whatever the candidate.
Harness = Callable[[str, ScriptTests], Assembly]

#: How the tests' program ends: all passed; an assertion failed; a call ended in an exception or panic that the tests
#: did not expect; the candidate's process was gone; it sent what is no result.
PASSED, FAILED, RAISED, GONE, MALFORMED = 0, 101, 102, 103, 104
