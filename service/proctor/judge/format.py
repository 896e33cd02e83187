"""The format term F ∈ {0, 1}: whether a completion has the shape that was asked for.

The shapes are those of DeepSeek-R1's template (arXiv 2501.12948, section 2.2.1: "<think> reasoning process here
</think> <answer> answer here </answer>"), as P-GRPO rewards them (arXiv 2508.05170). White space at either end
and around a block does not matter; each tag stands exactly once; a block that holds only white space is none.

    think           <think> R </think> A
    think-answer    <think> R </think> <answer> A </answer>         nothing between and nothing after

`<think>` may be missing where the chat template had already opened it; it may not stand anywhere but at the
start. Where the reasoning came apart from the completion (a server's own field), R is that field and the
completion is A, or `<answer> A </answer>`, without a think tag.
"""

from __future__ import annotations

from typing import Literal

FormatName = Literal["none", "think", "think-answer"]


def format_score(name: FormatName, completion: str, *, reasoning: str | None = None) -> float | None:
    """F of a completion: 1.0 or 0.0; None where no format is asked. Time is linear in the completion."""
    if name == "none":
        return None
    parts = _apart(completion, reasoning)
    if parts is None:
        return 0.0
    thought, answer = parts
    if not thought.strip() or _tags(thought, "think") or _tags(answer, "think"):
        return 0.0
    shaped = _is_answer(answer) if name == "think-answer" else bool(answer.strip())
    return 1.0 if shaped else 0.0


def _apart(completion: str, reasoning: str | None) -> tuple[str, str] | None:
    """(R, what follows), or None where no reasoning ends."""
    if reasoning is not None:
        return reasoning, completion
    thought, end, answer = completion.partition("</think>")
    return (thought.lstrip().removeprefix("<think>"), answer) if end else None


def _tags(text: str, name: str) -> bool:
    return f"<{name}>" in text or f"</{name}>" in text


def _is_answer(text: str) -> bool:
    text = text.strip()
    inner = text.removeprefix("<answer>").removesuffix("</answer>")
    enclosed = len(text) - len(inner) == len("<answer></answer>")
    return enclosed and bool(inner.strip()) and not _tags(inner, "answer")
