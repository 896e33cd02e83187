"""How the candidate's end writes what is no plain data: by reference, classes described once.

# class              a class
@ handle class hash  an object; its hash where its class has one of its own
V handle class …     an object of a class that extends a built-in one, with what it holds (kinds.py)
% class handle …     an exception
G W handle           a generator, a coroutine
> number             a function or an iterator that the tests lent
$ number             the documentation of such a function
"""

from __future__ import annotations

import builtins
import enum
import struct
import types
from typing import Any

from . import codec, kinds
from .lent import LentFunction, LentIterator, LentText

_U64 = struct.Struct("<Q")
_SCALARS = (type(None), bool, int, float, str, bytes)
CAUSES_MAX = 8
PROTOCOLS = (
    "__call__ __iter__ __next__ __len__ __getitem__ __setitem__ __delitem__ __contains__ __reversed__ __enter__ "
    "__exit__ __aenter__ __aexit__ __aiter__ __anext__ __await__ __bool__ __int__ __float__ __complex__ __index__ "
    "__get__ __set__ __delete__ __set_name__ __bytes__ __neg__ __pos__ __abs__ __invert__ __round__ __trunc__ "
    "__floor__ __ceil__ __eq__ __lt__ __le__ __gt__ __ge__ __add__ __sub__ __mul__ __matmul__ __truediv__ "
    "__floordiv__ __mod__ __pow__ __lshift__ __rshift__ __and__ __or__ __xor__ __divmod__ __iadd__ __isub__ "
    "__imul__ __itruediv__ __ifloordiv__ __imod__ __iand__ __ior__ __ixor__"
).split()
#: Asked of the candidate too where a class that extends a built-in one has them of its own.
EXTENDED_PROTOCOLS = (*PROTOCOLS, "__str__", "__repr__", "__format__", "__missing__")


