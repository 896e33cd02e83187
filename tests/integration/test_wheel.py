"""The wheel as a user gets it: built, installed into an empty environment, imported."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(out), str(ROOT)], check=True, timeout=240
    )
    (found,) = out.glob("proctor_rewards-*.whl")
    return found


def test_wheel_ships_service_and_supervisor(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "proctor/cli.py",
        "proctor/py.typed",
        "proctor/wire/request.py",
        "proctor/sandbox/seccomp.json",
        "proctor/doctor/attacks/network.py",
        "proctor/judge/datasets/drivers/evalplus.py",
        "proctor_supervisor/main.py",
        "proctor_supervisor/protocol.py",
        "proctor_supervisor/pair/candidate.py",
    } <= names
    assert any(n.startswith("proctor/jobs/lua/") and n.endswith(".lua") for n in names)
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]


def test_client_needs_only_httpx_and_pydantic(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    python = venv / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(wheel)], check=True, timeout=240)
    code = (
        "import sys, proctor.client as c; c.RewardClient; c.AsyncRewardClient;"
        "assert not {'fastapi', 'redis', 'rq', 'docker', 'uvicorn'} & set(sys.modules)"
    )
    subprocess.run([str(python), "-c", code], check=True, timeout=60)


def test_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """The source distribution, built and installed in an empty environment, holds what the checkout's wheel does."""
    backend = f"import os, hatchling.build as b; os.chdir({str(ROOT)!r}); print(b.build_sdist({str(tmp_path)!r}))"
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    python = venv / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", "hatchling"], check=True, timeout=240)
    subprocess.run([str(python), "-c", backend], check=True, timeout=120)
    (sdist,) = tmp_path.glob("proctor_rewards-*.tar.gz")
    again = [str(python), "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path / "again"), str(sdist)]
    subprocess.run(again, check=True, timeout=240)
    (rebuilt,) = (tmp_path / "again").glob("*.whl")
    assert rebuilt.name == wheel.name
    assert set(zipfile.ZipFile(rebuilt).namelist()) == set(zipfile.ZipFile(wheel).namelist())
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-deps", str(sdist)], check=True, timeout=240)
    code = "import proctor, importlib.metadata as m; assert m.version('proctor-rewards') == proctor.__version__"
    subprocess.run([str(python), "-c", code], check=True, timeout=60)


def test_the_version_stands_in_one_place() -> None:
    """Manifests and images follow it (tests/deploy); nothing else in the package repeats it."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "service/proctor/__init__.py"
