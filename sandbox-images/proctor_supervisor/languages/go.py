"""Go, by its compiler and linker alone: `go build` would want a cache, and starts twice as many processes.

The toolchain must bring its standard library compiled (up to Go 1.19, as Debian 12 has it).
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence

from .language import Command, Language, named


def _find() -> dict[str, str]:
    roots = sorted(glob.glob("/usr/lib/go-*/pkg/tool/linux_*"))
    root = roots[-1] if roots else "/usr/lib/go/pkg/tool/linux_amd64"
    return {"go_tools": root, "go_root": root.rpartition("/pkg/tool/")[0]}


def _compile(_source: str, paths: Sequence[str]) -> list[Command]:
    commands: list[Command] = []
    folders = sorted({path.rpartition("/")[0] for path in paths if path.endswith(".go")}, reverse=True)
    for folder in folders:  # packages of their own first, the program last
        sources = sorted(path for path in paths if path.endswith(".go") and path.rpartition("/")[0] == folder)
        package = ("-p", folder or "main", "-o", f"{folder}.a" if folder else "main.o")
        commands.append(("{go_tools}/compile", "-pack", "-I", ".", *package, *sources))
    commands.append(("{go_tools}/link", "-L", ".", "-s", "-w", "-o", "main", "main.o"))
    return commands


LANGUAGE = Language(
    name="go",
    aliases=("golang",),
    family="go",
    tools=("go",),
    version=("go", "version"),
    source_name=named("main.go"),
    compile=_compile,
    artifacts=("main",),
    run=("{program}/main",),
    find=_find,
    environment={
        "GOROOT": "{go_root}",
        "GOMAXPROCS": "2",
        "GOMEMLIMIT": "{memory_mib}MiB",
        "GOTRACEBACK": "single",
    },
    headroom_mib=16,
    headroom_tasks=16,
    memory_words=re.compile(rb"fatal error: (runtime: )?(out of memory|cannot allocate memory)"),
    process_words=re.compile(rb"failed to create new OS thread"),
)
