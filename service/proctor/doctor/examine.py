"""Runs every promise against a provider's sandbox and collects what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proctor.doctor.promises import PROMISES, Bench, Promise
from proctor.errors import SandboxError
from proctor.sandbox.provider import Hello, Provider


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise, examined. breaches: empty where it is kept. enforcement: "enforced", "polled", or None."""

    name: str
    says: str
    breaches: tuple[str, ...]
    enforcement: str | None
    took_s: float

    @property
    def kept(self) -> bool:
        """Whether no breach was found."""
        return not self.breaches


def examine(
    provider: Provider,
    report: Callable[[Finding], None] = lambda finding: None,
    promises: Iterable[Promise] = PROMISES,
    language: str = "python",
) -> tuple[Hello, list[Finding]]:
    """Attack the provider's sandbox, one promise after another; `report` is called as each is known.

    language: what that sandbox is for. The attacks are in Python, which every image has for its supervisor.
    A sandbox that an attack took down is a broken promise, and the next one gets a fresh session.
    Raises SandboxUnavailable where not even the first session can be had.
    """
    session = provider.session(language)
    hello = session.hello
    findings = []
    try:
        for promise in promises:
            started = time.monotonic()
            try:
                breaches = promise.breaches(Bench(session))
            except SandboxError as error:
                breaches = [f"the sandbox went down: {error}"]
                provider.give_back(session)
                session = provider.session(language)
            finding = Finding(
                promise.name,
                promise.says,
                tuple(breaches),
                hello.enforcement.get(promise.limit) if promise.limit else None,
                time.monotonic() - started,
            )
            report(finding)
            findings.append(finding)
    finally:
        provider.give_back(session)
    return hello, findings
