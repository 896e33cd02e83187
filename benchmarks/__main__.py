"""`python -m benchmarks [--sandbox namespace] [NAME …]`: runs the measurements and writes OBSERVATIONS.md."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
from pathlib import Path

from benchmarks import datasets, footprint, throughput

MEASUREMENTS = {"footprint": footprint.measure, "throughput": throughput.measure, "datasets": datasets.measure}


def hardware() -> str:
    """Processor, cores, memory, kernel."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def commit() -> str:
    """The commit measured; with a mark where the tree differs from it."""
    git = ["git", "-C", str(Path(__file__).parent)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    dirty = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True).stdout.strip()
    return head + (" (with local changes)" if dirty else "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MEASUREMENTS)}; default all")
    parser.add_argument("--sandbox", action="append", choices=["namespace", "docker"])
    options = parser.parse_args()
    lines = [
        "# Observations",
        "",
        f"{datetime.date.today()}, commit {commit()}. {hardware()}. Written by `make bench`; figures on shared",
        "machines are noisy, so trust ratios, which are measured in turn within one run.",
        "",
    ]
    for provider in options.sandbox or ["namespace"]:
        for name in options.names or MEASUREMENTS:
            print(f"{provider}: {name} …", flush=True)
            table = MEASUREMENTS[name](provider)
            lines += [f"## {name}, sandbox {provider}", "", "| what | figure |", "|---|---|"]
            lines += [f"| {what} | {figure} |" for what, figure in table]
            lines.append("")
            print("\n".join(f"  {what}: {figure}" for what, figure in table), flush=True)
    Path(__file__).with_name("OBSERVATIONS.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
