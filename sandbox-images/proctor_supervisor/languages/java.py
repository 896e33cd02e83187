"""Java, by a compiler driver of ours (pair/java): a public class may have any name, and the class with `main` is found.

Where tests call functions, imports that everybody writes need not be written, as on LeetCode: a library class that is
not imported is looked for in java.util and its like. `main` runs on a thread with a stack that deep recursion fits in.
The heap may grow to the sample's memory limit. The virtual machine maps the classes that the image archived, and does
not load them.

A host has Java where it has the archive, which the image makes (sandbox-images/java).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace

from .driver import Driver, Sources
from .language import Command, Language, named

HOME = "/usr/lib/proctor/java"
_MACHINE = (
    "{java_home}/bin/java",
    "-XX:SharedArchiveFile=" + HOME + "/driver.jsa",
    "-Xshare:auto",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:-CreateCoredumpOnCrash",
    "-XX:-UseContainerSupport",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
)
_SHORT = ("-XX:TieredStopAtLevel=1", "-Xss16m")
#: Java does not ask TMPDIR, and /tmp is not a sample's own in every tier.
_TEMP = "-Djava.io.tmpdir={program}/../tmp"
_PROGRAM = (_TEMP, "-cp", HOME + "/driver.jar:{program}/program.jar")
_PACKAGE = re.compile(r"^\s*package\s+[\w.]+\s*;", re.MULTILINE)
_IMPORTS = (
    "import java.util.*;import java.util.function.*;import java.util.stream.*;import java.math.*;import java.io.*;"
)
_NODES = {
    "ListNode": b"public class ListNode { int val; ListNode next; ListNode() {}"
    b" ListNode(int val) { this.val = val; }"
    b" ListNode(int val, ListNode next) { this.val = val; this.next = next; } }",
    "TreeNode": b"public class TreeNode { int val; TreeNode left; TreeNode right; TreeNode() {}"
    b" TreeNode(int val) { this.val = val; }"
    b" TreeNode(int val, TreeNode left, TreeNode right) { this.val = val; this.left = left; this.right = right; } }",
}


def _find() -> dict[str, str]:
    return {"java_home": os.path.dirname(os.path.dirname(os.path.realpath("/usr/bin/java")))}


def _compile(_source: str, paths: Sequence[str]) -> list[Command]:
    sources = [path for path in paths if path.endswith(".java")]
    return [(*_MACHINE, *_SHORT, "-Xmx512m", "-cp", HOME + "/driver.jar", "proctor.Compile", *sources)]


def _with_imports(source: bytes, name: str, _tests: dict) -> Sources:
    """The source with the usual imports on its first line, and LeetCode's nodes where it uses but lacks them."""
    text = source.decode("utf-8", "replace")
    nodes = {
        f"{node}.java": code
        for node, code in _NODES.items()
        if re.search(rf"\b{node}\b", text) and not re.search(rf"\bclass\s+{node}\b", text)
    }
    package = _PACKAGE.search(text)
    if package:
        return {name: source, **nodes}
    return {name: _IMPORTS.encode() + source, **nodes}


LANGUAGE = Language(
    name="java",
    family="java",
    tools=("java", HOME + "/driver.jar"),
    version=("java", "--version"),
    source_name=named("Main.java"),
    compile=_compile,
    artifacts=("program.jar",),
    run=(*_MACHINE, "-Xss64m", "-Xmx{memory_mib}m", *_PROGRAM, "proctor.Run"),
    headroom_mib=192,
    headroom_tasks=40,
    find=_find,
    # Without /proc the dynamic linker does not find what lies beside the program.
    environment={"LD_LIBRARY_PATH": "{java_home}/lib"},
    folders=("/etc/java-17-openjdk",),
    memory_words=re.compile(rb"java\.lang\.OutOfMemoryError(?!: unable to create)|insufficient memory for the Java"),
    process_words=re.compile(rb"unable to create native thread"),
)

DRIVER = Driver(
    folder="java",
    candidate=replace(
        LANGUAGE, run=(*_MACHINE, *_SHORT, "-Xss64m", "-Xmx{memory_mib}m", *_PROGRAM, "proctor.Candidate")
    ),
    candidate_files=(),
    tests=replace(
        LANGUAGE,
        compile=lambda _source, _paths: [],
        run=(
            *_MACHINE,
            *_SHORT,
            "-Xmx512m",
            _TEMP,
            "-cp",
            HOME + "/driver.jar",
            "proctor.Tests",
            "{program}/tests.json",
        ),
    ),
    wrap=_with_imports,
)
