"""Types as annotations write them, `List[float]` or `int | None`, by value: tests hold them against their own.

Only those of classes, None, `...` and each other, and literals. Others cross by reference: of type variables,
with metadata, of a generic class of the candidate's.
"""

from __future__ import annotations

import collections
import functools
import operator
import sys
import types
from typing import TYPE_CHECKING, Any

from .codec_errors import Malformed

if TYPE_CHECKING:
    from .encode import Writer

ARGUMENTS_MAX = 100
_ORIGINS: dict[str, Any] = {kind.__name__: kind for kind in (list, dict, set, frozenset, tuple, type)}
_ORIGINS |= {kind.__name__: kind for kind in (collections.deque, collections.defaultdict, collections.OrderedDict)}
#: Of the module typing, by the name that an alias has there.
_NAMED = frozenset(
    """List Dict Set FrozenSet Tuple Type Deque DefaultDict OrderedDict Counter Callable Iterable Iterator Sequence
    MutableSequence Mapping MutableMapping Collection Container AbstractSet Awaitable Union Literal""".split()
)


def write(w: Writer, v: Any) -> bool:
    """Write `v` if it is such a type; whether it was. Raises CannotCross."""
    name = _name(v)
    if name is None or len(v.__args__) > ARGUMENTS_MAX or not all(_may_be_within(name, one) for one in v.__args__):
        return False
    w.text(b"x", "alias")
    w.items((name, *v.__args__), 1 + len(v.__args__))
    return True


def _name(v: Any) -> str | None:
    """How an alias is named here; None for what is no such alias."""
    if type(v) is types.GenericAlias:
        name = getattr(v.__origin__, "__name__", "")
        return name if _ORIGINS.get(name) is v.__origin__ else None
    if type(v) is types.UnionType:
        return "|"
    if getattr(sys.modules.get("typing"), type(v).__name__, None) is not type(v) or not hasattr(v, "__args__"):
        return None  # an object of the candidate's copy of such a class is none: it would have to be asked
    name = getattr(v, "_name", None) or getattr(v.__origin__, "_name", None)
    name = "Union" if name == "Optional" else name
    return name if name in _NAMED and v.__origin__.__module__ in _OF_ALIASES else None


_OF_ALIASES = ("builtins", "collections", "collections.abc", "typing")


def _may_be_within(name: str, one: Any) -> bool:
    if name == "Literal":
        return one is None or type(one) in (bool, int, str, bytes)
    return one is ... or isinstance(one, type) or _name(one) is not None


def read(name: Any, *given: Any) -> Any:
    """The type of this name and these arguments. Raises Malformed, TypeError."""
    if len(given) > ARGUMENTS_MAX or not all(_may_be_within(name, one) for one in given):
        raise Malformed("a type of no known arguments")
    if name == "|":
        return functools.reduce(operator.or_, given)
    if name in _ORIGINS:
        return types.GenericAlias(_ORIGINS[name], given)
    if name not in _NAMED:
        raise Malformed("a type of no known name")
    form = getattr(sys.modules["typing"], name)
    if name == "Callable":
        *taken, given_back = given
        return form[... if taken == [...] else list(taken), given_back]
    return form[given if len(given) != 1 else given[0]]
