"""What docs/slurm.md says: Proctor without a daemon, as an ordinary user who has no capability and can gain none."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .docker_cli import ROOT

UID = 54_321

#: What no busy machine can be blamed for.
SECURITY = {"network", "filesystem", "processes", "kernel", "privileges", "other samples", "answers", "verdicts"}

_NOTHING = "--inh-caps=-all --ambient-caps=-all --bounding-set=-all"
_ORDINARY = f"setpriv --reuid={UID} --regid={UID} --clear-groups {_NOTHING}"
#: Ways to start a program, from outside in: as an ordinary user; and as one who cannot make another user namespace, as
#: in a container without them. (One is made with room for one more, and that one is where the program runs.)
WAYS = {
    "B": f"{_ORDINARY} --no-new-privs",
    "A": f"{_ORDINARY} unshare --user --map-root-user sh -c 'echo 1 > /proc/sys/user/max_user_namespaces && "
    f'exec unshare --user --map-user=1000 --map-group=1000 setpriv {_NOTHING} --no-new-privs "$@"\' sh',
}


@pytest.fixture(name="checkout")
def _checkout() -> Iterator[Path]:
    """Where `as_ordinary_user` mounts this checkout, so that others can read it wherever it lies."""
    if os.geteuid() != 0:
        pytest.skip("changing to another user takes root; run `proctor doctor` as yourself instead")
    with tempfile.TemporaryDirectory(prefix="proctor-daemonless-") as name:
        Path(name).chmod(0o755)
        for mounted in ("proctor", "python"):
            (Path(name) / mounted).mkdir()
        yield Path(name) / "proctor"


def as_ordinary_user(
    way: str, checkout: Path, *arguments: str, timeout_s: float = 240
) -> subprocess.CompletedProcess[str]:
    """`proctor ARGUMENTS` from the checkout, which is mounted at `checkout` for this process alone."""
    packages = Path(sysconfig.get_path("purelib"))
    inside = checkout / packages.relative_to(ROOT) if packages.is_relative_to(ROOT) else packages
    path = ":".join(str(p) for p in (checkout / "service", checkout / "sandbox-images", inside))
    environment = ["PATH=/usr/bin:/bin", "HOME=/tmp", "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1", f"PYTHONPATH={path}"]
    mounts = f"mount --bind {shlex.quote(str(ROOT))} {shlex.quote(str(checkout))}"
    python = Path(os.path.realpath(sys.executable))
    if python.is_relative_to(sys.base_prefix) and sys.base_prefix != "/usr":  # it may lie in root's own folder
        there = checkout.with_name("python")
        mounts += f" && mount --bind {shlex.quote(sys.base_prefix)} {shlex.quote(str(there))}"
        python = there / python.relative_to(sys.base_prefix)
        environment.append(f"LD_LIBRARY_PATH={there / 'lib'}")
    program = shlex.join(["env", "-i", *environment, str(python), "-P", "-m", "proctor", *arguments])
    script = f"{mounts} && cd / && exec {WAYS[way]} {program}"
    command = ["unshare", "--mount", "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)


@pytest.mark.parametrize("tier", WAYS)
def test_doctor_as_an_ordinary_user(tier: str, checkout: Path) -> None:
    done = as_ordinary_user(tier, checkout, "doctor", "--sandbox", "namespace", "--json")
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert done.stdout.startswith("{"), done.stderr
    found = json.loads(done.stdout)
    assert found["tier"] == tier
    assert {p["name"] for p in found["promises"]} >= SECURITY
    assert [p["breaches"] for p in found["promises"] if p["name"] in SECURITY and not p["kept"]] == []


def test_the_whole_service_as_an_ordinary_user(checkout: Path) -> None:
    """Redis, API, workers and sandboxes, all of them of that user."""
    done = as_ordinary_user("B", checkout, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every verdict is as expected" in done.stdout
