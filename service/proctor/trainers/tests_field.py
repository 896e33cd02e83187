"""Tests as trainers carry them: a column of a data set, a `label`, a `ground_truth`; often JSON in a string.

Accepted are the tests of Proctor's own request, `{"ref": "<sha256>"}`, `{"inputs","outputs","fn_name"?}` (APPS,
TACO, LiveCodeBench, verl, NeMo-Gym), `{"assert_case": […]}` (verl) and a list of asserts (MBPP). A column that
Arrow typed fills the fields a row does not have with null: those are dropped, save a case's `expected`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from proctor.wire import DatasetTests, StdioTests, TestRef, Tests, TestsAdapter

_RefAdapter: TypeAdapter[TestRef] = TypeAdapter(TestRef)


def as_tests(value: Any) -> Tests | TestRef:
    """The tests that `value` means. Raises ValueError, which names what is wrong."""
    value = _json(value) if isinstance(value, bytes | str) else plain(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, Sequence) and value and all(isinstance(v, str) for v in value):
        return _asserts(list(value))
    raise ValueError(f"tests must be an object, a list of asserts, or JSON of those, not {type(value).__name__}")


def plain(value: Any) -> Any:
    """JSON data of models and of the arrays and scalars that Arrow and NumPy hand out."""
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else value


def _json(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the tests are not JSON: {error}") from None


def _object(value: Mapping[str, Any]) -> Tests | TestRef:
    if value.get("kind") is not None:
        return TestsAdapter.validate_python(_without_nulls(value))
    if value.get("ref") is not None:
        return _RefAdapter.validate_python({"ref": value["ref"]})
    if value.get("assert_case"):
        return _asserts(list(value["assert_case"]))
    if value.get("inputs") is not None and value.get("outputs") is not None:
        return _inputs_outputs(list(value["inputs"]), list(value["outputs"]), value.get("fn_name"))
    raise ValueError(
        f"tests need `kind`, `ref`, `inputs` and `outputs`, or `assert_case`; here are {', '.join(map(str, value))}"
    )


def _without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """`value` without fields that are null; `row` of a data set and the cases' own values stay untouched."""
    kept = {k: v for k, v in value.items() if v is not None}
    for name in ("compare", "checker", "files"):
        if isinstance(kept.get(name), Mapping):
            kept[name] = {k: v for k, v in kept[name].items() if v is not None}
    if "cases" in kept:
        kept["cases"] = [_case(c) if isinstance(c, Mapping) else c for c in kept["cases"]]
    return kept


def _case(case: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in case.items() if v is not None or k == "expected"}


def _asserts(asserts: list[str]) -> Tests:
    return DatasetTests(kind="dataset", format="mbpp", row={"test_list": asserts})


def _inputs_outputs(inputs: list[Any], outputs: list[Any], fn_name: str | None) -> Tests:
    if len(inputs) != len(outputs):
        raise ValueError(f"{len(inputs)} inputs and {len(outputs)} outputs")
    if not fn_name:
        cases = [{"stdin": _text(i), "stdout": _text(o)} for i, o in zip(inputs, outputs, strict=True)]
        return StdioTests.model_validate({"kind": "stdio", "cases": cases})
    row = {"inputs": inputs, "outputs": outputs, "fn_name": fn_name}
    if all(isinstance(i, str) for i in inputs):  # one JSON argument a line
        return DatasetTests(kind="dataset", format="nemo", row={"verifier_metadata": {"unit_tests": row}})
    return DatasetTests(kind="dataset", format="taco", row={"input_output": json.dumps(row)})


def _text(value: Any) -> str:
    """What a program reads or prints: a text, or lines of it (APPS)."""
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
