"""`proctor convert`: a file of rows in one format in, a file in another out, row by row."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from proctor.datasets import files
from proctor.datasets.convert import from_ours, to_ours
from proctor.datasets.guess import OURS, PLAIN, format_of
from proctor.datasets.shapes import CannotHold
from proctor.judge.datasets import READERS, RowFault
from proctor.judge.plan import pointer

SHOWN = 20  # bad rows told, at most

Format = StrEnum("Format", {name: name for name in (OURS, *sorted(READERS))})  # type: ignore[misc]
Source = StrEnum("Source", {name: name for name in (OURS, PLAIN, *sorted(READERS))})  # type: ignore[misc]


def convert(
    file: Annotated[
        Path, typer.Argument(help="Rows: JSON Lines or a JSON list, also gzip.", exists=True, dir_okay=False)
    ],
    source: Annotated[
        Source | None, typer.Option("--from", help="Format of the rows; default: by their fields.")
    ] = None,
    to: Annotated[Format | None, typer.Option("--to", help="Format to write; default: Proctor's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to; default FILE.<format>.jsonl; - for the terminal.")] = None,
    lossy: Annotated[
        bool, typer.Option(help="Write rows too whose limits or comparison the format cannot hold.")
    ] = False,
) -> None:
    """Convert a data set to Proctor's own rows, or back, without loss. Exit 1 where a row could not be converted."""
    aim = OURS if to is None else str(to)
    target = out or files.beside(file, f".{aim}.jsonl")
    if target.exists() and target.samefile(file):
        raise files.DatasetError(f"{target} is the file to read; name another with --out")
    written, faults = 0, 0
    with _target(target) as lines:
        for row in files.read(file):
            try:
                lines.write(files.dump(converted(row, source, aim, lossy=lossy)) + "\n")
                written += 1
            except RowFault as fault:
                faults += 1
                _tell(faults, row.number, f"{pointer(fault.path)}: {fault.detail}" if fault.path else fault.detail)
            except CannotHold as error:
                faults += 1
                _tell(faults, row.number, f"{aim} cannot hold {error}")
    print(f"{written} rows written: {target}" + (f"; {faults} could not be" if faults else ""), file=sys.stderr)
    if faults:
        raise typer.Exit(1)


def converted(row: files.Row, source: str | None, to: str, *, lossy: bool = False) -> dict[str, Any]:
    """A row in format `to`. Raises RowFault, CannotHold."""
    if row.data is None:
        raise RowFault((), row.fault or "no row")
    format = format_of(row.data, source)
    ours = row.data if format == OURS else to_ours(format, row.data)
    return ours if to == OURS else from_ours(to, ours, lossy=lossy)


def _tell(count: int, number: int, what: str) -> None:
    if count <= SHOWN:
        print(f"row {number}: {what}", file=sys.stderr)
    elif count == SHOWN + 1:
        print("… and more", file=sys.stderr)


@contextmanager
def _target(file: Path) -> Iterator[IO[str]]:
    if str(file) == "-":
        yield sys.stdout
    else:
        with files.replacing(file) as lines:
            yield lines
