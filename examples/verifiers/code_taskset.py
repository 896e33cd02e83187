"""A taskset for verifiers and prime-rl whose reward is Proctor's."""

from __future__ import annotations

import json

import verifiers.v1 as vf

from proctor.trainers.verifiers import proctor_reward


class CodeData(vf.TaskData):
    """A problem and its tests, as JSON."""

    tests: str


class CodeTask(vf.Task[CodeData]):
    """Write a program; Proctor runs it against the tests."""

    proctor = vf.reward(weight=1.0)(proctor_reward("http://127.0.0.1:8000", run="verifiers-example"))


class CodeConfig(vf.TasksetConfig):
    """How many problems."""

    num_tasks: int = 3


class CodeTaskset(vf.Taskset[CodeTask, CodeConfig]):
    """Powers of a number read from standard input."""

    def load(self) -> list[CodeTask]:
        """The tasks."""
        return [CodeTask(self._data(n)) for n in range(2, 2 + self.config.num_tasks)]

    @staticmethod
    def _data(n: int) -> CodeData:
        cases = [{"stdin": f"{x}\n", "stdout": f"{x**n}\n"} for x in (2, 3, 10)]
        ask = f"Read an integer x from standard input and print x to the power of {n}, in Python."
        return CodeData(prompt=ask, tests=json.dumps({"kind": "stdio", "cases": cases}))
