"""From a validated request to units of work: tests resolved, code extracted, limits settled.

Pure and CPU-bound; runs in a thread. A fault of the request raises `InvalidRequest` with a JSON pointer for
each, before anything is admitted. What can be known without running is decided here: `no_code`, and
`tests_invalid` for tests without a case, which never pass. The tests come first: a sample whose tests cannot
be run is `tests_invalid` whatever its code.

A test set is resolved, encoded and hashed once, however many samples share it by name or reference. Where the
code has the tested function in LeetCode's `class Solution`, and not at its top level, the method is called.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from proctor.errors import FieldFault, InvalidRequest
from proctor.judge import extract
from proctor.judge.datasets import RowFault, RowTests, RunnableTests, read_row
from proctor.judge.format import format_score
from proctor.judge.native.table import kinds
from proctor.judge.outcome import Outcome, tests_invalid
from proctor.judge.unit import Stop, unit_key
from proctor.wire import (
    BatchRequest,
    CaseResult,
    Checker,
    DatasetTests,
    FunctionTests,
    Limits,
    LimitsOverride,
    PytestTests,
    RewardSpec,
    Sample,
    ScriptTests,
    StdioTests,
    TestRef,
    Tests,
    TestsAdapter,
    Verdict,
)
from proctor_supervisor.languages.table import canonical as canonical_language

MAX_FAULTS = 100
_NOT_RUN = CaseResult(verdict=Verdict.NOT_RUN)


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """A unit of work whose tests are named by their hash. key: see `unit_key`."""

    key: str
    language: str
    code: str
    tests_sha256: str
    limits: Limits
    stop: Stop


@dataclass(frozen=True, slots=True)
class PlannedSample:
    """A sample, ready to run or already decided: exactly one of `unit` and `known` is set.

    prompt, reasoning: for the thinking model; reasoning is None where there is none at all.
    format: F ∈ {0, 1}, None where no format is asked.
    flags: such as "truncated".
    """

    index: int
    id: str | None
    group: str | None
    group_size: int | None
    prompt: str | None
    reasoning: str | None
    format: float | None
    unit: PlannedUnit | None
    known: Outcome | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch, planned. samples: one per sample, same order. test_sets: SHA-256 → canonical JSON of wire tests.

    limits: those of the request, for provenance; a sample's own are in its unit.
    """

    samples: tuple[PlannedSample, ...]
    test_sets: dict[str, bytes]
    reward: RewardSpec
    deadline_s: float
    priority: int
    run: str | None
    step: int | None
    limits: Limits


def needed_refs(request: BatchRequest) -> set[str]:
    """SHA-256 of the uploaded test sets that `request` refers to; used names alone."""
    named = {s.tests for s in request.samples if isinstance(s.tests, str)}
    used = [request.tests[n] for n in named if n in request.tests]
    refs = [t for t in (*used, *(s.tests for s in request.samples)) if isinstance(t, TestRef)]
    return {t.ref for t in refs}


def plan_batch(
    request: BatchRequest,
    *,
    owner: str,
    limits_default: Limits,
    limits_max: Limits,
    languages: Collection[str],
    sandbox_name: str,
    fetched: dict[str, bytes],
    max_samples: int = 20_000,
) -> Plan:
    """Plan a batch.

    owner: id of the API key; sandbox_name: image or interpreter; both part of every unit's key.
    fetched: bodies of the uploaded test sets, by hash; one of `needed_refs` that is absent is unknown. Each is taken
    out when its turn comes, so that no more than one of them is held in more than one form.
    Raises InvalidRequest with a pointer for each fault, at most MAX_FAULTS of them.
    """
    if len(request.samples) > max_samples:
        fault = FieldFault("/samples", f"{len(request.samples)} samples are more than the maximum of {max_samples}")
        raise InvalidRequest("too many samples", faults=(fault,))
    planner = _Planner(request, owner, limits_default, limits_max, languages, sandbox_name, fetched)
    return planner.plan()


@dataclass(frozen=True, slots=True)
class _TestSet:
    """A test set, resolved once. sha256 is "" where it cannot be run."""

    row: RowTests
    sha256: str
    where: tuple[str | int, ...]


