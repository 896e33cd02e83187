"""The request of `POST /v1/rewards` and `POST /v1/batches`, field by field.

Text may hold lone surrogates and NUL: JSON can carry both, and a sample with an odd
character must not void its batch. Unknown fields are refused, so that a misspelt limit
is an error and not a silent default.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, model_validator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, lower-case hex.")]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Model(BaseModel):
    """Frozen, and closed: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(Model):
    """Resource limits, all of them finite. The first six hold per test case, the last two per sample."""

    cpu_s: Seconds = Field(10.0, description="CPU time of a case, over its whole process tree, seconds.")
    wall_s: Seconds = Field(30.0, description="Wall-clock backstop of a case, seconds.")
    memory_mib: Annotated[int, Field(ge=16)] = Field(1024, description="Memory of a case, MiB.")
    output_kib: Annotated[int, Field(ge=1)] = Field(
        1024, description="Output of a case, KiB, for stdout and for stderr each."
    )
    processes: Annotated[int, Field(ge=1)] = Field(64, description="Processes and threads at a time.")
    disk_mib: Annotated[int, Field(ge=1)] = Field(64, description="Files that a case may write, MiB.")
    compile_s: Seconds = Field(30.0, description="CPU time of compiling a sample, seconds.")
    sample_wall_s: Seconds = Field(60.0, description="Wall-clock time of all cases together, seconds.")


class LimitsOverride(Model):
    """Limits that replace the defaults one by one; what is absent keeps the next outer value."""

    cpu_s: Seconds | None = Field(None, description="CPU time of a case, seconds.", examples=[10])
    wall_s: Seconds | None = Field(None, description="Wall-clock backstop of a case, seconds.", examples=[30])
    memory_mib: Annotated[int, Field(ge=16)] | None = Field(None, description="Memory of a case, MiB.", examples=[1024])
    output_kib: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Output of a case, KiB, for stdout and for stderr each.", examples=[1024]
    )
    processes: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Processes and threads of a case at a time.", examples=[64]
    )
    disk_mib: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Files that a case may write, MiB.", examples=[64]
    )
    compile_s: Seconds | None = Field(None, description="CPU time of compiling a sample, seconds.", examples=[30])
    sample_wall_s: Seconds | None = Field(
        None, description="Wall-clock time of all cases of a sample together, seconds.", examples=[60]
    )

    def over(self, outer: Limits) -> Limits:
        """These limits laid over `outer`."""
        own = self.model_dump(exclude_none=True)
        return outer.model_copy(update=own) if own else outer


class Case(Model):
    """One run of a program: what it reads, and what it must print."""

    stdin: str = Field("", description="Bytes given on standard input, as UTF-8.", examples=["1 2\n"])
    stdout: str = Field(description="Expected standard output. Never enters the sandbox.", examples=["3\n"])


class Compare(Model):
    """How printed output is held against the expected one."""

    mode: Literal["tokens", "lines", "exact"] = Field(
        "tokens",
        description="`tokens`: white space separated tokens are equal; `lines`: lines are equal after trailing "
        "white space and trailing empty lines are dropped; `exact`: byte for byte.",
    )
    ignore_case: bool = Field(False, description="Compare without regard to case.")
    abs_tol: Tolerance = Field(0.0, description="Numbers may differ by this much. 0: not at all.")
    rel_tol: Tolerance = Field(0.0, description="Numbers may differ by this share of the expected one. 0: not at all.")


class Checker(Model):
    """A special judge: a program that decides instead of a comparison."""

    language: str = Field("python", description="Language of the checker.")
    code: str = Field(
        description="The checker. Called with three file names: input, output, expected output; exit code 0 accepts "
        "(testlib's convention: 1 wrong answer, 2 presentation error)."
    )


class StdioTests(Model):
    """A program that reads standard input and prints its answer."""

    kind: Literal["stdio"] = Field(description="A program that reads and prints.")
    cases: list[Case] = Field(description="The cases, run in this order.")
    compare: Compare = Field(default_factory=Compare, description="How output is compared.")
    checker: Checker | None = Field(None, description="A special judge, instead of `compare`.")


class FunctionCase(Model):
    """One call. Values are JSON, or `{"$py": "<literal>"}` for tuples, sets, bytes and complex numbers."""

    args: list[Any] = Field(default_factory=list, description="Positional arguments.", examples=[[1, 2]])
    kwargs: dict[str, Any] = Field(default_factory=dict, description="Keyword arguments.")
    expected: Any = Field(description="The value that the call must yield.", examples=[3])
    result: Annotated[str, Field(pattern=r"^(return|arg[0-9]{1,3})$")] = Field(
        "return", description="What is judged: the return value, or `argN`, an argument changed in place."
    )


class FunctionCompare(Model):
    """How values are compared."""

    abs_tol: Tolerance = Field(0.0, description="Floats may differ by this much.")
    rel_tol: Tolerance = Field(0.0, description="Floats may differ by this share of the expected one.")
    types: Literal["json", "strict"] = Field(
        "json",
        description="`json`: tuple equals list, 1 equals 1.0, bool only bool, dict keys as JSON strings, NaN equals "
        "NaN; `strict`: exact built-in types.",
    )


class FunctionTests(Model):
    """A function that is called, its values compared outside its process."""

    kind: Literal["function"] = Field(description="A function that is called.")
    entry_point: Annotated[str, Field(min_length=1)] = Field(
        description="Name of the function, or `Class.method`.", examples=["add"]
    )
    cases: list[FunctionCase] = Field(description="The calls, made in this order.")
    compare: FunctionCompare = Field(default_factory=FunctionCompare, description="How values are compared.")


