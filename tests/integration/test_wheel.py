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