class _Planner:
    """One run of `plan_batch`: collects test sets and faults."""

    def __init__(
        self,
        request: BatchRequest,
        owner: str,
        limits_default: Limits,
        limits_max: Limits,
        languages: Collection[str],
        sandbox_name: str,
        fetched: dict[str, bytes],
    ) -> None:
        self.request = request
        self.owner = owner
        self.limits_max = limits_max
        self.languages = languages
        self.sandbox_name = sandbox_name
        self.fetched = fetched
        self.faults: dict[str, FieldFault] = {}  # by pointer: what samples share is told once
        self.unknown_refs = False
        self.bodies: dict[str, bytes] = {}
        self.by_name: dict[str, _TestSet | None] = {}
        self.by_ref: dict[str, _TestSet | None] = {}
        self.by_method: dict[str, str] = {}
        self.stop: Stop = "first_failure" if request.stops_at_first_failure else "all"
        self.base = self._lay(request.limits, limits_default, ("limits",))

    def plan(self) -> Plan:
        """Plan every sample. Raises InvalidRequest."""
        self._check_groups()
        samples: list[PlannedSample] = []
        for index, sample in enumerate(self.request.samples):
            if len(self.faults) >= MAX_FAULTS:
                break
            if (planned := self._sample(index, sample)) is not None:
                samples.append(planned)
        if self.faults:
            raise self._refusal()
        request = self.request
        return Plan(
            samples=tuple(samples),
            test_sets=self.bodies,
            reward=request.reward,
            deadline_s=request.deadline_s,
            priority=request.priority,
            run=request.run,
            step=request.step,
            limits=self._capped(self.base),
        )

    def _refusal(self) -> InvalidRequest:
        faults = tuple(self.faults.values())[:MAX_FAULTS]
        first = f"{faults[0].pointer}: {faults[0].detail}"
        return InvalidRequest(
            first if len(faults) == 1 else f"{first} (and {len(self.faults) - 1} more)",
            faults=faults,
            type="test_set_unknown" if self.unknown_refs else None,
        )

    def _fault(self, path: tuple[str | int, ...], detail: str) -> None:
        where = pointer(path)
        self.faults.setdefault(where, FieldFault(where, detail))

    def _sample(self, index: int, sample: Sample) -> PlannedSample | None:
        where = ("samples", index)
        sample = self._in_canonical_language(sample)
        self._check_language(sample.language, (*where, "language"))
        tests = self._tests(sample.tests, where)
        self._check_kind(sample.language, tests, (*where, "language"))
        limits = self._limits(sample, tests, where)
        if tests is None or self.faults:
            return None  # the batch is refused; only further faults are of interest
        parts = extract.split(sample.completion, reasoning=sample.reasoning, reasoning_open=sample.reasoning_open)
        unit, known = self._unit(sample, tests, limits, parts.answer)
        return PlannedSample(
            index=index,
            id=sample.id,
            group=sample.group,
            group_size=sample.group_size,
            prompt=sample.prompt if sample.prompt is not None else tests.row.problem,
            reasoning=parts.reasoning,
            format=format_score(self.request.reward.format, sample.completion, reasoning=sample.reasoning),
            unit=unit,
            known=known,
            flags=("truncated",) if sample.finish_reason == "length" else (),
        )

    def _unit(
        self, sample: Sample, tests: _TestSet, limits: Limits, answer: str
    ) -> tuple[PlannedUnit | None, Outcome | None]:
        row = tests.row
        if row.invalid is not None or row.tests is None:
            return None, tests_invalid(row.invalid or "the tests cannot be run")
        code = extract.extract_code(answer, entry_point=row.entry_point, language=sample.language)
        if code is None:
            return None, Outcome(verdict=Verdict.NO_CODE, cases=(_NOT_RUN,) * row.cases)
        if row.prelude and row.entry_point and not extract.defines(code, row.entry_point, sample.language):
            code = row.prelude.rstrip() + "\n" + code
        sha256 = tests.sha256
        if isinstance(row.tests, FunctionTests) and extract.in_solution_class(code, row.tests.entry_point):
            sha256 = self._in_solution_class(tests, row.tests)
        key = unit_key(
            owner=self.owner,
            language=sample.language,
            code=code,
            tests_sha256=sha256,
            limits=limits,
            stop=self.stop,
            sandbox=self.sandbox_name,
        )
        return PlannedUnit(key, sample.language, code, sha256, limits, self.stop), None

    # tests

    def _tests(self, tests: Tests | TestRef | str, where: tuple[str | int, ...]) -> _TestSet | None:
        """The resolved test set; None after a fault, which is reported once per shared set."""
        if isinstance(tests, str):
            return self._named(tests, (*where, "tests"))
        if isinstance(tests, TestRef):
            return self._referred(tests.ref, (*where, "tests", "ref"))
        return self._inline(tests, (*where, "tests"))

    def _named(self, name: str, path: tuple[str | int, ...]) -> _TestSet | None:
        if name not in self.request.tests:
            self._fault(path, f"the request's `tests` holds no {shown(name)}")
            return None
        if name not in self.by_name:
            tests = self.request.tests[name]
            inner = ("tests", name)
            if isinstance(tests, TestRef):
                self.by_name[name] = self._referred(tests.ref, (*inner, "ref"))
            else:
                self.by_name[name] = self._inline(tests, inner)
        return self.by_name[name]

    def _referred(self, sha256: str, path: tuple[str | int, ...]) -> _TestSet | None:
        if sha256 not in self.by_ref:
            self.by_ref[sha256] = self._fetched(sha256, path)
        return self.by_ref[sha256]

    def _fetched(self, sha256: str, path: tuple[str | int, ...]) -> _TestSet | None:
        body = self.fetched.pop(sha256, None)
        if body is None:
            self.unknown_refs = True
            self._fault(path, "this test set is unknown, or it has expired: upload it again")
            return None
        try:
            tests = TestsAdapter.validate_python(json.loads(body))
        except (ValueError, RecursionError) as error:
            self._fault(path, f"the uploaded test set is not valid: {_brief(error)}")
            return None
        return self._inline(tests, path)

    def _inline(self, tests: Tests, path: tuple[str | int, ...]) -> _TestSet | None:
        try:
            row = resolve(tests)
        except RowFault as fault:
            self._fault((*path, "row", *fault.path), fault.detail)
            return None
        if isinstance(row.tests, StdioTests) and row.tests.checker is not None:
            row = replace(row, tests=_with_canonical_checker(row.tests, row.tests.checker))
        checker = row.tests.checker if isinstance(row.tests, StdioTests) else None
        if checker is not None and checker.language not in self.languages:
            self._check_language(checker.language, (*path, "checker", "language"))
            return None
        if row.tests is None or row.invalid is not None:
            return _TestSet(row, "", path)
        try:
            return _TestSet(_without_texts(row), self._keep(row.tests), path)
        except (ValueError, RecursionError) as error:
            self._fault(path, f"these tests cannot be encoded: {_brief(error)}")
            return None

    def _keep(self, tests: RunnableTests) -> str:
        """The SHA-256 under which `tests` are kept. Raises ValueError, RecursionError."""
        body = canonical(tests)
        sha256 = hashlib.sha256(body).hexdigest()
        self.bodies.setdefault(sha256, body)
        return sha256

    def _in_solution_class(self, tests: _TestSet, function: FunctionTests) -> str:
        """The same calls, made to the method of LeetCode's `class Solution`; made once per test set."""
        if tests.sha256 not in self.by_method:
            method = function.model_copy(update={"entry_point": f"Solution.{function.entry_point}"})
            self.by_method[tests.sha256] = self._keep(method)
        return self.by_method[tests.sha256]

    # limits, language, groups

    def _limits(self, sample: Sample, tests: _TestSet | None, where: tuple[str | int, ...]) -> Limits:
        limits = self.base
        if tests is not None and tests.row.limits is not None:
            limits = self._lay(tests.row.limits, limits, (*tests.where, "row"), tests.row.limit_fields)
        if sample.limits is not None:
            limits = self._lay(sample.limits, limits, (*where, "limits"))
        return self._capped(limits)

    def _lay(
        self,
        override: LimitsOverride | None,
        outer: Limits,
        path: tuple[str | int, ...],
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> Limits:
        """`override` over `outer`; a value above its maximum is a fault, at the field that `fields` names for it."""
        if override is None:
            return outer
        for name in override.model_fields_set:
            value, most = getattr(override, name), getattr(self.limits_max, name)
            if value is not None and value > most:
                self._fault((*path, fields.get(name, name)), f"{name} {value:g} is more than the maximum of {most:g}")
        return override.over(outer)

    def _capped(self, limits: Limits) -> Limits:
        """A sample may take half of the deadline at most, so that it can start in the other half."""
        most = self.request.deadline_s / 2
        return limits if limits.sample_wall_s <= most else limits.model_copy(update={"sample_wall_s": most})

    @staticmethod
    def _in_canonical_language(sample: Sample) -> Sample:
        name = canonical_language(sample.language)
        return sample if name == sample.language else sample.model_copy(update={"language": name})

    def _check_language(self, language: str, path: tuple[str | int, ...]) -> None:
        if language not in self.languages:
            names = ", ".join(sorted(self.languages)) or "none"
            self._fault(path, f"{shown(language)} is not available; these languages are: {names}")

    def _check_kind(self, language: str, tests: _TestSet | None, path: tuple[str | int, ...]) -> None:
        """Not every language has every kind of tests."""
        if tests is None or tests.row.tests is None or language not in self.languages:
            return
        known = kinds(language)
        if tests.row.tests.kind not in known:
            has = ", ".join(known)
            self._fault(path, f"{language} has no tests of kind {tests.row.tests.kind}; it has {has}")

    def _check_groups(self) -> None:
        """soft-gate compares a sample with its group, so a group must be whole."""
        if self.request.reward.policy != "soft-gate":
            return
        counts = Counter(s.group for s in self.request.samples)
        sizes: dict[str | None, int | None] = {}
        for index, sample in enumerate(self.request.samples):
            if len(self.faults) >= MAX_FAULTS:
                return
            size = sizes.setdefault(sample.group, sample.group_size)
            if sample.group is None:
                self._fault(("samples", index, "group"), "policy soft-gate needs the group of each sample")
            elif sample.group_size is None:
                self._fault(("samples", index, "group_size"), "policy soft-gate needs the size of the whole group")
            elif sample.group_size != size:
                self._fault(("samples", index, "group_size"), f"another sample of this group says {size}")
            elif size != counts[sample.group]:
                self._fault(
                    ("samples", index, "group_size"),
                    f"policy soft-gate needs whole groups: {counts[sample.group]} of {size} samples are here",
                )


def resolve(tests: Tests) -> RowTests:
    """Tests as they can be run, and what is known of them. Raises RowFault for a malformed row."""
    if isinstance(tests, DatasetTests):
        row = read_row(tests.format, tests.row)
        return row if row.cases or row.invalid else _without_cases(row)
    plain = RowTests(tests=tests, cases=case_count(tests), entry_point=entry_point(tests))
    return plain if plain.cases else _without_cases(plain)


def case_count(tests: RunnableTests) -> int:
    """Number of cases as far as the tests themselves say; a script or a set of test files counts as one."""
    if isinstance(tests, StdioTests | FunctionTests):
        return len(tests.cases)
    if isinstance(tests, PytestTests):
        return 1 if any(text.strip() for text in tests.files.values()) else 0
    return 1 if tests.code.strip() else 0


def entry_point(tests: RunnableTests) -> str | None:
    """The name that the code must define; None for programs."""
    return tests.entry_point if isinstance(tests, FunctionTests | ScriptTests) else None


def canonical(tests: RunnableTests) -> bytes:
    """JSON of wire tests in one spelling: ASCII, no white space, every default written out.

    The order of keys is kept: a dict that is an argument has one. Raises ValueError, RecursionError.
    """
    text = json.dumps(tests.model_dump(), ensure_ascii=True, separators=(",", ":"))
    return text.encode("ascii")


def pointer(path: tuple[str | int, ...]) -> str:
    """The RFC 6901 JSON pointer of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def shown(text: str, most: int = 80) -> str:
    """`text` quoted, in ASCII and bounded, for a message."""
    return ascii(text if len(text) <= most else text[:most] + "…")


def _with_canonical_checker(tests: StdioTests, checker: Checker) -> StdioTests:
    name = canonical_language(checker.language)
    if name == checker.language:
        return tests
    return tests.model_copy(update={"checker": checker.model_copy(update={"language": name})})


def _without_texts(row: RowTests) -> RowTests:
    """What the samples still need of a test set once it is encoded: the cases of `stdio` may be megabytes."""
    if isinstance(row.tests, StdioTests):
        return replace(row, tests=row.tests.model_copy(update={"cases": []}))
    return row


def _without_cases(row: RowTests) -> RowTests:
    return replace(row, tests=None, cases=0, invalid="no test case: nothing can be judged")


def _brief(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first: Any = error.errors(include_url=False, include_input=False)[0]
        return f"{pointer(tuple(first['loc']))}: {first['msg']}"
    return str(error)[:200] or type(error).__name__
