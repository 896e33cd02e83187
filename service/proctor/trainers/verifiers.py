"""verifiers (0.4) and prime-rl, which trains on its environments: a reward of a task.

    class CodeTask(vf.Task[CodeData]):
        proctor = vf.reward(weight=1.0)(proctor_reward("http://127.0.0.1:8000"))

verifiers awaits it with the task and its trace. What it raises becomes an error on the trace and leaves the reward
None, so that a trainer can leave the rollout out. The tests are a field of the task's data.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Unpack

from proctor.trainers.scoring import Options, Scoring
from proctor.trainers.tally import OnInvalid

Reward = Callable[[Any, Any], Awaitable[float]]


def proctor_reward(
    url: str | Sequence[str] = "http://127.0.0.1:8000",
    *,
    name: str = "proctor",
    on_invalid: OnInvalid = "wait",
    **options: Unpack[Options],
) -> Reward:
    """A method for a task, to be marked by `vf.reward`. name: of the reward on the trace."""
    scoring = Scoring(url, on_invalid=on_invalid, **options)

    async def reward(self: Any, trace: Any) -> float:
        """The reward of the trace's last reply. Raises Unscorable, ClientError."""
        data = self.data
        message = {"role": "assistant", "content": trace.last_reply, "reasoning_content": _reasoning(trace)}
        prompt = getattr(data, "prompt", None)
        (scored,) = await scoring.ascore([scoring.sample([message], _messages(prompt), _row(data))])
        assert scored.reward is not None  # on_invalid "none" is refused
        return scored.reward

    reward.__name__ = name
    return reward


def _reasoning(trace: Any) -> str | None:
    messages = trace.assistant_messages
    reasoning = getattr(messages[-1], "reasoning_content", None) if messages else None
    return reasoning if isinstance(reasoning, str) else None


def _messages(prompt: Any) -> Any:
    return list(prompt) if isinstance(prompt, Sequence) and not isinstance(prompt, str) else prompt


def _row(data: Any) -> Mapping[str, Any]:
    row: Mapping[str, Any] = data.model_dump() if hasattr(data, "model_dump") else vars(data)
    return row
