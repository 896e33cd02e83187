"""Reasoning, answer and code out of completions as models write them."""

from __future__ import annotations

import time

import pytest

from proctor.judge.extract import Parts, defines, extract_code, fences, looks_like_code, split

CODE = "def f(x):\n    return x + 1"


class TestSplit:
    @pytest.mark.parametrize(
        ("completion", "reasoning", "answer"),
        [
            ("<think>a</think>b", "a", "b"),
            ("  \n<think>\n a \n</think>\nb", "a", "\nb"),
            ("a</think>b", "a", "b"),  # the template opened it
            ("<think>a</think>b<think>c</think>d", "a</think>b<think>c", "d"),  # the last one ends it
            ("<think>a<think>b</think>c", "a<think>b", "c"),
            ("</think>b", "", "b"),
            ("b", None, "b"),
            ("<think>never closed", "never closed", ""),
            ("Sure!\n<think>never closed", "never closed", "Sure!\n"),
            ("Sure! <think>hm ```python\nx = 1\n```", "hm ```python\nx = 1\n```", "Sure! "),
            ("", None, ""),
        ],
    )
    def test_tags(self, completion: str, reasoning: str | None, answer: str) -> None:
        assert split(completion) == Parts(reasoning, answer)

    def test_reasoning_open_without_an_end_is_all_reasoning(self) -> None:
        assert split("hm\n```python\nx = 1\n```", reasoning_open=True) == Parts("hm\n```python\nx = 1\n```", "")
        assert split("hm</think>x", reasoning_open=True) == Parts("hm", "x")

    def test_reasoning_given_apart_leaves_the_completion_alone(self) -> None:
        assert split("a</think>b", reasoning="r") == Parts("r", "a</think>b")
        assert split("x", reasoning="") == Parts("", "x")

    @pytest.mark.parametrize("code", ["print('<think>')", "x = '''\n  a<think>'''", "```python\nprint('<think>')\n```"])
    def test_an_opening_within_a_program_is_a_string(self, code: str) -> None:
        assert split(code) == Parts(None, code)


class TestFences:
    @pytest.mark.parametrize("tag", ["python", "py", "Python3", "", "c++", "{.python}", "python title=x", " python"])
    def test_any_tag(self, tag: str) -> None:
        assert extract_code(f"Here:\n```{tag}\n{CODE}\n```\nDone.") == CODE + "\n"

    @pytest.mark.parametrize("fence", ["```", "````", "~~~", "~~~~~"])
    def test_any_fence(self, fence: str) -> None:
        assert extract_code(f"{fence}python\n{CODE}\n{fence}") == CODE + "\n"

    def test_a_longer_fence_holds_a_shorter_one(self) -> None:
        assert extract_code("````python\ns = '''\n```\n'''\n````") == "s = '''\n```\n'''\n"

    def test_a_fence_indented_like_code_does_not_close(self) -> None:
        code = 'def f():\n    """\n    ```\n    f()\n    ```\n    """\n    return 1\n'
        assert extract_code(f"```python\n{code}```") == code

    def test_a_fence_in_a_list_is_dedented(self) -> None:
        assert extract_code("1. So:\n   ```python\n   def f():\n       pass\n   ```") == "def f():\n    pass\n"

    def test_unclosed(self) -> None:
        assert extract_code(f"```python\n{CODE}\n") == CODE

    def test_unclosed_before_another(self) -> None:
        text = "```python\nbroken(\n\nNo, like this:\n```python\nx = 1\n```"
        assert [b.code for b in fences(text)] == ["broken(\n\nNo, like this:\n", "x = 1\n"]

    def test_closed_at_the_end_of_the_last_line(self) -> None:
        assert extract_code("<answer>```python\ndef f(x): return x*x\n```</answer>") == "def f(x): return x*x\n"
        assert extract_code("```python\nx = 1```") == "x = 1"

    def test_opened_at_the_end_of_a_sentence(self) -> None:
        assert extract_code("The code is ```python\nx = 1\n```") == "x = 1\n"

    def test_windows_line_ends(self) -> None:
        assert extract_code("Hi\r\n```python\r\nx = 1\r\n```\r\n") == "x = 1\r\n"

    def test_inline_code_is_no_fence(self) -> None:
        assert extract_code("```x = 1``` is how one assigns.\nThat is all there is to it.") is None

    def test_the_last_of_several(self) -> None:
        assert extract_code("```python\na = 1\n```\nor\n```\nb = 2\n```") == "b = 2\n"

    def test_the_last_that_defines_the_entry_point(self) -> None:
        first, second = ("```python\ndef f(x):\n    return 0\n```\n", "```python\ndef f(x):\n    return 1\n```\n")
        text = first + second + "```python\nprint(f(2))\n```"
        assert extract_code(text, entry_point="f") == "def f(x):\n    return 1\n"

    def test_console_output_is_not_the_program(self) -> None:
        text = "```python\nprint(1)\n```\nIt prints\n```text\n1\n```"
        assert extract_code(text) == "print(1)\n"
        assert extract_code("```text\nprint(1)\n```") == "print(1)\n", "unless there is no other"

    def test_empty_fences_never_count(self) -> None:
        assert extract_code("```python\nx = 1\n```\n```python\n```") == "x = 1\n"
        assert extract_code("```python\n\n```") is None


