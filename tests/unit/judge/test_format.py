"""The shapes that earn F = 1."""

from __future__ import annotations

import pytest

from proctor.judge.format import format_score


@pytest.mark.parametrize("text", ["", "<think>a</think>b", "x"])
def test_none_asks_nothing(text: str) -> None:
    assert format_score("none", text) is None


@pytest.mark.parametrize(
    ("text", "think", "think_answer"),
    [
        ("<think>r</think><answer>a</answer>", 1, 1),
        (" \n<think>\nr\n</think>\n\n<answer>\na\n</answer>\n ", 1, 1),
        ("r</think><answer>a</answer>", 1, 1),  # the template opened it
        ("<think>r</think>a", 1, 0),
        ("<think>r</think>", 0, 0),
        ("<think>r</think>  \n", 0, 0),
        ("<think></think>a", 0, 0),
        ("<think> \n</think><answer>a</answer>", 0, 0),
        ("<think>r</think><answer> </answer>", 1, 0),
        ("<think>r</think><answer></answer>", 1, 0),
        ("<think>r<answer>a</answer>", 0, 0),
        ("r", 0, 0),
        ("", 0, 0),
        ("Sure! <think>r</think>a", 0, 0),
        ("<think>r<think>s</think>a", 0, 0),
        ("<think>r</think>a</think>b", 0, 0),
        ("<think>r</think>a<think>", 0, 0),
        ("<think>r</think>so: <answer>a</answer>", 1, 0),
        ("<think>r</think><answer>a</answer> done", 1, 0),
        ("<think>r</think><answer>a</answer><answer>b</answer>", 1, 0),
        ("<think>r</think><answer>a<answer>b</answer>", 1, 0),
        ("<think>r</think><answer>a", 1, 0),
        ("<think>r</think>a</answer>", 1, 0),
        ("<THINK>r</THINK>a", 0, 0),
        ("<answer>a</answer><think>r</think>", 0, 0),
    ],
)
def test_shapes(text: str, think: int, think_answer: int) -> None:
    assert format_score("think", text) == think
    assert format_score("think-answer", text) == think_answer


@pytest.mark.parametrize(
    ("reasoning", "text", "think", "think_answer"),
    [
        ("r", "a", 1, 0),
        ("r", "<answer>a</answer>", 1, 1),
        ("", "a", 0, 0),
        ("r", "", 0, 0),
        ("r", "<think>x</think>a", 0, 0),
        ("a</think>b", "a", 0, 0),
    ],
)
def test_reasoning_that_came_apart(reasoning: str, text: str, think: int, think_answer: int) -> None:
    assert format_score("think", text, reasoning=reasoning) == think
    assert format_score("think-answer", text, reasoning=reasoning) == think_answer
