"""Both ends of a conversation run once through what samples do most, before any sample comes.

Python replaces the instructions of a function that has been called some times by faster ones. Done here, once, samples
inherit them; else each would do it again, and write to, that is copy, the pages that they lie on.
"""

from __future__ import annotations

import socket
from typing import Any, NoReturn

from .candidate import Harness
from .link import Link

_ROUNDS = 24
_VALUES: tuple[Any, ...] = (
    (1, 2.5, "text", True, None),
    ([1, 2, 3], (1, "a"), {"a": [1], "b": {2: 3.5}}, {1, 2}),
    ([], "", 10**30, b"bytes"),
)


def warm_up(rounds: int = _ROUNDS) -> None:
    """Ask a function of ours the usual questions. Raises RuntimeError where an answer is wrong."""
    ours, theirs = socket.socketpair()
    harness, link = Harness(), Link(theirs, gone=_never, tampered=_never, flag=_never)
    harness.converse(ours)
    with ours, theirs:
        harness.module.__dict__.update(echo=_echo, fail=_fail)
        for _ in range(rounds):
            _ask(harness, link, "given", ["echo"])
            _ask(harness, link, "names", ["echo", "fail", "missing"])
            echo, fail = _ask(harness, link, "global", "echo"), _ask(harness, link, "global", "fail")
            for values in _VALUES:
                if _ask(harness, link, "call", echo, values, ()) != values:
                    raise RuntimeError("an answer is not what was asked for")
                _ask(harness, link, "entry", "echo", values, (), "return")
            try:
                _ask(harness, link, "call", fail, (), ())
            except ValueError:
                continue
            raise RuntimeError("an exception was lost")
        del echo, fail
        link.end()


def _ask(harness: Harness, link: Link, operation: str, *operands: Any) -> Any:
    """One question and its answer, both ends in this thread."""
    link._send((operation, link._take_dropped(), *operands))
    harness._serve_one()
    return link._conclude(link._receive(), False)


def _echo(*values: Any) -> Any:
    return values


def _fail() -> NoReturn:
    raise ValueError("wrong")


def _never(*_: object) -> NoReturn:
    raise RuntimeError("the conversation broke")
