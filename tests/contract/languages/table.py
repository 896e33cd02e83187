"""A row of a language's test table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """A program, its input, and either what it prints or the verdict that it earns instead; limits beside the usual."""

    name: str
    code: str
    stdin: str = ""
    stdout: str = ""
    verdict: str = "passed"
    limits: dict[str, Any] = field(default_factory=dict)
