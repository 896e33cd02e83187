"""`proctor score`: a file of samples in, a file of results out; an interrupted run goes on where it was.

A line of the output is a result as the service gives it, plus `sample`: a hash of the input line and of the reward that
was asked for. By it a later run knows what is done, and notices that the input is another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from proctor.errors import ProctorError

if TYPE_CHECKING:
    from proctor.wire import SampleResult

SLICE = 20_000  # samples held in memory as requests at a time
SHOWN = 20  # bad lines told, at most
FINAL = frozenset({"tests_invalid"})  # trying again would not change it


class ScoreError(ProctorError):
    """The file cannot be scored as it is; nothing was lost."""


@dataclass
class Line:
    """A sample of the input. number: its line, from 1. mark: names the sample and the reward asked for."""

    number: int
    sample: dict[str, Any]
    mark: str


def score(
    file: Annotated[Path, typer.Argument(help="Samples, one JSON object a line.", exists=True, dir_okay=False)],
    url: Annotated[list[str] | None, typer.Option(help="A running service; several share the work.")] = None,
    out: Annotated[Path | None, typer.Option(help="Results, one a line; default FILE.results.jsonl.")] = None,
    policy: Annotated[str, typer.Option(help="Policy of the reward.")] = "p-grpo",
    format: Annotated[str, typer.Option(help="Format that is rewarded: none, think or think-answer.")] = "none",
    api_key: Annotated[str | None, typer.Option(envvar="PROCTOR_API_KEY", help="API key.", show_envvar=True)] = None,
    workers: Annotated[int | None, typer.Option(help="Workers, where the service is embedded.", min=1)] = None,
    sandbox: Annotated[str | None, typer.Option(help="Sandbox, where the service is embedded.")] = None,
) -> None:
    """Score a file of samples. Without --url a service runs for as long as that takes. Run again to go on."""
    from rich.console import Console

    console = Console()
    reward = {"policy": policy, "format": format}
    lines = read_lines(file, reward)
    with Results(out or file.with_suffix(".results.jsonl")) as results:
        missing = results.resume(lines)
        if results.done:
            console.print(f"{len(results.done)} of {len(lines)} are done already.", highlight=False)
        try:
            if missing:
                with _service(url, workers, sandbox, console) as urls:
                    _score_all(missing, results, reward, urls, api_key, console)
        except KeyboardInterrupt:
            console.print(f"Interrupted. {len(results.done)} of {len(lines)} are kept; run again to go on.")
            raise typer.Exit(130) from None
        results.sort()
        console.print(_summary(results))
        console.print(f"{len(results.done)} of {len(lines)} scored: {results.path}", soft_wrap=True, highlight=False)
        if open_ones := results.retryable():
            console.print(f"{open_ones} could not be judged; run again to retry them.", style="yellow")
            raise typer.Exit(1)


def read_lines(file: Path, reward: dict[str, Any]) -> list[Line]:
    """The samples of a file; blank lines are skipped. Raises ScoreError that names every bad line."""
    from proctor.api.parse import sample_faults

    lines: list[Line] = []
    faults: list[str] = []
    with file.open("rb") as source:
        for number, raw in enumerate(source, 1):
            if not raw.strip():
                continue
            try:
                sample = json.loads(raw.decode("utf-8"))
            except (ValueError, RecursionError) as error:
                faults.append(f"line {number}: {error}")
                continue
            faults += [f"line {number}: {f.pointer}: {f.detail}" for f in sample_faults(sample)]
            lines.append(Line(number, sample, _mark(raw, reward)))
    if faults:
        more = f"\n… and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ScoreError(f"{file} has bad lines; nothing was scored:\n" + "\n".join(faults[:SHOWN]) + more)
    if not lines:
        raise ScoreError(f"{file} holds no samples")
    return lines


def _mark(raw: bytes, reward: dict[str, Any]) -> str:
    asked = json.dumps(reward, sort_keys=True).encode()
    return hashlib.sha256(asked + b"\n" + raw.strip()).hexdigest()[:16]


@dataclass
class Results:
    """The output file: whole lines only, each written at once; locked while we write. done: index → result."""

    path: Path
    done: dict[int, dict[str, Any]] = field(default_factory=dict)
    _file: IO[bytes] | None = None

    def __enter__(self) -> Results:
        self._file = self.path.open("ab+")
        self._lock()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def _lock(self) -> None:
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ScoreError(f"another run writes to {self.path}") from None

    def resume(self, lines: list[Line]) -> dict[int, Line]:
        """Take over what an earlier run finished; the lines that are missing, by index.

        A half-written last line is dropped, and so are results that a second try may better. Raises ScoreError where
        the file holds anything else than results of these lines.
        """
        assert self._file is not None
        self._file.seek(0)
        *whole, rest = self._file.read().split(b"\n")
        for number, raw in enumerate(whole, 1):
            result = self._known(raw, number, lines)
            if not _retryable(result):
                self.done[result["index"]] = result
        if rest or len(self.done) < len(whole):
            self.rewrite()
        return {i: line for i, line in enumerate(lines) if i not in self.done}

    def _known(self, raw: bytes, number: int, lines: list[Line]) -> dict[str, Any]:
        try:
            result: dict[str, Any] = json.loads(raw)
            if lines[result["index"]].mark == result["sample"]:
                return result
        except (ValueError, KeyError, TypeError, IndexError):
            pass
        raise ScoreError(
            f"{self.path} (line {number}) holds something else than results of this file and reward; "
            "move it away, or choose another --out"
        )

    def add(self, index: int, line: Line, result: SampleResult) -> None:
        """Append a result, in one write."""
        assert self._file is not None
        data = {**result.model_dump(mode="json"), "index": index, "sample": line.mark}
        self.done[index] = data
        os.write(self._file.fileno(), _ndjson(data))

    def rewrite(self) -> None:
        """Replace the file by what is done, in the order of the input; readers see the old or the new one."""
        beside = self.path.with_name(self.path.name + ".new")
        beside.unlink(missing_ok=True)
        old, self._file = self._file, beside.open("ab+")
        self._lock()
        for index in sorted(self.done):
            self._file.write(_ndjson(self.done[index]))
        self._file.flush()
        os.fsync(self._file.fileno())
        beside.replace(self.path)
        if old is not None:
            old.close()

    sort = rewrite

    def retryable(self) -> int:
        """Results that a second try may better."""
        return sum(map(_retryable, self.done.values()))


def _retryable(result: dict[str, Any]) -> bool:
    return bool(result["verdict"] == "invalid" and (result.get("error") or {}).get("code") not in FINAL)


def _ndjson(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode("ascii") + b"\n"


@contextlib.contextmanager
def _service(url: list[str] | None, workers: int | None, sandbox: str | None, console: Any) -> Iterator[list[str]]:
    if url:
        yield url
        return
    from proctor.embedded import embedded

    with console.status("starting a service …"):
        held = contextlib.ExitStack()
        started = held.enter_context(embedded(workers=workers, sandbox=sandbox))
    with held:
        yield [started]


def _score_all(
    missing: dict[int, Line],
    results: Results,
    reward: dict[str, Any],
    urls: list[str],
    api_key: str | None,
    console: Any,
) -> None:
    """Score the missing lines. Raises ScoreError with line numbers."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from proctor.client import ClientError, RewardClient, ServiceError

    counts: Counter[str] = Counter()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with RewardClient(urls, api_key=api_key) as client, Progress(*columns, console=console) as progress:
        task = progress.add_task("scoring", total=len(missing), told="")
        indices = list(missing)
        for start in range(0, len(indices), SLICE):
            part = indices[start : start + SLICE]

            def done(position: int, result: SampleResult, part: list[int] = part) -> None:
                index = part[position]
                results.add(index, missing[index], result)
                counts[_column(result.verdict.value)] += 1
                told = ", ".join(f"{counts[name]} {name}" for name in ("passed", "failed", "invalid"))
                progress.update(task, advance=1, told=told)

            try:
                client.score([missing[i].sample for i in part], on_result=done, reward=reward)
            except ServiceError as error:
                raise ScoreError(_in_lines(error, [missing[i].number for i in part])) from None
            except ClientError as error:
                raise ScoreError(f"{error}; {len(results.done)} are kept, run again to go on") from None


def _column(verdict: str) -> str:
    return verdict if verdict in ("passed", "invalid") else "failed"


def _in_lines(error: Any, numbers: list[int]) -> str:
    """The service's complaint, with lines of the file instead of pointers."""
    told = [f"{error.detail}"]
    for fault in error.faults[:SHOWN]:
        parts = fault.pointer.split("/")
        if parts[1:2] == ["samples"] and parts[2].isdigit():
            told.append(f"line {numbers[int(parts[2])]}: /{'/'.join(parts[3:])}: {fault.detail}")
        else:
            told.append(f"{fault.pointer}: {fault.detail}")
    return "\n".join(told)


def _summary(results: Results) -> Any:
    """A table of verdicts and rewards."""
    from rich.table import Table

    verdicts = Counter(str(r["verdict"]) for r in results.done.values())
    rewards = [r["reward"] for r in results.done.values() if r["reward"] is not None]
    table = Table()
    table.add_column("verdict")
    table.add_column("samples", justify="right")
    for verdict, count in verdicts.most_common():
        table.add_row(verdict, str(count))
    table.add_section()
    mean = f"{sum(rewards) / len(rewards):.4f}" if rewards else "–"
    table.add_row("mean reward", mean)
    return table
