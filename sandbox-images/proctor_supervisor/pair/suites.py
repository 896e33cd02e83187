"""unittest within scripts: what it ran counts, whether or not the tests look at the result themselves.

`unittest.main(exit=False)` and a runner whose result nobody reads end well even if every test of theirs failed; in a
script that is one case, that case would have passed.
"""

from __future__ import annotations

from typing import Any


class Suites:
    """The results that unittest makes while a script runs."""

    def __init__(self) -> None:
        """None yet."""
        self._results: list[Any] = []

    def watch(self) -> None:
        """Hear of every result from now on. The process ends with its tests, so nothing undoes this."""
        import unittest

        make = unittest.TestResult.__init__

        def made(result: Any, *args: Any, **kwargs: Any) -> None:
            make(result, *args, **kwargs)
            self._results.append(result)

        unittest.TestResult.__init__ = made  # type: ignore[method-assign, assignment]

    def failed(self) -> tuple[str, str] | None:
        """Verdict on the first test that did not pass, and its account; None where all did, or unittest ran nothing."""
        for result in self._results:
            for verdict, ended in (("wrong_answer", result.failures), ("runtime_error", result.errors)):
                for test, trace in ended[:1]:
                    return verdict, f"{test}: {_last_line(trace)}"
            left_out = [test for test, _why in (*result.skipped, *result.expectedFailures)]
            for test in [*left_out, *result.unexpectedSuccesses][:1]:
                return "wrong_answer", f"{test} is skipped or expected to fail, and does not count as passed"
        if self._results and not any(result.testsRun for result in self._results):
            return "wrong_answer", "unittest ran no test"
        return None


def _last_line(trace: str) -> str:
    lines = trace.strip().splitlines() or [""]
    return lines[-1][:300]
