"""Bash scripts, with what Debian's smallest installation has: coreutils, grep, sed, awk."""

from __future__ import annotations

import re

from .language import Language, named

LANGUAGE = Language(
    name="bash",
    aliases=("sh", "shell"),
    family="node",
    tools=("bash",),
    version=("bash", "--version"),
    source_name=named("main.sh"),
    run=("bash", "{program}/main.sh"),
    headroom_tasks=2,
    memory_words=re.compile(rb"bash: (xmalloc|xrealloc|.*cannot allocate)"),
    process_words=re.compile(rb"fork: (retry: )?Resource temporarily unavailable"),
)
