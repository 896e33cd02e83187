"""What the test process tells the supervisor: JSON lines over a pipe that the candidate does not have.

{"total": n} · {"case": i} at a case's start · {"end": i, "verdict": …, "detail": …} at its end ·
{"tests_error": text} · {"flag": name} · {"done": true, "stays": …}
"""

from __future__ import annotations

import json
import os
import reprlib

from .compare import NO_NODE

DETAIL_MAX = 600


class Report:
    """The way to the supervisor. `fd`: the pipe.

    The end of a case is told with what comes next, or by `flush`: each line told alone wakes the supervisor.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._untold = b""
        self._flags: set[str] = set()
        self.case: int | None = None

    def total(self, n: int) -> None:
        """How many cases there are."""
        self._write({"total": n})

    def begin(self, case: int) -> None:
        """A case starts."""
        self.case = case
        self._write({"case": case})

    def end(self, verdict: str, detail: str | None = None) -> None:
        """The case that was begun has ended."""
        self._untold += _line({"end": self.case, "verdict": verdict, "detail": bounded(detail)})
        self.case = None

    def tests_error(self, text: str) -> None:
        """The tests cannot be run."""
        self._write({"tests_error": bounded(text)})

    def flag(self, name: str) -> None:
        """A remark, once."""
        if name not in self._flags:
            self._flags.add(name)
            self._write({"flag": name})

    def done(self, *, stays: bool) -> None:
        """Every case that was to run has run. stays: this process waits for the next tests."""
        self._write({"done": True, "stays": stays})

    def flush(self) -> None:
        """Tell what is untold."""
        while self._untold:
            self._untold = self._untold[os.write(self._fd, self._untold) :]

    def _write(self, record: dict) -> None:
        self._untold += _line(record)
        self.flush()


def _line(record: dict) -> bytes:
    return json.dumps(record).encode("ascii") + b"\n"


def bounded(text: str | None) -> str | None:
    """`text`, at most DETAIL_MAX characters of it."""
    return text if text is None or len(text) <= DETAIL_MAX else text[: DETAIL_MAX - 1] + "…"


class _Repr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 120
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 12

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() < 400 else f"<int of {x.bit_length()} bits>"

    def repr_instance(self, x: object, level: int) -> str:
        if type(x).__module__ in ("builtins", "decimal", "fractions", "datetime"):
            return super().repr_instance(x, level)
        return f"<{type(x).__name__} object>"


_REPR = _Repr()


def short(value: object) -> str:
    """A bounded repr that asks nothing of anybody: huge integers and foreign objects are named, not shown."""
    if value is NO_NODE:
        return "None"
    try:
        return _REPR.repr(value)
    except Exception as error:
        return f"<{type(value).__name__}: {type(error).__name__}>"
