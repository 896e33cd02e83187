"""Reasoning, answer and code, read from a completion. Text in, text out: nothing is parsed, compiled or run.

What is ambiguous, and how it is resolved:

Reasoning
    It ends at the LAST `</think>`. One without `<think>` means that the chat template opened it. An opening
    that is never closed makes all that follows reasoning; so does `reasoning_open` without `</think>`. An
    unclosed `<think>` is an opening only at the start of the text, of a line, or before the first fence:
    elsewhere it is a string in a program. With `reasoning` given apart, the completion is the answer alone.
Answer
    What the last `<answer>…</answer>` encloses, else what follows the last `<answer>`, else all that is left.
Code
    Fences as in CommonMark (``` and ~~~, any tag, closed by a fence at least as long and indented by at most
    three columns more), and further: a fence may open at the end of a line of text; a tagged fence ends an open
    one (models forget to close); the end of the text closes. Of several fences the last that defines the entry
    point counts, else the last; empty ones never count, and ones tagged as plain text or console output only
    where there is no other. Without a fence the answer itself is the code, unless every line of it is prose.

Time and memory are linear in the text, at any content: each pattern is anchored to a line and has no
nested repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

THINK, END_THINK = "<think>", "</think>"
ANSWER, END_ANSWER = "<answer>", "</answer>"

_MARK = re.compile(r"`{3}|~{3}")
_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})(.*)", re.DOTALL)
_LATE_FENCE = re.compile(r"[^`]*(`{3,})[ \t]*([\w+#.-]*)[ \t\r]*")
_TRAILING = re.compile(r"(?:`{3,}|~{3,})\Z")
_PLAIN = ("text", "txt", "plain", "plaintext", "markdown", "md", "diff")
_CONSOLE = ("output", "stdout", "stderr", "input", "stdin", "console", "log")
_NO_PROGRAM = frozenset((*_PLAIN, *_CONSOLE))


@dataclass(frozen=True, slots=True)
class Parts:
    """A completion taken apart. reasoning: None without any; answer: what is not reasoning."""

    reasoning: str | None
    answer: str


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: the first word of its info string in lower case, and its content."""

    tag: str
    code: str


def split(completion: str, *, reasoning: str | None = None, reasoning_open: bool = False) -> Parts:
    """Reasoning and answer of a completion."""
    if reasoning is not None:
        return Parts(reasoning, completion)
    end = completion.rfind(END_THINK)
    if end >= 0:
        return Parts(_opened(completion[:end]), completion[end + len(END_THINK) :])
    if reasoning_open:
        return Parts(_opened(completion), "")
    start = _unclosed(completion)
    if start is None:
        return Parts(None, completion)
    return Parts(completion[start + len(THINK) :].strip(), completion[:start])


def extract_code(answer: str, *, entry_point: str | None = None, language: str = "python") -> str | None:
    """The program in an answer, or None where there is none."""
    text = answer_text(answer)
    blocks = [block for block in fences(text) if block.code.strip()]
    if blocks:
        return _choose(blocks, entry_point, language).code
    if "```" in text or "~~~" in text:
        text = _without_fences(text)
    return text if looks_like_code(text, language) else None


def answer_text(answer: str) -> str:
    """What the last `<answer>` encloses; all of it where the tag is absent."""
    end = answer.rfind(END_ANSWER)
    if end < 0:
        start = answer.rfind(ANSWER)
        return answer if start < 0 else answer[start + len(ANSWER) :]
    start = answer.rfind(ANSWER, 0, end)
    return answer[:end] if start < 0 else answer[start + len(ANSWER) : end]


def fences(text: str) -> Iterator[Fence]:
    """The fenced blocks of `text`, in order."""
    opened: _Mark | None = None
    start = 0
    for at, end in _marked_lines(text):
        mark = _strict_mark(text[at:end])
        if opened is None:
            opened, start = mark or _late_mark(text[at:end]), end + 1
        elif mark is not None and mark.ends(opened):
            yield Fence(opened.tag, _dedent(text[start:at], opened.indent))
            opened, start = (mark if mark.tag else None), end + 1
    if opened is not None:
        yield Fence(opened.tag, _dedent(_TRAILING.sub("", text[start:].rstrip()), opened.indent))


def defines(code: str, entry_point: str, language: str = "python") -> bool:
    """Whether `code` seems to define `entry_point` (`name` or `Class.method`): by its text alone."""
    name = re.escape(entry_point.partition(".")[0])
    if language == "python":
        pattern = rf"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+{name}\b|class[ \t]+{name}\b|{name}[ \t]*(?::[^=\n]*)?=(?!=))"
    else:
        pattern = rf"\b{name}[ \t]*[(=<]"
    return re.search(pattern, code, re.MULTILINE) is not None


