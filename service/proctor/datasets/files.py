"""Files of rows, in and out, a row at a time: memory follows the largest row, never the file.

Read are JSON Lines and one JSON list of objects, plain or gzip. JSON is the standard library's: integers of any
size, NaN and lone surrogates survive. A line that is no JSON object is told, and the lines after it are read.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import json
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from proctor.errors import ProctorError

BLOCK = 1 << 20  # characters
INTEGER_DIGITS = 50_000  # the longest integer; the service has the same bound
_BETWEEN = " \t\r\n,"


class DatasetError(ProctorError):
    """A file that cannot be read as a data set, or not written."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. number: its line from 1, or its place in the list. data: None where `fault` says why there is none."""

    number: int
    data: dict[str, Any] | None
    fault: str | None = None


def read(file: Path) -> Iterator[Row]:
    """The rows of `file`, in order. Raises DatasetError where the file as a whole cannot be read."""
    sys.set_int_max_str_digits(INTEGER_DIGITS)
    if file.suffix == ".parquet":
        raise DatasetError(
            f'{file}: Parquet is not read; `datasets.load_dataset("parquet", …)` and `to_json` write JSONL'
        )
    with _opened(file) as data:
        start = data.peek(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        text = io.TextIOWrapper(data, encoding="utf-8-sig", newline="\n")
        yield from _listed(text, file) if start == b"[" else _lines(text)


def dump(value: Any) -> str:
    """A row as one line of ASCII JSON."""
    return json.dumps(value, separators=(",", ":"))


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[IO[str]]:
    """Write `file` beside its place and put it there when all went well; readers see the old or the new one."""
    beside = file.with_name(file.name + ".new")
    try:
        opened = beside.open("w", encoding="ascii")
    except OSError as error:
        raise DatasetError(f"{file} cannot be written: {error}") from None
    try:
        with opened as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def beside(file: Path, suffix: str) -> Path:
    """A file next to `file`, its own suffixes replaced: `rows.jsonl.gz` and `.html` make `rows.html`.

    Where that folder is read-only (by its mode: root may write there and should not) it is in the working folder.
    """
    while file.suffix.lower() in (".gz", ".jsonl", ".json", ".ndjson"):
        file = file.with_suffix("")
    writable = file.parent.stat().st_mode & 0o222 and os.access(file.parent, os.W_OK)
    folder = file.parent if writable else Path()
    return folder / (file.name + suffix)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[io.BufferedReader]:
    """The bytes of `file`, unpacked. Raises DatasetError for whatever goes wrong while they are read."""
    try:
        with file.open("rb") as raw:
            yield io.BufferedReader(_unpacked(raw))
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file} is not UTF-8: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{file}: {error}") from None


def _unpacked(raw: io.BufferedReader) -> Any:
    return gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == b"\x1f\x8b" else raw


def _lines(text: io.TextIOWrapper) -> Iterator[Row]:
    for number, line in enumerate(text, 1):
        if line.strip():
            yield _row(number, line)


def _row(number: int, line: str) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, None, f"this is not JSON: {error}")
    return _object(number, value)


def _object(number: int, value: Any) -> Row:
    if not isinstance(value, dict):
        return Row(number, None, f"a row must be an object, not {type(value).__name__}")
    return Row(number, value)


def _listed(text: io.TextIOWrapper, file: Path) -> Iterator[Row]:
    """The elements of one JSON list. What is wrong within the list ends it: there is no line to go on from."""
    decoder = json.JSONDecoder()
    held = _Held(text)
    held.skip()  # the bracket
    for number in itertools.count(1):
        if held.next() in ("]", ""):
            return
        try:
            yield _object(number, held.value(decoder))
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{file}: element {number} of the list is not JSON: {error}") from None


@dataclass
class _Held:
    """The part of a text that is not yet decoded."""

    text: io.TextIOWrapper
    part: str = ""
    at: int = 0

    def more(self) -> bool:
        """Read on, at least as much as is held, so that a large element is not decoded again and again."""
        self.part = self.part[self.at :]
        self.at = 0
        read = self.text.read(max(BLOCK, len(self.part)))
        self.part += read
        return bool(read)

    def next(self) -> str:
        """The next character that is neither white space nor a comma, still unread; "" at the end."""
        while True:
            while self.at < len(self.part):
                if self.part[self.at] not in _BETWEEN:
                    return self.part[self.at]
                self.at += 1
            if not self.more():
                return ""

    def skip(self) -> None:
        """Pass over the next character."""
        self.next()
        self.at += 1

    def value(self, decoder: json.JSONDecoder) -> Any:
        """The next element. Raises ValueError, RecursionError."""
        while True:
            try:
                value, end = decoder.raw_decode(self.part, self.at)
            except ValueError:
                if not self.more():
                    raise
                continue
            if end == len(self.part) and self.more():
                continue  # a number may go on
            self.at = end
            return value
