"""Parsed test sets, kept while they are in use."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable

from proctor.judge.run_tests import UnitTests, read_tests

#: Bytes of JSON whose parsed form is kept; the parsed form is several times larger.
MOST_BYTES = 16 << 20


class ParsedTests:
    """The test sets used last, by owner and hash. fetch: the JSON of one, None where it is gone."""

    def __init__(self, fetch: Callable[[str, str], bytes | None], most_bytes: int = MOST_BYTES) -> None:
        self._fetch = fetch
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, str], tuple[UnitTests, int]] = OrderedDict()

    def get(self, owner: str, sha256: str) -> UnitTests | None:
        """A test set, None where it is gone. Raises RedisError."""
        key = (owner, sha256)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return kept[0]
        body = self._fetch(owner, sha256)
        if body is None:
            return None
        tests = read_tests(json.loads(body))
        self._kept[key] = (tests, len(body))
        self._bytes += len(body)
        while self._bytes > self._most and len(self._kept) > 1:
            _, (_, size) = self._kept.popitem(last=False)
            self._bytes -= size
        return tests