class ScriptTests(Model):
    """Test code such as HumanEval's or MBPP's; it runs in another process than the candidate."""

    kind: Literal["script"] = Field(description="Test code.")
    code: str = Field(description="The test code.", examples=["assert add(1, 2) == 3"])
    entry_point: str | None = Field(
        None, description="Name of the candidate; a `check(candidate)` in the code is called with it."
    )


class PytestTests(Model):
    """Test files for pytest; each item is a case."""

    kind: Literal["pytest"] = Field(description="Test files for pytest.")
    files: dict[str, str] = Field(description="Test files by name.", min_length=1)
    module: str = Field("solution", description="Name under which the tests import the candidate.")


class DatasetTests(Model):
    """A row of a public data set, as published."""

    kind: Literal["dataset"] = Field(description="A row of a data set.")
    format: Literal[
        "humaneval",
        "mbpp",
        "evalplus",
        "apps",
        "taco",
        "livecodebench",
        "code_contests",
        "codeforces",
        "synthetic1",
        "eurus",
        "deepcoder",
        "kodcode",
        "nemo",
    ] = Field(description="The data set's format.")
    row: dict[str, Any] = Field(description="The row, untouched.")


Tests = Annotated[StdioTests | FunctionTests | ScriptTests | PytestTests | DatasetTests, Field(discriminator="kind")]
TestsAdapter: TypeAdapter[Tests] = TypeAdapter(Tests)


class TestRef(Model):
    """A test set uploaded before, with `PUT /v1/test-sets/{sha256}`."""

    __test__ = False  # not a test class for pytest

    ref: Sha256 = Field(description="SHA-256 of the exact bytes of the uploaded test set.")


class Weights(Model):
    """Weights of the reward's terms; all 1 as in the paper. Their sum is finite, so that every reward is."""

    format: Annotated[float, Field(allow_inf_nan=False)] = Field(1.0, description="w_f.")
    outcome: Annotated[float, Field(allow_inf_nan=False)] = Field(1.0, description="w_o.")
    thinking: Annotated[float, Field(allow_inf_nan=False)] = Field(1.0, description="w_t.")

    @model_validator(mode="after")
    def _sum_is_finite(self) -> Weights:
        if not math.isfinite(abs(self.format) + abs(self.outcome) + abs(self.thinking)):
            raise ValueError("the weights are too large: their sum is not finite")
        return self


class RewardSpec(Model):
    """Which reward is composed from format, outcome and thinking."""

    policy: Literal["p-grpo", "outcome", "pass-rate", "ungated", "soft-gate"] = Field(
        "p-grpo", description="`p-grpo` is R = w_f·F + w_o·O + 1[O=1]·w_t·T (arXiv 2508.05170)."
    )
    weights: Weights = Field(default_factory=Weights, description="Weights of the terms.")
    format: Literal["none", "think", "think-answer"] = Field(
        "none",
        description="What earns F = 1: nothing asked; `<think>…</think>` before the answer; or that and "
        "`<answer>…</answer>`.",
    )
    on_thinking_error: Literal["invalid", "outcome_only"] = Field(
        "invalid", description="A thinking model that fails voids the sample, or leaves the term out."
    )


class Sample(Model):
    """One completion to judge."""

    id: str | None = Field(None, description="Echoed in the result.", examples=["a0"])
    group: str | None = Field(None, description="The prompt that a GRPO group shares.", examples=["p17"])
    prompt: str | None = Field(None, description="The problem, for the thinking model.")
    completion: str = Field(
        description="The model's answer: raw code, text with fenced code, or <think>…</think><answer>…</answer>."
    )
    reasoning: str | None = Field(None, description="The reasoning; else taken from <think>…</think>.")
    reasoning_open: bool = Field(False, description="The chat template already ended the prompt with <think>.")
    finish_reason: str | None = Field(None, description="`length` sets the flag `truncated`, never the reward.")
    group_size: Annotated[int, Field(ge=1)] | None = Field(None, description="Samples in the whole group.")
    language: str = Field("python", description="Language of the code; see /v1/info.")
    tests: Tests | TestRef | str = Field(
        description="The tests, a reference to an uploaded test set, or a name in the request's `tests`."
    )
    limits: LimitsOverride | None = Field(None, description="Limits of this sample.")


class BatchRequest(Model):
    """A batch of samples."""

    samples: Annotated[list[Sample], Field(min_length=1)] = Field(description="The samples, answered in this order.")
    tests: dict[str, Tests | TestRef] = Field(default_factory=dict, description="Test sets that samples name.")
    limits: LimitsOverride | None = Field(None, description="Limits of all samples.")
    reward: RewardSpec = Field(default_factory=RewardSpec, description="The reward.")
    stop: Literal["all", "first_failure"] | None = Field(
        None,
        description="Run every case, or stop a sample at its first failure (the default, but for `pass-rate`, "
        "which runs all).",
    )
    deadline_s: Seconds = Field(300.0, description="Seconds until samples that have not started are given up.")
    priority: Annotated[int, Field(ge=-10, le=10)] = Field(
        0, description="Higher runs first, among the batches of one API key."
    )
    run: str | None = Field(None, description="Label of the training run: fair shares and metrics.")
    step: int | None = Field(None, description="Training step, for metrics.")

    @model_validator(mode="after")
    def _pass_rate_runs_all(self) -> BatchRequest:
        if self.reward.policy == "pass-rate" and self.stop == "first_failure":
            raise ValueError("policy pass-rate needs every case: stop must be `all`")
        return self

    @property
    def stops_at_first_failure(self) -> bool:
        """Whether a sample ends at its first failing case."""
        return (self.stop or ("all" if self.reward.policy == "pass-rate" else "first_failure")) == "first_failure"


JsonObject = dict[str, JsonValue]
