"""What C++ `function` tests build: the candidate's source, and after it a driver that calls the entry point.

Types are the compiler's to find (pair/cpp/driver.hpp); the text alone says whether the entry point is a function or a
method of `class Solution`, and which functions of its name there are. All of it is the candidate's program, so a
source that fools this reading fools itself.
"""

from __future__ import annotations

import re

from .cpp import LANGUAGE
from .cpp_text import INCLUDE, bare, heads, undefined
from .driver import Driver

_EVERYTHING = "#include <bits/stdc++.h>\nusing namespace std;\n"
_NODES = {
    "ListNode": "struct ListNode { int val; ListNode *next; ListNode() : val(0), next(nullptr) {}"
    " ListNode(int x) : val(x), next(nullptr) {} ListNode(int x, ListNode *n) : val(x), next(n) {} };\n",
    "TreeNode": "struct TreeNode { int val; TreeNode *left; TreeNode *right; TreeNode() : val(0), left(nullptr),"
    " right(nullptr) {} TreeNode(int x) : val(x), left(nullptr), right(nullptr) {}"
    " TreeNode(int x, TreeNode *l, TreeNode *r) : val(x), left(l), right(r) {} };\n",
}
_OVERLOADS_MAX = 16
_SCOPES = re.compile(r"\b(?:class|struct)\s+(\w+)(?:\s+final)?\s*(?::[^:].*)?$")


def wrap(source: bytes, name: str, tests: dict) -> dict[str, bytes]:
    """The candidate's program. name: of its source; tests: wire tests of kind function."""
    text = source.decode("utf-8", "surrogateescape")
    lines = ["#define main proctor_candidate_main", _surroundings(text) + '#line 1 "main.cpp"', text, ""]
    lines += ['#line 1 "driver"', *undefined(text), '#pragma GCC optimize("O0")', "#define PROCTOR_TAGGED"]
    lines += ['#include "wire.hpp"', '#include "driver.hpp"', *_offers(bare(text), tests["entry_point"])]
    lines += ["int main() { proctor::serve(proctor_entry); ::_exit(0); }", ""]
    return {name: "\n".join(lines).encode("utf-8", "surrogateescape")}


def _surroundings(text: str) -> str:
    """What LeetCode gives: the whole library to code that includes none of it, and nodes to code that lacks them."""
    nodes = [
        code
        for node, code in _NODES.items()
        if re.search(rf"\b{node}\b", text) and not re.search(rf"\b(?:class|struct)\s+{node}\b[^;*&>,)]*{{", bare(text))
    ]
    return ("" if INCLUDE.search(text) else _EVERYTHING) + "".join(nodes)


def _offers(text: str, path: str) -> list[str]:
    """The functions that an entry point may mean, in order. text: bare."""
    owner, _, name = path.rpartition(".")
    if not re.fullmatch(r"\w+(?:\.\w+)*", path, re.ASCII):
        return ['#error "the entry point is no name of C++"']
    free = [head for head, _ in heads(text) if _names(head, name)]
    if not owner and not free and _has_class(text, "Solution"):
        owner = "Solution"
    scope = owner.replace(".", "::")
    if scope:
        found = [head for head, around in heads(text, 1) if _names(head, name) and _class_of(around) == scope]
        call = f"(new {scope}())->{name}(static_cast<decltype(a)&&>(a)...)"
    else:
        found = free
        call = f"::{name}(static_cast<decltype(a)&&>(a)...)"
    shapes = [shape for head in found if (shape := _shape(head, name)) is not None]
    pointer = f"&{scope}::{name}"
    types = [f"static_cast<void (*)({shape})>(nullptr)" for shape in dict.fromkeys(shapes)]
    if len(types) < 2:
        types = [pointer]  # also where it is inherited, made by a macro or a variable
    lines = ["static void proctor_entry(const proctor::Asked& asked, proctor::Answer& answer) {"]
    lines += [f"  auto call = [](auto&&... a) -> decltype({call}) {{ return {call}; }};"]
    lines += [
        f"  proctor::offer(asked, answer, call, decltype(proctor::parameters({one})){{}});"
        for one in types[:_OVERLOADS_MAX]
    ]
    return [*lines, "}"]


def _names(head: str, name: str) -> bool:
    """Whether a head is a function's of that name, or a variable's that can be called."""
    return re.search(rf"(?:^|[\s*&>]){name}\s*[(=]", head) is not None


def _has_class(text: str, name: str) -> bool:
    return any(_class_of(head) == name for head, _ in heads(text))


def _class_of(head: str) -> str | None:
    match = _SCOPES.search(head)
    return match[1] if match else None


def _shape(head: str, name: str) -> str | None:
    """The parameters of a function's head without their defaults; None where they cannot be told."""
    opened = re.search(rf"(?:^|[\s*&>]){name}\s*\(", head)
    if opened is None:
        return None
    parts, depth, start = [], 0, opened.end()
    for at in range(start, len(head)):
        char = head[at]
        if char == ")" and depth == 0:
            parts.append(head[start:at])
            return ", ".join(part.partition("=")[0].strip() for part in parts)
        if char == "," and depth == 0:
            parts.append(head[start:at])
            start = at + 1
        depth += (char in "<([") - (char in ">)]")
    return None


#: `script` tests are two programs, made from text outside the sandbox (service, judge/native).
DRIVER = Driver(folder="cpp", candidate=LANGUAGE, candidate_files=("wire.hpp", "driver.hpp"), wrap=wrap)
