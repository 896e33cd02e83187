"""Parsed test sets, kept while they are in use."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

from proctor.judge.plan import canonical
from proctor.judge.run_tests import RunTests, UnitTests, read_tests
from proctor.wire import DatasetTests

#: Owner and hash.
TestsKey = tuple[str, str]
#: Bytes of JSON whose parsed form is kept; the parsed form is several times larger.
MOST_BYTES = 16 << 20


class TestSet:
    """Tests, and their text as sandboxes take it. size: bytes of JSON that they were read from."""

    __slots__ = ("_text", "size", "tests")

    def __init__(self, body: bytes) -> None:
        self.tests: UnitTests = read_tests(json.loads(body))
        self.size = len(body)
        self._text: bytes | None = None

    def text(self) -> bytes:
        """Their `plan.canonical` JSON. Not for RunTests, nor rows."""
        if self._text is None:
            assert not isinstance(self.tests, DatasetTests | RunTests)
            self._text = canonical(self.tests)
        return self._text


class ParsedTests:
    """The test sets used last, by owner and hash. fetch: the JSON of one, None where it is gone."""

    def __init__(self, fetch: Callable[[str, str], bytes | None], most_bytes: int = MOST_BYTES) -> None:
        self._fetch = fetch
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[TestsKey, TestSet] = OrderedDict()

    def get(self, owner: str, sha256: str) -> TestSet | None:
        """A test set, None where it is gone. Raises RedisError."""
        key = (owner, sha256)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return kept
        body = self._fetch(owner, sha256)
        return None if body is None else self._keep(key, body)

    def expect(
        self, wanted: Iterable[TestsKey], fetch: Callable[[Sequence[TestsKey]], Mapping[TestsKey, bytes]]
    ) -> None:
        """Have those of `wanted` at hand that `fetch` brings in one go; the rest come when asked for.

        Raises RedisError.
        """
        missing = [key for key in dict.fromkeys(wanted) if key not in self._kept]
        if len(missing) > 1:
            for key, body in fetch(missing).items():
                self._keep(key, body)

    def _keep(self, key: TestsKey, body: bytes) -> TestSet:
        tests = self._kept[key] = TestSet(body)
        self._bytes += len(body)
        while self._bytes > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size
        return tests
