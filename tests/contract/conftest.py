"""One suite for every provider and tier. A kind is a way to make a provider; add one here and all tests run on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from proctor.sandbox.namespace import NamespaceProvider
from proctor.sandbox.provider import Provider, Ran, Session
from proctor.settings import Settings
from proctor.wire import Limits

from . import gvisor, sampled
from .other_kinds import AS_ROOT, OTHER_KINDS

LIMITS = Limits(
    cpu_s=2, wall_s=6, memory_mib=256, output_kib=256, processes=16, disk_mib=8, compile_s=5, sample_wall_s=30
)


@dataclass(frozen=True)
class Kind:
    """A way to provide sandboxes, and the tier that it must reach."""

    name: str
    tier: str
    make: Callable[[], Provider]


def _namespace(tier: str) -> Callable[[], Provider]:
    return lambda: NamespaceProvider(Settings(min_tier=tier), tier=tier)  # type: ignore[arg-type]


KINDS = [
    pytest.param(Kind("namespace", "B", _namespace("B")), id="namespace-B"),
    pytest.param(Kind("namespace", "A", _namespace("A")), id="namespace-A"),
    pytest.param(Kind("namespace", "U", _namespace("U")), id="namespace-U", marks=AS_ROOT),
    *(pytest.param(Kind(name, tier, make), id=name, marks=marks) for name, tier, make, marks in OTHER_KINDS),
]


def deselected(item: pytest.Item) -> bool:
    """Whether a kind leaves a test out: where it is sampled, and on tier U what depends on no tier."""
    kind = getattr(item, "callspec", None) and item.callspec.params.get("kind")  # type: ignore[attr-defined]
    if not isinstance(kind, Kind):
        return False
    if kind.tier == "U" and item.path.name in ("test_judging.py", "test_real_problems.py"):
        return True
    return sampled.leaves_out(item.name, kind.name)


@pytest.fixture(autouse=True)
def _except_gvisor(request: pytest.FixtureRequest) -> None:
    """What does not hold under gVisor is expected to fail, by name and with its reason."""
    kind = request.node.callspec.params.get("kind") if hasattr(request.node, "callspec") else None
    reason = gvisor.exception(sampled.plain(request.node.name, "docker-runsc"))
    if isinstance(kind, Kind) and kind.name == "docker-runsc" and reason is not None:
        request.applymarker(pytest.mark.xfail(reason=reason))


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def provider(kind: Kind) -> Iterator[Provider]:
    made = kind.make()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def session(provider: Provider) -> Iterator[Session]:
    lent = provider.session()
    try:
        yield lent
    finally:
        provider.give_back(lent)


class Runner:
    """Runs Python programs in a session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(
        self,
        source: str | bytes,
        stdin: bytes = b"",
        *,
        argv: Sequence[str] = (),
        files: dict[str, bytes] | None = None,
        fetch: Sequence[str] = (),
        **limits: float,
    ) -> Ran:
        raw = source.encode() if isinstance(source, str) else source
        program = self.session.program("python", raw, LIMITS.model_copy(update=limits))
        assert program.failed is None
        try:
            return program.run(stdin, argv=argv, files=files, fetch=fetch)
        finally:
            program.close()

    def output(self, source: str, stdin: bytes = b"", **limits: float) -> str:
        """What a program prints that must end well."""
        ran = self(source, stdin, **limits)
        assert (ran.exit_code, ran.stopped, ran.stderr.decode(errors="replace")) == (0, None, "")
        return ran.stdout.decode()


@pytest.fixture
def run(session: Session) -> Runner:
    return Runner(session)


@pytest.fixture
def fresh(kind: Kind) -> Iterator[Provider]:
    """A provider of this test's own."""
    made = kind.make()
    try:
        yield made
    finally:
        made.close()


def later(seconds: float, call: Callable[[], object]) -> threading.Timer:
    """Call `call` in another thread."""
    timer = threading.Timer(seconds, call)
    timer.start()
    return timer
