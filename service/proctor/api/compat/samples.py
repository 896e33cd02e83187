"""A sample from what most protocols carry: a prompt, a response, a label that holds the tests. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from proctor.api.compat.options import Options
from proctor.errors import FieldFault, InvalidRequest
from proctor.trainers.tests_field import as_tests
from proctor.trainers.text import Answer, answer_of, problem_of
from proctor.wire import BatchRequest, Sample

DEADLINE = 2.0  # times the patience: a resend finds the work still wanted


def sample_of(prompt: Any, answer: Answer, tests: Any, options: Options, where: str) -> Sample:
    """The sample. where: JSON pointer of `tests`. Raises InvalidRequest where they cannot be read."""
    try:
        read = as_tests(tests)
    except ValueError as error:
        raise InvalidRequest(f"{where}: {brief(error)}", faults=(FieldFault(where, brief(error)),)) from None
    opened = answer.reasoning_open if options.reasoning_open is None else options.reasoning_open
    return Sample(
        prompt=problem_of(prompt),
        completion=answer.completion,
        reasoning=answer.reasoning,
        reasoning_open=opened and answer.reasoning is None,
        language=options.language,
        tests=read,
    )


def response_sample(prompt: Any, response: Any, tests: Any, options: Options, where: str) -> Sample:
    """As `sample_of`, for a response that is a text or messages. Raises InvalidRequest."""
    try:
        answer = answer_of(response, prompt)
    except ValueError as error:
        raise InvalidRequest(f"the response: {error}") from None
    return sample_of(prompt, answer, tests, options, where)


def batch_of(samples: list[Sample], options: Options, patience_s: float) -> BatchRequest:
    """The batch of `samples`; it may take longer than its client waits, because clients come back."""
    return BatchRequest(samples=samples, reward=options.reward, deadline_s=DEADLINE * patience_s)


def object_of(body: Any) -> dict[str, Any]:
    """`body`, if it is an object. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body should be a JSON object.", faults=(FieldFault("", "Input should be an object"),))
    return body


def brief(error: ValueError) -> str:
    """A fault in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'/'.join(map(str, first['loc']))}: {first['msg']}"[:300]
    return str(error)[:300]
