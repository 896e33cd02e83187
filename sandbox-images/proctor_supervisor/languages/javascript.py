"""JavaScript, by node: a CommonJS program, or an ES module where it has import or export.

The heap may grow to the sample's memory limit; the stack is one that deep recursion fits in (the main thread's own
limit is far above it). The image has an add-on for that (sandbox-images/node/stack.c); node's option starts slower.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

from . import dev_fd
from .driver import Driver
from .language import Language, named

NODE = ("node", "--max-old-space-size={memory_mib}", "{stack}", "--no-warnings")
MEMORY_WORDS = re.compile(rb"JavaScript heap out of memory|Array buffer allocation failed|Reached heap limit")
PROCESS_WORDS = re.compile(
    rb"ERR_WORKER_INIT_FAILED|uv_thread_create|Resource temporarily unavailable|spawn \S+ EAGAIN"
)
#: `console.assert` ends nothing: what it prints is all that a failed one leaves.
ASSERT_WORDS = re.compile(rb"^ *Assertion failed(?::|$)", re.MULTILINE)
#: How node tells that a program does not even parse, before any of it has run.
SYNTAX_WORDS = re.compile(
    rb"^\S*/main\.js:\d+\n(?:.*\n){0,4}SyntaxError: .*\n(?: .*\n)?"
    rb"    at (?:wrapSafe|new Script|compileSourceTextModule|internalCompileFunction|makeContextifyScript)\b"
)

_STACK = "/usr/lib/proctor/stack.node"


def _find() -> dict[str, str]:
    return {**dev_fd.find(), "stack": f"--require={_STACK}" if os.path.isfile(_STACK) else "--stack-size=60000"}


LANGUAGE = Language(
    name="javascript",
    aliases=("js", "node", "nodejs", "node-js", "node-javascript"),
    family="node",
    tools=("node",),
    version=("node", "--version"),
    source_name=named("main.js"),
    run=(*NODE, "{program}/main.js"),
    find=_find,
    environment=dev_fd.ENVIRONMENT,
    headroom_mib=64,
    headroom_tasks=16,
    memory_words=MEMORY_WORDS,
    process_words=PROCESS_WORDS,
    syntax_words=SYNTAX_WORDS,
    assert_words=ASSERT_WORDS,
)

DRIVER = Driver(
    folder="javascript",
    candidate=replace(LANGUAGE, run=(*NODE, "{program}/candidate.js", "{program}/main.js")),
    candidate_files=("candidate.js", "nodes.js", "wire.js"),
    tests=replace(LANGUAGE, run=(*NODE, "{program}/tests.js", "{program}/tests.json")),
    tests_files=("remote.js", "tests.js", "wire.js"),
)
