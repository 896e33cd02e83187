"""OpenAI Responses objects, as NeMo-Gym sends them: the problem, the answer, the reasoning. Pure.

Several turns: the last assistant message counts, with the reasoning that stands right before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proctor.trainers.text import Answer, content_text, problem_of, without_special_tokens


def read_response(body: Mapping[str, Any]) -> tuple[str | None, Answer]:
    """Problem and answer of a verify request. Raises ValueError where it holds no response."""
    response = body.get("response")
    output = response.get("output") if isinstance(response, Mapping) else None
    if not isinstance(output, Sequence) or isinstance(output, str):
        raise ValueError("`response.output` should be a list of items")
    params = body.get("responses_create_params")
    prompt = params.get("input") if isinstance(params, Mapping) else None
    return problem_of(prompt), _answer([i for i in output if isinstance(i, Mapping)])


def _answer(items: list[Mapping[str, Any]]) -> Answer:
    last = max((at for at, item in enumerate(items) if item.get("type", "message") == "message"), default=None)
    before = items if last is None else items[:last]
    reasoning = "\n".join(filter(None, map(_reasoning, _trailing_reasoning(before)))) or None
    text = "" if last is None else content_text(items[last].get("content"))
    return Answer(without_special_tokens(text), reasoning)


def _trailing_reasoning(items: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    start = len(items)
    while start and items[start - 1].get("type") == "reasoning":
        start -= 1
    return items[start:]


def _reasoning(item: Mapping[str, Any]) -> str:
    """The text of a reasoning item: its content where the server shows it, else its summary."""
    return content_text(item.get("content")) or content_text(item.get("summary"))
