"""The namespace provider alone: what remains when its worker is killed, a worker without root, growth, refusals."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import proctor_supervisor
from proctor.errors import SandboxLost, SandboxUnavailable
from proctor.sandbox import namespace
from proctor.sandbox import session as sandbox_session
from proctor.sandbox.namespace import NamespaceProvider
from proctor.settings import Settings

from .conftest import AS_ROOT, LIMITS, Runner

TESTS = {
    "kind": "function",
    "entry_point": "f",
    "cases": [{"args": [], "kwargs": {}, "expected": 1, "result": "return"}],
    "compare": {"abs_tol": 0, "rel_tol": 0, "types": "json"},
}

TIERS = ["B", "A", pytest.param("U", marks=AS_ROOT)]

WORKER = """
import sys
from proctor.sandbox.namespace import NamespaceProvider
from proctor.settings import Settings
from proctor.wire import Limits
provider = NamespaceProvider(Settings(min_tier=sys.argv[1]), tier=sys.argv[1])
session = provider.session()
print(session.hello.tier, flush=True)
program = session.program("python", sys.argv[2].encode(), Limits())
print(program.run(b"in").stdout.decode(), flush=True)
program.close(); provider.give_back(session); provider.close()
"""


def _worker(tier: str, source: str, **more: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, tier, source]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload,no-any-return]


def _boxes() -> set[str]:
    return {str(path) for base in ("/dev/shm", "/tmp") for path in Path(base).glob("sandbox-*")}


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_remains_of_a_killed_worker(tier: str) -> None:
    boxes = _boxes()
    source = (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0: os.setsid()\n"
        "open('x', 'w').write('x')\ntime.sleep(60)"
    )
    worker = _worker(tier, source)
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == tier
    deadline = time.monotonic() + 5
    while len(tree := psutil.Process(worker.pid).children(recursive=True)) < 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(tree) >= 6
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    _gone, alive = psutil.wait_procs(tree, timeout=3)
    assert alive == []
    while _boxes() - boxes and time.monotonic() < deadline + 5:
        time.sleep(0.05)
    assert _boxes() - boxes == set()
    worker.stdout.close()
    assert worker.stderr is not None
    worker.stderr.close()


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("victim", [0, 1, 2, 3], ids=["keeper", "supervisor", "candidates", "tests"])
def test_a_supervisor_that_dies_is_replaced(tier: str, victim: int) -> None:
    provider = NamespaceProvider(Settings(min_tier=tier), tier=tier)  # type: ignore[arg-type]
    before = set(psutil.Process().children(recursive=True))
    session = provider.session()
    ours = sorted(set(psutil.Process().children(recursive=True)) - before, key=lambda process: process.pid)
    assert len(ours) >= 4  # and in tier B the process that waits for a sample
    ours[victim].kill()
    time.sleep(0.3)
    with pytest.raises(SandboxLost):
        session.pair("python", b"def f(): return 1", json.dumps(TESTS).encode(), LIMITS, stop="all")
    provider.give_back(session)
    again = provider.session()
    assert Runner(again).output("print(2)") == "2\n"
    provider.give_back(again)
    provider.close()
    _gone, alive = psutil.wait_procs(ours, timeout=3)
    assert alive == []


def test_a_process_that_waits_for_a_sample_may_die() -> None:
    provider = NamespaceProvider(Settings(), tier="B")
    before = set(psutil.Process().children(recursive=True))
    session = provider.session()
    deadline = time.monotonic() + 5
    while len(ours := set(psutil.Process().children(recursive=True)) - before) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    waiting = max(ours, key=lambda process: process.pid)
    assert waiting.ppid() != psutil.Process().pid
    waiting.kill()
    while waiting.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    for number in range(3):
        assert Runner(session).output(f"print({number})") == f"{number}\n"
    provider.give_back(session)
    provider.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("tier", ["B", "A"])
def test_a_worker_without_root_isolates_as_well(tier: str) -> None:
    packages = [path for path in sys.path if path]
    probe = "import os; print(os.getuid() != 0, os.path.exists('/root/.bashrc'), input())"
    root = Path(sys.executable).resolve()
    if any(not os.stat(parent).st_mode & 0o001 for parent in root.parents):
        python, environment = "/usr/bin/python3", {"PYTHONPATH": os.pathsep.join(packages), "PATH": "/usr/bin:/bin"}
    else:
        python, environment = sys.executable, dict(os.environ)
    command = [python, "-c", WORKER, tier, probe]
    done = subprocess.run(
        command, capture_output=True, text=True, user=65534, group=65534, extra_groups=[], env=environment, cwd="/"
    )
    assert done.stdout.split() == [tier, "True", "False", "in"], done.stderr


def _any_version(hello: Callable[..., Any]) -> Callable[..., Any]:
    """Take a supervisor that was changed for the test."""
    return lambda header: hello({**header, "supervisor": proctor_supervisor.fingerprint()})


@pytest.mark.parametrize("tier", TIERS)
def test_jumps_of_the_machines_clock_change_nothing(tier: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker and supervisor ask a clock that goes back and forth by decades, where they ask the time of day at all."""
    sources = Path(proctor_supervisor.__file__).parent
    copy = shutil.copytree(sources, tmp_path / sources.name, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "main.py").open("a") as file:
        file.write("\nimport itertools\n_jumps = itertools.cycle((0.0, 4e9, 1.0))\ntime.time = lambda: next(_jumps)\n")
    tmp_path.chmod(0o755)
    monkeypatch.setattr(namespace, "_BOOT", namespace._BOOT.replace(str(sources.parent), str(tmp_path)))
    monkeypatch.setattr(sandbox_session, "_hello", _any_version(sandbox_session._hello))
    jumps = itertools.cycle((0.0, 4e9, 1.0))
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    provider = NamespaceProvider(Settings(min_tier=tier), tier=tier)  # type: ignore[arg-type]
    session = provider.session()
    run = Runner(session)
    assert run.output("import time; time.sleep(.2); print(1)") == "1\n"
    assert run("while True: pass", cpu_s=0.3, wall_s=20).stopped == "cpu"
    slept = run("import time; time.sleep(60)", wall_s=0.5)
    assert slept.stopped == "wall"
    assert 0.5 <= slept.wall_s < 6
    provider.give_back(session)
    provider.close()


