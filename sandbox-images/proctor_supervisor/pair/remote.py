"""The candidate's classes and objects as the tests see them.

A class of the candidate's is a real class here, with the same bases among its own, so that `isinstance`, `except` and
`type(x) is C` work; its attributes and calls are the candidate's. An object is an instance of that class that holds a
handle and nothing else.

What is never asked of the candidate: `__class__`, and any operator one of whose operands is the tests' own: a result
that could answer `result == 3` or `result - 3 < 1e-6` would answer as it likes. Equality with a value of the tests is
decided here. Operators between two objects of the candidate's are its own business; they are flagged.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import inspect
from typing import TYPE_CHECKING, Any

from . import kinds
from .awaiting import driven

if TYPE_CHECKING:
    from .link import Link
    from .remote_classes import Description

FLAG = "candidate_comparison"
MEASURE_FLAG = "candidate_measure"

#: Asked of the candidate with no operand of the tests', or with one that is an argument and not a measure.
_FORWARDED = (
    "__len__ __bool__ __int__ __float__ __complex__ __index__ __bytes__ __reversed__ __neg__ __pos__ __abs__ "
    "__invert__ __round__ __trunc__ __floor__ __ceil__ __getitem__ __setitem__ __delitem__ __enter__ __aiter__ "
    "__aenter__ __get__ __set__ __delete__ __set_name__"
).split()
_BINARY = (
    "__lt__ __le__ __gt__ __ge__ __add__ __sub__ __mul__ __matmul__ __truediv__ __floordiv__ __mod__ __pow__ "
    "__lshift__ __rshift__ __and__ __or__ __xor__ __divmod__"
).split()
_INPLACE = "__iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__ __imod__ __iand__ __ior__ __ixor__".split()
#: What makes a number or a truth of an object.
_MEASURES = frozenset(
    "__bool__ __int__ __float__ __complex__ __index__ __neg__ __pos__ __abs__ __invert__ __round__ __trunc__ __floor__ "
    "__ceil__".split()
)
#: What an object says that holds something, which may differ from what it holds.
_SAYS = _MEASURES | frozenset("__len__ __iter__ __getitem__ __reversed__ __bytes__".split())
_TEXTS = ("__str__", "__repr__", "__format__")


def is_remote(value: Any) -> bool:
    """Whether `value` stands for an object of the candidate's."""
    return issubclass(type(value), (Remote, Handle))


def _stays_here(name: str) -> bool:
    """Whether an attribute is never asked for: ours, and those by which numpy and pandas would let an object, or its
    class, decide what becomes of the tests' own operands.
    """
    return name.startswith(("_proctor", "__array_")) or name == "_typ"


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
        made = cls._proctor_link.ask("call", cls, args, kwargs or ())
        if type(made) is cls and issubclass(cls, Remote) and made._proctor_own is None:
            object.__setattr__(made, "_proctor_own", True)
        return made

    def __getattr__(cls, name: str) -> Any:
        if _stays_here(name) or name in ("__wrapped__", "__abstractmethods__", "__text_signature__"):
            raise AttributeError(name)
        if name == "__dataclass_fields__":
            return _dataclass_fields(cls._proctor_link, cls)
        return cls._proctor_link.ask("getattr", cls, name)

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

    @property
    def __mro__(cls) -> tuple[type, ...]:
        """The classes that the candidate's has, without what stands for `object` here."""
        return tuple(base for base in _MRO(cls) if base is not Remote)

    @property
    def __bases__(cls) -> tuple[type, ...]:  # type: ignore[override]
        return tuple(object if base is Remote else base for base in _BASES(cls))

    def __instancecheck__(cls, value: Any) -> bool:
        """By what both are here; of a thing of the candidate's its class may say more: a Protocol, `register`."""
        return type.__instancecheck__(cls, value) or cls._says("isinstance", value)

    def __subclasscheck__(cls, other: Any) -> bool:
        return type.__subclasscheck__(cls, other) or cls._says("issubclass", other)

    def _says(cls, operation: str, value: Any) -> bool:
        """What the candidate's class answers about an object or a class of the candidate's; no, about any other."""
        theirs = is_remote(value) or type(value) is RemoteType
        if not theirs or cls._proctor_link.reading or type.__subclasscheck__(BaseException, cls):
            return False
        return bool(_exactly(bool, cls._proctor_link.ask(operation, value, cls)))

    @property
    def __signature__(cls) -> inspect.Signature:
        made = inspect.signature(cls._proctor_link.ask("getattr", cls, "__init__"))
        return made.replace(parameters=list(made.parameters.values())[1:])


