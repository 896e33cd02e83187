"""Functions of a C++ source, by its text alone: their names, and their types where those are plain values.

What comes out goes into the tests' program, so nothing of the candidate's text does but words of a closed list: types
of the language and of its standard library, numbers, and punctuation of types. Aliases (`typedef`, `using`,
`#define`) are replaced by what they stand for; whatever is then left that is not on the list makes a function one that
cannot cross. The text is hostile: every pattern here takes time in proportion to its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proctor_supervisor.languages.cpp_text import DEFINE, bare, heads, spliced

_LANGUAGE = frozenset(
    """
    bool char short int long signed unsigned float double void const std auto
    """.split()  # noqa: SIM905
)
_LIBRARY = frozenset(
    """
    size_t ssize_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t string vector deque list set
    multiset unordered_set map multimap unordered_map pair tuple array optional
    """.split()  # noqa: SIM905
)
_WORDS = _LANGUAGE | _LIBRARY
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|::|[<>,&]")
_ALIAS = re.compile(r"\btypedef\s+([^;{}()]{1,300}?)\s+(\w+)\s*;|\busing\s+(\w+)\s*=\s*([^;{}()]{1,300});")
_HEAD = re.compile(
    r"^(?P<result>[\w:<>,&\s]+?)[\s&]*\b(?P<name>[A-Za-z_]\w*)\s*\((?P<params>[^(){}]*)\)\s*(?:noexcept)?\s*$"
)
_QUALIFIERS = re.compile(r"\b(?:inline|static|constexpr|extern|register|std::)\s*|\[\[[^\]]*\]\]")
_DEFAULT = re.compile(r"-?\d[\d.]*f?|true|false|\{\}")
_DEPTH_MAX = 8


@dataclass(frozen=True, slots=True)
class Parameter:
    """type: without reference; by: "value", "const" (a reference), "reference" or "rvalue"; default: a literal."""

    type: str
    by: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """result and parameters are None where a type cannot cross; `why` then says which. head: as written."""

    name: str
    head: str
    result: str | None = None
    parameters: tuple[Parameter, ...] = ()
    why: str | None = None


def functions(source: str) -> list[Function]:
    """The functions defined at the top level of a source, in order; a name that is overloaded once for each."""
    text = bare(source)
    aliases = _aliases(source, text)
    return [_function(head, aliases) for head, _ in heads(text) if _HEAD.match(head)]


def _aliases(source: str, text: str) -> dict[str, str]:
    found = {match[1]: match[3].strip() for match in DEFINE.finditer(spliced(source)) if match[2] is None}
    for match in _ALIAS.finditer(text):
        name, stands_for = (match[2], match[1]) if match[2] else (match[3], match[4])
        found[name] = stands_for
    return found


def _function(head: str, aliases: dict[str, str]) -> Function:
    match = _HEAD.match(head)
    assert match is not None
    plain = _QUALIFIERS.sub("", match["result"])
    result = _type(plain, aliases)
    if result is None:
        return Function(match["name"], head, why=f"its result `{' '.join(plain.split())}`")
    parameters = []
    for text in _split(match["params"]):
        parameter = _parameter(text, aliases)
        if parameter is None:
            return Function(match["name"], head, why=f"its parameter `{' '.join(text.split())}`")
        parameters.append(parameter)
    return Function(match["name"], head, result, tuple(parameters))


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "<{[") - (char in ">}]")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    whole = [part.strip() for part in parts]
    return [] if whole in ([""], ["void"]) else whole


def _parameter(text: str, aliases: dict[str, str]) -> Parameter | None:
    declared, _, default = (part.strip() for part in text.partition("="))
    tokens = _tokens(declared)
    if tokens is None:
        return None
    if len(tokens) > 1 and tokens[-1] not in _WORDS and re.match(r"[A-Za-z_]", tokens[-1]) and tokens[-2] != "::":
        tokens = tokens[:-1]  # its name
    elif (
        len(tokens) > 1
        and tokens[-2] in (*_WORDS, ">", "&")
        and tokens[-1] in ("string", "list", "set", "map", "array")
    ):
        tokens = tokens[:-1]  # its name, the same as some type's
    reference = "&" in tokens
    by = "value" if not reference else "const" if "const" in tokens else "reference"
    by = "rvalue" if tokens.count("&") == 2 else by
    kind = _type(" ".join(token for token in tokens if token != "&"), aliases)
    if kind is None or kind == "void":
        return None
    return Parameter(kind, by, default if _DEFAULT.fullmatch(default) else None)


def _type(text: str, aliases: dict[str, str]) -> str | None:
    """A type in words of the closed list; None where it has others."""
    for _ in range(_DEPTH_MAX):
        tokens = _tokens(text)
        if tokens is None:
            return None
        unknown = [token for token in tokens if token in aliases]
        if not unknown:
            break
        text = " ".join(aliases.get(token, token) for token in tokens)
    else:
        return None
    kept = [token for token in tokens if token not in ("const", "&")]
    if not kept or any(re.match(r"[A-Za-z_]", token) and token not in _WORDS for token in kept) or "auto" in kept:
        return None
    return _qualified(kept)


def _qualified(tokens: list[str]) -> str:
    """With `std::` before every library name, whatever the source said."""
    kept = [token for token in tokens if token not in ("std", "::")]
    return " ".join(f"std::{token}" if token in _LIBRARY else token for token in kept)


def _tokens(text: str) -> list[str] | None:
    if len(text) > 500 or _TOKEN.sub("", text).strip():
        return None
    return _TOKEN.findall(text)
