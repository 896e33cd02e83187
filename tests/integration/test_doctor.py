"""`proctor doctor` on a sound sandbox, and on sandboxes from which one layer was taken away."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import proctor_supervisor
from proctor.doctor.examine import examine
from proctor.doctor.promises import PROMISES
from proctor.errors import SandboxUnavailable
from proctor.sandbox import namespace, session
from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.namespace import NamespaceProvider
from proctor.settings import Settings, Tier

SOURCES = Path(proctor_supervisor.__file__).parent


@dataclass(frozen=True)
class Sabotage:
    """In `file`, `old` becomes `new`; `broken` is the promise that doctor must find broken."""

    file: str
    old: str
    new: str
    broken: str


SABOTAGES = {
    "ptrace let in": Sabotage("seccomp.py", " fork=57 ", " fork=57 ptrace=101 ", "kernel"),
    "sockets let in": Sabotage("seccomp.py", " fork=57 ", " fork=57 socket=41 connect=42 ", "network"),
    "capabilities kept": Sabotage(
        "isolate.py", "        linux.drop_capabilities(", "        (lambda *a: 0)(", "privileges"
    ),
    "a secret in the environment": Sabotage("main.py", '"USER": "sandbox",', '"PROCTOR_API_KEY": "x",', "privileges"),
    "a writable root": Sabotage(
        "isolate.py",
        'linux.mount_setattr("/new", linux.MOUNT_ATTR_RDONLY | linux.MOUNT_ATTR_NOSUID)',
        "os.chmod('/new/etc', 0o777)",
        "filesystem",
    ),
    "no pid namespace of its own": Sabotage("zygote.py", "linux.unshare(linux.CLONE_NEWPID)", "pass", "processes"),
    "memory unwatched": Sabotage("run.py", 'self.stop("memory")', "pass", "memory"),
    "processor time unwatched": Sabotage("run.py", 'self.stop("cpu")', "pass", "cpu time"),
    "output unbounded": Sabotage("run.py", "if len(self.outputs[fd]) > self.output_max:", "if False:", "output"),
    "the candidate's word on equality": Sabotage(
        "pair/compare.py",
        "    return _Comparison(",
        "    return hasattr(result, '_proctor_handle') or _Comparison(",
        "verdicts",
    ),
}


def apply(sabotage: Sabotage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make providers start a copy of the supervisor with the sabotage in it."""
    copy = tmp_path / SOURCES.name
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / sabotage.file
    text = file.read_text()
    assert sabotage.old in text
    file.write_text(text.replace(sabotage.old, sabotage.new))
    monkeypatch.setattr(namespace, "_BOOT", namespace._BOOT.replace(str(SOURCES.parent), str(tmp_path)))
    monkeypatch.setattr(session, "fingerprint", lambda: _fingerprint(tmp_path))


@pytest.mark.parametrize("sabotage", SABOTAGES.values(), ids=SABOTAGES)
def test_sabotaged_sandbox_is_found_out(sabotage: Sabotage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(sabotage, tmp_path, monkeypatch)
    chosen = [p for p in PROMISES if p.name in ("control", sabotage.broken)]
    with contextlib.closing(NamespaceProvider(Settings(), tier="B")) as provider:
        _hello, findings = examine(provider, promises=chosen)
    assert {f.name for f in findings if not f.kept} == {sabotage.broken}, findings


def test_sandbox_without_a_filter_does_not_even_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(Sabotage("isolate.py", "    linux.seccomp(ground.program)", "    pass", ""), tmp_path, monkeypatch)
    with contextlib.closing(NamespaceProvider(Settings(), tier="B")) as provider:
        with pytest.raises(SandboxUnavailable, match="no isolation that is strong enough"):
            examine(provider)


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="tier U needs root, to become other users")


@pytest.mark.parametrize(
    ("tier", "old", "why"),
    [
        ("A", "        landlock.enter(landlock.domain(", "a sample can"),
        pytest.param(
            "U", "        users.become(", "a sample keeps its supervisor's user|a sample can signal", marks=AS_ROOT
        ),
    ],
)
def test_a_weaker_tier_without_its_wall_does_not_even_start(
    tier: Tier, old: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(
        Sabotage("isolate.py", old, f"        (lambda *a: None)({'(lambda *a: None)(' if tier == 'A' else ''}", ""),
        tmp_path,
        monkeypatch,
    )
    with contextlib.closing(NamespaceProvider(Settings(min_tier=tier), tier=tier)) as provider:
        with pytest.raises(SandboxUnavailable, match=why):
            examine(provider)


@pytest.mark.parametrize("tier", ["A", pytest.param("U", marks=AS_ROOT)])
def test_a_weaker_tier_keeps_every_promise_of_isolation(tier: Tier) -> None:
    """Those of limits are in the contract suite."""
    with contextlib.closing(NamespaceProvider(Settings(min_tier=tier), tier=tier)) as provider:
        hello, findings = examine(provider, promises=[p for p in PROMISES if p.limit is None])
    assert hello.tier == tier
    assert [(f.name, f.breaches) for f in findings if not f.kept] == []


@pytest.mark.docker(runtime="runsc")
def test_gvisor_keeps_every_promise_of_isolation() -> None:
    """As above; the limits too with more patience (docs/isolation.md)."""
    settings = Settings(min_tier="U", sandbox_runtime="runsc")
    with contextlib.closing(DockerProvider(settings, tier="U")) as provider:
        _hello, findings = examine(provider, promises=[p for p in PROMISES if p.limit is None])
    assert [(f.name, f.breaches) for f in findings if not f.kept] == []


def _fingerprint(folder: Path) -> str:
    """The fingerprint that the sources in `folder` give themselves."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import proctor_supervisor as s; print(s.fingerprint())"
    return subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_sound_sandbox_keeps_every_promise() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("proctor")), "doctor", "--json", "--sandbox", "namespace"],
        capture_output=True,
        text=True,
        timeout=200,
    )
    said = json.loads(done.stdout)
    assert [(p["name"], p["breaches"]) for p in said["promises"] if p["breaches"]] == []
    assert done.returncode == 0
    assert said["kept"]
    assert said["tier"] in ("A", "B")
    assert {p["name"]: p["breaches"] for p in said["promises"]} == {p.name: [] for p in PROMISES}
    assert {p["enforcement"] for p in said["promises"] if p["name"].startswith("memory")} <= {"enforced", "polled"}
