"""Any chat model with an OpenAI-compatible `/v1/chat/completions`, as a judge.

schema      three marks from 0 to 10, answered by a JSON schema; T is their mean by 10
logprobs    one digit, the first token of the answer; T is its expectation over `top_logprobs`, by 9
            (arXiv 2303.16634 weighs scores like this). It needs no schema and has no ties
"""

from __future__ import annotations

import json
import math
import re
import secrets
from typing import Any, Literal

from proctor.errors import ThinkingRejected
from proctor.thinking.endpoint import Endpoint
from proctor.thinking.judge import ASPECTS, DIGIT_RUBRIC, RUBRIC, messages
from proctor.thinking.types import NormalizeName, ThinkingFailed, Thought

Judge = Literal["schema", "logprobs"]

MOST = 10
DIGITS = "0123456789"
#: ln of the probability given to a score token that the server does not list, at most: rare, and never impossible.
FLOOR = -10.0
#: Of the first token's probability, this much must be on digits: else the judge was about to say something else.
MASS = 0.1

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "integer", "minimum": 0, "maximum": MOST} for name in ASPECTS},
    "required": list(ASPECTS),
    "additionalProperties": False,
}

_OBJECT = re.compile(r"\{[^{}]*\}")


class OpenAIProvider:
    """A judge's marks, as T itself."""

    normalize: NormalizeName = "identity"
    most: int | None = 1

    def __init__(self, endpoint: Endpoint, model: str | None, judge: Judge) -> None:
        self._endpoint = endpoint
        self._model = model
        self._judge = judge
        self._path = "/chat/completions" if endpoint.base.endswith("/v1") else "/v1/chat/completions"
        self.asks = f"/v1/chat/completions, {judge}"

    async def score(self, thoughts: list[Thought]) -> list[float | None]:
        """See `Provider.score`; one call per thought."""
        return [await self._mark(thought) for thought in thoughts]

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._endpoint.close()

    async def _mark(self, thought: Thought) -> float:
        body = request(thought, self._judge, secrets.token_hex(8))
        if self._model is not None:
            body["model"] = self._model
        answer = await self._endpoint.post(self._path, body)
        return mark(content_of(answer)) if self._judge == "schema" else expected(first_token_of(answer))


def request(thought: Thought, judge: Judge, nonce: str) -> dict[str, Any]:
    """The body that asks for the judgement, without the model."""
    if judge == "schema":
        schema = {"name": "judgement", "strict": True, "schema": SCHEMA}
        return {
            "messages": messages(thought, nonce, RUBRIC),
            "temperature": 0,
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
    return {
        "messages": messages(thought, nonce, DIGIT_RUBRIC),
        "temperature": 1,  # some servers scale their logprobs by it
        "max_tokens": 1,
        "logprobs": True,
        "top_logprobs": 20,
    }


def content_of(answer: Any) -> str:
    """The judge's words. Raises ThinkingRejected where it refused, ThinkingFailed where there are none."""
    content = _choice_of(answer)["message"].get("content")
    if not isinstance(content, str):
        raise ThinkingFailed("an answer without content")
    return content


def first_token_of(answer: Any) -> list[tuple[str, float]]:
    """What the judge's first token could have been, with the ln of its probability.

    Raises ThinkingRejected where the judge refused, ThinkingFailed where there are none.
    """
    try:
        listed = _choice_of(answer)["logprobs"]["content"][0]["top_logprobs"]
        found = [(item["token"], _logprob(item["logprob"])) for item in listed]
    except (KeyError, IndexError, TypeError):
        raise ThinkingFailed("an answer without top_logprobs: the server must give logprobs") from None
    usable = all(isinstance(t, str) and p <= 1e-3 for t, p in found)  # NaN is not <=
    if not found or not usable:
        raise ThinkingFailed("an answer whose logprobs are no logprobs")
    return found


def mark(content: str) -> float:
    """T from the judge's words: the last JSON object in them that follows the schema. Raises ThinkingFailed."""
    for found in reversed(_OBJECT.findall(content[-20_000:])):
        try:
            data = json.loads(found)
        except ValueError:
            continue
        marks = list(data.values())
        if set(data) == set(ASPECTS) and all(type(m) is int and 0 <= m <= MOST for m in marks):
            return float(sum(marks)) / (len(ASPECTS) * MOST)
    raise ThinkingFailed("the judge's answer does not follow the schema")


def expected(listed: list[tuple[str, float]]) -> float:
    """T = Σ p_k·k / (9·Σ p_k) over the digits k: their expected value, by 9.

    A digit may be listed in several shapes ("7", " 7"): they add up. One that is not listed is no more probable than
    the last that is, and gets that or FLOOR, whichever is less. Raises ThinkingFailed where too little of the
    probability is on digits.
    """
    masses = dict.fromkeys(DIGITS, 0.0)
    for token, logprob in listed:
        if token.strip() in masses and token.strip():
            masses[token.strip()] += math.exp(logprob)
    if math.fsum(masses.values()) < MASS:
        raise ThinkingFailed("the judge's answer does not begin with a digit")
    floor = math.exp(min(FLOOR, min(logprob for _, logprob in listed)))
    weights = [mass or floor for mass in masses.values()]
    mean = math.fsum(k * weight for k, weight in enumerate(weights)) / math.fsum(weights)
    return min(1.0, mean / 9)


def _logprob(value: Any) -> float:
    """`value` as a float, NaN where it is no number or none that a float can hold."""
    return float(value) if type(value) is float or (type(value) is int and abs(value) < 1 << 64) else math.nan


def _choice_of(answer: Any) -> dict[str, Any]:
    try:
        choice = answer["choices"][0]
        refused = choice["message"].get("refusal") or choice.get("finish_reason") == "content_filter"
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ThinkingFailed("an answer without choices") from None
    if refused:
        raise ThinkingRejected("the judge refused")
    found: dict[str, Any] = choice
    return found
