"""`proctor check-dataset`: runs the reference solutions of a data set, and reports what they show."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from proctor.datasets import files
from proctor.datasets.check import Checker, Options, Refused
from proctor.datasets.clean import cleaned
from proctor.datasets.convert_command import Source
from proctor.datasets.probes import Bounds
from proctor.datasets.problem import problem_of
from proctor.datasets.report import Report, show
from proctor.datasets.solutions import language_of
from proctor.wire import Limits, LimitsOverride, SampleResult

DEADLINE_S = 7200.0  # of a batch, where the service allows it


def check_dataset(
    file: Annotated[
        Path, typer.Argument(help="Rows: JSON Lines or a JSON list, also gzip.", exists=True, dir_okay=False)
    ],
    source: Annotated[
        Source | None, typer.Option("--from", help="Format of the rows; default: by their fields.")
    ] = None,
    url: Annotated[list[str] | None, typer.Option(help="A running service; several share the work.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Report; default FILE.report.json.")] = None,
    html_out: Annotated[Path | None, typer.Option("--html", help="Page; default FILE.report.html.")] = None,
    clean_out: Annotated[Path | None, typer.Option("--clean", help="Rows to keep; default FILE.clean.jsonl.")] = None,
    strict: Annotated[bool, typer.Option(help="Keep only rows whose reference solution was run.")] = False,
    runs: Annotated[int, typer.Option(help="Runs of each reference solution with its own limits.", min=1, max=100)] = 3,
    references: Annotated[int, typer.Option(help="Reference solutions of a row, at most.", min=0)] = 3,
    cpu_s: Annotated[float | None, typer.Option(help="CPU time of a test, where the row says none.", min=1e-3)] = None,
    wall_s: Annotated[
        float | None, typer.Option(help="Wall-clock time of a test, where the row says none.", min=1e-3)
    ] = None,
    memory_mib: Annotated[int | None, typer.Option(help="Memory of a test, where the row says none.", min=16)] = None,
    api_key: Annotated[str | None, typer.Option(envvar="PROCTOR_API_KEY", help="API key.", show_envvar=True)] = None,
    workers: Annotated[int | None, typer.Option(help="Workers, where the service is embedded.", min=1)] = None,
    sandbox: Annotated[str | None, typer.Option(help="Sandbox, where the service is embedded.")] = None,
) -> None:
    """Check a data set before training on it. Exit 0: nothing found, 1: something was, 78: no service can run here."""
    from rich.console import Console

    console = Console()
    given = LimitsOverride(cpu_s=cpu_s, wall_s=wall_s, memory_mib=memory_mib)
    report = Report({"file": str(file), "from": source, "runs": runs, "limits": given.model_dump(exclude_none=True)})
    target = clean_out or files.beside(file, ".clean.jsonl")
    if target.exists() and target.samefile(file):
        raise files.DatasetError(f"{target} is the file to check; name another with --clean")
    started = time.monotonic()
    with _checker(url, workers, sandbox, api_key, given, Options(runs, references), report, console) as checker:
        with files.replacing(target) as kept, _bar(console) as advance:
            problems = (problem_of(row, source) for row in files.read(file))
            for problem, checked in checker.check(problems):
                report.rows.append(checked)
                if (row := cleaned(problem, checked, checker.bounds, strict=strict)) is not None:
                    kept.write(files.dump(row) + "\n")
                    report.kept += 1
                advance(len(report.rows), checker.samples)
        report.samples = checker.samples
    report.wall_s = time.monotonic() - started
    if not report.rows:
        raise files.DatasetError(f"{file} holds no rows")
    show(report, console)
    _write(
        report, json_out or files.beside(file, ".report.json"), html_out or files.beside(file, ".report.html"), console
    )
    console.print(f"{report.kept} of {len(report.rows)} rows kept: {target}", soft_wrap=True, highlight=False)
    if not report.is_clean:
        raise typer.Exit(1)


def _write(report: Report, json_out: Path, html_out: Path, console: Any) -> None:
    from proctor.datasets.html import page

    with files.replacing(json_out) as out:
        out.write(files.dump(report.plain()) + "\n")
    html_out.write_text(page(report), encoding="utf-8")
    console.print(f"report: {json_out}, {html_out}", soft_wrap=True, highlight=False)


@contextmanager
def _checker(
    url: list[str] | None,
    workers: int | None,
    sandbox: str | None,
    api_key: str | None,
    given: LimitsOverride,
    options: Options,
    report: Report,
    console: Any,
) -> Iterator[Checker]:
    """A checker with a service behind it: that of `url`, else one for as long as this takes."""
    from proctor.client import RewardClient
    from proctor.client.errors import InvalidRequest, TooLarge
    from proctor.embedded import embedded

    with ExitStack() as held:
        if not url:
            with console.status("starting a service …"):
                url = [held.enter_context(embedded(workers=workers, sandbox=sandbox))]
        client = held.enter_context(RewardClient(url, api_key=api_key))
        info = client.info()
        report.about["service"] = {k: info[k] for k in ("version", "languages", "sandbox")}
        deadline_s = min(DEADLINE_S, info["maxima"]["deadline_s"])

        def ask(samples: list[dict[str, Any]], stop: str) -> Sequence[SampleResult]:
            try:
                return client.score(samples, stop=stop, deadline_s=deadline_s, reward={"policy": "outcome"}).results
            except (InvalidRequest, TooLarge) as error:
                fault = next((f"{f.pointer}: {f.detail}" for f in error.faults), error.detail)
                raise Refused(fault) from None

        limits = info["limits"]
        bounds = Bounds(Limits(**limits["default"]), Limits(**limits["max"]), given)
        yield Checker(ask, bounds, tuple(map(language_of, info["languages"])), options)


@contextmanager
def _bar(console: Any) -> Iterator[Any]:
    """Tells how far the check is: rows, and runs."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("checking", total=None)

        def advance(rows: int, runs: int) -> None:
            progress.update(task, description=f"{rows} rows checked, {runs} runs")

        yield advance
