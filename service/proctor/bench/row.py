"""What a measurement found, and what was to be reached."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How to measure. provider: of the sandboxes; quick: fewer samples; data: HumanEval's file, None: find it."""

    provider: str
    quick: bool = False
    data: Path | None = None


@dataclass(frozen=True)
class Row:
    """A figure. goal: what is to be reached, in words; reached: whether it was, None where there is no goal."""

    what: str
    figure: str
    goal: str = ""
    reached: bool | None = None


Measure = Callable[[Options], list[Row]]


def at_least(what: str, value: float, goal: float, unit: str = "×", more: str = "") -> Row:
    """A figure that should be large."""
    return Row(what, f"{value:.2f} {unit}{more}", f"≥ {goal:g} {unit}", value >= goal)


def at_most(what: str, value: float, goal: float, unit: str, more: str = "") -> Row:
    """A figure that should be small."""
    return Row(what, f"{value:.2f} {unit}{more}", f"≤ {goal:g} {unit}", value <= goal)


def hardware() -> str:
    """Processor, cores, memory, kernel."""
    import os

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def commit() -> str:
    """The commit measured, with a mark where the tree differs from it; the version where there is no repository."""
    from proctor import __version__

    git = ["git", "-C", str(Path(__file__).parent)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    dirty = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=False)
    if head.returncode:
        return f"version {__version__}"
    return f"commit {head.stdout.strip()}" + (" (with local changes)" if dirty.stdout.strip() else "")
