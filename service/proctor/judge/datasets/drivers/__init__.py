"""Programs that go with a row's tests into the sandbox: each module is the start of one, as text."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def source(name: str) -> str:
    """The source of driver `name`, to which the row's own values are appended."""
    return (files(__name__) / f"{name}.py").read_text("utf-8")
