"""`proctor score` and `proctor demo`, as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from serving import PROCTOR, Service, serving, square

from proctor.demo.run import plain, problems


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("s"), "--workers", "2") as service:
        yield service


def write(file: Path, samples: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(s) + "\n" for s in samples))
    return file


def score(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    command = [PROCTOR, "score", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def test_scores_a_file(service: Service, tmp_path: Path) -> None:
    wrong = {**square("w"), "completion": "print(5)"}
    file = write(tmp_path / "a.jsonl", [square(i) for i in range(30)] + [wrong])
    done = score(file, "--url", service.base)
    assert done.returncode == 0, done.stderr
    results = read(tmp_path / "a.results.jsonl")
    assert [r["index"] for r in results] == list(range(31))
    assert [r["verdict"] for r in results] == ["passed"] * 30 + ["wrong_answer"]
    assert "31 of 31" in done.stdout
    assert "wrong_answer" in done.stdout


def test_goes_on_where_it_was(service: Service, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [square(f"go {i}") for i in range(20)])
    out = tmp_path / "o.jsonl"
    assert score(file, "--url", service.base, "--out", out).returncode == 0
    lines = out.read_bytes().splitlines(keepends=True)
    marked = json.loads(lines[3]) | {"reward": 0.125}
    cut = [json.dumps(marked).encode() + b"\n", *lines[4:9], lines[9][:40]]
    out.write_bytes(b"".join(cut))
    done = score(file, "--url", service.base, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "6 of 20 are done" in done.stdout
    results = read(out)
    assert [r["index"] for r in results] == list(range(20))
    assert results[3]["reward"] == 0.125  # taken over, not scored again


def test_results_that_a_second_try_may_better_are_scored_again(service: Service, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [square(f"inv {i}") for i in range(4)])
    out = tmp_path / "o.jsonl"
    assert score(file, "--url", service.base, "--out", out).returncode == 0
    results = read(out)
    results[2] |= {"verdict": "invalid", "reward": None, "error": {"code": "sandbox_unavailable", "message": "x"}}
    write(out, results)
    assert score(file, "--url", service.base, "--out", out).returncode == 0
    assert [r["verdict"] for r in read(out)] == ["passed"] * 4


def test_results_of_another_file_or_reward_are_not_mixed(service: Service, tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    file = write(tmp_path / "a.jsonl", [square("a")])
    assert score(file, "--url", service.base, "--out", out).returncode == 0
    before = out.read_bytes()
    other = score(write(tmp_path / "b.jsonl", [square("b")]), "--url", service.base, "--out", out)
    policy = score(file, "--url", service.base, "--out", out, "--policy", "outcome")
    for done in (other, policy):
        assert done.returncode == 1
        assert "something else" in done.stderr
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"completion": ', "line 2:"),
        (b'{"completion": "\xff"}', "line 2:"),
        (b'{"tests": "x"}', "line 2: /completion: Field required"),
        (b'{"completion": "x", "tests": "y", "odd": 1}', "line 2: /odd: Unknown field"),
    ],
)
def test_bad_lines_are_named_and_nothing_is_scored(tmp_path: Path, line: bytes, told: str) -> None:
    good = json.dumps(square("good")).encode()
    (tmp_path / "a.jsonl").write_bytes(good + b"\n" + line + b"\n\n" + good)
    done = score(tmp_path / "a.jsonl", "--url", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_faults_that_the_service_finds_name_the_line(service: Service, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [square(i) for i in range(3)] + [square("c", language="cobol")])
    done = score(file, "--url", service.base)
    assert done.returncode == 1
    assert "line 4: /language: " in done.stderr


def test_embedded_interrupted_and_finished(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    file = write(tmp_path / "a.jsonl", [square(i, 0.2) for i in range(120)])
    out = tmp_path / "a.results.jsonl"
    environment = {**os.environ, "TMPDIR": str(folder)}
    command = [PROCTOR, "score", str(file), "--workers", "2", "--sandbox", "namespace"]
    listening = ["env", "--default-signal=INT", *command]  # a shell's background job, as CI may be, ignores it
    process = subprocess.Popen(listening, env=environment, stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not out.exists() or out.read_bytes().count(b"\n") < 5:
        assert time.monotonic() < end
        time.sleep(0.05)
    tree = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run again to go on" in told
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert alive == []
    assert list(folder.rglob("*")) == []
    kept = {r["index"] for r in read(out)}
    assert 5 <= len(kept) < 120
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} of 120 are done" in done.stdout
    assert [(r["index"], r["verdict"]) for r in read(out)] == [(i, "passed") for i in range(120)]
    assert list(folder.rglob("*")) == []


def test_demo(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [PROCTOR, "demo", "--sandbox", "namespace"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "reward" in done.stdout
    assert "\x1b" not in done.stdout
    assert list(tmp_path.rglob("*")) == []


def test_demo_tells_what_is_not_as_expected(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    from proctor.demo import run

    wrong = problems()[0]
    monkeypatch.setattr(run, "problems", lambda: [run.Problem(wrong.about, "time_limit", wrong.sample)])
    with pytest.raises(typer.Exit) as caught:
        run.demo(url=service.base)
    assert caught.value.exit_code == 1


def test_what_code_prints_is_shown_as_text() -> None:
    assert plain("a\x1b[31m\nb\ud800\u202e", 80) == "a?[31m?b??"
    assert len(plain("x" * 500, 44)) == 44


DATA = Path(os.environ.get("PROCTOR_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))


def published(name: str) -> list[dict[str, Any]]:
    """Reference and stub of every problem of a file of the shared data, in turn."""
    if not (DATA / f"{name}.jsonl").exists():
        pytest.skip(f"{DATA / name}.jsonl is not here, so the published problems are not scored")
    samples = []
    for row in read(DATA / f"{name}.jsonl"):
        listed = row["tests"] if isinstance(row["tests"], list) else [row["tests"]]
        code = "\n".join([row.get("test_setup") or "", *listed])
        tests = {"kind": "script", "code": code, "entry_point": row["entry_point"] if name == "humaneval" else None}
        samples += [{"completion": row[k], "tests": tests} for k in ("reference_solution", "stub_solution")]
    return samples


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "count"), [("humaneval", 164), ("mbpp", 487)])
def test_published_problems(service: Service, tmp_path: Path, name: str, count: int) -> None:
    """Every reference passes, every stub fails, none is invalid."""
    file = write(tmp_path / f"{name}.jsonl", published(name))
    done = score(file, "--url", service.base, timeout=240)
    assert done.returncode == 0, done.stderr
    verdicts = [r["verdict"] for r in read(tmp_path / f"{name}.results.jsonl")]
    assert verdicts[0::2] == ["passed"] * count
    assert len(verdicts[1::2]) == count
    assert not {"passed", "invalid"} & set(verdicts[1::2])