class TestAnswer:
    def test_only_what_the_answer_encloses_counts(self) -> None:
        text = "```python\ndraft = 1\n```\n<answer>\n```python\nx = 1\n```\n</answer>\n```python\nafter = 1\n```"
        assert extract_code(text) == "x = 1\n"

    @pytest.mark.parametrize("text", ["<answer>x = 1</answer>", "<answer>x = 1", "x = 1</answer>"])
    def test_raw_code_in_an_answer(self, text: str) -> None:
        assert extract_code(text) == "x = 1"

    def test_the_last_of_several(self) -> None:
        assert extract_code("<answer>a = 1</answer> no: <answer>b = 2</answer>") == "b = 2"

    def test_prose_in_an_answer_is_no_code(self) -> None:
        assert extract_code("```python\nx = 1\n```<answer>See above, it should work.</answer>") is None


class TestRaw:
    def test_a_body_keeps_its_indentation(self) -> None:
        assert extract_code("    return x + 1\n") == "    return x + 1\n"

    @pytest.mark.parametrize(
        "code",
        [
            CODE,
            "print(5)",
            "import sys",
            "x = 1",
            "[print(i) for i in range(3)]",
            "(lambda: print(1))()",
            "not print(5)",
            "pass",
            "# nothing\n\nfor i in range(3): print(i)",
            '"""I solve it by sorting."""\nprint(sorted(input()))',
            "int main() { return 0; }",
            "#include <stdio.h>\nint main(void)\n{\n}",
            "fn main() {\n}",
            "console.log(1);",
            "echo hi",
            "from solution import *",
            "a, b = map(int, input().split())",
            "x: int = 3",
            "exec(open(0).read())",
            "x += 1",
            "if x in y and z not in w:\n  pass",
            "for a in b:\n  c",
            "while not done:\n  step()",
            "while True: pass",
            "if x: y = 1",
            "@cache\ndef f(): ...",
            "print('I think, therefore I am.')",
        ],
    )
    def test_code_is_never_taken_for_prose(self, code: str) -> None:
        assert extract_code(code) == code

    @pytest.mark.parametrize(
        "prose",
        [
            "",
            " \n\t",
            "I think the answer is to sort the list and take the first.",
            "I would use `sorted(x)` and return the middle element.",
            "The function should return x plus one, for each x in the list.",
            "Sorry, I cannot help with that!",
            "First, read the numbers\nThen add them\nFinally print the sum",
            "42",
            "If the list is empty, we return zero:",
            "For each item we add one to the count.",
            "return the sum of both numbers.",
            "Let us consider the case where n is even.",
        ],
    )
    def test_prose_is_no_code(self, prose: str) -> None:
        assert extract_code(prose) is None
        assert not looks_like_code(prose)


class TestDefines:
    @pytest.mark.parametrize(
        "code",
        ["def f(): ...", "async  def f(): ...", "f = lambda: 1", "class C:\n    def f(self): ...", "f: int = 3"],
    )
    def test_definitions(self, code: str) -> None:
        assert defines(code, "f")

    @pytest.mark.parametrize("code", ["f()", "f == 1", "def ff(): ...", "x = f", "# def f", "print('def f')"])
    def test_uses(self, code: str) -> None:
        assert not defines(code, "f")

    def test_a_method_needs_its_class(self) -> None:
        assert defines("class Solution:\n    def g(self): ...", "Solution.g")
        assert not defines("def g(): ...", "Solution.g")

    def test_other_languages(self) -> None:
        assert defines("int add(int a, int b) { return a + b; }", "add", "cpp")
        assert not defines("int sub(int a);", "add", "cpp")


@pytest.mark.parametrize(
    "text",
    [
        "`" * 200_000,
        "```\n" * 60_000,
        "~~~a\n" * 50_000,
        " " * 200_000 + "```",
        "``` `" * 50_000,
        "<think>" * 40_000,
        "</think>" * 40_000,
        "<answer>" * 40_000,
        "a" * 200_000,
        "a.b" * 100_000,
        "a " * 100_000,
        "for " * 60_000,
        "\n" * 300_000,
        "x=" * 100_000,
        "[(" * 100_000,
        ("a" * 50 + " ") * 5_000,
        "\ud800" * 100_000,
        "\u2028" * 100_000,
        "def f(" * 40_000,
        "-> " * 80_000,
        ("a " * 990 + "\n") * 100,
        (" " * 990 + "x\n") * 100,
        ("a = " * 240 + "\n") * 100,
        ("; " * 490 + "x\n") * 100,
        ("for x:" * 160 + "\n") * 100,
        ("x: " * 330 + "\n") * 100,
        ("for a in " * 100 + "\n") * 100,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = time.process_time()
    parts = split(text)
    extract_code(parts.answer, entry_point="f")
    extract_code(text, entry_point="f.g", language="cpp")
    assert time.process_time() - start < 2.0


@pytest.mark.parametrize("program", ["read n; echo $((n * 2))", "sort -n | uniq -c", "rev", "cat <<'END'\nIt is.\nEND"])
def test_any_words_are_a_program_of_a_shell(program: str) -> None:
    assert extract_code(program, language="bash") == program


@pytest.mark.parametrize("prose", ["", " \n ", "I do not know how to write this script."])
def test_a_sentence_is_no_program_of_a_shell(prose: str) -> None:
    assert extract_code(prose, language="bash") is None
