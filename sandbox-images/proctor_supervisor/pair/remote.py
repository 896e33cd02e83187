"""The candidate's classes and objects as the tests see them.

A class of the candidate's is a real class here, with the same bases among its own, so that `isinstance`, `except` and
`type(x) is C` work; its attributes and calls are the candidate's. An object is an instance of that class that holds a
handle and nothing else.

What is never asked of the candidate: `__class__`, and any operator one of whose operands is the tests' own: a result
that could answer `result == 3` or `result - 3 < 1e-6` would answer as it likes. Equality with a value of the tests is
decided here. Operators between two objects of the candidate's are its own business; they are flagged.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
import sys
from typing import TYPE_CHECKING, Any

from . import codec

if TYPE_CHECKING:
    from .link import Link

CLASSES_MAX = 10_000
FLAG = "candidate_comparison"

#: Asked of the candidate with no operand of the tests', or with one that is an argument and not a measure.
_FORWARDED = (
    "__len__ __bool__ __int__ __float__ __complex__ __index__ __bytes__ __reversed__ __neg__ __pos__ __abs__ "
    "__invert__ __round__ __trunc__ __floor__ __ceil__ __getitem__ __setitem__ __delitem__ __enter__ __aiter__ "
    "__aenter__"
).split()
_BINARY = (
    "__lt__ __le__ __gt__ __ge__ __add__ __sub__ __mul__ __matmul__ __truediv__ __floordiv__ __mod__ __pow__ "
    "__lshift__ __rshift__ __and__ __or__ __xor__ __divmod__"
).split()
_INPLACE = "__iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__ __imod__ __iand__ __ior__ __ixor__".split()
#: Exceptions of these modules steer a test runner; a candidate's arrive as plain ones.
_RUNNERS = {"unittest", "pytest", "_pytest", "doctest"}


def is_remote(value: Any) -> bool:
    """Whether `value` stands for an object of the candidate's."""
    kind = type(value)
    return issubclass(kind, (Remote, Handle)) or (issubclass(kind, tuple) and "_proctor_class" in kind.__dict__)


class Handle:
    """A bare handle, as an operand."""

    __slots__ = ("_proctor_handle",)

    def __init__(self, handle: int) -> None:
        """Stand for `handle`."""
        self._proctor_handle = handle


class RemoteType(type):
    """The type of remote classes: what is not there is asked of the candidate's class."""

    _proctor_link: Link
    _proctor_class: int

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an object, over there."""
        return cls._proctor_link.ask("call", cls, args, kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_proctor") or name in ("__wrapped__", "__abstractmethods__", "__text_signature__"):
            raise AttributeError(name)
        if name == "__dataclass_fields__":
            return _dataclass_fields(cls._proctor_link, cls)
        return cls._proctor_link.ask("getattr", cls, name)

    def __instancecheck__(cls, value: Any) -> bool:
        """Named tuples are tuples here, of a class of their own that stands for the candidate's."""
        if type.__instancecheck__(cls, value):
            return True
        kind = type(value)
        return isinstance(value, tuple) and "_proctor_named" in kind.__dict__ and issubclass(kind._proctor_named, cls)

    def __dir__(cls) -> Any:
        return cls._proctor_link.ask("special", "__dir__", cls, ())

    def __setattr__(cls, name: str, value: Any) -> None:
        if name.startswith("__"):
            type.__setattr__(cls, name, value)
        else:
            cls._proctor_link.ask("setattr", cls, name, value)

    def __iter__(cls) -> Any:
        return iter(cls._proctor_link.ask("special", "__iter__", cls, ()))

    def __getitem__(cls, key: Any) -> Any:
        return cls._proctor_link.ask("special", "__getitem__", cls, (key,))

    def __len__(cls) -> int:
        return _exactly(int, cls._proctor_link.ask("special", "__len__", cls, ()))

    def __contains__(cls, value: Any) -> bool:
        return any(item is value or item == value for item in cls)

    def __bool__(cls) -> bool:
        return True


