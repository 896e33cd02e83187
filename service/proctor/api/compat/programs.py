"""What the protocols that run code share: paths, limits, text of what was printed. Pure."""

from __future__ import annotations

import base64
import binascii
from pathlib import PurePosixPath
from typing import Any

from proctor.errors import FieldFault, InvalidRequest
from proctor.wire import Limits

OUTPUT_KIB = 4096  # of stdout and of stderr each
COMPILED = frozenset({"c", "cpp", "go", "java", "rust", "csharp", "swift", "scala", "typescript"})
KILLED = 9  # the signal with which a limit ends a program
WALL_TIMES, WALL_PLUS_S = 2.0, 2.0


def checked_path(path: str, where: str) -> str:
    """A path within the working directory, normalised. Raises InvalidRequest."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        detail = f"{path[:80]!a} should be a path within the working directory"
        raise InvalidRequest(detail, faults=(FieldFault(where, detail),))
    return str(PurePosixPath(*parts))


def unbase64(text: Any, where: str) -> bytes:
    """The bytes of a base64 text. Raises InvalidRequest."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise InvalidRequest(f"{where} is not base64", faults=(FieldFault(where, "Input should be base64"),)) from None


def limits_for(
    run_s: float, compile_s: float, memory_mib: int | None, default: Limits, most: Limits, *, cpu_s: float | None = None
) -> Limits:
    """Limits of a program that may take `run_s` seconds, none above the maxima.

    The clock of these protocols is the wall's; here `run_s` bounds CPU time, and the wall is a backstop above it, so
    that a busy machine does not make a timeout of a right answer.
    """
    cpu = min(run_s if cpu_s is None else cpu_s, most.cpu_s)
    wall = min(WALL_TIMES * run_s + WALL_PLUS_S, most.wall_s)
    memory = default.memory_mib if memory_mib is None else max(16, min(memory_mib, most.memory_mib))
    return default.model_copy(
        update={
            "cpu_s": max(cpu, 0.05),
            "wall_s": wall,
            "memory_mib": memory,
            "output_kib": min(max(OUTPUT_KIB, default.output_kib), most.output_kib),
            "compile_s": max(min(compile_s, most.compile_s), 0.05),
            "sample_wall_s": min(wall + compile_s + 1.0, most.sample_wall_s),
        }
    )


def printed(raw: bytes) -> str:
    """What a program printed, as text; bytes that are no UTF-8 become U+FFFD."""
    return raw.decode("utf-8", "replace")


def positive(value: Any, default: float, where: str) -> float:
    """A number above zero, `default` where it is absent. Raises InvalidRequest."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise InvalidRequest(f"{where} should be a number above 0", faults=(FieldFault(where, "not above 0"),))
    return float(value)
