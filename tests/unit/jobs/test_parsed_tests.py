"""Test sets at a worker: fetched together where they are small, each once, and again when room ran out."""

from __future__ import annotations

import json
from collections.abc import Sequence

from proctor.worker.tests import ParsedTests

A, B, C = ("me", "a"), ("me", "b"), ("me", "c")
BODY = json.dumps({"kind": "script", "code": "assert f(1) == 1"}).encode()


class Store:
    """Notes what was asked for; `large` ones do not come together with others."""

    def __init__(self, large: set[tuple[str, str]]) -> None:
        self.large = large
        self.alone: list[tuple[str, str]] = []
        self.together: list[list[tuple[str, str]]] = []

    def one(self, owner: str, sha256: str) -> bytes:
        self.alone.append((owner, sha256))
        return BODY

    def small(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        self.together.append(list(wanted))
        return {key: BODY for key in wanted if key not in self.large}


def test_a_shard_fetches_its_small_sets_in_one_go() -> None:
    store = Store(large={C})
    tests = ParsedTests(store.one)
    tests.expect([A, B, A, C], store.small)
    assert [tests.get(*key) is not None for key in (A, B, C)] == [True] * 3
    assert (store.together, store.alone) == ([[A, B, C]], [C])
    tests.expect([A, B, C], store.small)  # all are at hand
    assert len(store.together) == 1


def test_what_did_not_stay_is_fetched_again() -> None:
    store = Store(large=set())
    tests = ParsedTests(store.one, most_bytes=len(BODY))
    tests.expect([A, B], store.small)
    assert tests.get(*A) is not None
    assert store.alone == [A]
