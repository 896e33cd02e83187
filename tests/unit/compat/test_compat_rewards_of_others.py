"""The reward protocols: OpenRLHF, slime, NeMo-Gym; and code-judge."""

from __future__ import annotations

from typing import Any

import pytest
from compat_fakes import LABEL, FakePorts, Http, account, app_of

from proctor.api.compat import openrlhf
from proctor.wire import StdioTests


def test_get_reward(http: Http, ports: FakePorts) -> None:
    query = ["Square it.\ngood</s>", "Square it.\nbad</s>"]
    answer = http.post("/get_reward", json={"query": query, "prompts": ["Square it.\n"] * 2, "labels": [LABEL] * 2})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["rewards"], told["scores"]) == ([1.5, 0.0], [1.0, 0.0])
    assert all(len(v) == 2 for v in told["extra_logs"].values())
    sample = ports.batches[0].samples[0]
    assert sample.completion == "good"
    assert isinstance(sample.tests, StdioTests)


def test_get_reward_without_prompts_and_with_one_query(http: Http) -> None:
    assert http.post("/get_reward", json={"query": "good", "labels": [LABEL]}).json()["rewards"] == [1.5]


def test_options_in_the_url(http: Http, ports: FakePorts) -> None:
    url = "/get_reward?policy=outcome&format=think&w_outcome=2&reasoning_open=true"
    assert http.post(url, json={"query": ["good"], "prompts": ["p"], "labels": [LABEL]}).status_code == 200
    batch = ports.batches[0]
    assert (batch.reward.policy, batch.reward.format, batch.reward.weights.outcome) == ("outcome", "think", 2.0)
    assert batch.samples[0].reasoning_open


@pytest.mark.parametrize(
    "query", ["policy=soft-gate", "policy=best", "w_outcome=many", "colour=red", "reasoning_open=1"]
)
def test_odd_options(http: Http, query: str) -> None:
    answer = http.post(f"/slime?{query}", json={"prompt": "p", "response": "good", "label": LABEL})
    assert answer.status_code == 422


def test_what_failed_is_asked_again(http: Http, ports: FakePorts) -> None:
    ports.script = ["overloaded", "invalid"]
    body = {"query": ["good"], "prompts": [""], "labels": [LABEL]}
    assert http.post("/get_reward", json=body).json()["rewards"] == [1.5]


def test_503_and_never_a_number_when_patience_ends(
    http: Http, ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openrlhf, "PATIENCE_S", 0.05)
    ports.script = ["slow"]
    answer = http.post("/get_reward", json={"query": ["good"], "prompts": [""], "labels": [LABEL]})
    assert answer.status_code == 503
    assert "rewards" not in answer.json()


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"query": [], "prompts": [], "labels": []},
        {"query": ["a"], "prompts": ["p"], "labels": []},
        {"query": [1], "prompts": ["p"], "labels": [LABEL]},
        {"query": ["a"], "prompts": ["p"], "labels": [None]},
        {"query": ["a"], "prompts": ["p"], "labels": ["no tests"]},
        {"query": ["a"], "prompts": ["p"]},
    ],
)
def test_faults_of_get_reward(http: Http, body: Any) -> None:
    assert http.post("/get_reward", json=body).status_code == 422


def test_slime(http: Http, ports: FakePorts) -> None:
    body = {"prompt": [{"role": "user", "content": "Square it."}], "response": "good<|im_end|>", "label": LABEL}
    assert http.post("/slime", json=body).json() == 1.5
    sample = ports.batches[0].samples[0]
    assert (sample.prompt, sample.completion) == ("Square it.", "good")
    assert http.post("/slime?reward_key=score", json=body).json()["score"] == 1.5
    assert http.post("/slime", json={"prompt": "p", "response": "good", "label": None}).status_code == 422
    assert http.post("/slime", json={"prompt": "p", "response": None, "label": LABEL}).status_code == 422


def verify_body(**metadata: Any) -> dict[str, Any]:
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "good"}]}
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "because"}]}
    return {
        "responses_create_params": {"input": "Square it.", "tools": []},
        "response": {"id": "r", "output": [reasoning, message]},
        "verifier_metadata": metadata,
        "task_index": 7,
    }


def test_nemo_gym(http: Http, ports: FakePorts) -> None:
    assert http.post("/seed_session", json={"anything": 1}).json() == {}
    body = verify_body(unit_tests={"inputs": ["2\n"], "outputs": ["4\n"], "fn_name": None})
    told = http.post("/verify", json=body).json()
    assert {k: told[k] for k in body} == body  # the echo
    assert told["reward"] == sum(told["reward_components"].values()) == 1.5
    assert ports.batches[0].samples[0].reasoning == "because"
    own = verify_body(tests={"kind": "script", "code": "assert True"})
    assert http.post("/verify", json=own).json()["reward"] == 1.5


@pytest.mark.parametrize("odd", [{}, {"response": {"output": "x"}}, {"response": None}, verify_body()])
def test_faults_of_verify(http: Http, odd: dict[str, Any]) -> None:
    assert http.post("/verify", json=odd).status_code == 422


def submission(**fields: Any) -> dict[str, Any]:
    return {"type": "python", "solution": "print(1)", "input": "", "expected_output": "1", **fields}


def test_code_judge(http: Http, ports: FakePorts) -> None:
    ports.account = account(stdout=b"1\n")
    submissions = [submission(sub_id="a"), submission(expected_output="2"), submission(expected_output=None)]
    told = http.post("/judge/batch", json={"type": "batch", "sub_id": "b", "submissions": submissions}).json()
    assert told["sub_id"] == "b"
    assert told["results"][0] == {"sub_id": "a", "success": True, "run_success": True, "cost": 0.02, "reason": ""}
    assert [r["success"] for r in told["results"]] == [True, False, True]
    assert [r["run_success"] for r in told["results"]] == [True, True, True]
    ports.account = account(exit_code=None, stopped="cpu")
    late = http.post("/judge/batch", json={"type": "batch", "submissions": [submission()]}).json()["results"][0]
    assert (late["success"], late["reason"]) == (False, "worker_timeout")


@pytest.mark.parametrize("odd", [[], [3], [submission(solution=None)], [submission(type=None)]])
def test_faults_of_code_judge(http: Http, odd: Any) -> None:
    assert http.post("/judge/batch", json={"type": "batch", "submissions": odd}).status_code == 422


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("serve_sandbox_fusion", "/run_code"),
        ("serve_piston", "/api/v2/execute"),
        ("serve_openrlhf", "/get_reward"),
        ("serve_slime", "/slime"),
        ("serve_nemo_gym", "/verify"),
        ("serve_code_judge", "/judge/batch"),
    ],
)
def test_each_can_be_switched_off(setting: str, path: str) -> None:
    on, off = Http(app_of(FakePorts())), Http(app_of(FakePorts(), **{setting: False}))
    assert on.post(path, json={}).status_code != 404
    assert off.post(path, json={}).status_code == 404
