"""The unit of work: everything that decides a verdict, and nothing else.

Two samples with equal units have equal verdicts, so identical completions run once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from proctor.judge.run_tests import RunTests
from proctor.wire import Limits, Tests

Stop = Literal["all", "first_failure"]


@dataclass(frozen=True, slots=True)
class Unit:
    """Code to judge against tests, under limits.

    `code` is what extraction found (never the whole completion), `tests` the resolved test set
    (RunTests where code is run and not judged). `text` gives their `plan.canonical` JSON, made once for all units that
    share them; None: it is made anew.
    """

    language: str
    code: str
    tests: Tests | RunTests
    limits: Limits
    stop: Stop
    text: Callable[[], bytes] | None = field(default=None, compare=False)


def unit_key(
    *, owner: str, language: str, code: str, tests_sha256: str, limits: Limits, stop: Stop, sandbox: str
) -> str:
    """SHA-256 (hex) over a length-prefixed encoding of all that decides the verdict.

    `owner` (an API key's id) is part of it: nothing is folded across keys. `sandbox` names the
    image or interpreter. Lone surrogates in `code` are kept apart (`surrogatepass`).
    """
    digest = hashlib.sha256(b"proctor-unit-1")
    for part in (owner, sandbox, language, stop, _limits_text(limits), tests_sha256, code):
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()


@lru_cache(256)
def _limits_text(limits: Limits) -> str:
    """What limits are, for a key; most samples share theirs."""
    return ",".join(f"{k}={v!r}" for k, v in sorted(limits.model_dump().items()))
