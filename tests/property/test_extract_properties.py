"""What holds of any completion whatever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proctor.judge.extract import END_THINK, extract_code, fences, split
from proctor.judge.format import format_score

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
MARKS = ("```", "```python", "~~~", "````", "`", "\n", "\r", "\u2028", "\ud800", "\x00", " ", "    ")
PIECES = st.sampled_from((*TAGS, *MARKS, "def f():", "x = 1", "prose here"))
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join)
LINES = st.text(st.characters(exclude_characters="`~<>\r\n", exclude_categories=["Cs"]), max_size=30)
CODE = st.lists(LINES, min_size=1, max_size=8).map(lambda lines: "def f():\n" + "\n".join(lines) + "\n")


@given(TEXTS, st.booleans())
def test_nothing_breaks_and_code_comes_from_the_answer(text: str, reasoning_open: bool) -> None:
    parts = split(text, reasoning_open=reasoning_open)
    assert parts.answer in text
    code = extract_code(parts.answer, entry_point="f")
    if code is not None:
        assert code.strip()
        assert all(line.strip() in parts.answer for line in code.split("\n"))


@given(TEXTS, TEXTS)
def test_code_within_reasoning_is_never_graded(thought: str, rest: str) -> None:
    secret = "only_in_the_reasoning = 42"
    inside = f"{thought}\n```python\n{secret}\n```\n"
    for completion in (f"<think>{inside}{END_THINK}{rest}", f"{inside}{END_THINK}{rest}"):
        assert secret not in (extract_code(split(completion).answer) or "")
    unended = inside.replace(END_THINK, "")
    assert extract_code(split(unended, reasoning_open=True).answer) is None


@given(CODE, st.sampled_from(["```", "~~~", "`````"]), st.sampled_from(["", "python", "py", "Python 3"]))
def test_fenced_code_comes_back_as_it_was(code: str, fence: str, tag: str) -> None:
    text = f"Here it is.\n\n{fence}{tag}\n{code}{fence}\n\nThat is all."
    assert [block.code for block in fences(text)] == [code]
    assert extract_code(text, entry_point="f") == code
    assert extract_code(f"<answer>{text}</answer>", entry_point="f") == code


@given(CODE)
def test_raw_code_comes_back_as_it_was(code: str) -> None:
    assert extract_code(code, entry_point="f") == code


@given(LINES.filter(str.strip), LINES.filter(str.strip))
def test_a_well_formed_completion_earns_its_format(thought: str, answer: str) -> None:
    shaped = f"<think>{thought}</think>\n<answer>{answer}</answer>"
    assert format_score("think", shaped) == format_score("think-answer", shaped) == 1.0
    assert split(shaped).reasoning == thought.strip()


@given(TEXTS)
def test_format_is_0_or_1(text: str) -> None:
    think, both = format_score("think", text), format_score("think-answer", text)
    assert think in (0.0, 1.0)
    assert both in (0.0, think), "think-answer asks for more than think"