class Remote:
    """An object of the candidate's."""

    __slots__ = ("__weakref__", "_proctor_handle", "_proctor_hashed")
    _proctor_link: Link
    _proctor_equality: bool
    _proctor_hash: tuple[bool, bool]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_proctor") or name == "__globals__":
            raise AttributeError(name)
        if name == "__dataclass_fields__":
            return _dataclass_fields(self._proctor_link, self)
        return self._proctor_link.ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._proctor_link.ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._proctor_link.ask("delattr", self, name)

    def __del__(self) -> None:
        try:
            self._proctor_link.drop(object.__getattribute__(self, "_proctor_handle"))
        except AttributeError:
            return

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if is_remote(other):
            if not (self._proctor_equality or getattr(type(other), "_proctor_equality", False)):
                return False
            if self._proctor_link.reading:
                return False  # keys of one dict or set of the candidate's: it found them different
            self._proctor_link.flag(FLAG)
            return _exactly(bool, self._proctor_link.ask("special", "__eq__", self, (other,)))
        if getattr(type(self), "_proctor_extends_builtin", False):
            return bool(self._proctor_link.base_of(self) == other)
        return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        hashable, own = type(self)._proctor_hash
        if not hashable:
            raise TypeError(f"unhashable type: {type(self).__name__!r}")
        if own:
            return hash(_exactly(int, object.__getattribute__(self, "_proctor_hashed")))
        return hash(object.__getattribute__(self, "_proctor_handle"))

    def __str__(self) -> str:
        return _exactly(str, self._proctor_link.ask("special", "__str__", self, ()))

    def __repr__(self) -> str:
        return _exactly(str, self._proctor_link.ask("special", "__repr__", self, ()))

    def __format__(self, spec: str) -> str:
        return _exactly(str, self._proctor_link.ask("special", "__format__", self, (spec,)))

    def __dir__(self) -> Any:
        return self._proctor_link.ask("special", "__dir__", self, ())

    def __copy__(self) -> Any:
        return self._proctor_link.ask("special", "__copy__", self, ())

    def __deepcopy__(self, _memo: Any) -> Any:
        return self._proctor_link.ask("special", "__deepcopy__", self, ())

    def __reduce_ex__(self, _protocol: Any) -> Any:
        raise TypeError("an object of the candidate's cannot be pickled")


def _exactly(kind: type, value: Any) -> Any:
    """A special method must give what Python asks of it, and that by value."""
    if type(value) is kind:
        return value
    raise TypeError(f"{kind.__name__} expected, got {type(value).__name__}")


def _forwarded(name: str) -> Any:
    def method(self: Any, *args: Any) -> Any:
        return self._proctor_link.ask("special", name, self, args)

    method.__name__ = name
    return method


def _binary(name: str) -> Any:
    def method(self: Any, other: Any) -> Any:
        if not is_remote(other):
            return NotImplemented
        self._proctor_link.flag(FLAG)
        return self._proctor_link.ask("special", name, self, (other,))

    method.__name__ = name
    return method


def _inplace(name: str) -> Any:
    """`counter += 1`: what comes of it is an object of the candidate's again, and no measure of anything."""

    def method(self: Any, other: Any) -> Any:
        result = self._proctor_link.ask("special", name, self, (other,))
        return result if isinstance(result, Remote) else NotImplemented

    method.__name__ = name
    return method


def _call(self: Any, *args: Any, **kwargs: Any) -> Any:
    return self._proctor_link.ask("call", self, args, kwargs)


def _iter(self: Any) -> Any:
    return self._proctor_link.ask("special", "__iter__", self, ())


def _own_iter(self: Any) -> Any:
    return self


def _next(self: Any) -> Any:
    return self._proctor_link.ask("special", "__next__", self, (), iterating=True)


def _contains(self: Any, value: Any) -> bool:
    """Decided here, by going through: `expected in result` would else be answered by the result."""
    return any(item is value or item == value for item in self)


def _exit(self: Any, kind: Any, error: Any, _trace: Any) -> bool:
    """Leave the candidate's context; it may swallow an exception, but never a failed assertion of the tests."""
    told = (None, None, None) if error is None else (type(error), error, None)
    answer = self._proctor_link.ask("special", "__exit__", self, _crossing(told))
    return bool(answer) and isinstance(error, Exception) and not isinstance(error, AssertionError)


async def _aexit(self: Any, kind: Any, error: Any, _trace: Any) -> bool:
    told = (None, None, None) if error is None else (type(error), error, None)
    answer = await self._proctor_link.ask("special", "__aexit__", self, _crossing(told))
    return bool(answer) and isinstance(error, Exception) and not isinstance(error, AssertionError)


def _crossing(told: tuple) -> tuple:
    kind, error, trace = told
    if kind is not None and kind.__module__ != "builtins" and not isinstance(kind, RemoteType):
        kind = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    return (kind, error, trace)


def _await(self: Any) -> Any:
    return self._proctor_link.ask("await", self)
    yield  # makes it an iterator, as __await__ must be


async def _anext(self: Any) -> Any:
    step = self._proctor_link.ask("special", "__anext__", self, ())
    return self._proctor_link.ask("await", step, iterating=True)


