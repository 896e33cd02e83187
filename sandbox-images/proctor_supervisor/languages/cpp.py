"""C++, by g++, as C++20 with GNU extensions.

`bits/stdc++.h` is precompiled in the image, for these flags and no others. It is named on the command line wherever a
source includes it, so that it is found first, as a precompiled header must be; its guard then makes the source's own
include empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .language import Command, Language, named

#: Those that the header is precompiled for. With one more that matters to it, g++ passes it over and says nothing.
FLAGS = ("-std=gnu++20", "-O2", "-w", "-pthread")
_EVERYTHING = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<bits/stdc\+\+\.h>", re.MULTILINE)


def _compile(source: str, paths: Sequence[str]) -> list[Command]:
    sources = sorted(path for path in paths if path.endswith(".cpp"))
    everything = ("-include", "bits/stdc++.h") if _EVERYTHING.search(source) else ()
    return [("g++", *FLAGS, *everything, "-fmax-errors=20", "-o", "main", *sources)]


LANGUAGE = Language(
    name="cpp",
    aliases=("c++",),
    family="cpp",
    tools=("g++",),
    version=("g++", "-dumpfullversion"),
    source_name=named("main.cpp"),
    compile=_compile,
    artifacts=("main",),
    run=("{program}/main",),
    memory_words=re.compile(rb"std::bad_(array_new_length|alloc)"),
    process_words=re.compile(rb"Resource temporarily unavailable"),
)
