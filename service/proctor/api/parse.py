"""From bytes to a valid request, or to the faults with their JSON pointers.

The standard library's JSON, because faster parsers lose big integers, NaN or lone surrogates. Both it and
pydantic hold the interpreter's lock while they run; a hook per object and small portions of samples let
other threads in between, so that the event loop stays live while a large body is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from proctor.errors import FieldFault, InvalidRequest
from proctor.settings import Settings
from proctor.wire import BatchRequest, Sample, TestRef, Tests, TestsAdapter

MAX_FAULTS = 50
MAX_VALUES = 20_000_000  # JSON values in a body: some 60 bytes of memory each
PORTION = 100  # samples validated at a time
KINDS = "`stdio`, `function`, `script`, `pytest` or `dataset`"

_Samples = TypeAdapter(list[Sample])
_RefAdapter = TypeAdapter(TestRef)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN = {
    "model_type": "Input should be an object",
    "dict_type": "Input should be an object",
    "list_type": "Input should be an array",
    "extra_forbidden": "Unknown field",
    "string_unicode": "A name or value holds a lone surrogate where text is needed",
}


def parse_json(body: bytes, *, max_depth: int) -> Any:
    """The JSON value of `body`. Raises InvalidRequest: not UTF-8, not JSON, too deep, too many values."""
    _refuse_too_many(body)
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, object_hook=_breathe)
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno} (character {error.pos})."
        ) from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    except ValueError as error:  # an integer of more digits than the interpreter converts
        raise InvalidRequest(f"The body holds a number that cannot be read: {error}") from None
    if _deeper_than(value, max_depth):
        raise _too_deep(max_depth)
    return value


def _breathe(value: dict[str, Any]) -> dict[str, Any]:
    """Entering any Python function is where the interpreter may hand its lock to another thread."""
    return value


def _refuse_too_many(body: bytes) -> None:
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) <= MAX_VALUES:
        return
    bare = _STRINGS.sub(b"", body)
    if sum(bare.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise InvalidRequest(f"The body holds more than {MAX_VALUES:,} JSON values.")


def _too_deep(max_depth: int) -> InvalidRequest:
    return InvalidRequest(f"The body is nested deeper than {max_depth} levels.")


def _deeper_than(value: Any, depth: int) -> bool:
    """Whether arrays and objects of `value` are nested in more than `depth` levels."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        if not level:
            return False
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
    return bool(level)


