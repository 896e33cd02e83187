"""C++ sources by their text alone: what is code in them, their macros, and the heads of what they define.

The text is hostile: every pattern here takes time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NOT_TEXT = re.compile(
    r"//(?:[^\n\\]|\\.)*|/\*.*?(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*\"?|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)*'?", re.DOTALL
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\([^)]*\))?[ \t]*([^\n]*)", re.MULTILINE)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b", re.MULTILINE)
_HEAD_MAX = 1500

#: Words that the text after the candidate's own uses, whatever the candidate made of them.
OURS = ("main", "int", "static", "const", "return", "char", "auto", "if", "else", "for", "void", "new", "decltype")


def spliced(source: str) -> str:
    """The source without line continuations."""
    return re.sub(r"\\\r?\n", " ", source)


def bare(source: str) -> str:
    """The source without comments, literals' contents and directives."""
    text = _NOT_TEXT.sub(lambda m: '""' if m[0][0] == '"' else "' '" if m[0][0] == "'" else " ", spliced(source))
    return _DIRECTIVE.sub(" ", text)


def macros(source: str) -> list[str]:
    """Names that a source defines as macros."""
    return sorted({match[1] for match in DEFINE.finditer(spliced(source))})


def undefined(source: str) -> list[str]:
    """Lines that free the text after a source from the source's macros."""
    return [f"#undef {name}" for name in dict.fromkeys((*macros(source), *OURS))]


def heads(text: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """What stands before each brace that opens at `depth` of a bare text, and what stood before the brace around it."""
    around: list[str] = []
    start = 0
    for match in re.finditer(r"[{};]", text):
        if match[0] == "{":
            head = " ".join(text[start : match.start()].split()) if match.start() - start <= _HEAD_MAX else ""
            if len(around) == depth and head:
                yield head, around[-1] if around else ""
            around.append(head)
        elif match[0] == "}" and around:
            around.pop()
        start = match.end()