_MRO, _BASES = type.__dict__["__mro__"].__get__, type.__dict__["__bases__"].__get__


class Remote:
    """An object of the candidate's."""

    _proctor_link: Link
    _proctor_equality: bool
    _proctor_holds: bool
    _proctor_named = False  # whether the tests have its class, and not only its objects
    _proctor_hash: tuple[bool, bool]
    _proctor_own: bool | None = None  # whether the tests made it and it never was a result

    def __getattr__(self, name: str) -> Any:
        if _stays_here(name) or name == "__globals__":
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
        if self._proctor_holds:
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
    measures = name in _MEASURES

    def method(self: Any, *args: Any) -> Any:
        if measures and getattr(self, "_proctor_met", False):
            raise TypeError(f"{name} of an object that the tests' own value was added to or taken from")
        return self._proctor_link.ask("special", name, self, args)

    method.__name__ = name
    return method


def _binary(name: str, base: Any = None) -> Any:
    """An operator between two objects of the candidate's; with another operand, what `base` makes of the content.

    A new object of their class, of two that the tests made, counts as made by them too: `Range(1, 5) & Range(3, 9)`.
    """
    own = getattr(base, name, None)

    def method(self: Any, other: Any) -> Any:
        if not is_remote(other):
            return own(self, other) if own else NotImplemented
        link = self._proctor_link
        link.flag(FLAG)
        result = link.ask("special", name, self, (other,))
        both = getattr(self, "_proctor_own", None) and getattr(other, "_proctor_own", None)
        if both and type(result) is type(self) and link.first_made == id(result):
            object.__setattr__(result, "_proctor_own", True)
        return result

    method.__name__ = name
    return method


def _inplace(name: str) -> Any:
    """`counter += 1`: what comes of it is an object of the candidate's again, and no number any more.

    Else `result -= 3` and then `abs(result) < 1e-6` would hold for whatever says so.
    """

    def method(self: Any, other: Any) -> Any:
        result = self._proctor_link.ask("special", name, self, (other,))
        if not isinstance(result, Remote):
            return NotImplemented
        if not is_remote(other):
            object.__setattr__(result, "_proctor_met", True)
        return result

    method.__name__ = name
    return method


def _call(self: Any, *args: Any, **kwargs: Any) -> Any:
    return self._proctor_link.ask("call", self, args, kwargs or ())


def _iter(self: Any) -> Any:
    return self._proctor_link.ask("special", "__iter__", self, ())


def _next(self: Any) -> Any:
    return self._proctor_link.ask("special", "__next__", self, (), iterating=True)


def _contains(*, has_own: bool, held: Any = None) -> Any:
    """Decided here, by going through: `expected in result` would else be answered by the result.

    Of what the tests made themselves, and never got as a result, it is the class's to say, as a method's answer is.
    """

    def method(self: Any, value: Any) -> bool:
        if has_own and self._proctor_own:
            self._proctor_link.flag(MEASURE_FLAG)
            return bool(_exactly(bool, self._proctor_link.ask("special", "__contains__", self, (value,))))
        if held:
            return bool(held(self, value))
        if not any(name in vars(base) for base in _MRO(type(self)) for name in ("__iter__", "__getitem__")):
            raise TypeError(
                f"a result, of class {type(self).__name__!r}, is not asked whether it has a value of the tests"
            )
        return any(item is value or item == value for item in self)

    return method


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
    return (yield from driven(self._proctor_link.ask, self))


async def _anext(self: Any) -> Any:
    step = self._proctor_link.ask("special", "__anext__", self, ())
    return await driven(functools.partial(self._proctor_link.ask, iterating=True), step)


