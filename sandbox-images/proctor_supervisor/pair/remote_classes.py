"""The candidate's classes, made here from their descriptions.

A class that extends a built-in one does so here too: its objects are lists, dicts, numbers or text that hold what the
candidate's hold, so `isinstance`, equality and all else that the class leaves to the built-in one is decided here. What
the class overrides is asked of the candidate, never with an operand of the tests'.
"""

from __future__ import annotations

import abc
import enum
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

from . import codec, kinds
from .remote import Remote, RemoteType, extended_methods, methods
from .remote_errors import exception_class

if TYPE_CHECKING:
    from .link import Link

CLASSES_MAX = 10_000
BASES_MAX = 64

#: Builtin classes whose instances cross by reference, by name: `isinstance(f, types.FunctionType)` holds.
_STANDS_FOR: dict[str, type] = {
    "function": types.FunctionType,
    "method": types.MethodType,
    "builtin_function_or_method": types.BuiltinFunctionType,
    **{kind.__name__: kind for kind in (map, zip, filter, enumerate, reversed)},
}


#: Modules of the standard library whose classes make values, and steer no loop and no runner.
_OF_DATA = frozenset(
    "array collections csv decimal email fractions functools hashlib io ipaddress itertools logging operator pathlib "
    "queue random re sched shelve string struct textwrap threading time types urllib uuid zoneinfo".split()
)

#: Classes whose objects are held against values of the tests by what they hold.
_HOLDERS = {
    "collections": ("deque", *kinds.HOLDERS),
    "collections.abc": ("Mapping", "Set"),
    "builtins": ("memoryview", "mappingproxy"),
}


class Description(NamedTuple):
    """A class as the candidate tells of it.

    bases: remote classes and builtins; protocols: its special methods, of a class that extends a built-in one only its
    own; hashing: whether instances have a hash, and whether another than by identity; abstract: methods that are;
    overridden: public methods of the built-in class; fields: of a named tuple.
    """

    name: str
    module: str
    bases: list[Any]
    protocols: frozenset[str]
    hashing: tuple[bool, bool]
    abstract: frozenset[str]
    overridden: frozenset[str]
    fields: tuple[str, ...]


class RemoteClasses:
    """The candidate's classes met so far, by handle."""

    def __init__(self, link: Link) -> None:
        let_enums_count()
        self._link = link
        self._by_handle: dict[int, type] = {}
        self._handles: dict[type, int] = {}

    def handle_of(self, cls: type) -> int | None:
        """The handle of a class made here; None for any other."""
        return self._handles.get(cls)

    def read(self, reader: codec.Reader) -> Any:
        """The class described next. Raises Malformed, TooLarge."""
        handle = reader.handle()
        mark = reader.data[reader.at : reader.at + 1]
        reader.at += 1
        if mark == b"=":
            if handle not in self._by_handle:
                raise codec.Malformed("a class that was never described")
            return self._by_handle[handle]
        if mark != b"+":
            raise codec.Malformed("a class of no known form")
        if len(self._by_handle) >= CLASSES_MAX:
            raise codec.TooLarge(f"more than {CLASSES_MAX} classes")
        description = self._description(reader)
        return self._by_handle.get(handle) or self._make(handle, description)

    def _description(self, reader: codec.Reader) -> Description:
        name, module = reader.read(), reader.read()
        count = reader.count()
        if count > BASES_MAX:
            raise codec.Malformed("too many bases")
        bases = [self._base(reader) for _ in range(count)]
        protocols, hashing = _names(reader.read()), reader.read()
        abstract, overridden, fields = (_names(reader.read()) for _ in range(3))
        if not all(map(kinds.may_be_field, fields)):
            raise codec.Malformed("a named tuple with a field of no such name")
        if not (type(name) is str and type(module) is str and type(hashing) is tuple and len(hashing) == 2):
            raise codec.Malformed("a class of no known form")
        hashable = (bool(hashing[0]), bool(hashing[1]))
        return Description(
            name, module, bases, frozenset(protocols), hashable, frozenset(abstract), frozenset(overridden), fields
        )

    def _base(self, reader: codec.Reader) -> Any:
        """A base: a class, or the name of a builtin, which may be one that we do not let cross as a value."""
        tag = reader.data[reader.at : reader.at + 1]
        reader.at += 1
        if tag == b"#":
            return self.read(reader)
        if tag != b"B":
            raise codec.Malformed("a base of no known form")
        name = reader.text()
        return kinds.EXTENDED.get(name) or codec.TYPES.get(name, object)

    def _make(self, handle: int, made: Description) -> type:
        errors = [b for b in made.bases if issubclass(b, BaseException)]
        try:
            if errors:
                cls = exception_class(self._link, handle, made.name, made.module, errors)
            else:
                cls = _object_class(self._link, handle, made)
        except (TypeError, ValueError) as error:
            raise codec.Malformed(f"a class that cannot be: {error}") from None
        self._by_handle[handle] = cls
        self._handles[cls] = handle
        return cls


