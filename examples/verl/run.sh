#!/usr/bin/env bash
# GRPO with verl (0.9), scored by Proctor. `proctor serve` runs elsewhere; give its address as PROCTOR_URL.
# Data: parquet files whose `reward_model.ground_truth` holds the tests as JSON (examples/verl/data.py makes them from MBPP).
set -euo pipefail
cd "$(dirname "$0")"
url=${PROCTOR_URL:-http://127.0.0.1:8000}

python3 -m verl.trainer.main_ppo \
  algorithm.adv_estimator=grpo \
  data.train_files=data/train.parquet \
  data.val_files=data/test.parquet \
  data.train_batch_size=128 \
  data.max_prompt_length=1024 \
  data.max_response_length=2048 \
  actor_rollout_ref.model.path="${MODEL:-Qwen/Qwen2.5-Coder-1.5B-Instruct}" \
  actor_rollout_ref.rollout.name=vllm \
  actor_rollout_ref.rollout.n=8 \
  reward.custom_reward_function.path=pkg://proctor.trainers.verl \
  reward.custom_reward_function.name=compute_score_async \
  +reward.custom_reward_function.reward_kwargs.url="$url" \
  +reward.custom_reward_function.reward_kwargs.problem_key=problem \
  +reward.custom_reward_function.reward_kwargs.run=verl-example \
  trainer.n_gpus_per_node="${GPUS:-1}" \
  trainer.nnodes=1 \
  trainer.total_epochs=1 \
  "$@"