def in_solution_class(code: str, name: str) -> bool:
    """Whether `name` seems to be a method of LeetCode's `class Solution` and nothing at the top level of `code`."""
    if re.search(r"^class[ \t]+Solution\b", code, re.MULTILINE) is None:
        return False
    name = re.escape(name)
    top = rf"^(?:(?:async[ \t]+)?def[ \t]+{name}\b|class[ \t]+{name}\b|{name}[ \t]*(?::[^=\n]*)?=(?!=))"
    method = rf"^[ \t]+(?:async[ \t]+)?def[ \t]+{name}\b"
    return re.search(top, code, re.MULTILINE) is None and re.search(method, code, re.MULTILINE) is not None


def looks_like_code(text: str, language: str = "python") -> bool:
    """Whether any line of `text` could be code. In doubt yes: prose that is run fails, code must not be lost."""
    return any(_code_line(line, language) for line in text.split("\n"))


def _opened(text: str) -> str:
    """The reasoning before its end, without its opening."""
    start = text.find(THINK)
    return (text[start + len(THINK) :] if start >= 0 else text).strip()


def _unclosed(text: str) -> int | None:
    """Where an opening stands that nothing closes; None without one."""
    start = text.find(THINK)
    if start < 0:
        return None
    line = text[text.rfind("\n", 0, start) + 1 : start]
    if not line.strip():
        return start
    fence = min((i for i in (text.find("```"), text.find("~~~")) if i >= 0), default=-1)
    if start < fence:
        return start
    later = re.compile(r"^[ \t]*<think>", re.MULTILINE).search(text, start)
    return later.end() - len(THINK) if later else None


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line that opens or closes a fence. indent: columns before it."""

    indent: int
    fence: str
    tag: str

    def ends(self, opened: _Mark) -> bool:
        same = self.fence[0] == opened.fence[0] and len(self.fence) >= len(opened.fence)
        return same and self.indent <= opened.indent + 3


def _marked_lines(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each line that holds a run of three fence characters, each line once."""
    end = -1
    while found := _MARK.search(text, end + 1):
        start = text.rfind("\n", end + 1, found.start()) + 1 or end + 1
        end = text.find("\n", found.end())
        if end < 0:
            yield start, len(text)
            return
        yield start, end


def _strict_mark(line: str) -> _Mark | None:
    """A fence at the start of a line. Backticks with a backtick after them are inline code (CommonMark)."""
    found = _FENCE.match(line)
    if found is None or (found[2][0] == "`" and "`" in found[3]):
        return None
    return _Mark(len(found[1].expandtabs(4)), found[2], _tag(found[3]))


def _late_mark(line: str) -> _Mark | None:
    """A fence that opens at the end of a line of text."""
    found = _LATE_FENCE.fullmatch(line)
    return _Mark(0, found[1], found[2].lower()) if found else None


def _tag(info: str) -> str:
    word = info.strip().split(maxsplit=1)
    return word[0].strip("{}.").lower() if word else ""


def _dedent(block: str, indent: int) -> str:
    """`block` without the indentation of its fence, as CommonMark has it."""
    if not indent:
        return block
    return re.sub(rf"^[ \t]{{1,{indent}}}", "", block, flags=re.MULTILINE)


def _without_fences(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.strip().startswith(("```", "~~~")))


def _choose(blocks: list[Fence], entry_point: str | None, language: str) -> Fence:
    if entry_point:
        for block in reversed(blocks):
            if defines(block.code, entry_point, language):
                return block
    return next((b for b in reversed(blocks) if b.tag not in _NO_PROGRAM), blocks[-1])


_STATEMENT = re.compile(
    r"""(?:
        (?:import|from|def|class|async\ def|global|del|assert|raise|package|using|func|fn|let|const|var|public
          |private|static|void|int|return|struct|module|template|namespace)\b\ *[\w"'(\[{*&_.<:-]
      | (?:for|while|if|elif|else|with|try|except|finally|match|case|switch|do)\b.*[:{]
      | (?:pass|break|continue|end|fi|done|else|try)$
      | [@#]\w
      | [\w.\[\]'",\ ]+(?::[^=]*)?(?:[-+*/%&|^:]|//|\*\*|<<|>>)?=[^=]
      | .*[;{}]$
      | [\w.]+\(
      | [\[({*].*\)
      | echo\b
    )""",
    re.VERBOSE,
)
_CALL = re.compile(r"\w\(")
_QUOTED = re.compile(r"`[^`]*`")
_BLOCK = re.compile(r"(?:async |for .* in |while |if |elif |else|with |try|except|def |class |match |case )[^`]*:$")
_SENTENCE = re.compile(r"[A-Za-z][\w',-]* [\w',-]+ [\w',`-]+")


def _code_line(line: str, language: str) -> bool:
    """Whether a line could be code: shaped like a statement, or holding a call, and not a sentence with its stop.

    Any words are a command of a shell.
    """
    line = line.strip()[:1000]
    calls = _CALL.search(_QUOTED.sub("", line)) is not None
    shaped = bool(line) if language == "bash" else calls or _STATEMENT.match(line) is not None
    if not shaped:
        return False
    stopped = line.endswith((".", "!", "?", ":", ","))
    return not (stopped and _SENTENCE.match(line) and not _BLOCK.match(line))
