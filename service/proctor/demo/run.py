"""Runs the bundled problems and prints the table. Exit status 0 only if every verdict is the expected one."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from proctor.client import Scores
    from proctor.wire import SampleResult

REWARD = {"policy": "p-grpo", "format": "think"}
DETAIL_CHARS = 44


@dataclass(frozen=True)
class Problem:
    """A bundled sample. about: what its completion does; expect: the verdict that is right."""

    about: str
    expect: str
    sample: dict[str, Any]


def problems() -> list[Problem]:
    """The bundled problems."""
    text = files("proctor.demo").joinpath("problems.jsonl").read_text("utf-8")
    return [Problem(**json.loads(line)) for line in text.splitlines()]


def demo(
    url: Annotated[str | None, typer.Option(help="A running service, instead of one for this demo.")] = None,
    sandbox: Annotated[str | None, typer.Option(help="auto, docker or namespace.")] = None,
) -> None:
    """Start everything, score the bundled problems over HTTP, print verdicts and rewards, stop everything."""
    from rich.console import Console

    from proctor.client import RewardClient
    from proctor.embedded import embedded

    console = Console(width=None if Console().is_terminal else 150)
    bundled = problems()
    with contextlib.ExitStack() as held:
        started = time.monotonic()
        if url is None:
            with console.status("starting API, queue, workers and sandboxes …"):
                url = held.enter_context(embedded(sandbox=sandbox))
        client = held.enter_context(RewardClient(url))
        ready_s = time.monotonic() - started
        scores = client.score([p.sample for p in bundled], reward=REWARD)
        info = client.info()
    console.print(
        f"Proctor {info['version']} at {url}, ready after {ready_s:.1f} s; {info['workers']} worker(s), "
        f"sandbox {info['sandbox']['provider']}, isolation tier {info['sandbox']['tier']}",
        highlight=False,
    )
    console.print(table_of(bundled, scores))
    _conclude(console, bundled, scores)


def table_of(bundled: list[Problem], scores: Scores) -> Table:
    """One row per problem. Nothing that code printed reaches the terminal as markup or control characters."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="R = F + O + 1[O = 1]·T", title_justify="left", expand=False)
    for name in ("problem", "tests", "what the code does", "verdict"):
        table.add_column(name, overflow="fold")
    for name in ("passed", "F", "O", "T", "reward", "CPU s", "total s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("remark", overflow="fold")
    for problem, result in zip(bundled, scores.results, strict=True):
        right = result.verdict.value == problem.expect
        style = "green" if result.verdict.value == "passed" else "yellow"
        table.add_row(
            problem.sample["id"],
            problem.sample["tests"]["kind"],
            problem.about,
            Text(result.verdict.value, style=style if right else "bold red"),
            f"{result.tests.passed}/{result.tests.total}",
            *(_number(n) for n in (result.components.format, result.components.outcome, result.components.thinking)),
            _number(result.reward),
            f"{result.timing.cpu_s:.2f}",
            f"{result.timing.total_s:.2f}",
            Text(_remark(problem, result)),
        )
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _remark(problem: Problem, result: SampleResult) -> str:
    if result.verdict.value != problem.expect:
        why = f" ({result.error.message})" if result.error else ""
        return plain(f"expected {problem.expect}{why}", 200)
    details = [c.detail for c in result.tests.cases if c.detail]
    return plain(", ".join(result.flags) or (details[0] if details else ""), DETAIL_CHARS)


def plain(text: str, most: int) -> str:
    """`text` in at most `most` printable characters: control characters, lone surrogates and such become `?`."""
    shown = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _conclude(console: Any, bundled: list[Problem], scores: Scores) -> None:
    """The last lines. Raises typer.Exit(1) where a verdict is not the expected one."""
    summary = scores.summary
    wrong = sum(r.verdict.value != p.expect for p, r in zip(bundled, scores.results, strict=True))
    console.print(
        f"{summary.samples} samples in {summary.wall_s:.1f} s: {summary.passed} passed, {summary.failed} failed, "
        f"{summary.invalid} invalid.",
        highlight=False,
    )
    if scores.provenance is not None and scores.provenance.thinking is None:
        console.print("No thinking model is attached: T is null, and the reward has no thinking term.")
    if wrong:
        console.print(f"{wrong} verdicts are not as expected.", style="bold red", highlight=False)
        raise typer.Exit(1)
    console.print("Every verdict is as expected.", style="green")