def test_a_tier_below_the_least_that_is_allowed_is_refused() -> None:
    provider = NamespaceProvider(Settings(min_tier="B"), tier="A")
    with pytest.raises(SandboxUnavailable, match="no isolation that is strong enough"):
        provider.session()
    provider.close()


def test_an_interpreter_that_is_none_is_refused(tmp_path: Path) -> None:
    provider = NamespaceProvider(Settings(sandbox_python=tmp_path / "python"))
    with pytest.raises(SandboxUnavailable):
        provider.session()
    provider.close()


def _descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def _lasting(found: set[int], tier: str) -> set[int]:
    """Keeper, supervisor and two zygotes: all that there may be, but in tier B one that waits for a sample."""
    oldest = sorted(found)
    assert len(oldest) in ((4, 5) if tier == "B" else (4,))
    return set(oldest[:4])


def _mounts(pid: int) -> int:
    """Mounts of ours that a process sees; the machine's own come and go."""
    return sum(
        line.startswith(("proctor ", "sandbox ")) for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()
    )


def _size(pid: int) -> tuple[int, int]:
    """Bytes of private memory and descriptors of a process."""
    smaps = Path(f"/proc/{pid}/smaps_rollup").read_text()
    private = sum(int(line.split()[1]) * 1024 for line in smaps.splitlines() if line.startswith("Private_"))
    return private, len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("tier", TIERS)
def test_many_samples_without_growth(tier: str) -> None:
    """1,000 samples on one sandbox: no more memory, descriptors, processes or mounts than after the first fifty."""
    provider = NamespaceProvider(Settings(min_tier=tier, sandbox_recycle=2000), tier=tier)  # type: ignore[arg-type]
    before = _descendants()
    session = provider.session()
    ours = _lasting(_descendants() - before, tier)
    run = Runner(session)
    samples = [
        "print(input())",
        "open('f', 'w').write('x' * 9999); 1 / 0",
        "import os; os.fork(); os.fork()",
        "print('é')",
    ]

    def some(count: int) -> None:
        for i in range(count):
            run(samples[i % len(samples)], b"in\n")

    some(50)
    early = {pid: _size(pid) for pid in ours}
    mounts = {pid: _mounts(pid) for pid in ours}
    some(950)
    assert _lasting(_descendants() - before, tier) == ours
    assert {pid: _mounts(pid) for pid in ours} == mounts
    for pid in ours:
        memory, descriptors = _size(pid)
        assert descriptors <= early[pid][1] + (tier == "B")  # a zygote's, to the process that waits
        assert memory <= early[pid][0] + (1 << 20)
    provider.give_back(session)
    provider.close()


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_runs_after_bombs(tier: str) -> None:
    provider = NamespaceProvider(Settings(min_tier=tier), tier=tier)  # type: ignore[arg-type]
    before = _descendants()
    session = provider.session()
    ours = _lasting(_descendants() - before, tier)
    for source in (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        "import os\nwhile True:\n    try:\n        os.fork(); os.setsid()\n    except OSError: pass",
        "import os; os.execv('/bin/sh', ['sh', '-c', 'b() { b | b & }; b; wait'])",
    ):
        Runner(session)(source, cpu_s=1.0, wall_s=3)
        assert _lasting(_descendants() - before, tier) == ours
    provider.give_back(session)
    provider.close()


def test_what_a_killed_keeper_left_is_removed_by_the_next() -> None:
    before = _boxes()
    provider = NamespaceProvider(Settings(min_tier="A"), tier="A")
    known = _descendants()
    session = provider.session()
    keeper = min(_descendants() - known)
    left = _boxes() - before
    assert len(left) == 1
    os.kill(keeper, signal.SIGKILL)
    with pytest.raises(SandboxLost):
        Runner(session).output("print(1)")
    provider.give_back(session)
    assert _boxes() & left == left
    provider.give_back(provider.session())
    assert _boxes() & left == set()
    provider.close()
