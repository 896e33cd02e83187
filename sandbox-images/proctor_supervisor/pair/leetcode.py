"""What LeetCode's judge gives to solutions: typing names, ListNode, TreeNode, and lists in their place.

Applies to code with a `class Solution`, which expects these names, and those of common modules, without importing
them. A list given for a parameter that is annotated ListNode or TreeNode arrives as such, and comes back as a list
(trees level by level, None for absent children).
"""

from __future__ import annotations

import builtins
import collections
import importlib
import re
import typing
from collections.abc import Callable
from typing import Any

LENGTH_MAX = 1_000_000


class ListNode:
    """A node of a singly linked list."""

    def __init__(self, val: Any = 0, next: ListNode | None = None) -> None:
        self.val = val
        self.next = next


class TreeNode:
    """A node of a binary tree."""

    def __init__(self, val: Any = 0, left: TreeNode | None = None, right: TreeNode | None = None) -> None:
        self.val = val
        self.left = left
        self.right = right


NAMES: dict[str, Any] = {
    name: getattr(typing, name)
    for name in (
        "Any Callable DefaultDict Deque Dict FrozenSet Generator Iterable Iterator List Mapping Optional Sequence Set "
        "Tuple Type Union"
    ).split()
} | {"ListNode": ListNode, "TreeNode": TreeNode}


#: Modules whose public names LeetCode's judge imports, besides the modules themselves.
_STARRED = ("bisect", "collections", "functools", "heapq", "itertools", "math")
_MODULES = (*_STARRED, "copy", "operator", "random", "re", "string", "sys")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_DOCUMENTED = re.compile(r":(?:type\s+(\w+)|(rtype))\s*:\s*(\S.*)")
_LIST_OF_NODES = re.compile(r"[Ll]ist\[[^\]]*(?:ListNode|TreeNode)")


class NoNode(tuple):
    """What an empty list or tree is when it comes back: tests write it as [] or as null."""

    __slots__ = ()


def names_for(source: bytes) -> dict[str, Any]:
    """The names that LeetCode gives to this source, as far as they occur in it. Builtins stay what they are."""
    words = {word.decode("ascii") for word in _WORD.findall(source)}
    given = dict(NAMES)
    for name in _MODULES:
        module = importlib.import_module(name) if name in words or name in _STARRED else None
        if name in words:
            given[name] = module
        if name in _STARRED:
            public = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
            given.update((n, getattr(module, n)) for n in words.intersection(public) if not hasattr(builtins, n))
    return given


def arguments(function: Callable[..., Any], args: list, kwargs: dict, names: dict) -> tuple[list, dict]:
    """Arguments, with lists turned into nodes where the parameter says so."""
    annotations = _annotations(function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or not any(_names_node(a) for a in annotations.values()):
        return args, kwargs
    skip = 1 if hasattr(function, "__self__") else 0
    parameters = code.co_varnames[skip : code.co_argcount]
    given = [_convert(annotations.get(p), value, names) for p, value in zip(parameters, args, strict=False)]
    named = {name: _convert(annotations.get(name), value, names) for name, value in kwargs.items()}
    return given + args[len(given) :], named


def _annotations(function: Any) -> dict[str, Any]:
    """What is said of parameters, and as "return" of the result: in annotations, else as `:type head: ListNode`."""
    annotations = getattr(function, "__annotations__", None)
    documentation = getattr(function, "__doc__", None)
    if annotations or not isinstance(documentation, str) or "type" not in documentation:
        return annotations or {}
    return {name or "return": kind for name, _, kind in _DOCUMENTED.findall(documentation)}


def _names_node(annotation: Any) -> str | None:
    return next((name for name in ("ListNode", "TreeNode") if name in _text(annotation)), None)


def _text(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    return str(getattr(annotation, "__name__", "")) + " " + repr(annotation)


def _convert(annotation: Any, value: Any, names: dict) -> Any:
    kind = _names_node(annotation) if annotation is not None else None
    if kind is None or not isinstance(value, list):
        return value
    make: Callable[[list, type], Any] = _linked if kind == "ListNode" else _tree
    cls = names.get(kind, NAMES[kind])
    if _LIST_OF_NODES.search(_text(annotation)) and all(item is None or isinstance(item, list) for item in value):
        return [make(item or [], cls) for item in value]
    return make(value, cls)


def _linked(values: list, cls: type) -> Any:
    head = None
    for value in reversed(values):
        node = cls(value)
        node.next, head = head, node
    return head


def _tree(values: list, cls: type) -> Any:
    if not values or values[0] is None:
        return None
    root = cls(values[0])
    waiting = collections.deque([root])
    rest = iter(values[1:])
    while waiting:
        node = waiting.popleft()
        for side in ("left", "right"):
            value = next(rest, None)
            if value is not None:
                child = cls(value)
                setattr(node, side, child)
                waiting.append(child)
    return root


def result(function: Callable[..., Any], value: Any) -> Any:
    """What the function returned, nodes as lists; no node, where the annotation says that it gives one, as `NoNode`."""
    annotation = _annotations(function).get("return")
    if annotation is None or not _names_node(annotation):
        return plain(value)
    if isinstance(value, list) and _LIST_OF_NODES.search(_text(annotation)):
        return [NoNode() if item is None else plain(item) for item in value]
    return NoNode() if value is None else plain(value)


def plain(value: Any) -> Any:
    """Nodes as lists; anything else as it is."""
    if isinstance(value, list) and value and any(_kind(v) for v in value):
        return [plain(v) for v in value]
    kind = _kind(value)
    if kind == "ListNode":
        return _list_of(value)
    return _levels(value) if kind == "TreeNode" else value


def _kind(value: Any) -> str | None:
    name = type(value).__name__
    return name if name in ("ListNode", "TreeNode") and hasattr(value, "val") else None


def _list_of(node: Any) -> list:
    out: list = []
    while node is not None and len(out) < LENGTH_MAX:
        out.append(node.val)
        node = node.next
    return out


def _levels(root: Any) -> list:
    out: list = []
    waiting = collections.deque([root])
    while waiting and len(out) < LENGTH_MAX:
        node = waiting.popleft()
        out.append(None if node is None else node.val)
        if node is not None:
            waiting.extend((node.left, node.right))
    while out and out[-1] is None:
        out.pop()
    return out