class References:
    """The objects of the candidate's that the tests know, by handle."""

    def __init__(self) -> None:
        """None yet."""
        self.objects: dict[int, Any] = {}
        self.described: set[int] = set()
        self._handles: dict[int, int] = {}
        self._next = 0

    def drop(self, handle: int) -> None:
        """The tests hold this one no longer."""
        self._handles.pop(id(self.objects.pop(handle, None)), None)

    def _handle(self, value: Any) -> int:
        handle = self._handles.get(id(value))
        if handle is None:
            handle = self._once(value)
            self._handles[id(value)] = handle
        return handle

    def _once(self, value: Any) -> int:
        """A handle of this crossing alone."""
        handle = self._next = self._next + 1
        self.objects[handle] = value
        return handle

    def write(self, writer: codec.Writer, value: Any) -> None:
        """Write a value that is no plain data. Raises CannotCross."""
        if isinstance(value, LentFunction | LentIterator):
            writer.out += b">" + _U64.pack(value._number)
        elif isinstance(value, LentText):
            writer.out += b"$" + _U64.pack(value._number)
        elif isinstance(value, type):
            writer.out += b"#"
            self._describe(writer, value)
        elif isinstance(value, BaseException):
            self._write_exception(writer, value)
        elif isinstance(value, types.GeneratorType):
            writer.out += b"G" + _U64.pack(self._handle(value))
        elif isinstance(value, types.CoroutineType):
            writer.out += b"W" + _U64.pack(self._handle(value))
        elif (kind := kinds.extended(type(value))) is not None:
            self._write_extended(writer, value, kind)
        else:
            writer.out += b"@" + _U64.pack(self._handle(value))
            self._describe(writer, type(value))
            if _hashes_itself(type(value)):
                writer.write(_hash(value))

    def _write_extended(self, writer: codec.Writer, value: Any, kind: Any) -> None:
        if kind in kinds.MUTABLE:
            if writer.known(value):
                return
            writer.out += b"V" + _U64.pack(self._handle(value))
            self._describe(writer, type(value))
            writer.write(_hash(value) if _hashes_itself(type(value)) else None)
            writer.write(kinds.content(value))
        else:
            stays = issubclass(type(value), enum.Enum)
            writer.out += b"V" + _U64.pack(self._handle(value) if stays else self._once(value))
            self._describe(writer, type(value))
            writer.write(stays)
            writer.write(kinds.plain(kind, value))

    def _describe(self, writer: codec.Writer, cls: type) -> None:
        """A class: handle, and once: name, module, bases (handles or builtins' names), and what instances can do."""
        handle = self._handle(cls)
        writer.out += _U64.pack(handle)
        if handle in self.described:
            writer.out += b"="
            return
        self.described.add(handle)
        writer.out += b"+"
        writer.text(b"s", cls.__name__)
        writer.text(b"s", str(cls.__module__))
        bases = [b for b in cls.__bases__ if b is not object]
        writer.out += struct.pack("<I", len(bases))
        for base in bases:
            if is_builtin(base) or kinds.EXTENDED.get(base.__name__) is base:
                writer.text(b"B", base.__name__)
            else:
                writer.out += b"#"
                self._describe(writer, base)
        abilities = _ABILITIES.get(cls) or _abilities(cls)
        if not cls.__flags__ & _MADE_BY_A_STATEMENT:
            _ABILITIES[cls] = abilities  # found in the zygote already, for functions
        for part in abilities:
            writer.write(part)

    def _write_exception(self, writer: codec.Writer, error: BaseException, depth: int = 0) -> None:
        """An exception: class, handle, arguments, text, plain fields, and what it came of."""
        writer.out += b"%"
        error.__traceback__ = None  # its frames would hold whatever was passed
        if is_builtin(type(error)):
            writer.text(b"B", type(error).__name__)
            writer.out += _U64.pack(0)
        else:
            self.write(writer, type(error))
            writer.out += _U64.pack(self._once(error))
        try:
            text = str(error)
        except BaseException:
            text = ""
        mark = writer.mark()
        try:
            writer.write(tuple(error.args))
        except codec.CannotCross:
            writer.rewind(mark)
            writer.write((text[:1000],))
        writer.write(text[:10_000])
        fields = {**vars(error)} if hasattr(error, "__dict__") else {}
        writer.write(tuple((str(name), value) for name, value in fields.items() if type(value) in _SCALARS))
        writer.write(tuple(note for note in getattr(error, "__notes__", ()) if type(note) is str))
        writer.write(error.__suppress_context__)
        for other in (error.__cause__, error.__context__):
            if other is None or depth == CAUSES_MAX:
                writer.write(None)
            else:
                self._write_exception(writer, other, depth + 1)


#: What instances of builtin classes can do.
_ABILITIES: dict[type, tuple] = {}
_MADE_BY_A_STATEMENT = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def _abilities(cls: type) -> tuple:
    """Special methods, hashing, abstract methods, overridden methods, fields: see remote_classes.Description."""
    kind = kinds.extended(cls)
    hashing: Any = getattr(cls, "__hash__", None)
    public = [n for n in dir(kind) if not n.startswith("_")] if kind else []
    return (
        tuple(n for n in (EXTENDED_PROTOCOLS if kind else PROTOCOLS) if kinds.overrides(cls, n)),
        (hashing is not None, hashing is not object.__hash__),
        _texts(getattr(cls, "__abstractmethods__", ())),
        tuple(n for n in public if kinds.overrides(cls, n)),
        tuple(filter(kinds.may_be_field, _texts(getattr(cls, "_fields", ())))) if kind is tuple else (),
    )


def is_builtin(cls: type) -> bool:
    """Whether a class is the builtin of its name; `__module__` alone is no sign (pytest's Skipped has it too)."""
    return cls.__module__ == "builtins" and getattr(builtins, cls.__name__, object) is cls


def _hashes_itself(cls: type) -> bool:
    """Whether a class has a hash that is not that of its objects' identity."""
    hashing: Any = getattr(cls, "__hash__", None)
    return hashing is not None and hashing is not object.__hash__


def _hash(value: Any) -> int | None:
    """The hash, which travels with the object: nothing can be asked while a message with it as a key is read."""
    try:
        return hash(value)
    except Exception:
        return None


def _texts(names: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in names)