def _children(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def parse_batch(body: bytes, settings: Settings) -> BatchRequest:
    """A valid batch. Raises InvalidRequest with at most `MAX_FAULTS` faults."""
    data = parse_json(body, max_depth=settings.max_json_depth)
    faults = list(_first(_batch_faults(data, settings)))
    if faults:
        raise invalid(faults)
    request = BatchRequest.model_validate(data, strict=True)
    if request.deadline_s > settings.max_deadline_s:
        raise invalid([FieldFault("/deadline_s", f"Input should be at most {settings.max_deadline_s:g} s")])
    return request


def parse_tests(body: bytes, *, max_depth: int) -> Tests:
    """A valid test set. Raises InvalidRequest."""
    data = parse_json(body, max_depth=max_depth)
    faults = list(_first(_test_set_faults(data, "")))
    if faults:
        raise invalid(faults)
    return TestsAdapter.validate_python(data, strict=True)


def sample_faults(data: Any) -> list[FieldFault]:
    """The faults of one sample, with pointers into it; none where it is valid."""
    return [
        FieldFault(fault.pointer.removeprefix("/samples/0"), fault.detail)
        for fault in _first(_portion_faults([data], 0))
    ]


def invalid(faults: list[FieldFault]) -> InvalidRequest:
    """The error that names `faults`."""
    where = ", ".join(f.pointer or "the body" for f in faults[:3])
    more = " …" if len(faults) > 3 else ""
    plural = "s are" if len(faults) > 1 else " is"
    return InvalidRequest(f"{len(faults)} field{plural} at fault: {where}{more}", faults=tuple(faults))


def _first(faults: Iterator[FieldFault]) -> Iterator[FieldFault]:
    for _, fault in zip(range(MAX_FAULTS), faults, strict=False):
        yield fault


def _batch_faults(data: Any, settings: Settings) -> Iterator[FieldFault]:
    """The faults of a batch; on the way its samples become models, a portion at a time."""
    if not isinstance(data, dict):
        yield FieldFault("", "Input should be an object")
        return
    samples = data.get("samples")
    if isinstance(samples, list):
        if len(samples) > settings.max_samples:
            yield FieldFault("/samples", f"A batch has at most {settings.max_samples:,} samples, not {len(samples):,}")
            return
        for start in range(0, len(samples), PORTION):
            yield from _portion_faults(samples, start)
    yield from _outer_faults(data)


def _portion_faults(samples: list[Any], start: int) -> Iterator[FieldFault]:
    portion = samples[start : start + PORTION]
    try:
        samples[start : start + PORTION] = _Samples.validate_python(portion, strict=True)
    except ValidationError as error:
        odd_tests: set[int] = set()
        for loc, detail in _located(error):
            at = int(loc[0]) if loc else 0
            if loc[1:2] != ("tests",) or (isinstance(portion[at], dict) and "tests" not in portion[at]):
                yield FieldFault(pointer("samples", start + at, *loc[1:]), detail)
            elif at not in odd_tests:
                odd_tests.add(at)
                yield from _tests_faults(portion[at]["tests"], pointer("samples", start + at, "tests"), named=True)


def _outer_faults(data: dict[str, Any]) -> Iterator[FieldFault]:
    """Faults of all but the samples, which are models by now or have been told."""
    samples = data.get("samples")
    known = isinstance(samples, list) and samples
    outer = {**data, "samples": [Sample(completion="", tests="")]} if known else data
    try:
        BatchRequest.model_validate(outer, strict=True)
    except ValidationError as error:
        odd_tests: set[Any] = set()
        for loc, detail in _located(error):
            if loc[:1] != ("tests",) or len(loc) == 1:
                yield FieldFault(pointer(*(loc or _whole(detail))), detail)
            elif loc[1] not in odd_tests:
                odd_tests.add(loc[1])
                yield from _tests_faults(data["tests"][loc[1]], pointer("tests", loc[1]), named=False)


def _whole(detail: str) -> tuple[str, ...]:
    """The field to point at for a rule about several fields: there is one, about `stop` under pass-rate."""
    return ("stop",) if "stop must be" in detail else ()


def _tests_faults(raw: Any, at: str, *, named: bool) -> Iterator[FieldFault]:
    """One clear story about `tests`, instead of one per form that it might have had."""
    if isinstance(raw, dict) and "ref" in raw and "kind" not in raw:
        yield from _faults(_RefAdapter, raw, at, tag=False)
    elif isinstance(raw, dict):
        yield from _test_set_faults(raw, at)
    else:
        forms = 'a test set, {"ref": …}' + (" or a name of the request's `tests`" if named else "")
        yield FieldFault(at, f"Input should be {forms}")


def _test_set_faults(raw: Any, at: str) -> Iterator[FieldFault]:
    if not isinstance(raw, dict):
        yield FieldFault(at, "Input should be an object")
    elif "kind" not in raw:
        yield FieldFault(f"{at}/kind", f"Field required: {KINDS}")
    else:
        yield from _faults(TestsAdapter, raw, at, tag=True)


def _faults(adapter: TypeAdapter[Any], raw: Any, at: str, *, tag: bool) -> Iterator[FieldFault]:
    """Faults of `raw`; `tag`: locations start with the union's tag, which is no part of the document."""
    try:
        adapter.validate_python(raw, strict=True)
    except ValidationError as error:
        for loc, detail in _located(error):
            if tag and not loc:
                yield FieldFault(f"{at}/kind", f"Input should be {KINDS}")
            else:
                yield FieldFault(at + pointer(*loc[1 if tag else 0 :]), detail)


def _located(error: ValidationError) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Locations and messages, in our words where pydantic's name Python types."""
    for e in error.errors(include_url=False, include_input=False, include_context=False):
        detail = _PLAIN.get(e["type"]) or str(e["msg"]).removeprefix("Value error, ")
        yield e["loc"], detail[:300]


def pointer(*parts: int | str) -> str:
    """The RFC 6901 pointer of `parts`; "" is the whole document."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)
