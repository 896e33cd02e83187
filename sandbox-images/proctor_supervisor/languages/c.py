"""C, by gcc."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .language import Command, Language, named

_LIBC_PROCESS = re.compile(rb"Resource temporarily unavailable")


def _compile(_source: str, paths: Sequence[str]) -> list[Command]:
    sources = sorted(path for path in paths if path.endswith(".c"))
    return [("gcc", "-std=gnu17", "-O2", "-w", "-fmax-errors=20", "-o", "main", *sources, "-lm", "-pthread")]


LANGUAGE = Language(
    name="c",
    family="cpp",
    tools=("gcc",),
    version=("gcc", "-dumpfullversion"),
    source_name=named("main.c"),
    compile=_compile,
    artifacts=("main",),
    run=("{program}/main",),
    process_words=_LIBC_PROCESS,
)
