"""The protocols of others over a real service: code runs, resends join, outages are waited out."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from serving import Service, serving

LABEL = json.dumps({"inputs": ["2\n"], "outputs": ["4\n"]})
GOOD = "```python\nprint(int(input()) ** 2)\n```"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("compat"), "--workers", "2") as service:
        yield service


def run_code(service: Service, code: str, **fields: Any) -> dict[str, Any]:
    """As verl's client: a 504, which a busy machine may bring, is sent again, three tries in all."""
    for _ in range(3):
        answer = httpx.post(f"{service.base}/run_code", json={"code": code, "language": "python", **fields}, timeout=60)
        if answer.status_code != 504:
            break
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_output_larger_than_a_pipe(service: Service) -> None:
    answer = run_code(service, "import sys; print('x' * 300_000); print('y' * 200_000, file=sys.stderr)")
    assert answer["status"] == "Success"
    assert (len(answer["run_result"]["stdout"]), len(answer["run_result"]["stderr"])) == (300_001, 200_001)


def test_output_beyond_the_limit_is_a_failure_and_comes_cut(service: Service) -> None:
    answer = run_code(service, "while True: print('x' * 10_000)")
    assert (answer["status"], answer["run_result"]["return_code"]) == ("Failed", -9)
    assert 0 < len(answer["run_result"]["stdout"]) <= 4096 << 10


def test_files_in_and_out(service: Service) -> None:
    code = (
        "import os, sys; d = open('d/i', 'rb').read(); open('o', 'wb').write(d[::-1]); print(sorted(os.listdir('.')))"
    )
    files = {"d/i": base64.b64encode(bytes(range(256))).decode()}
    answer = run_code(service, code, files=files, fetch_files=["o", "missing"])
    assert base64.b64decode(answer["files"]["o"]) == bytes(range(256))[::-1]
    assert set(answer["files"]) == {"o"}


@pytest.mark.parametrize(
    ("code", "status", "return_code"),
    [
        ("raise SystemExit(7)", "Finished", 7),
        ("import ctypes; ctypes.string_at(0)", "Finished", -11),
        ("def broken(:", "Finished", 1),
        ("while True: pass", "TimeLimitExceeded", None),
        ("import time; time.sleep(60)", "TimeLimitExceeded", None),
        ("x = bytearray(2 << 30)", "Finished", 1),
    ],
)
def test_ends(service: Service, code: str, status: str, return_code: int | None) -> None:
    answer = run_code(service, code, run_timeout=1, memory_limit_MB=256)
    assert answer["status"] == "Failed"
    result = answer["run_result"]
    assert result["status"] == status
    assert result["return_code"] == return_code or "bytearray" in code


def test_a_syntax_error_is_shown(service: Service) -> None:
    assert "SyntaxError" in run_code(service, "def broken(:")["run_result"]["stderr"]


def test_stdin_of_any_kind(service: Service) -> None:
    text = "ä\x00\u2028\n"
    answer = run_code(service, "import sys; print(ascii(sys.stdin.read()))", stdin=text)
    assert answer["run_result"]["stdout"] == ascii(text) + "\n"


def test_a_resend_joins_the_work(service: Service) -> None:
    code = "import time, uuid; time.sleep(1.0); print(uuid.uuid4())"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: run_code(service, code), range(4)))
    assert len({a["run_result"]["stdout"] for a in answers}) == 1


def test_piston(service: Service) -> None:
    runtimes = httpx.get(f"{service.base}/api/v2/runtimes").json()
    assert "python" in [r["language"] for r in runtimes]
    files = [{"name": "m.py", "content": "import sys, lib; print(sys.argv[1:], lib.x, input())"}]
    files.append({"name": "lib.py", "content": "x = 1"})
    body = {"language": "py", "version": "3.x", "files": files, "stdin": "in", "args": ["a"], "run_timeout": 3000}
    run = httpx.post(f"{service.base}/api/v2/execute", json=body, timeout=60).json()["run"]
    assert (run["stdout"], run["code"], run["status"]) == ("['a'] 1 in\n", 0, None)


def test_code_judge(service: Service) -> None:
    def submission(solution: str, expected: str | None) -> dict[str, Any]:
        return {"type": "python", "solution": solution, "input": "3\n", "expected_output": expected}

    square = "print(int(input()) ** 2)"
    submissions = [
        submission(square, " 9 \n"),
        submission(square, "8"),
        submission(square, None),
        submission("1/0", "9"),
    ]
    body = {"type": "batch", "submissions": submissions}
    results = httpx.post(f"{service.base}/judge/batch", json=body, timeout=60).json()["results"]
    assert [(r["success"], r["run_success"]) for r in results] == [
        (True, True),
        (False, True),
        (True, True),
        (False, False),
    ]


def test_a_run_is_isolated_as_any_sample(service: Service) -> None:
    code = (
        "import socket\ntry: socket.create_connection(('127.0.0.1', 1))\nexcept OSError as e: print(type(e).__name__)"
    )
    answer = run_code(service, code)
    assert "ConnectionRefused" not in answer["run_result"]["stdout"]


def test_killed_workers_are_waited_out(tmp_path: Path) -> None:
    """Workers die in mid-run: no foreign client sees a number for it, or an error."""
    with serving(tmp_path, "--workers", "1") as service, ThreadPoolExecutor(2) as pool:
        slow = "import time; time.sleep(2); print('done')"
        running = pool.submit(run_code, service, slow)
        body = {"query": ["```python\nimport time; time.sleep(1)\nprint(int(input()) ** 2)\n```"], "labels": [LABEL]}
        scoring = pool.submit(httpx.post, f"{service.base}/get_reward", json=body, timeout=120)
        time.sleep(1)
        for worker in service.named("proctor worker"):
            worker.send_signal(signal.SIGKILL)
        assert running.result(60)["run_result"]["stdout"] == "done\n"
        assert scoring.result(60).json()["rewards"] == [1.0]


def test_without_workers_504_and_503_and_no_number(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "1") as service:
        stop = threading.Event()

        def keep_away() -> None:
            while not stop.wait(0.02):
                for worker in service.named("proctor worker"):
                    try:
                        worker.kill()
                        away.set()
                    except psutil.Error:
                        pass

        away = threading.Event()
        keeper = threading.Thread(target=keep_away)
        keeper.start()
        try:
            assert away.wait(10)
            asked = {"code": "print(1)", "language": "python", "run_timeout": 0.5, "compile_timeout": 0.5}
            answer = httpx.post(f"{service.base}/run_code", json=asked, timeout=30)
            assert answer.status_code == 504
        finally:
            stop.set()
            keeper.join()
        answer = httpx.post(f"{service.base}/run_code", json=asked, timeout=60)
        assert answer.status_code in (200, 504)


def test_samples_sent_one_by_one_have_the_rewards_of_a_batch(service: Service) -> None:
    tests = {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "4\n"}]}
    codes = [f"print({n})  # {i}" for i, n in enumerate([4, 5, 4, 6, 4, 4, 3, 4])]
    batch = {"samples": [{"completion": c, "tests": tests, "group": "p"} for c in codes]}
    whole = httpx.post(f"{service.base}/v1/rewards", json=batch, timeout=60).json()
    label = json.dumps(tests)

    def one(code: str) -> float:
        body = {"prompt": "p", "response": code, "label": label}
        return float(httpx.post(f"{service.base}/slime", json=body, timeout=60).json())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, codes)) == [r["reward"] for r in whole["results"]]
