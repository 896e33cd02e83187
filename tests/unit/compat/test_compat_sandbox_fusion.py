"""SandboxFusion's words, as its SDK and verl read them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from compat_fakes import FakePorts, Http, account

from proctor.api.compat import sandbox_fusion


def body(**fields: Any) -> dict[str, Any]:
    return {"code": "print(1)", "language": "python", **fields}


def test_a_run_that_ends_well(http: Http, ports: FakePorts) -> None:
    ports.account = account(stdout=b"1\n", stderr=b"\xff", files={"o.txt": b"hi"})
    asked = body(
        stdin="x", files={"d/i.txt": "aGk=", "none": None}, fetch_files=["o.txt"], memory_limit_MB=512, other=1
    )
    answer = http.post("/run_code", json=asked)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "Success",
        "message": "",
        "compile_result": None,
        "run_result": {
            "status": "Finished",
            "execution_time": 0.02,
            "return_code": 0,
            "stdout": "1\n",
            "stderr": "\ufffd",
        },
        "executor_pod_name": None,
        "files": {"o.txt": base64.b64encode(b"hi").decode()},
    }
    run = ports.runs[0]
    assert (run.stdin, run.files, run.fetch) == ("x", {"d/i.txt": b"hi"}, ("o.txt",))
    assert run.limits.memory_mib == 512


@pytest.mark.parametrize(
    ("fields", "status", "run_status", "code"),
    [
        ({"exit_code": 3}, "Failed", "Finished", 3),
        ({"exit_code": None, "signal": 11}, "Failed", "Finished", -11),
        ({"exit_code": None, "signal": 9, "stopped": "memory"}, "Failed", "Finished", -9),
        ({"exit_code": None, "signal": 9, "stopped": "cpu"}, "Failed", "TimeLimitExceeded", None),
        ({"exit_code": None, "signal": 9, "stopped": "wall"}, "Failed", "TimeLimitExceeded", None),
        ({"exit_code": None, "compile_error": "SyntaxError"}, "Failed", "Finished", 1),
    ],
)
def test_runs_that_do_not(
    http: Http, ports: FakePorts, fields: dict[str, Any], status: str, run_status: str, code: int | None
) -> None:
    ports.account = account(**fields)
    answer = http.post("/run_code", json=body()).json()
    assert (answer["status"], answer["run_result"]["status"], answer["run_result"]["return_code"]) == (
        status,
        run_status,
        code,
    )
    assert answer["compile_result"] is None


def test_a_compiler_has_a_result_of_its_own(http: Http, ports: FakePorts) -> None:
    ports.account = account(exit_code=None, compile_error="expected ;")
    answer = http.post("/run_code", json=body(language="cpp")).json()
    assert answer["run_result"] is None
    assert answer["compile_result"]["return_code"] == 1
    assert answer["compile_result"]["stderr"] == "expected ;"


def test_it_waits_through_overload_and_our_failures(http: Http, ports: FakePorts) -> None:
    ports.script = ["overloaded", "invalid", "overloaded"]
    assert http.post("/run_code", json=body()).status_code == 200
    # A refused batch is asked for under the same key, one that failed under the next.
    first, again, second, third = ports.keys
    assert first == again != second == third


def test_504_before_the_client_gives_up(http: Http, ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_fusion, "BEFORE_CLIENT_S", 0.1)
    monkeypatch.setattr(sandbox_fusion, "LEAST_PATIENCE_S", 0.05)
    ports.script = ["slow"]
    assert http.post("/run_code", json=body(run_timeout=0.1, compile_timeout=0.1)).status_code == 504


def test_patience_is_less_than_verls() -> None:
    limits = FakePorts().limits_max
    for timeout in (1, 10, 30):
        _, patience_s = sandbox_fusion.run_of(body(run_timeout=timeout, compile_timeout=timeout), limits, limits)
        assert patience_s < 2 * timeout + 10


@pytest.mark.parametrize(
    "odd",
    [
        {"code": 3},
        {"language": "cobol"},
        {"run_timeout": 0},
        {"run_timeout": "10"},
        {"files": {"../x": ""}},
        {"files": {"/etc/x": ""}},
        {"files": {"x": "no base64!"}},
        {"fetch_files": ["../../etc/passwd"]},
        {"files": ["x"]},
    ],
)
def test_faults_are_the_clients(http: Http, odd: dict[str, Any]) -> None:
    assert http.post("/run_code", json=body(**odd)).status_code == 422


def test_ping(http: Http) -> None:
    assert http.get("/v1/ping").json() == "pong"
