"""What the tests lend to the candidate: functions, iterators and objects of theirs, as the candidate has them."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from . import codec

Ask = Callable[[tuple], Any]

#: Before the name of a coroutine function of the tests.
ASYNC = "async "


class LentFunction:
    """A function of the tests: it can be called, and marked with attributes. Its documentation can be passed on."""

    __slots__ = ("__name__", "__qualname__", "__weakref__", "_ask", "_is_async", "_marks", "_number", "_parameters")

    def __init__(self, ask: Ask, number: int, name: str, parameters: tuple | None = None) -> None:
        own = {"_ask": ask, "_number": number, "_marks": {}, "_is_async": name.startswith(ASYNC)}
        own["_parameters"] = parameters
        name = name.removeprefix(ASYNC)
        for slot, value in (own | {"__name__": name, "__qualname__": name}).items():
            object.__setattr__(self, slot, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, over there."""
        return self._ask(("callback", self._number, args, kwargs))

    def __setattr__(self, name: str, value: Any) -> None:
        """Mark the tests' function, as decorators do; what it has from the tests cannot be read or replaced."""
        self._ask(("mark", self._number, name, value))
        self._marks[name] = value

    def __getattr__(self, name: str) -> Any:
        """What it was marked with, and the sign of a coroutine function."""
        if name == "_is_coroutine" and self._is_async:
            return sys.modules["asyncio.coroutines"]._is_coroutine
        if name in self._marks:
            return self._marks[name]
        if name == "__signature__" and self._parameters is not None:
            return signature(self._parameters)
        if name == "__code__" and self._parameters is not None:
            return counts(self._parameters)
        raise AttributeError(f"'function' object has no attribute {name!r}")

    __doc__ = property(lambda self: LentText(self._number))


def signature(parameters: tuple) -> inspect.Signature:
    """The signature of a function of the tests, without its defaults."""
    empty = inspect.Parameter.empty
    return inspect.Signature(
        [inspect.Parameter(name, _KINDS[kind], default=... if d else empty) for name, kind, d in parameters]
    )


def counts(parameters: tuple) -> types.SimpleNamespace:
    """What code that curries asks of a function's code: how many arguments it takes, and their names."""
    kinds = [kind for _name, kind, _default in parameters]
    names = sorted(parameters, key=lambda parameter: _ORDER.index(_KINDS[parameter[1]]))
    return types.SimpleNamespace(
        co_argcount=sum(kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD for kind in kinds),
        co_posonlyargcount=kinds.count(inspect.Parameter.POSITIONAL_ONLY),
        co_kwonlyargcount=kinds.count(inspect.Parameter.KEYWORD_ONLY),
        co_varnames=tuple(name for name, _kind, _default in names),
    )


_P = inspect.Parameter
#: Of local variables, as a function's code has them.
_ORDER: list[Any] = [_P.POSITIONAL_ONLY, _P.POSITIONAL_OR_KEYWORD, _P.KEYWORD_ONLY, _P.VAR_POSITIONAL, _P.VAR_KEYWORD]
_KINDS: dict[int, Any] = {int(kind): kind for kind in _ORDER}


async def awaited(ask: Ask, number: int) -> Any:
    """A coroutine of the tests: a real one, since loops ask for that."""
    return ask(("await", number))


class LentText:
    """The documentation of a function of the tests, which `functools.wraps` passes on."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number


class LentIterator:
    """An iterator of the tests."""

    __slots__ = ("_ask", "_number")

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask = ask
        self._number = number

    def __iter__(self) -> LentIterator:
        return self

    def __next__(self) -> Any:
        return self._ask(("next", self._number))


class LentAsyncIterator:
    """An asynchronous generator of the tests; each step runs to its end there."""

    __slots__ = ("_ask", "_number")

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask = ask
        self._number = number

    def __aiter__(self) -> LentAsyncIterator:
        return self

    async def __anext__(self) -> Any:
        try:
            return self._ask(("anext", self._number))
        except StopIteration:
            pass
        raise StopAsyncIteration


class Twins:
    """The tests' objects, made here: of the candidate's class of that name, else of one with their methods."""

    def __init__(self, names: dict[str, Any], module: str) -> None:
        """names: the candidate's globals."""
        self._names = names
        self._module = module
        self._classes: dict[str, type] = {}

    def read(self, reader: codec.Reader) -> Any:
        """The object described next."""
        name, at = reader.text(), len(reader.mutables)
        reader.remember(None)
        attributes = reader.items()
        cls = self._names.get(name)
        if not isinstance(cls, type) or not hasattr(cls, "__dict__"):
            cls = self._twin(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))
        value: Any
        try:
            value = object.__new__(cls)
        except TypeError:
            value = object.__new__(type(name, (), {"__module__": self._module}))
        reader.mutables[at] = value
        fields = reader.items()
        for key, field in zip(fields[::2], fields[1::2], strict=True):
            object.__setattr__(value, key, field)
        return value

    def _twin(self, name: str, attributes: dict) -> type:
        """A class for objects of the tests' class `name`; methods are bound already, so each object has its own."""
        base = self._classes.get(name)
        if base is None:
            base = self._classes[name] = type(name, (), {"__module__": self._module})
        return type(name, (base,), {"__module__": self._module, **attributes}) if attributes else base


def read_exception(reader: codec.Reader) -> BaseException:
    """An exception of the tests'."""
    cls, args = reader.read(), reader.read()
    if not (isinstance(cls, type) and issubclass(cls, BaseException)):
        cls = Exception
    try:
        return cls(*args)
    except Exception:
        return Exception(*args)
