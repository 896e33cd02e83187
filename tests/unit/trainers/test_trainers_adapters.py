"""Each adapter, called as its trainer calls it."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from trainer_fakes import TESTS, AsyncFlaky, Flaky

from proctor.client import InvalidRequest, RewardClient
from proctor.trainers import areal, nemo_gym, openrlhf, shared, skyrl, slime, swift, verifiers, verl
from proctor.trainers.scoring import Scoring
from proctor.trainers.tally import Unscorable
from proctor.trainers.trl import AsyncProctorReward, ProctorReward

LABEL = '{"inputs": ["2\\n"], "outputs": ["4\\n"]}'
ADAPTERS = ["areal", "nemo_gym", "openrlhf", "skyrl", "slime", "swift", "trl", "unsloth", "verifiers", "verl"]
TRAINERS = ["torch", "trl", "verl", "openrlhf", "slime", "swift", "nemo_gym", "verifiers", "areal", "skyrl_gym"]


@pytest.fixture(autouse=True)
def nothing_shared() -> None:
    shared._made.clear()


@pytest.mark.parametrize("name", ADAPTERS)
def test_imports_without_its_trainer(name: str) -> None:
    blocked = f"import sys; sys.modules.update(dict.fromkeys({TRAINERS!r}))"
    done = subprocess.run([sys.executable, "-c", f"{blocked}; import proctor.trainers.{name}"], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


# TRL


def test_trl_plain_and_conversational() -> None:
    client = Flaky()
    reward = ProctorReward(client=client)
    assert reward(prompts=["p", "p"], completions=["good", "bad"], completion_ids=[[1], [2]], tests=[TESTS] * 2) == [
        1.5,
        0.0,
    ]
    talk = [[{"role": "assistant", "content": "good", "reasoning_content": "because"}]]
    asked = [[{"role": "user", "content": "Square it."}]]
    assert reward(prompts=asked, completions=talk, tests=[TESTS]) == [1.5]
    sample = client.calls[1][0]
    assert (sample.prompt, sample.completion, sample.reasoning) == ("Square it.", "good", "because")


def test_trl_masks_what_cannot_be_scored_and_wraps_others() -> None:
    client = Flaky()
    reward = ProctorReward(client=client)

    def brevity(completions: list[str], **_: Any) -> list[float]:
        return [-1.0] * len(completions)

    masked = reward.beside(brevity)
    call = {"prompts": ["p"] * 2, "completions": ["good", "lost"], "tests": [TESTS] * 2}
    assert masked(**call) == [-1.0, None]  # before it
    assert reward(**call) == [1.5, None]
    assert reward.beside(brevity)(**call) == [-1.0, None]  # behind it
    assert len(client.calls) == 1  # scored once for all of them
    assert masked.__name__ == "brevity"


async def test_trl_asynchronous() -> None:
    client = AsyncFlaky()
    reward = AsyncProctorReward(async_client=client)

    async def other(completions: list[str], **_: Any) -> list[float]:
        return [2.0] * len(completions)

    call = {"completions": ["good", "lost"], "tests": [TESTS] * 2}  # the async trainer passes columns alone
    first, second = await asyncio.gather(reward.beside(other)(**call), reward(**call))
    assert (first, second) == ([2.0, None], [1.5, None])
    assert len(client.calls) == 1


def test_trl_outage_is_none_and_no_crash() -> None:
    reward = ProctorReward(client=Flaky("down"))
    assert reward(prompts=["p"], completions=["good"], tests=[TESTS]) == [None]


def test_trl_logs_components() -> None:
    metrics: dict[str, float] = {}
    extra: dict[str, list[Any]] = {}
    reward = ProctorReward(client=Flaky())
    reward(
        prompts=["p"] * 3,
        completions=["good", "bad", "lost"],
        tests=[TESTS] * 3,
        log_metric=metrics.__setitem__,
        log_extra=extra.__setitem__,
        trainer_state=SimpleNamespace(global_step=7),
    )
    assert metrics["proctor/invalid"] == pytest.approx(1 / 3)
    assert metrics["proctor/passed"] == 0.5
    assert metrics["proctor/thinking_term"] == 0.25
    assert extra["proctor/verdict"] == ["passed", "wrong_answer", "invalid"]


def test_trl_tests_by_mapping() -> None:
    client = Flaky()
    by_name = ProctorReward(client=client, tests="cases", columns={"language": "lang"})
    by_name(completions=["good"], cases=[LABEL], lang=["python"], language=["en"])
    assert client.calls[-1][0].language == "python"
    by_function = ProctorReward(client=client, tests=lambda row: {"kind": "script", "code": row["check"]})
    by_function(completions=["good"], check=["assert True"])
    assert client.calls[-1][0].tests.code == "assert True"  # type: ignore[union-attr]
    by_dataset = ProctorReward(client=client, dataset="mbpp")
    by_dataset(completions=["good"], test_list=[["assert f() == 1"]], text=["…"])
    assert client.calls[-1][0].tests.row == {"test_list": ["assert f() == 1"], "text": "…"}  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="no column 'cases'"):
        by_name(completions=["good"], tests=[LABEL])


def test_trl_name_and_pickle() -> None:
    reward = ProctorReward("http://127.0.0.1:1", name="code", tests="t")
    again = pickle.loads(pickle.dumps(reward))
    assert again.__name__ == "code"
    assert again.scoring.url == "http://127.0.0.1:1"
    assert pickle.loads(pickle.dumps(AsyncProctorReward())).__name__ == "proctor"


def test_a_group_split_over_requests_has_the_same_rewards() -> None:
    completions = ["good", "bad", "good and more", "worse"]
    whole = ProctorReward(client=Flaky())(prompts=["p"] * 4, completions=completions, tests=[TESTS] * 4)
    reward = ProctorReward(client=Flaky())
    split = [reward(prompts=["p"], completions=[c], tests=[TESTS])[0] for c in completions]
    assert split == whole


# what all of them share


def test_wait_waits_and_then_scores() -> None:
    client = Flaky("down", "thinking_unavailable", "deadline_exceeded", "up")
    scoring = Scoring(client=client, on_invalid="wait")
    sample = scoring.sample("good", "p", {"tests": TESTS})
    assert [s.reward for s in scoring.score([sample])] == [1.5]
    assert len(client.calls) == 4


def test_mistakes_of_ours_are_raised_whatever_on_invalid_says() -> None:
    class Refusing(Flaky):
        def score(self, samples: Any, **options: Any) -> Any:
            raise InvalidRequest(422, "invalid_request", "no")

    with pytest.raises(InvalidRequest):
        ProctorReward(client=Refusing())(completions=["good"], tests=[TESTS])


def test_odd_options() -> None:
    with pytest.raises(TypeError, match="unknown options: colour"):
        Scoring(colour="red")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="unknown fields: lang"):
        Scoring(columns={"lang": "x"})
    with pytest.raises(ValueError, match="soft-gate"):
        Scoring(reward="soft-gate")
    with pytest.raises(ValueError, match="zero of None"):
        swift.orm(on_invalid="none")


# the others


async def test_verl() -> None:
    options = {"client": Flaky(), "async_client": AsyncFlaky(), "on_invalid": -1.0, "reward_router_address": "x"}
    call = {"data_source": "taco", "ground_truth": LABEL, "extra_info": {"index": 3, "problem": "Square it."}}
    passed = await verl.compute_score_async(solution_str="good", **call, **options)
    failed = verl.compute_score(solution_str="bad", **call, **options)
    lost = verl.compute_score(solution_str="lost", **call, **options)
    assert (passed["score"], failed["score"], lost["score"]) == (1.5, 0.0, -1.0)
    assert passed.keys() == failed.keys() == lost.keys()
    assert lost["invalid"] == 1.0
    assert options["async_client"].calls[0][0].prompt == "Square it."  # type: ignore[attr-defined]


def test_verl_raises_rather_than_zero() -> None:
    with pytest.raises(Unscorable):
        verl.compute_score("taco", "lost", LABEL, {}, client=Flaky(), on_invalid="raise")
    with pytest.raises(ValueError, match="zero of None"):
        verl.compute_score("taco", "lost", LABEL, {}, client=Flaky(), on_invalid="none")


def test_openrlhf() -> None:
    client = Flaky()
    reward_func = openrlhf.ProctorReward(client=client)
    answer = reward_func(["<s>Square it.\ngood</s>"], ["Square it.\n"], [LABEL])
    assert answer["rewards"] == [1.5]
    assert answer["scores"] == [1.0]
    assert answer["extra_logs"]["thinking_term"] == [0.5]
    assert client.calls[0][0].completion == "good"


async def test_slime() -> None:
    client = AsyncFlaky()
    args = SimpleNamespace(rm_url="http://127.0.0.1:1", proctor={"async_client": client}, reward_key=None)
    one = SimpleNamespace(prompt="p", response="good", label=LABEL, status=SimpleNamespace(value="truncated"))
    two = SimpleNamespace(prompt=[{"role": "user", "content": "p"}], response="bad", label=LABEL)
    assert await slime.reward(args, one) == 1.5
    assert client.calls[0][0].finish_reason == "length"
    assert await slime.reward(args, [one, two], evaluation=True) == [1.5, 0.0]
    args.reward_key = "score"
    assert (await slime.reward(args, one))["score"] == 1.5


def test_swift_in_a_new_event_loop_each_step() -> None:
    client = AsyncFlaky()
    orm = swift.orm(async_client=client)(args=None)
    messages = [
        [{"role": "user", "content": "Square it."}, {"role": "assistant", "content": c}] for c in ("good", "bad")
    ]
    columns = {"messages": messages, "tests": [LABEL] * 2, "finish_reason": ["length", "stop"], "trainer_state": None}
    for _ in range(2):
        assert asyncio.run(orm(["good", "bad"], **columns)) == [1.5, 0.0]
    assert [s.finish_reason for s in client.calls[0]] == ["length", None]
    assert client.calls[0][0].prompt == "Square it."


async def test_verifiers() -> None:
    client = AsyncFlaky()
    method = verifiers.proctor_reward(async_client=client, name="code")
    message = SimpleNamespace(content="good", reasoning_content="because")
    trace = SimpleNamespace(last_reply="good", assistant_messages=[message])
    task = SimpleNamespace(data=SimpleNamespace(prompt="Square it.", tests=LABEL))
    assert await method(task, trace) == 1.5
    assert method.__name__ == "code"
    assert client.calls[0][0].reasoning == "because"
    broken = verifiers.proctor_reward(async_client=AsyncFlaky("down"), on_invalid="raise")
    with pytest.raises(Unscorable):
        await broken(task, trace)


async def test_nemo_gym() -> None:
    scoring = Scoring(async_client=AsyncFlaky(), tests=nemo_gym.unit_tests)
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "good"}]}
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "because"}]}
    body = {
        "responses_create_params": {"input": [{"role": "user", "content": "Square it."}]},
        "response": {"output": [message | {"content": [{"text": "old"}]}, reasoning, message]},
        "verifier_metadata": {"unit_tests": {"inputs": ["2\n"], "outputs": ["4\n"]}},
    }
    sample = nemo_gym.sample_in(scoring, body)
    assert (sample.prompt, sample.completion, sample.reasoning) == ("Square it.", "good", "because")
    answer = nemo_gym.answer(scoring, (await scoring.ascore([sample]))[0])
    assert answer["reward"] == sum(answer["reward_components"].values()) == 1.5
    with pytest.raises(ValueError, match="neither"):
        nemo_gym.sample_in(scoring, {**body, "verifier_metadata": {}})


def test_skyrl() -> None:
    env = skyrl.ProctorEnv({"client": Flaky()}, {"reward_spec": {"ground_truth": LABEL}})
    env.init([{"role": "user", "content": "Square it."}])
    step = env.step("good")
    assert (step["reward"], step["done"], step["observations"]) == (1.5, True, [])
    assert env.get_metrics()["passed"] == 1.0
    with pytest.raises(ValueError, match="ground_truth"):
        skyrl.ProctorEnv({"client": Flaky()}, {}).step("good")


class Batches:
    """The part of RewardClient that AReaL's adapter uses; done after `polls` looks."""

    def __init__(self, polls: int, *verdicts: str) -> None:
        self.polls, self.left = polls, polls
        self.verdicts = list(verdicts)
        self.keys: dict[str, str] = {}

    def submit(self, samples: Any, *, idempotency_key: str, **options: Any) -> str:
        if idempotency_key not in self.keys:
            self.keys[idempotency_key], self.left = self.verdicts.pop(0), self.polls
        return idempotency_key

    def status(self, batch_id: str) -> Any:
        from proctor.client.testing import result

        self.left -= 1
        done = int(self.left <= 0)
        return SimpleNamespace(done=done, total=1, results=[result(0, {}, self.keys[batch_id])] if done else [])


def test_areal_answers_or_raises_in_time_and_a_try_joins_the_last() -> None:
    batches = Batches(6, "passed")
    reward = areal.ProctorReward(client=batches, call_s=0.3)
    with pytest.raises(Unscorable, match=r"within 0\.3 s"):
        reward("p", "good", [1], [2], tests=LABEL)
    assert reward("p", "good", [1], [2], tests=LABEL) == 1.0
    assert len(batches.keys) == 1


def test_areal_asks_anew_for_what_was_invalid() -> None:
    batches = Batches(0, "invalid", "passed")
    assert areal.ProctorReward(client=batches)("p", "good", tests=LABEL) == 1.0
    assert len(batches.keys) == 2
    with pytest.raises(Unscorable):
        areal.ProctorReward(client=Batches(0, "invalid"), on_invalid="raise")("p", "good", tests=LABEL)


async def test_areal_without_the_pool() -> None:
    assert await areal.AsyncProctorReward(async_client=AsyncFlaky())("p", "good", tests=LABEL) == 1.5


def test_areal_pickles() -> None:
    reward = pickle.loads(pickle.dumps(areal.ProctorReward("http://127.0.0.1:1")))
    assert isinstance(reward._client, RewardClient)