def _methods(protocols: set[str]) -> dict[str, Any]:
    """The special methods a remote class gets: those that its original has."""
    made = {name: _forwarded(name) for name in _FORWARDED if name in protocols}
    made |= {name: _binary(name) for name in _BINARY if name in protocols}
    made |= {name: _inplace(name) for name in _INPLACE if name in protocols}
    for name, method in (("__call__", _call), ("__next__", _next), ("__exit__", _exit), ("__aexit__", _aexit)):
        if name in protocols:
            made[name] = method
    if "__iter__" in protocols:
        made["__iter__"] = _own_iter if "__next__" in protocols else _iter
    if protocols & {"__contains__", "__iter__", "__getitem__"}:
        made["__contains__"] = _contains
    if "__await__" in protocols:
        made["__await__"] = _await
    if "__anext__" in protocols:
        made["__anext__"] = _anext
        made["__aiter__"] = _own_iter
    return made


class _OnClass:
    """An attribute of every class, which Python would look for here, asked of the candidate's class instead."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, cls: Any, kind: Any = None) -> Any:
        if cls is None:
            return self
        return cls._proctor_link.ask("getattr", cls, self._name)

    def __set__(self, cls: Any, value: Any) -> None:
        type.__setattr__(cls, self._name, value)


for _name in ("__doc__", "__annotations__", "__slots__"):
    setattr(RemoteType, _name, _OnClass(_name))


def _registered(made: Any, module: str, name: str) -> Any:
    """The candidate's copy of an abstract class of the standard library counts as that class."""
    if module in ("collections.abc", "numbers"):
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


class RemoteClasses:
    """The candidate's classes met so far, by handle."""

    def __init__(self, link: Link) -> None:
        let_enums_count()
        self._link = link
        self._by_handle: dict[int, type] = {}
        self._handles: dict[type, int] = {}
        self._named: dict[tuple[int, tuple], type] = {}

    def handle_of(self, cls: type) -> int | None:
        """The handle of a class made here; None for any other."""
        return self._handles.get(cls)

    def read(self, reader: codec.Reader) -> type:
        """The class described next. Raises Malformed."""
        handle = reader.handle()
        mark = reader.data[reader.at : reader.at + 1]
        reader.at += 1
        if mark == b"=":
            if handle not in self._by_handle:
                raise codec.Malformed("a class that was never described")
            return self._by_handle[handle]
        if mark != b"+" or len(self._by_handle) >= CLASSES_MAX:
            raise codec.Malformed("a class of no known form")
        description = self._description(reader)
        return self._by_handle.get(handle) or self._make(handle, *description)

    def _description(self, reader: codec.Reader) -> tuple:
        name, module = reader.read(), reader.read()
        count = reader.count()
        if count > 64:
            raise codec.Malformed("too many bases")
        bases = [self._base(reader) for _ in range(count)]
        protocols, hashing = reader.read(), reader.read()
        if not (type(name) is str and type(module) is str and type(protocols) is tuple and type(hashing) is tuple):
            raise codec.Malformed("a class of no known form")
        if len(hashing) != 2 or not all(type(p) is str for p in protocols):
            raise codec.Malformed("a class of no known form")
        return name, module, bases, set(protocols), hashing

    def _base(self, reader: codec.Reader) -> Any:
        """A base: a class, or the name of a builtin, which may be one that we do not let cross as a value."""
        tag = reader.data[reader.at : reader.at + 1]
        reader.at += 1
        if tag == b"#":
            return self.read(reader)
        if tag != b"B":
            raise codec.Malformed("a base of no known form")
        return codec.TYPES.get(reader.text(), object)

    def _make(self, handle: int, name: str, module: str, bases: list, protocols: set[str], hashing: tuple) -> type:
        errors = [b for b in bases if issubclass(b, BaseException)]
        if errors:
            cls = self._exception_class(handle, name, module, errors)
        else:
            cls = self._object_class(handle, name, module, bases, protocols, hashing)
        self._by_handle[handle] = cls
        self._handles[cls] = handle
        return cls

    def _object_class(
        self, handle: int, name: str, module: str, bases: list, protocols: set[str], hashing: tuple
    ) -> type:
        remote = tuple(b for b in bases if isinstance(b, RemoteType) and issubclass(b, Remote))
        extends = any(b in (list, dict, set, tuple, frozenset, bytearray) for b in bases)
        extends = extends or any(getattr(b, "_proctor_extends_builtin", False) for b in remote)
        extends = extends or "Enum" in {b.__name__ for b in remote}
        body = {
            **_methods(protocols),
            "__slots__": (),
            "__module__": module,
            "_proctor_link": self._link,
            "_proctor_class": handle,
            "__doc__": property(_documentation),
            "__annotations__": property(_annotations),
            "_proctor_equality": "__eq__" in protocols,
            "_proctor_hash": (bool(hashing[0]), bool(hashing[1])),
            "_proctor_extends_builtin": extends,
        }
        try:
            made = RemoteType(name, remote or (Remote,), body)
            return _registered(made, module, name)
        except (TypeError, ValueError) as error:
            raise codec.Malformed(f"a class that cannot be: {error}") from None

    def _exception_class(self, handle: int, name: str, module: str, bases: list) -> type:
        """A real exception class: the standard library's own where it is one, else one that derives from it."""
        known = _standard_exception(module, name)
        if known is not None:
            return known
        body = {
            "__module__": module,
            "_proctor_link": self._link,
            "_proctor_class": handle,
            "__getattr__": _error_attribute,
            "__str__": _error_text,
        }
        try:
            return RemoteType(name, tuple(dict.fromkeys(bases)), body)
        except (TypeError, ValueError):
            pass
        try:
            return RemoteType(name, (bases[0],), body)
        except (TypeError, ValueError) as error:
            raise codec.Malformed(f"an exception class that cannot be: {error}") from None

    def read_exception(self, reader: codec.Reader) -> BaseException:
        """An exception of the candidate's: of its class here, with its arguments, text, plain fields and cause."""
        cls, handle = reader.read(), reader.handle()
        args, text, fields, cause = reader.read(), reader.read(), reader.read(), reader.read()
        if not (isinstance(cls, type) and issubclass(cls, BaseException) and type(args) is tuple):
            raise codec.Malformed("an exception of no known form")
        error = _made_exception(cls, args)
        error.__dict__.update((n, v) for n, v in _pairs(fields) if not n.startswith("_"))
        error.__dict__["_proctor_candidate"] = str(text)
        if isinstance(cause, BaseException):
            error.__cause__ = cause
        if handle and isinstance(cls, RemoteType):
            error.__dict__["_proctor_handle"] = handle
            self._link.hold(error, handle)
        return error

    def named_tuple(self, cls: type, names: tuple) -> type:
        """A tuple class with these fields whose other attributes are those of the candidate's class."""
        key = (id(cls), names)
        made = self._named.get(key)
        if made is None:
            fields = {str(n): property(_item(at)) for at, n in enumerate(names)}
            body = {
                **fields,
                "_fields": tuple(map(str, names)),
                "__module__": cls.__module__,
                "__getattr__": _tuple_attribute,
                "__repr__": _tuple_repr,
                "_asdict": lambda self: dict(zip(self._fields, self, strict=True)),
                "_proctor_link": self._link,
                "_proctor_class": self._handles[cls],
                "_proctor_named": cls,
            }
            made = self._named[key] = type(cls.__name__, (tuple,), body)
            self._handles[made] = self._handles[cls]
        return made


