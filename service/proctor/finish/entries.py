"""Entries of the stream `outcomes`: what workers report, as finishers hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from proctor.jobs.leases import read_outcome
from proctor.jobs.records import read_json
from proctor.judge.outcome import Outcome


@dataclass(slots=True)
class Entry:
    """An entry in hand. outcomes: unit key → (started, outcome). served: unit key → batches that need it no more."""

    id: str
    by: dict[str, Any] = field(default_factory=dict)
    outcomes: dict[str, tuple[float, Outcome]] = field(default_factory=dict)
    served: dict[str, list[str]] = field(default_factory=dict)


def entries_of(answer: Any) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    """What XREADGROUP answers of one stream, in the shapes of RESP2 and RESP3."""
    if not answer:
        return
    ((_, entries),) = answer.items() if isinstance(answer, dict) else answer
    for entry_id, fields in entries:
        yield entry_id, dict(zip(fields[::2], fields[1::2], strict=True))


def read_entry(entry_id: str, fields: dict[bytes, bytes]) -> Entry:
    """An entry with its outcomes."""
    entry = Entry(entry_id)
    for name, value in fields.items():
        if name == b"by":
            entry.by = read_by(value)
        else:
            started_s, outcome = read_outcome(value)
            entry.outcomes[name.decode()] = (started_s, Outcome.from_json(outcome))
    return entry


def read_by(text: bytes) -> dict[str, Any]:
    """Image and tier of the sandbox that brought an outcome."""
    return dict(read_json(text))
