"""TypeScript: esbuild takes the types out, node runs what is left.

Types are not checked, as ts-node's and tsx's users know it: a program that a type checker refuses may run, and runs.
Output is CommonJS, so that `require` and `import` may stand side by side, but for programs that await at their top
level, which only ES modules may.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from . import dev_fd, javascript
from .language import Command, named

_TOP_LEVEL_AWAIT = re.compile(r"^(?:(?:export\s+)?(?:const|let|var)\s[^\n]*=\s*|for\s+)?await\b", re.MULTILINE)


def _compile(source: str, paths: Sequence[str]) -> list[Command]:
    form = "esm" if _TOP_LEVEL_AWAIT.search(source) else "cjs"
    sources = [path for path in paths if path.endswith((".ts", ".mts", ".cts")) and not path.endswith(".d.ts")]
    options = (f"--format={form}", "--target=es2023", "--log-level=error", "--log-limit=20", "--color=false")
    return [("esbuild", *sources, "--outdir=.", "--out-extension:.js=.js", *options)]


LANGUAGE = replace(
    javascript.LANGUAGE,
    name="typescript",
    aliases=("ts", "node-ts", "tsc"),
    tools=("node", "esbuild"),
    version=("esbuild", "--version"),
    source_name=named("main.ts"),
    compile=_compile,
    artifacts=("*.js", "*.json"),
    environment={**dev_fd.ENVIRONMENT, "GOMAXPROCS": "2"},
)

#: The driver reads the types of the entry point, which esbuild takes out.
DRIVER = replace(
    javascript.DRIVER,
    candidate=replace(LANGUAGE, artifacts=(*LANGUAGE.artifacts, "main.ts"), run=javascript.DRIVER.candidate.run),
)