def _names(value: Any) -> tuple[str, ...]:
    if type(value) is tuple and all(type(name) is str for name in value):
        return value
    raise codec.Malformed("names of no known form")


def _object_class(link: Link, handle: int, made: Description) -> type:
    """Raises TypeError, ValueError: what cannot be a class."""
    remote = [b for b in made.bases if isinstance(b, RemoteType) and issubclass(b, Remote)]
    built_in = [b for b in made.bases if b in kinds.EXTENDED.values()]
    extended = [kind for b in made.bases if (kind := kinds.extended(b)) is not None]
    base = next((kind for kind in extended if all(issubclass(kind, other) for other in extended)), None)
    holds = made.name in _HOLDERS.get(made.module, ())
    body = {
        **(methods(made.protocols) if base is None else extended_methods(base, made)),
        "__module__": made.module,
        "__doc__": property(_documentation),
        "__annotations__": property(_annotations),
        "__dict__": property(_dictionary),
        "_proctor_link": link,
        "_proctor_class": handle,
        "_proctor_equality": "__eq__" in made.protocols,
        "_proctor_hash": made.hashing,
        "_proctor_base": base,
        "_proctor_holds": holds or any(b._proctor_holds for b in remote),
        "_proctor_fields": made.fields,
    }
    stands_for = _stands_for(made)
    if stands_for is not None:
        body["__class__"] = property(lambda self: stands_for if type(self) is cls else type(self))
        if stands_for is types.FunctionType:
            body["__get__"] = _bound
            body["__module__"] = _ModuleOfFunction(made.module)
    cls = RemoteType(made.name, (*(remote or [Remote]), *built_in), body)
    if made.abstract:
        cls.__abstractmethods__ = made.abstract
    return _registered(cls, made.module, made.name)


def _stands_for(made: Description) -> type | None:
    """The class of the standard library, loaded here, of which this is the candidate's copy."""
    if made.module == "builtins":
        return None if made.bases else _STANDS_FOR.get(made.name)
    if made.module.split(".")[0] not in _OF_DATA:
        return None
    found = getattr(sys.modules.get(made.module), made.name, None)
    return found if isinstance(found, type) else None


class _ModuleOfFunction(str):
    """The module of the class of functions; taken from a function, that of this function."""

    __slots__ = ()

    def __get__(self, function: Any, _cls: Any = None) -> str:
        return str(self) if function is None else str(function._proctor_link.ask("getattr", function, "__module__"))

    def __set__(self, function: Any, value: Any) -> None:
        function._proctor_link.ask("setattr", function, "__module__", value)


def _bound(self: Any, value: Any, _cls: Any = None) -> Any:
    """A function that stands in a class of the tests is a method there."""
    return self if value is None else types.MethodType(self, value)


def _annotations(self: Any) -> Any:
    return self._proctor_link.ask("getattr", self, "__annotations__")


def _documentation(self: Any) -> Any:
    return self._proctor_link.ask("getattr", self, "__doc__")


def _dictionary(self: Any) -> Any:
    return self._proctor_link.ask("getattr", self, "__dict__")


def _registered(made: Any, module: str, name: str) -> Any:
    """The candidate's copy of an abstract class of the standard library counts as that class."""
    if module in ("collections.abc", "numbers") or (module == "collections" and name in kinds.HOLDERS):
        original = getattr(sys.modules.get(module), name, None)
        if isinstance(original, abc.ABCMeta):
            original.register(made)
    return made


def _is_enum(kind: Any, value_kind: type) -> bool:
    """Whether a class of the candidate's extends one of enum's own classes, `kind`."""
    return kind.__module__ == "enum" and any(
        isinstance(base, RemoteType) and (base.__module__, base.__name__) == ("enum", kind.__name__)
        for base in value_kind.__mro__
    )


def _instance_of_enum(kind: Any, value: Any) -> bool:
    return type.__instancecheck__(kind, value) or _is_enum(kind, type(value))


def _subclass_of_enum(kind: Any, cls: type) -> bool:
    return type.__subclasscheck__(kind, cls) or _is_enum(kind, cls)


def let_enums_count() -> None:
    """`isinstance(colour, Enum)` holds for the candidate's enums."""
    enum.EnumType.__instancecheck__ = _instance_of_enum  # type: ignore[method-assign]
    enum.EnumType.__subclasscheck__ = _subclass_of_enum  # type: ignore[method-assign]
