"""Prompts and completions as trainers write them down: message lists, chat templates, special tokens.

What is ambiguous, and how it is resolved:

Special tokens
    Removed at the ends of a completion only: in its middle they may be a string of a program.
Prompt and completion in one text
    The prompt is cut off where the text starts with it, else after its last 200 characters (a trainer may have
    cut its front, or put a token before it), else after the last opening of an assistant's turn.
Conversations
    The completion is the last assistant message, the problem all user messages, one paragraph each.
Reasoning
    A message's `reasoning_content` (SGLang, TRL), `reasoning` (vLLM) or `thinking` (LFM2.5 templates); else it
    stands within the completion. A prompt that ends with `<think>` means that the template opened it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SPECIAL = (
    r"(?:<\|[^<>|\s]{1,40}\|>|<｜[^<>｜]{1,40}｜>|</?s>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>"
    r"|\[(?:PAD|CLS|SEP|EOS|BOS)\])"
)
_LONGEST = 48
_TAIL = re.compile(_SPECIAL + r"\Z")
_HEAD = re.compile(r"\s*" + _SPECIAL)
_ANY = re.compile(_SPECIAL)
_PROMPT_TAIL = 200
_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")


@dataclass(frozen=True, slots=True)
class _Family:
    """How a family of chat templates marks turns."""

    user: str
    user_end: str
    assistant: str


_FAMILIES = (
    _Family("<|im_start|>user\n", "<|im_end|>", "<|im_start|>assistant\n"),  # ChatML: Qwen, …
    _Family(
        "<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>", "<|start_header_id|>assistant<|end_header_id|>"
    ),
    _Family("<｜User｜>", "<｜Assistant｜>", "<｜Assistant｜>"),  # DeepSeek
    _Family("<start_of_turn>user\n", "<end_of_turn>", "<start_of_turn>model\n"),  # Gemma
    _Family("<|user|>\n", "<|", "<|assistant|>"),  # GLM, Phi, Zephyr
    _Family("[INST]", "[/INST]", "[/INST]"),  # Mistral, Llama 2
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion and what a trainer knows of it. reasoning: None where it stands within the completion."""

    completion: str
    reasoning: str | None = None
    reasoning_open: bool = False


def answer_of(completion: Any, prompt: Any = None) -> Answer:
    """The answer in a completion that is a text, a message or a list of messages."""
    opened = opens_reasoning(prompt)
    if isinstance(completion, str):
        return Answer(without_special_tokens(completion), None, opened)
    message = last_assistant(completion)
    text = without_special_tokens(content_text(message.get("content")))
    reasoning = next((r for r in map(message.get, _REASONING_FIELDS) if isinstance(r, str) and r), None)
    return Answer(text, reasoning, opened and reasoning is None)


def last_assistant(messages: Any) -> Mapping[str, Any]:
    """The last assistant message; of messages without one, the last. Raises ValueError for none at all."""
    turns = [_mapping(m) for m in (messages if isinstance(messages, Sequence) else [messages])]
    if not turns:
        raise ValueError("a completion without messages")
    return next((t for t in reversed(turns) if t.get("role") == "assistant"), turns[-1])


def content_text(content: Any) -> str:
    """The text of a message's content: a string, or a list of parts of which those with text count."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part if isinstance(part, str) else str(_mapping(part).get("text") or "") for part in content)


def problem_of(prompt: Any) -> str | None:
    """The problem in a prompt: what users say in it. A plain text is the problem itself; None without any."""
    if prompt is None or isinstance(prompt, str):
        return _user_text(prompt) if prompt else None
    turns = [_mapping(m) for m in (prompt if isinstance(prompt, Sequence) else [prompt])]
    said = [content_text(t.get("content")) for t in turns if t.get("role") in (None, "user")]
    return "\n\n".join(said) or None


def response_of(query: str, prompt: str | None) -> str:
    """What follows `prompt` in `query`, without the special tokens at its ends."""
    return without_special_tokens(_after_prompt(query, prompt))


def opens_reasoning(prompt: Any) -> bool:
    """Whether the chat template already opened `<think>` at the end of `prompt`."""
    return isinstance(prompt, str) and prompt[-64:].rstrip().endswith("<think>")


def without_special_tokens(text: str) -> str:
    """`text` without the special tokens at its ends; unchanged where there are none."""
    while found := _TAIL.search(text.rstrip()[-_LONGEST:]):
        text = text.rstrip()[: -len(found[0])]
    while found := _HEAD.match(text):
        text = text[found.end() :]
    return text


def _after_prompt(query: str, prompt: str | None) -> str:
    if prompt:
        if query.startswith(prompt):
            return query[len(prompt) :]
        tail = prompt[-_PROMPT_TAIL:]
        if (at := query.find(tail)) >= 0:
            return query[at + len(tail) :]
    start = max((query.rfind(f.assistant) + len(f.assistant) for f in _present(query)), default=0)
    return query[start:]


def _present(text: str) -> Iterator[_Family]:
    return (f for f in _FAMILIES if f.assistant in text)


def _user_text(prompt: str) -> str:
    for family in _present(prompt):
        said = [p.split(family.user_end, 1)[0].strip() for p in prompt.split(family.user)[1:]]
        if said:
            return "\n\n".join(said)
    return _ANY.sub("", prompt).strip()


def _mapping(message: Any) -> Mapping[str, Any]:
    """A message as a mapping: a dict, or an object with attributes (pydantic models of some trainers)."""
    if isinstance(message, Mapping):
        return message
    if hasattr(message, "model_dump"):
        dumped: Mapping[str, Any] = message.model_dump()
        return dumped
    raise ValueError(f"a message must be an object, not {type(message).__name__}")
