"""ms-swift's plugin: `swift rlhf --rlhf_type grpo --external_plugins plugin.py --reward_funcs proctor …`.

Rows of the data set have a column `tests` with JSON.
"""

from proctor.trainers.swift import register

register("http://127.0.0.1:8000", tests="tests", run="swift-example")
