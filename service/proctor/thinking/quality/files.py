"""Preference pairs and thoughts, from files of JSON lines or one JSON list.

Pairs are rows of a problem, a chosen and a rejected reasoning: RewardBench's (arXiv 2403.13787), and LCB-RB's by the
words of its paper (arXiv 2508.05170), whose files were not at hand: any plausible name is taken, and the command takes
others. A text may be a string, an object that holds one, or a conversation, whose last message counts; reasoning within
`<think>` is taken out of what surrounds it. RewardBench 2 and RM-Bench give lists: each
chosen one meets each rejected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from proctor.errors import ConfigurationError
from proctor.thinking.types import Thought

T = TypeVar("T")

PROBLEM = ("problem", "prompt", "question", "question_content", "problem_description", "instruction", "query", "input")
#: Words for the better and the worse of two, pair by pair.
_WORDS = (
    ("chosen", "rejected"),
    ("superior", "inferior"),
    ("preferred", "dispreferred"),
    ("optimized", "degraded"),
    ("better", "worse"),
    ("positive", "negative"),
    ("good", "bad"),
    ("winner", "loser"),
)
#: What may stand behind them; the reasoning goes before the whole answer.
_WHAT = ("_reasoning", "_reasoning_process", "_thinking", "_thought", "_think", "", "_response")
CHOSEN = tuple(better + what for what in _WHAT for better, _ in _WORDS)
REJECTED = tuple(worse + what for what in _WHAT for _, worse in _WORDS)
REASONING = ("reasoning", "completion")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reasonings about one problem, of which `chosen` is known to be better. subset: "" where there is none."""

    problem: str
    chosen: str
    rejected: str
    subset: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of a row's fields, tried in this order."""

    problem: Sequence[str] = PROBLEM
    chosen: Sequence[str] = CHOSEN
    rejected: Sequence[str] = REJECTED


def read_pairs(path: Path, fields: Fields | None = None) -> list[Pair]:
    """The pairs of a file. Raises ConfigurationError with the number of a row that is none."""
    names = fields or Fields()
    return [pair for row in _rows(path) for pair in row.read(lambda data: _pairs(data, names))]


def read_thoughts(path: Path) -> list[Thought]:
    """The thoughts of a file of samples (`prompt`, `reasoning` or `completion`) or of pairs, without empty ones."""
    return [thought for row in _rows(path) for thought in row.read(_thoughts) if thought.reasoning.strip()]


def text_of(value: Any) -> str:
    """A string as it is; of a conversation its last message; reasoning without what surrounds it."""
    if isinstance(value, dict):
        named = ("reasoning_content", "reasoning", "thinking", "content")
        value = next((value[name] for name in named if value.get(name)), None)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return text_of(value[-1])
    if not isinstance(value, str):
        raise ConfigurationError(f"neither a text nor a conversation: {str(value)[:80]!r}")
    return _within_think(value)


def _within_think(text: str) -> str:
    head, closed, _ = text.rpartition("</think>")
    return head.removeprefix("<think>").split("<think>", 1)[-1].strip() if closed else text


def _texts(value: Any) -> list[str]:
    if isinstance(value, list) and not (value and isinstance(value[0], dict)):
        return [text_of(item) for item in value]
    return [text_of(value)]


def _pairs(data: dict[str, Any], fields: Fields) -> list[Pair]:
    problem = text_of(_field(data, fields.problem, "problem"))
    chosen, rejected = _sides(data, fields)
    both = product(_texts(chosen), _texts(rejected))
    return [Pair(problem, chosen, rejected, str(data.get("subset") or "")) for chosen, rejected in both]


def _sides(data: dict[str, Any], fields: Fields) -> tuple[Any, Any]:
    """The better and the worse one: of names that belong together, where none was given."""
    if fields.chosen is CHOSEN and fields.rejected is REJECTED:
        for chosen, rejected in zip(CHOSEN, REJECTED, strict=True):
            if data.get(chosen) is not None and data.get(rejected) is not None:
                return data[chosen], data[rejected]
    return _field(data, fields.chosen, "chosen"), _field(data, fields.rejected, "rejected")


def _thoughts(data: dict[str, Any]) -> list[Thought]:
    problem = text_of(_field(data, PROBLEM, "problem"))
    named = [name for name in (*REASONING, *CHOSEN, *REJECTED) if data.get(name) is not None]
    if not named:
        raise ConfigurationError(f"no field for the reasoning: it may be called {', '.join(REASONING)}, or as in pairs")
    names = named[:1] if named[0] in REASONING else named
    return [Thought(problem, text) for name in names for text in _texts(data[name])]


def _field(data: dict[str, Any], names: Sequence[str], what: str) -> Any:
    for name in names:
        if data.get(name) is not None:
            return data[name]
    has = ", ".join(map(str, data)) or "none"
    raise ConfigurationError(
        f"no field for the {what}: it may be called {_shown(names)}; the row's fields: {has} (--{what} names another)"
    )


def _shown(names: Sequence[str]) -> str:
    if names is not CHOSEN and names is not REJECTED:
        return ", ".join(names)
    words = ", ".join(pair[names is REJECTED] for pair in _WORDS)
    return f"{words}, or one of these with {', '.join(what for what in _WHAT if what)}"


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, and where it is."""

    data: Any
    place: str

    def read(self, reader: Callable[[dict[str, Any]], list[T]]) -> list[T]:
        """What `reader` makes of it. Raises ConfigurationError that says where."""
        try:
            if not isinstance(self.data, dict):
                raise ConfigurationError("no object")
            return reader(self.data)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.place}: {error}") from None


def _rows(path: Path) -> list[_Row]:
    try:
        text = path.read_text("utf-8")
        listed = text.lstrip().startswith("[")
        rows = json.loads(text) if listed else [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if not rows:
        raise ConfigurationError(f"{path}: no rows")
    return [_Row(data, f"{path}: row {number}") for number, data in enumerate(rows, 1)]
