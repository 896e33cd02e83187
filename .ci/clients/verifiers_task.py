"""verifiers' decorators and scoring, unmodified, with Proctor's reward on a task."""

from __future__ import annotations

import asyncio
import json

import verifiers.v1 as vf
from service import SQUARE, UNIT_TESTS, WRONG, check, service
from verifiers.v1.errors import TaskError
from verifiers.v1.graph import MessageNode
from verifiers.v1.trace import TraceTask

from proctor.trainers.verifiers import proctor_reward


class CodeData(vf.TaskData):
    tests: str


def task_class(url: str, **options: object) -> type[vf.Task]:
    class CodeTask(vf.Task[CodeData]):
        proctor = vf.reward(weight=2.0)(proctor_reward(url, **options))

    return CodeTask


def trace_of(task: vf.Task, answer: str) -> vf.Trace:
    message = vf.AssistantMessage(role="assistant", content=answer, reasoning_content="square it")
    node = MessageNode(message=message, sampled=True, parent=None)
    agent = {"harness": {"id": "none"}, "model": "none", "runtime": {"type": "subprocess"}}
    return vf.Trace.model_construct(
        task=TraceTask(type="CodeTask", data=task.data),
        agent=agent,
        nodes=[node],
        rewards={},
        metrics={},
        calls=[],
        root_reply=None,
    )


def main() -> None:
    data = CodeData(prompt="Square it.", tests=json.dumps(UNIT_TESTS))
    with service() as running:
        task = task_class(running.url)(data)
        for answer, reward in ((SQUARE, 2.0), (WRONG, 0.0)):
            trace = trace_of(task, answer)
            asyncio.run(task.score(trace))
            check(trace.reward == reward, trace.rewards)
            print("verifiers:", trace.rewards)
    task = task_class(running.url, on_invalid="raise", patience_s=0.2)(data)
    trace = trace_of(task, SQUARE)
    try:
        asyncio.run(task.score(trace))
    except TaskError as error:
        check(trace.rewards == {"proctor": None}, trace.rewards)  # unscored, which is not 0
        print("verifiers, without a service:", str(error)[:60])
    else:
        raise SystemExit("an outage became a reward")


main()
