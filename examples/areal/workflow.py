"""AReaL: a workflow whose rewards are Proctor's, without the process pool and its 15 seconds.

In the config: `workflow: examples.areal.workflow.CodeWorkflow`. Rows have `messages` and a column `tests` with JSON.
"""

from typing import Any

from areal.workflow.rlvr import RLVRWorkflow

from proctor.trainers.areal import AsyncProctorReward, ProctorReward


class CodeWorkflow(RLVRWorkflow):
    """RLVR on code."""

    def __init__(self, *args: Any, url: str = "http://127.0.0.1:8000", **kwargs: Any) -> None:
        """url: of `proctor serve`. Otherwise as RLVRWorkflow, without `reward_fn`."""
        super().__init__(ProctorReward(url), *args, **kwargs)
        self.async_reward_fn = AsyncProctorReward(url, run="areal-example")
