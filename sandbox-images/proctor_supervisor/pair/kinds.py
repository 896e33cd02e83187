"""The built-in classes that others extend, and what an instance holds, past every override of its class.

An instance of a candidate's `class Stack(list)` is a list for the tests too: what it holds is taken by list's own
methods, at its return and with every later answer, so it cannot say one thing now and another thing then.
"""

from __future__ import annotations

import collections
import inspect
import sys
from collections.abc import Iterable
from typing import Any

from .codec_errors import Malformed, TooLarge
from .tables import is_table
from .tables import replace as replace_table

ITEMS_BEFORE_COLLISIONS_COUNT = 512

_MAPPINGS: tuple[type, ...] = (collections.OrderedDict, collections.defaultdict, collections.Counter, dict)
_MUTABLE: tuple[type, ...] = (*_MAPPINGS, list, set, bytearray)
_VALUES: tuple[type, ...] = (tuple, frozenset, int, float, complex, str, bytes)
#: By name, the classes whose instances are values or containers; their subclasses cross with their content.
EXTENDED: dict[str, type] = {kind.__name__: kind for kind in (*_MUTABLE, *_VALUES)}
_ALL = frozenset(EXTENDED.values())
MUTABLE = frozenset(_MUTABLE)
#: Containers of collections that keep what they hold in an attribute `data`.
HOLDERS = ("UserDict", "UserList", "UserString")


def extended(cls: type) -> Any:
    """The class of `EXTENDED` that `cls` is or extends; None for any other."""
    if cls in _ALL:
        return cls
    return next((base for base in cls.__mro__ if base in _ALL), None)


def method_owner(cls: type, name: str) -> type | None:
    """The class that gives instances of `cls` the attribute `name`."""
    return next((base for base in cls.__mro__ if name in vars(base)), None)


def overrides(cls: type, name: str) -> bool:
    """Whether `name` is neither object's nor that of the built-in class that `cls` extends."""
    owner = method_owner(cls, name)
    return owner is not None and owner is not object and owner not in _ALL


def may_be_field(name: str) -> bool:
    """Whether a named tuple may have a field of this name: none of a special method's, which Python would call here."""
    return not name.startswith("_") or name[1:].isdecimal()  # `_1` is what namedtuple(rename=True) makes


def plain(kind: Any, value: Any) -> Any:
    """The value inside an instance of a subclass of `kind`, one of the immutable classes."""
    if kind in (tuple, frozenset):
        return kind(kind.__iter__(value))
    if kind is str:
        return str.__str__(value)
    if kind is bytes:
        return bytes(memoryview(value))
    if kind is complex:
        return complex(_REAL(value), _IMAG(value))
    return float.__float__(value) if kind is float else int.__int__(value)


_REAL, _IMAG = complex.real.__get__, complex.imag.__get__


def pairs(items: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
    """Keys and values in turn."""
    for key, value in items:
        yield key
        yield value


def is_array(value: Any) -> bool:
    """Whether `value` is an array of the module `array`."""
    array = sys.modules.get("array")
    return array is not None and type(value) is array.array


def content(value: Any) -> Any:
    """What a mutable container holds, as an immutable copy, one level deep."""
    kind = extended(type(value))
    if kind is list:
        return tuple(list.__iter__(value))
    if kind in _MAPPINGS:
        return tuple(pairs(kind.items(value)))
    if kind is set:
        return tuple(set.__iter__(value))
    if kind is bytearray:
        return bytes(memoryview(value))
    if isinstance(value, collections.deque):
        return tuple(value)
    if is_table(value):
        return value.copy()
    if hasattr(value, "__dict__"):
        return tuple(pairs(vars(value).items()))  # a plain object of the tests
    return value[:] if is_array(value) else value.copy()  # an array


def replace_content(value: Any, new: Any) -> None:
    """Make `value`, in place, hold what `content` said of its twin. Raises Malformed, TooLarge."""
    kind = extended(type(value))
    try:
        if kind in _MAPPINGS:
            kind.clear(value)
            keys = hashable(list(new[::2]))
            for key, item in zip(keys, new[1::2], strict=True):
                kind.__setitem__(value, key, item)
            distinct(kind.__len__(value), keys)
        elif kind in (list, bytearray):
            kind.__setitem__(value, slice(None), new)
        elif kind is set:
            items = hashable(list(new))
            set.clear(value)
            set.update(value, items)
            distinct(set.__len__(value), items)
        elif isinstance(value, collections.deque):
            value.clear()
            value.extend(new)
        elif is_table(value):
            replace_table(value, new)
        elif hasattr(value, "__dict__"):
            vars(value).clear()
            vars(value).update(zip(map(str, new[::2]), new[1::2], strict=True))
        elif is_array(value):
            value[:] = new
        else:
            value[...] = new  # an array
    except (TypeError, ValueError) as error:
        raise Malformed(f"content that does not fit: {error}") from None


def beside_methods(value: Any, new: Any) -> Any:
    """New content for a twin's original, in which a method of an object's class stays the method that it is.

    What an object has in place of one by now it keeps. Raises TooLarge where the twin was given one that it had not.
    """
    cls = type(value)
    if extended(cls) is not None or type(new) is not tuple or len(new) % 2 or not hasattr(value, "__dict__"):
        return new
    held, kept = vars(value), []
    for name, item in zip(new[::2], new[1::2], strict=True):
        if type(name) is str and _is_own_method(inspect.getattr_static(cls, name, None)):
            if name not in held:
                raise TooLarge(f"another {name[:100]!r} for an object of the tests, whose class has it")
            item = held[name]
        kept += [name, item]
    return tuple(kept)


def _is_own_method(attribute: Any) -> bool:
    """Whether an attribute of a class of the tests is a method or a property, and no descriptor of the candidate's."""
    return hasattr(attribute, "__get__") and not hasattr(type(attribute), "_proctor_class")


def hashable(keys: list[Any]) -> list[Any]:
    """Keys that may enter a dict or set: hashable, and not made to collide so that building it is slow."""
    try:
        hashes = list(map(hash, keys))
    except TypeError:
        raise Malformed("a key that cannot be hashed") from None
    if len(keys) > ITEMS_BEFORE_COLLISIONS_COUNT and len(set(hashes)) * 8 < len(keys):
        raise TooLarge("keys that collide")
    return keys


def distinct(count: int, keys: list[Any]) -> None:
    """Keys that differed over there must differ here, or a wrong container would look right. Raises TooLarge."""
    if count != len(keys):
        raise TooLarge("keys that are one and the same by value")


def size(value: Any) -> int:
    """How many elements a mutable container holds."""
    if type(value) in (list, dict, set):
        return len(value)
    kind = extended(type(value))
    if kind is not None or is_array(value):
        return int((kind or type(value)).__len__(value))
    return int(value.size) if is_table(value) or hasattr(value, "tobytes") else len(content(value))
