"""The builtins that cross by name: which of them, and towards which end."""

from __future__ import annotations

import builtins

#: Builtins that may cross by name towards the tests: types and exceptions, nothing that does things.
TYPES = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and not name.startswith("_") and name not in ("type", "super", "property", "memoryview")
}
#: Towards the candidate every public builtin may cross: it has them anyway.
FUNCTIONS = {name: value for name, value in vars(builtins).items() if callable(value) and not name.startswith("_")}


NAMES = {id(value): name for name, value in FUNCTIONS.items()}
NAMES[id(type(None))] = "NoneType"
TYPES["NoneType"] = FUNCTIONS["NoneType"] = type(None)
