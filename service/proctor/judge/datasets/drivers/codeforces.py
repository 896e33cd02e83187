"""Runs a checker of open-r1/codeforces as ours are run: `input output expected`, exit code 0 accepts.

The data set's own evaluator calls `checker.py input.txt correct_output.txt solution_output.txt` and accepts where "1"
is printed, and nothing else. A checker whose output does not begin with a number keeps testlib's convention instead:
`input output answer`, and the exit code. Which of the two it is shows only when it runs, and testlib's counts only
where neither a score was printed nor a word of rejection.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import traceback

_SCORE = re.compile(r"\s*[+-]?[0-9]+(?:\.[0-9]*)?(?:\s|\Z)")
_REJECTS = re.compile(r"\s*(?:false|no|wrong|wa|incorrect|reject(?:ed)?|fail(?:ed)?|invalid)\b", re.IGNORECASE)


def judge(code: str, given: str, output: str, expected: str) -> int:
    """The exit code of the checker's verdict: 0 accepts, 1 rejects."""
    said, ended = call(code, [given, expected, output])
    if scored(said):
        return 0 if said.strip() == "1" and ended == 0 else 1
    said, ended = call(code, [given, output, expected])
    return 0 if ended == 0 and not scored(said) and not _REJECTS.match(said) else 1


def scored(said: str) -> bool:
    """Whether what a checker printed begins with a score."""
    return _SCORE.match(said) is not None


def call(code: str, arguments: list[str]) -> tuple[str, int]:
    """What the checker prints, and how it exits, called as a program with `arguments`."""
    printed = io.StringIO()
    sys.argv = ["checker.py", *arguments]
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, "checker.py", "exec"), {"__name__": "__main__"})
        except SystemExit as ended:
            if isinstance(ended.code, str):
                print(ended.code, file=sys.stderr)
            return printed.getvalue(), ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:
            traceback.print_exc()
            return printed.getvalue(), 1
    return printed.getvalue(), 0