def _made_exception(cls: type[BaseException], args: tuple) -> BaseException:
    """An exception with these arguments. Only Python's own initialise themselves."""
    try:
        error = cls.__new__(cls, *args)
        if cls.__module__ == "builtins":
            error.__init__(*args)  # type: ignore[misc]
    except (TypeError, ValueError, OverflowError):
        error = cls.__new__(cls)
    error.args = args
    return error


def _pairs(value: Any) -> list[tuple[str, Any]]:
    if type(value) is tuple and all(type(v) is tuple and len(v) == 2 and type(v[0]) is str for v in value):
        return list(value)
    raise codec.Malformed("fields of no known form")


def _error_attribute(self: Any, name: str) -> Any:
    if name.startswith("_proctor") or "_proctor_handle" not in self.__dict__:
        raise AttributeError(name)
    return self._proctor_link.ask("getattr", Handle(self.__dict__["_proctor_handle"]), name)


def _error_text(self: Any) -> str:
    return str(self.__dict__.get("_proctor_candidate", ""))


def _annotations(self: Any) -> Any:
    return self._proctor_link.ask("getattr", self, "__annotations__")


def _dataclass_fields(link: Link, target: Any) -> dict[str, Any]:
    """The fields of a dataclass of the candidate's, as dataclasses.fields, asdict and replace look for them."""
    fields: dict[str, Any] = {}
    for name, init, shown, compared, keyword in link.ask("fields", target):
        field: Any = dataclasses.field(init=init, repr=shown, compare=compared, kw_only=keyword)
        field.name, field._field_type = str(name), dataclasses._FIELD  # type: ignore[attr-defined]
        fields[field.name] = field
    return fields


def _documentation(self: Any) -> Any:
    return self._proctor_link.ask("getattr", self, "__doc__")


def _item(at: int) -> Any:
    return lambda self: tuple.__getitem__(self, at)


def _tuple_attribute(self: Any, name: str) -> Any:
    if name.startswith("_proctor"):
        raise AttributeError(name)
    return self._proctor_link.ask("getattr", self, name)


def _tuple_repr(self: Any) -> str:
    return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in zip(self._fields, self, strict=True))})"


def _standard_exception(module: str, name: str) -> type | None:
    """An exception of the standard library that the tests have loaded, but none that steers their runner."""
    top = module.split(".")[0]
    if top not in sys.stdlib_module_names or top in _RUNNERS or module not in sys.modules:
        return None
    found = getattr(sys.modules[module], name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None
