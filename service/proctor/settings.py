"""Settings, from the environment with the prefix `PROCTOR_`. No other module reads the environment."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from proctor.wire import Limits

Tier = Literal["A", "B", "U"]


class Settings(BaseSettings):
    """One frozen object, made once per process. Every limit has a finite default."""

    model_config = SettingsConfigDict(env_prefix="PROCTOR_", frozen=True, extra="ignore")

    # where
    redis_url: str | None = Field(None, description="Redis; unset: `proctor serve` starts a private one.")
    namespace: str = Field("proctor", description="Prefix of every Redis key.")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: Annotated[int, Field(ge=1)] = Field(default_factory=lambda: os.cpu_count() or 1)
    api_processes: Annotated[int, Field(ge=1)] = 1
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # who
    api_keys: SecretStr | None = Field(None, description="JSON list of keys, or a path to a file that holds it.")

    # sandboxes
    sandbox: Literal["auto", "docker", "namespace", "attached"] = "auto"
    min_tier: Tier = Field("A", description="Refuse to run below this tier; B is the strongest.")
    sandbox_image: str = Field("proctor-sandbox-python", description="Python's image of the docker provider.")
    sandbox_image_pattern: str | None = Field(
        None, description="Other families' images, with {family}; unset: as Python's, the family for `python`."
    )
    sandbox_runtime: str | None = Field(None, description="Container runtime, such as runsc.")
    sandbox_apparmor: str | None = Field(None, description="AppArmor profile of containers, where the host has one.")
    sandbox_python: Path | None = Field(None, description="Interpreter of the namespace provider.")
    sandbox_sockets: Path | None = Field(None, description="Folder of sockets of the attached provider.")
    sandbox_families: str | None = Field(
        None,
        description="Families beside Python's, with commas, of which an attached worker waits for a sandbox each; "
        "unset: those that have a folder in sandbox_sockets. What is no family is passed over.",
    )
    sandbox_recycle: Annotated[int, Field(ge=1)] = Field(2000, description="Samples before a sandbox is replaced.")
    share_isolation: bool = Field(
        True,
        description="Cases of a program, and candidates one after another, may stand in one isolation while each "
        "leaves it as it was; off: each has one of its own, at a multiple of what a short one costs.",
    )
    allow_in_process: bool = Field(False, description="Run tests that need the candidate's own process; flagged.")

    # workers
    pin_cpus: bool = Field(True, description="Each worker keeps to one CPU with its sandbox: a fifth more throughput.")
    worker_number: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Which of its parent's workers this is: they take CPUs in turn. Unset: at random."
    )
    worker_status: Path | None = Field(None, description="Folder where workers show that they live, for probes.")
    stop_grace_s: Annotated[float, Field(ge=0)] = Field(
        1.5, description="What a running unit gets to end when its worker is told to stop; else it runs again."
    )

    # limits: defaults and maxima
    limits_default: Limits = Field(default_factory=Limits)
    limits_max: Limits = Field(
        default_factory=lambda: Limits(
            cpu_s=300,
            wall_s=900,
            memory_mib=8192,
            output_kib=65536,
            processes=512,
            disk_mib=2048,
            compile_s=300,
            sample_wall_s=1800,
        )
    )
    max_samples: Annotated[int, Field(ge=1)] = 20_000
    max_body_mib: Annotated[int, Field(ge=1)] = 256
    body_memory_mib: Annotated[int, Field(ge=1)] = Field(
        512, description="Bodies over 1 MiB that an API process holds at once, MiB; others wait. At least one body."
    )
    max_integer_digits: Annotated[int, Field(ge=4300)] = Field(
        50_000, description="Longest integer in a body, decimal digits: parsing takes quadratic time."
    )
    max_json_depth: Annotated[int, Field(ge=1)] = 200
    max_test_set_mib: Annotated[int, Field(ge=1)] = 256
    max_deadline_s: Annotated[float, Field(gt=0)] = 86_400
    max_waiting_samples: Annotated[int, Field(ge=1)] = Field(200_000, description="Bound of the queue.")

    # queue
    lease_s: Annotated[float, Field(gt=0)] = 4.0
    take: Annotated[int, Field(ge=1)] = Field(32, description="Units a worker takes at a time, at most.")
    results_ttl_s: Annotated[int, Field(ge=1)] = 3600
    test_set_ttl_s: Annotated[int, Field(ge=1)] = 86_400

    # protocols of others, each a route that can be switched off
    serve_sandbox_fusion: bool = Field(True, description="POST /run_code, GET /v1/ping.")
    serve_piston: bool = Field(True, description="POST /api/v2/execute, GET /api/v2/runtimes.")
    serve_openrlhf: bool = Field(True, description="POST /get_reward.")
    serve_slime: bool = Field(True, description="POST /slime.")
    serve_nemo_gym: bool = Field(True, description="POST /seed_session, POST /verify.")
    serve_code_judge: bool = Field(True, description="POST /judge/batch.")

    # thinking model
    thinking_provider: Literal["none", "vllm", "sglang", "tei", "openrlhf", "openai", "http", "transformers"] = "none"
    thinking_url: str | None = None
    thinking_model: str | None = None
    thinking_api_key: SecretStr | None = None
    thinking_normalize: Literal["sigmoid", "identity", "minmax"] | None = None
    thinking_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    thinking_batch: Annotated[int, Field(ge=1)] = 32
    thinking_template: str = "chat"
    thinking_calibration: Path | None = None
    thinking_judge: Literal["schema", "logprobs"] = Field("schema", description="How `openai` is asked for its mark.")
    thinking_request: str | None = Field(None, description="Body that `http` sends: JSON, or a file of JSON.")
    thinking_label: str | None = Field(None, description="Label of good reasoning, where a local model has several.")
    thinking_device: str = Field("auto", description="Where a local model runs: auto, cpu, cuda, cuda:1, …")
    thinking_dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Numbers of a local model; auto: bfloat16 on CUDA, float32 on the CPU."
    )
    thinking_window: Annotated[int, Field(ge=64)] | None = Field(
        None, description="Tokens a local model reads at most; unset: as many as it can."
    )
    thinking_batch_tokens: Annotated[int, Field(ge=64)] = Field(
        16_384, description="Tokens of a local model's batch, padding included."
    )
    thinking_path: str | None = Field(None, description="Where in its answer the scores are, as a JSON path.")
    thinking_concurrency: Annotated[int, Field(ge=1)] = 8
    thinking_window_ms: Annotated[float, Field(ge=0)] = 5.0


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process. Raises pydantic.ValidationError with every fault named.

    PROCTOR_SECRETS names a folder with a file for each setting that should not stand in the environment, as a
    mounted Secret is: PROCTOR_REDIS_URL, PROCTOR_THINKING_API_KEY, …
    """
    return Settings(_secrets_dir=os.environ.get("PROCTOR_SECRETS"))
