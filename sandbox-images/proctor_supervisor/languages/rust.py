"""Rust, by rustc, edition 2021, optimised. Crates that the image has (rand, regex, md5) are found by name."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence

from .language import Command, Language, named

#: Compiled libraries of crates, made when the image is built.
CRATES = "/usr/lib/proctor/crates"

#: A file of this name beside the source: it holds tests, and is compiled with rustc's harness for them.
TEST_HARNESS = "proctor_test_harness"


def _find() -> dict[str, str]:
    return {"crates": CRATES}


def _compile(_source: str, paths: Sequence[str]) -> list[Command]:
    flags = (
        "--edition=2021",
        "--sysroot=/usr",
        "-Copt-level=2",
        "-Cstrip=symbols",
        "-Ccodegen-units=4",
        "-Aunused",
        "-Awarnings",
    )
    crates = tuple(
        part
        for path in sorted(glob.glob(f"{CRATES}/extern/*.rlib"))
        for part in ("--extern", path.rpartition("/lib")[2].partition("-")[0].removesuffix(".rlib") + "=" + path)
    )
    harness = ("--test",) if TEST_HARNESS in paths else ()
    return [("rustc", *flags, *harness, "-L", f"dependency={CRATES}", *crates, "-o", "main", "main.rs")]


LANGUAGE = Language(
    name="rust",
    aliases=("rs",),
    family="rust",
    tools=("rustc", "cc"),
    version=("rustc", "--version"),
    source_name=named("main.rs"),
    compile=_compile,
    artifacts=("main",),
    run=("{program}/main",),
    find=_find,
    executable="/usr/bin/rustc",
    environment={"RUST_BACKTRACE": "0"},
    memory_words=re.compile(rb"memory allocation of \d+ bytes failed"),
    process_words=re.compile(rb"failed to spawn thread"),
)
