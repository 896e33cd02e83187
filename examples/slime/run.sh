#!/usr/bin/env bash
# The reward arguments of a slime (or miles) run; append them to your own script's.
# Data: JSONL with the tests as JSON in the field that --label-key names.
url=${PROCTOR_URL:-http://127.0.0.1:8000}

REWARD_ARGS=(
  --label-key tests
  # By URL alone, options in the query:
  --rm-type remote_rm
  --rm-url "$url/slime?policy=p-grpo"
  # Or by function, which waits out longer outages and takes a list under --group-rm:
  # --custom-rm-path proctor.trainers.slime.reward
  # --rm-url "$url"
)
printf '%s\n' "${REWARD_ARGS[@]}"
