"""Whether test code leaves anything behind in the process that runs it: decided from the code alone.

A process in which only such tests have run is as good as new, so the next tests may run in it. What counts as
traceless is an allow-list: modules that compute and keep no state (`random` does, and is seeded anew), nothing imported
changed, no file, thread, process or interpreter setting touched. All other tests get a process of their own.
"""

from __future__ import annotations

import ast

_PURE = frozenset(
    "__future__ abc bisect cmath collections copy dataclasses datetime enum fractions functools heapq itertools json "
    "math numbers operator random re statistics string textwrap types typing unicodedata".split()
)
_REFUSED_NAMES = frozenset(
    "__builtins__ __import__ __loader__ __spec__ breakpoint compile delattr eval exec exit globals help input locals "
    "open quit setattr vars".split()
)
#: What changes what others see: registries, caches.
_REFUSED_ATTRIBUTES = frozenset("register purge".split())
_REFUSED_NODES = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)


def leaves_none(tree: ast.Module, solution: str) -> bool:
    """Whether nothing of these tests stays when their names are gone. `solution`: the candidate's module."""
    imported = _imported(tree)
    return all(_is_harmless(node, solution, imported) for node in ast.walk(tree))


def _imported(tree: ast.Module) -> frozenset[str]:
    """Names that imports bind."""
    return frozenset(
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    )


def _is_harmless(node: ast.AST, solution: str, imported: frozenset[str]) -> bool:
    match node:
        case ast.Import(names=names):
            return all(_is_pure(alias.name, solution) for alias in names)
        case ast.ImportFrom(module=module, level=level):
            return not level and module is not None and _is_pure(module, solution)
        case ast.Name(id=name):
            return name not in _REFUSED_NAMES
        case ast.Attribute(value=value, attr=attr, ctx=context):
            if isinstance(context, ast.Load):
                return attr not in _REFUSED_ATTRIBUTES and (not attr.startswith("__") or attr == "__name__")
            return not attr.startswith("__") and isinstance(value, ast.Name) and value.id not in imported
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name)), ctx=ast.Store() | ast.Del()):
            return name not in imported
        case _:
            return not isinstance(node, _REFUSED_NODES)


def _is_pure(module: str, solution: str) -> bool:
    return module == solution or module.split(".")[0] in _PURE
