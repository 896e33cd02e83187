"""Piston's words."""

from __future__ import annotations

from typing import Any

import pytest
from compat_fakes import FakePorts, Http, account

from proctor.api.compat import piston


def body(**fields: Any) -> dict[str, Any]:
    return {"language": "python", "version": "*", "files": [{"content": "print(1)"}], **fields}


def test_a_run(http: Http, ports: FakePorts) -> None:
    ports.account = account(exit_code=3, stdout=b"out", stderr=b"err")
    files = [{"name": "m.py", "content": "x"}, {"name": "d.bin", "content": "AAE=", "encoding": "base64"}]
    files.append({"name": "e.bin", "content": "0a", "encoding": "hex"})
    answer = http.post("/api/v2/execute", json=body(files=files, stdin="in", args=["a", 1], run_timeout=3000)).json()
    assert answer == {
        "language": "python",
        "version": "3.11.2",
        "run": {
            "stdout": "out",
            "stderr": "err",
            "output": "outerr",
            "code": 3,
            "signal": None,
            "memory": round(9.5 * 2**20),
            "message": None,
            "status": "RE",
            "cpu_time": 10,
            "wall_time": 20,
        },
    }
    run = ports.runs[0]
    assert (run.code, run.files, run.argv) == ("x", {"d.bin": b"\0\1", "e.bin": b"\n"}, ("a", "1"))
    assert run.limits.cpu_s == 3


@pytest.mark.parametrize(
    ("fields", "status", "signal"),
    [
        ({"exit_code": 0}, None, None),
        ({"exit_code": None, "signal": 6}, "SG", "SIGABRT"),
        ({"exit_code": None, "signal": 9, "stopped": "wall"}, "TO", "SIGKILL"),
        ({"exit_code": None, "stopped": "output"}, "OL", "SIGKILL"),
        ({"exit_code": None, "signal": 9, "stopped": "memory"}, "SG", "SIGKILL"),
    ],
)
def test_ends(http: Http, ports: FakePorts, fields: dict[str, Any], status: str | None, signal: str | None) -> None:
    ports.account = account(**fields)
    run = http.post("/api/v2/execute", json=body()).json()["run"]
    assert (run["status"], run["signal"]) == (status, signal)
    assert run["code"] == (None if signal else 0)


def test_compile_stages(http: Http, ports: FakePorts) -> None:
    ports.account = account(exit_code=None, compile_error="expected ;")
    compiled = http.post("/api/v2/execute", json=body(language="c++")).json()
    assert (compiled["compile"]["code"], compiled["compile"]["stderr"]) == (1, "expected ;")
    interpreted = http.post("/api/v2/execute", json=body()).json()
    assert "compile" not in interpreted
    assert (interpreted["run"]["code"], interpreted["run"]["stderr"]) == (1, "expected ;")


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"language": None}, "language is required as a string"),
        ({"version": 3}, "version is required as a string"),
        ({"files": {}}, "files is required as an array"),
        ({"files": [{"name": "x"}]}, "files[0].content is required as a string"),
        ({"language": "cobol"}, "cobol-* runtime is unknown"),
        ({"version": "2.7"}, "python-2.7 runtime is unknown"),
        ({"run_timeout": 10**9}, "run_timeout cannot exceed the configured limit of 900000"),
        ({"run_memory_limit": 2**40}, "run_memory_limit cannot exceed the configured limit of 8589934592"),
    ],
)
def test_faults_in_pistons_words(http: Http, odd: dict[str, Any], told: str) -> None:
    answer = http.post("/api/v2/execute", json=body(**odd))
    assert (answer.status_code, answer.json()) == (400, {"message": told})


@pytest.mark.parametrize("version", ["*", "3", "3.x", "3.11", "3.11.2", "^3.10", "~3.11.0", ">3"[1:]])
def test_versions(http: Http, version: str) -> None:
    assert http.post("/api/v2/execute", json=body(version=version)).status_code == 200


def test_overload_is_a_503_with_a_message(http: Http, ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piston, "PATIENCE_S", 0.05)
    ports.script = ["slow"]
    answer = http.post("/api/v2/execute", json=body())
    assert answer.status_code == 503
    assert "message" in answer.json()


def test_runtimes(http: Http) -> None:
    runtimes = http.get("/api/v2/runtimes").json()
    assert {"language": "c++", "version": "12.2.0", "aliases": ["cpp", "g++"]} in runtimes
    assert any("py" in r["aliases"] for r in runtimes)
