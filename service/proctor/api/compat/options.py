"""What a foreign body cannot say stands in the URL's query: `/get_reward?policy=outcome&format=think`.

policy, format, on_thinking_error, w_format, w_outcome, w_thinking: the reward of section 3, without soft-gate, which
needs a whole group in one request. language. reasoning_open: `true` where the chat template opens `<think>` and
the prompt does not show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from proctor.errors import FieldFault, InvalidRequest
from proctor.wire import RewardSpec

_REWARD = ("policy", "format", "on_thinking_error")
_WEIGHTS = {"w_format": "format", "w_outcome": "outcome", "w_thinking": "thinking"}
_KNOWN = (*_REWARD, *_WEIGHTS, "language", "reasoning_open", "reward_key")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one request. reasoning_open: None where the prompt decides."""

    reward: RewardSpec
    language: str = "python"
    reasoning_open: bool | None = None


def options_of(query: Mapping[str, str]) -> Options:
    """The options in a query. Raises InvalidRequest."""
    if unknown := [name for name in query if name not in _KNOWN]:
        raise _refusal(unknown[0], f"is unknown; these are known: {', '.join(_KNOWN)}")
    reward: dict[str, Any] = {name: query[name] for name in _REWARD if name in query}
    reward["weights"] = {to: query[name] for name, to in _WEIGHTS.items() if name in query}
    try:
        spec = RewardSpec.model_validate(reward)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = str(first["loc"][-1])
        raise _refusal(
            next((q for q, to in _WEIGHTS.items() if to == name and q in query), name), first["msg"]
        ) from None
    if spec.policy == "soft-gate":
        raise _refusal("policy", "soft-gate needs whole groups in one request: send those to /v1/rewards")
    opened = query.get("reasoning_open")
    if opened not in (None, "true", "false"):
        raise _refusal("reasoning_open", "must be true or false")
    return Options(spec, query.get("language", "python"), None if opened is None else opened == "true")


def _refusal(name: str, detail: str) -> InvalidRequest:
    return InvalidRequest(f"query parameter {name[:40]!a}: {detail}", faults=(FieldFault("", detail),))
