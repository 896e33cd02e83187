"""The bare compile-and-run loop: write a source, compile it, run its cases, look whether they print what is expected.

Runs where the toolchains are, in a container of the sandbox's own image, with nothing around a program: `python3 -c
<this file>`, standard library alone. On stdin a JSON object: sources, name (of each one's file), compile and run
(commands), cases ([stdin, stdout] each), parallel. Prints the seconds that it took; raises where a program fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def loop(spec: dict[str, Any]) -> float:
    """Seconds for all sources, `parallel` at a time."""
    started = time.perf_counter()
    with ThreadPoolExecutor(spec["parallel"]) as pool:
        list(pool.map(lambda source: _one(source, spec), spec["sources"]))
    return time.perf_counter() - started


def _one(source: str, spec: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, spec["name"]), "w", encoding="utf-8") as file:
            file.write(source)
        for command in spec["compile"]:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        for stdin, stdout in spec["cases"]:
            ran = subprocess.run(spec["run"], cwd=folder, input=stdin, capture_output=True, text=True, check=True)
            if ran.stdout.split() != stdout.split():
                raise ValueError(f"printed {ran.stdout[:100]!r}, expected {stdout[:100]!r}")


if __name__ == "__main__":
    print(loop(json.load(sys.stdin)))
