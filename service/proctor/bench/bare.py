"""What we are compared to: the same programs as bare subprocesses, and as one `docker run` each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from proctor.settings import get_settings

PARALLEL = os.cpu_count() or 1


def python() -> str:
    """The interpreter that namespace sandboxes run: the system's."""
    return shutil.which("python3", path="/usr/bin:/bin") or sys.executable


def subprocesses_per_s(programs: Sequence[str], stdin: Sequence[str] | None = None) -> float:
    """Programs per second as `subprocess.run([python, file])`, one per core at a time. stdin: one for each."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, program in enumerate(programs):
            file = Path(folder, f"{i}.py")
            file.write_text(program, "utf-8")
            files.append(str(file))
        inputs = stdin or [""] * len(files)

        def one(at: int) -> int:
            command = [python(), files[at]]
            return subprocess.run(command, input=inputs[at], capture_output=True, text=True, check=False).returncode

        return _per_s(one, len(files))


def docker_runs_per_s(programs: Sequence[str]) -> float | None:
    """Programs per second as one `docker run` each, one per core at a time; None where there is no daemon or image."""
    image = get_settings().sandbox_image
    if shutil.which("docker") is None or _docker("image", "inspect", image) != 0:
        return None
    run = ["docker", "run", "--rm", "-i", "--network", "none", "--entrypoint", "python3", image, "-"]

    def one(at: int) -> int:
        return subprocess.run(run, input=programs[at], capture_output=True, text=True, check=False).returncode

    return _per_s(one, len(programs))


def _docker(*arguments: str) -> int:
    return subprocess.run(["docker", *arguments], capture_output=True, check=False).returncode


def _per_s(one: Callable[[int], int], count: int) -> float:
    with ThreadPoolExecutor(PARALLEL) as pool:
        started = time.perf_counter()
        codes = list(pool.map(one, range(count)))
        taken = time.perf_counter() - started
    if any(codes):
        raise RuntimeError(f"{sum(map(bool, codes))} of {count} programs failed")
    return count / taken
