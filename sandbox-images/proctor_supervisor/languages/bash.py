"""Bash scripts, with what Debian's smallest installation has (coreutils, grep, sed, awk), and bc.

Process substitution takes /dev/fd, which a sandbox without /proc lacks: the image's library stands in for it
(sandbox-images/node/dev_fd.c). On a host whose samples have no /proc, such a script fails.
"""

from __future__ import annotations

import re

from . import dev_fd
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
    find=dev_fd.find,
    environment=dev_fd.ENVIRONMENT,
    memory_words=re.compile(rb"bash: (xmalloc|xrealloc|.*cannot allocate)"),
    process_words=re.compile(rb"fork: (retry: )?Resource temporarily unavailable"),
)
