"""Prompts and completions as trainers write them down."""

from __future__ import annotations

import time

import pytest

from proctor.trainers.text import (
    answer_of,
    content_text,
    opens_reasoning,
    problem_of,
    response_of,
    without_special_tokens,
)

CHATML = "<|im_start|>system\nbe terse<|im_end|>\n<|im_start|>user\nSquare it.<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("print(1)<|im_end|>", "print(1)"),
        ("print(1)<|im_end|>\n<|endoftext|>", "print(1)"),
        ("print(1)</s>", "print(1)"),
        ("<s> print(1)<｜end▁of▁sentence｜>", " print(1)"),
        ("print(1)\n<end_of_turn>\n<eos><pad><pad>", "print(1)\n"),
        ("print('</s>')\n", "print('</s>')\n"),
        ("print('<|im_end|>')", "print('<|im_end|>')"),
        ("plain  \n", "plain  \n"),
        ("", ""),
    ],
)
def test_special_tokens_go_at_the_ends_alone(text: str, left: str) -> None:
    assert without_special_tokens(text) == left


def test_stripping_is_linear() -> None:
    began = time.monotonic()
    without_special_tokens(" \n" * 500_000 + "x")
    without_special_tokens("x" + "<|pad|>" * 20_000)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("query", "prompt", "response"),
    [
        (CHATML + "print(1)<|im_end|>", CHATML, "print(1)"),
        ("<s>" + CHATML + "print(1)</s>", CHATML, "print(1)"),
        (CHATML[10:] + "print(1)", CHATML, "print(1)"),  # the front was cut
        (CHATML + "print(1)<|im_end|>", "something else", "print(1)"),
        (CHATML + "print(1)<|im_end|>", None, "print(1)"),
        ("print(1)", None, "print(1)"),
        ("p```python\nprint(1)\n```", "p", "```python\nprint(1)\n```"),
    ],
)
def test_the_prompt_is_cut_off(query: str, prompt: str | None, response: str) -> None:
    long = "x" * 300
    assert response_of(query, prompt) == response
    assert response_of(long + query, None if prompt is None else long + prompt) == response or prompt is None


def test_a_response_that_quotes_the_end_of_its_prompt_is_whole() -> None:
    assert response_of("say: hi" + "say: hi, twice", "say: hi") == "say: hi, twice"


def test_problem_of_templates_and_messages() -> None:
    assert problem_of(CHATML) == "Square it."
    assert problem_of("<s>[INST] Square it. [/INST]") == "Square it."
    assert problem_of("<|begin_of_text|>Square it.") == "Square it."
    messages = [{"role": "system", "content": "be terse"}, {"role": "user", "content": "Square it."}]
    assert problem_of(messages) == "Square it."
    assert problem_of(None) is None
    assert problem_of("") is None


def test_answers_of_messages() -> None:
    turns = [
        {"role": "assistant", "content": "first"},
        {"role": "tool", "content": "a tool"},
        {"role": "assistant", "content": "last<|im_end|>", "reasoning_content": "because"},
    ]
    answer = answer_of(turns)
    assert (answer.completion, answer.reasoning) == ("last", "because")
    assert answer_of({"role": "assistant", "content": "x", "reasoning": "r"}).reasoning == "r"
    assert answer_of({"role": "assistant", "content": "x", "thinking": "t"}).reasoning == "t"
    assert answer_of([{"role": "assistant", "content": "x", "reasoning_content": ""}]).reasoning is None
    assert (
        answer_of([{"role": "assistant", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}]).completion == "ab"
    )
    with pytest.raises(ValueError, match="without messages"):
        answer_of([])


def test_a_template_that_opens_the_reasoning() -> None:
    assert opens_reasoning(CHATML + "<think>\n")
    assert answer_of("because</think>print(1)", CHATML + "<think>\n").reasoning_open
    assert not answer_of("print(1)", CHATML).reasoning_open


def test_content_may_be_missing() -> None:
    assert content_text(None) == ""