def methods(protocols: frozenset[str], base: Any = None) -> dict[str, Any]:
    """The special methods a remote class gets: those that its original has."""
    made = {name: _forwarded(name) for name in _FORWARDED if name in protocols}
    made |= {name: _binary(name, base) for name in _BINARY if name in protocols}
    made |= {name: _inplace(name) for name in _INPLACE if name in protocols}
    for name, method in (("__call__", _call), ("__next__", _next), ("__exit__", _exit), ("__aexit__", _aexit)):
        if name in protocols:
            made[name] = method
    if "__iter__" in protocols:
        made["__iter__"] = _iter
    if base is None and protocols & {"__contains__", "__iter__", "__getitem__"}:
        made["__contains__"] = _contains(has_own="__contains__" in protocols)
    if "__await__" in protocols:
        made["__await__"] = _await
    if "__anext__" in protocols:
        made["__anext__"] = _anext
    return made


def extended_methods(base: Any, made: Description) -> dict[str, Any]:
    """What a class that extends the built-in class `base` gives its objects here."""
    body = methods(made.protocols, base)
    body |= {
        name: _held_or_asked(body[name], getattr(base, name)) for name in _SAYS & body.keys() if hasattr(base, name)
    }
    body |= {name: _Asked(name) for name in made.overridden if hasattr(base, name) and not name.startswith("_")}
    body |= {name: _Item(name, at) for at, name in enumerate(made.fields) if base is tuple}
    body |= {name: getattr(base, name) for name in _TEXTS if name not in made.protocols}
    if "__contains__" in made.protocols and hasattr(base, "__contains__"):
        body["__contains__"] = _contains(has_own=base in kinds.MUTABLE, held=base.__contains__)
    if "__missing__" in made.protocols or base is collections.defaultdict:
        body["__missing__"] = _forwarded("__missing__")
    body["__eq__"] = _extended_equality(base) if "__eq__" in made.protocols else base.__eq__
    body["__ne__"] = _differs if "__eq__" in made.protocols else base.__ne__
    if base not in kinds.MUTABLE:
        body["__hash__"] = base.__hash__
    elif made.hashing[0]:
        body["__hash__"] = Remote.__hash__
    return body


def _held_or_asked(asked: Any, held: Any) -> Any:
    """A measure of an object that holds something: by what it holds, unless the tests know its class by name.

    A list whose class says that its length is 1 is sorted, as far as a test can see.
    """

    def method(self: Any, *args: Any) -> Any:
        if not type(self)._proctor_named:
            return held(self, *args)
        self._proctor_link.flag(MEASURE_FLAG)
        return asked(self, *args)

    return method


class _Asked:
    """An attribute of the built-in class that the candidate's class overrides."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, value: Any, cls: Any) -> Any:
        target = cls if value is None else value
        return target._proctor_link.ask("getattr", target, self._name)

    def __set__(self, value: Any, new: Any) -> None:
        value._proctor_link.ask("setattr", value, self._name, new)


class _Item(_Asked):
    """A field of a named tuple: of an object, what it holds here."""

    def __init__(self, name: str, at: int) -> None:
        super().__init__(name)
        self._at = at

    def __get__(self, value: Any, cls: Any) -> Any:
        return super().__get__(value, cls) if value is None else tuple.__getitem__(value, self._at)


def _extended_equality(base: Any) -> Any:
    """Equality of objects whose class decides it among its own; with a value of the tests, that of the content."""

    def equal(self: Any, other: Any) -> Any:
        if self is other:
            return True
        if not is_remote(other) or self._proctor_link.reading:
            return base.__eq__(self, other)
        self._proctor_link.flag(FLAG)
        return _exactly(bool, self._proctor_link.ask("special", "__eq__", self, (other,)))

    return equal


def _differs(self: Any, other: Any) -> bool:
    equal: bool = self == other
    return not equal


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


def _dataclass_fields(link: Link, target: Any) -> dict[str, Any]:
    """The fields of a dataclass of the candidate's, as dataclasses.fields, asdict and replace look for them."""
    fields: dict[str, Any] = {}
    for name, init, shown, compared, keyword in link.ask("fields", target):
        field: Any = dataclasses.field(init=init, repr=shown, compare=compared, kw_only=keyword)
        field.name, field._field_type = str(name), dataclasses._FIELD  # type: ignore[attr-defined]
        fields[field.name] = field
    return fields
