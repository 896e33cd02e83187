"""OpenRLHF's reward file: `--reward.remote_url examples/openrlhf/reward.py --data.label_key tests`.

The label of a row holds its tests as JSON. Waits out outages of an hour. Without options of your own you need no file:
`--reward.remote_url http://127.0.0.1:8000/get_reward`.
"""

from proctor.trainers.openrlhf import ProctorReward

reward_func = ProctorReward("http://127.0.0.1:8000", reward="p-grpo", run="openrlhf-example")
