"""The answers of the service, field by field.

A verdict says what the code did. `invalid` alone says that we failed: it has an
`error` and no reward.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Verdict(StrEnum):
    """What a sample's code did; a closed set. `invalid` is our failure, never the code's."""

    PASSED = "passed"
    WRONG_ANSWER = "wrong_answer"
    RUNTIME_ERROR = "runtime_error"
    COMPILE_ERROR = "compile_error"
    NO_CODE = "no_code"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    TAMPERED = "tampered"
    NOT_RUN = "not_run"  # of a case alone: the sample had ended before it
    INVALID = "invalid"


class InvalidCode(StrEnum):
    """Why a sample could not be judged."""

    SANDBOX_UNAVAILABLE = "sandbox_unavailable"
    THINKING_UNAVAILABLE = "thinking_unavailable"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    CANCELLED = "cancelled"
    TESTS_INVALID = "tests_invalid"


class Model(BaseModel):
    """Frozen; a client of an older version ignores fields it does not know."""

    model_config = ConfigDict(frozen=True)


class InvalidError(Model):
    """Our failure, told."""

    code: InvalidCode = Field(description="The kind of failure.")
    message: str = Field(description="What happened, for a person.")


class Components(Model):
    """The terms of the reward before weighting."""

    format: float | None = Field(description="F ∈ {0, 1}; null where no format is asked.")
    outcome: float | None = Field(description="O: 1 when every case passed (`pass-rate`: the share); null if invalid.")
    thinking: float | None = Field(description="T ∈ [0, 1]; null where the thinking model was not asked.")
    gate: float | None = Field(description="Factor of the thinking term: 1 open, 0 shut, γ for soft-gate.")


class CaseResult(Model):
    """One test case."""

    verdict: Verdict = Field(description="What happened in this case.")
    cpu_s: float | None = Field(None, description="CPU time of the process tree, seconds.")
    wall_s: float | None = Field(None, description="Wall-clock time, seconds.")
    memory_mib: float | None = Field(None, description="Peak memory, MiB.")
    detail: str | None = Field(None, description="What differed or went wrong; at most some hundred characters.")
    stdout: str | None = Field(None, description="Start of standard output, where the case failed.")
    stderr: str | None = Field(None, description="End of standard error, where the case failed.")


class TestsResult(Model):
    """The cases of a sample, in their order."""

    __test__ = False  # not a test class for pytest

    passed: int = Field(description="Cases passed.")
    total: int = Field(description="Cases in all, those not run included.")
    cases: list[CaseResult] = Field(description="One result per case, same order.")


class Timing(Model):
    """Where the time went, seconds."""

    queue_s: float = Field(0.0, description="From admission to the start of the run.")
    run_s: float = Field(0.0, description="In the sandbox, wall clock.")
    cpu_s: float = Field(0.0, description="In the sandbox, CPU time.")
    thinking_s: float = Field(0.0, description="Waiting for the thinking model.")
    total_s: float = Field(0.0, description="From admission to the result.")


class SampleResult(Model):
    """One sample, judged and rewarded; or `invalid`, with reward null."""

    index: int = Field(description="Position of the sample in the request.")
    id: str | None = Field(None, description="The sample's id.")
    group: str | None = Field(None, description="The sample's group.")
    verdict: Verdict = Field(description="What the code did, or `invalid`.")
    reward: float | None = Field(description="The reward; null when the verdict is `invalid`.")
    components: Components = Field(description="The terms of the reward.")
    tests: TestsResult = Field(description="The cases.")
    timing: Timing = Field(description="Where the time went.")
    flags: list[str] = Field(default_factory=list, description="Remarks, such as `near_limit` or `truncated`.")
    error: InvalidError | None = Field(None, description="Why, when the verdict is `invalid`.")


class Provenance(Model):
    """What judged the batch: enough to repeat it."""

    version: str = Field(description="Version of Proctor.")
    image: str | None = Field(None, description="Digest of the sandbox image; null without one.")
    tier: str | None = Field(None, description="Isolation tier.")
    limits: dict[str, Any] = Field(default_factory=dict, description="Limits in force for the batch.")
    test_sets: list[str] = Field(default_factory=list, description="SHA-256 of the test sets used; at most 100.")
    thinking: dict[str, Any] | None = Field(None, description="The thinking model; null without one.")


class Summary(Model):
    """The batch in numbers."""

    samples: int = Field(description="Samples in the batch.")
    passed: int = Field(description="Samples that passed.")
    failed: int = Field(description="Samples whose code failed.")
    invalid: int = Field(description="Samples that we could not judge.")
    gate_open: int = Field(description="Samples whose `components.gate` is above 0, with or without a model.")
    zero_variance_groups: int = Field(
        description="Groups of two and more whose rewards are all equal: they teach nothing."
    )
    wall_s: float = Field(description="From admission to the last result, seconds.")
    samples_per_s: float = Field(description="Samples by wall clock.")
    invalid_rate: float | None = Field(None, description="Share of samples that we could not judge.")
    gate_open_share: float | None = Field(None, description="Share of judged samples whose gate was open.")
    thinking_mean_passed: float | None = Field(
        None, description="Mean T of passing samples; null where none was asked."
    )
    thinking_mean_failed: float | None = Field(
        None, description="Mean T of failing samples; null where none was asked."
    )
    zero_variance_groups_before_thinking: int | None = Field(
        None, description="The same groups, counted by the reward without its thinking term."
    )
    thinking_drift: float | None = Field(
        None, description="Change of the mean T given a pass over the run's last steps; null for a young run."
    )
    pass_rate_drift: float | None = Field(None, description="Change of the pass rate over the same steps.")
    warnings: list[str] = Field(default_factory=list, description="Signs of reward hacking, for a person.")


class BatchAccepted(Model):
    """The answer of `POST /v1/batches`."""

    id: str = Field(description="The batch.")


class BatchAnswer(Model):
    """The answer of `POST /v1/rewards`."""

    id: str = Field(description="The batch.")
    results: list[SampleResult] = Field(description="One result per sample, same order.")
    provenance: Provenance = Field(description="What judged the batch.")
    summary: Summary = Field(description="The batch in numbers.")


class BatchStatus(Model):
    """The answer of `GET /v1/batches/{id}`."""

    id: str = Field(description="The batch.")
    status: Literal["queued", "running", "done", "cancelled"] = Field(description="Where the batch is.")
    done: int = Field(description="Samples finished.")
    total: int = Field(description="Samples in all.")
    results: list[SampleResult] = Field(description="The finished results, by `index`.")
    provenance: Provenance | None = Field(None, description="What judged the batch, once done.")
    summary: Summary | None = Field(None, description="The batch in numbers, once done.")
