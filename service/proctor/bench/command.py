"""`proctor bench`: runs the measurements, prints them, and writes a page of observations where asked to."""

from __future__ import annotations

import datetime
import importlib
from pathlib import Path
from typing import Annotated

import typer

from proctor.bench.row import Measure, Options, Row, commit, hardware

#: Name → module, which has `measure`; and the providers that it is run for.
MEASUREMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "throughput": ("proctor.bench.throughput", ("namespace", "docker")),
    "stdio": ("proctor.bench.stdio", ("namespace", "docker")),
    "languages": ("proctor.bench.languages", ("docker",)),
    "overhead": ("proctor.bench.overhead", ("namespace",)),
    "latency": ("proctor.bench.latency", ("docker", "namespace")),
    "singles": ("proctor.bench.singles", ("namespace",)),
    "grpo": ("proctor.bench.grpo", ("namespace",)),
    "skew": ("proctor.bench.skew", ("namespace",)),
    "scale": ("proctor.bench.scale", ("namespace",)),
    "datasets": ("proctor.bench.datasets", ("namespace",)),
}
HEAD = """# Observations

{date}, {commit}. {hardware}.
Written by `{command}`. Figures of a shared machine are noisy: trust ratios, which are measured in turn within one run,
and CPU time. "missed" means that the goal was not reached in this run.
"""


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(MEASUREMENTS)}; all by default.")] = None,
    sandbox: Annotated[
        list[str] | None, typer.Option(help="namespace or docker; by default what each asks for.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer samples: minutes instead of ten.")] = False,
    write: Annotated[Path | None, typer.Option(help="Markdown file to write.")] = None,
    data: Annotated[Path | None, typer.Option(help="HumanEval, a problem a line; by default ../shared/data's.")] = None,
) -> None:
    """Measure this machine: throughput beside bare subprocesses and `docker run`, overhead, latency, scale, skew."""
    unknown = set(names or ()) - set(MEASUREMENTS)
    if unknown:
        raise typer.BadParameter(f"unknown: {', '.join(sorted(unknown))}")
    command = "proctor bench" + (" --quick" if quick else "")
    page = [HEAD.format(date=datetime.date.today(), commit=commit(), hardware=hardware(), command=command)]
    for name in names or MEASUREMENTS:
        module, providers = MEASUREMENTS[name]
        for provider in sandbox or providers:
            typer.echo(f"{name}, sandbox {provider} …")
            measure: Measure = importlib.import_module(module).measure
            rows = _measured(measure, Options(provider, quick, data))
            for row in rows:
                typer.echo(f"  {row.what}: {row.figure}{_judged(row)}")
            page += _table(name, provider, measure, rows)
            if write is not None:  # as far as it got
                write.write_text("\n".join(page) + "\n", "utf-8")


def _measured(measure: Measure, options: Options) -> list[Row]:
    """What a measurement found; one that fails is told, and the others go on."""
    try:
        return measure(options)
    except Exception as error:
        return [Row("not measured", f"{type(error).__name__}: {str(error)[:200]}")]


def _judged(row: Row) -> str:
    return "" if row.reached is None else f"  [{row.goal}: {'reached' if row.reached else 'missed'}]"


def _table(name: str, provider: str, measure: Measure, rows: list[Row]) -> list[str]:
    about = (importlib.import_module(measure.__module__).__doc__ or "").strip()
    lines = [f"## {name}, sandbox {provider}", "", about, "", "| what | figure | goal | |", "|---|---|---|---|"]
    for row in rows:
        reached = "" if row.reached is None else "reached" if row.reached else "missed"
        lines.append(f"| {row.what} | {row.figure} | {row.goal} | {reached} |")
    return [*lines, ""]
