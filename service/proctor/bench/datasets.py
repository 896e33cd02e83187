"""Decoding a data set in a stream: rows per second, and memory, for a file like LiveCodeBench's of 200 MB."""

from __future__ import annotations

import base64
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proctor.bench.row import Options, Row
from proctor.datasets import files
from proctor.judge.datasets import read_row

SIZE = 200_000_000  # bytes
_WORDS = ("alpha", "beta", "gamma", "delta", "omega")


def row(number: int, chance: random.Random) -> dict[str, Any]:
    """A row in LiveCodeBench's fields: 2 public tests, 40 private ones, the latter pickled in three rows of four."""
    size = chance.choice((10, 100, 1000, 4000))
    cases = [
        {
            "input": f"{size}\n{' '.join(str(chance.randrange(10**9)) for _ in range(size))}\n",
            "output": f"{chance.randrange(10**9)}\n",
            "testtype": "stdin",
        }
        for _ in range(42)
    ]
    private = json.dumps(cases[2:])
    if number % 4:
        private = base64.b64encode(zlib.compress(pickle.dumps(private))).decode()
    return {
        "question_title": f"Problem {number}",
        "question_content": " ".join(chance.choices(_WORDS, k=300)),
        "question_id": str(number),
        "public_test_cases": json.dumps(cases[:2]),
        "private_test_cases": private,
        "starter_code": "",
        "metadata": "{}",
    }


def make(file: Path, size: int) -> tuple[int, int]:
    """Write rows until the file is of `size` bytes; their number, and the bytes of the largest."""
    chance, rows, largest = random.Random(5), 0, 0
    with file.open("w", encoding="ascii") as out:
        while out.tell() < size:
            line = json.dumps(row(rows, chance)) + "\n"
            out.write(line)
            rows, largest = rows + 1, max(largest, len(line))
    return rows, largest


@dataclass(frozen=True)
class Used:
    """What a command used: wall clock and CPU time, and its peak memory."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def converted(*arguments: str | Path) -> Used:
    """What `proctor convert` used."""
    started = time.perf_counter()
    command = [sys.executable, "-P", "-m", "proctor", "convert", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"proctor convert ended with {process.returncode}")
    return Used(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def decoded(file: Path) -> float:
    """CPU seconds of reading every row into tests, as the service does with a row of a request."""
    started = time.process_time()
    for found in files.read(file):
        if found.data is None or read_row("livecodebench", found.data).cases != 42:
            raise RuntimeError("a row is not read as it was written")
    return time.process_time() - started


def measure(options: Options) -> list[Row]:
    """The sandbox has no part in it."""
    whole = SIZE // 10 if options.quick else SIZE
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.jsonl"), Path(folder, "large.jsonl")
        make(small, whole // 10)
        rows, largest = make(large, whole)
        size = large.stat().st_size / 1e6
        decode_s = decoded(large)
        tenth = converted(small, "--from", "livecodebench")
        there = converted(large, "--from", "livecodebench")
        back = converted(Path(folder, "large.proctor.jsonl"), "--to", "livecodebench")
    return [
        Row("file", f"{rows} rows of 42 tests, {size:.0f} MB, the largest row {largest / 1e6:.1f} MB"),
        Row("rows decoded to tests, per second of CPU", f"{rows / decode_s:.0f} ({size / decode_s:.0f} MB)"),
        Row("to Proctor's rows", _told(rows, there)),
        Row("peak memory for a tenth of the file", f"{tenth.peak_mib:.0f} MiB"),
        Row("and back, packed again", _told(rows, back)),
    ]


def _told(rows: int, used: Used) -> str:
    each = f"{rows / used.cpu_s:.0f} rows per second of CPU, {rows / used.wall_s:.0f} by the clock"
    return f"{each}, peak {used.peak_mib:.0f} MiB"
