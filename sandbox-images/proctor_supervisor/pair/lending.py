"""What the tests lend to the candidate: their functions, iterators and coroutines, by number, and for how long."""

from __future__ import annotations

import inspect
import io
import itertools
import types
import weakref
from typing import Any, NoReturn

from . import codec
from .awaiting import run_here
from .lent import ASYNC
from .remote import is_remote

#: Callables of the tests that the candidate may hold at a time.
LENT_MAX = 10_000


class Lending:
    """What is lent now, and what was and may come back."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._lent: dict[int, Any] = {}
        self._numbers: dict[tuple, int] = {}
        self._returning: dict[int, weakref.ref[Any]] = {}
        self._last = 0

    @property
    def last(self) -> int:
        """The number of what was lent last; numbers grow."""
        return self._last

    def __bool__(self) -> bool:
        """Whether anything is lent now."""
        return bool(self._lent)

    def withdraw(self, after: int) -> None:
        """End the lending of what was lent after number `after`."""
        for number in self._since(after):
            self._end(number)

    def is_new(self, value: Any, after: int) -> bool:
        """Whether a call gave back what it was given: a decorator that registers, say."""
        return callable(value) and any(value is self._lent[number] for number in self._since(after))

    def _since(self, after: int) -> list[int]:
        return [number for number in self._lent if number > after]

    def _end(self, number: int) -> None:
        self._numbers.pop(_identity(self._lent.pop(number)), None)

    def lend(self, value: Any) -> int:
        """The number by which the candidate can ask for `value`: what is lent already keeps the one that it has.

        So an observer that is taken off is the one that was put on.
        """
        identity = _identity(value)
        known = self._numbers.get(identity)
        if known is not None:
            return known
        number = self._last = self._last + 1
        self._lent[number] = value
        self._numbers[identity] = number
        if isinstance(value, types.FunctionType | type):
            self._returning[number] = weakref.ref(value)
            if len(self._returning) > LENT_MAX:
                del self._returning[next(iter(self._returning))]
        if len(self._lent) > LENT_MAX:
            self._end(next(iter(self._lent)))
        return number

    def before(self, number: int) -> Any:
        """What was lent, which may come back at any time, to the tests whose it is. Raises Malformed."""
        if not 0 < number <= self._last:
            raise codec.Malformed("a function that was not lent")
        remembered = self._returning.get(number)
        value = self._lent.get(number, remembered() if remembered else None)
        return _forgotten if value is None else value

    def answer(self, kind: str, number: Any, operands: list[Any]) -> tuple:
        """Do with what was lent what the candidate asks for; the answer. Raises Malformed."""
        if type(number) is not int or not 0 < number <= self._last:
            raise codec.Malformed("a call of a function that was not lent")
        try:
            lent = self._lent.get(number)
            if lent is None:
                raise RuntimeError("a function of the tests is called after the call that it was given for")
            return ("return", [], _done(kind, lent, operands))
        except (StopIteration, StopAsyncIteration):
            return ("end", [])
        except Exception as error:
            return ("throw", [], error)


def _identity(value: Any) -> tuple:
    """What tells apart what is lent; a method is made anew each time that it is taken from its object."""
    if type(value) is types.MethodType:
        return id(value.__self__), id(value.__func__)
    if type(value) is types.BuiltinMethodType:
        return id(value.__self__), value.__name__
    return (id(value),)


def _done(kind: str, lent: Any, operands: list[Any]) -> Any:
    if kind == "next":
        return next(lent)
    if kind == "anext":
        return run_here(anext(lent))
    if kind == "await":
        return run_here(lent)
    if kind == "mark":
        return _mark(lent, *operands)
    args, kwargs = operands
    return lent(*args, **kwargs)


def _mark(function: Any, name: Any, value: Any) -> Any:
    """Give a function of the tests an attribute that it has not got. Raises AttributeError."""
    free = type(name) is str and not name.startswith("_") and not hasattr(function, name)
    if not free or not isinstance(function, types.FunctionType):
        raise AttributeError(f"attribute {str(name)[:100]!r} of what is the tests' own")
    setattr(function, name, value)


def _forgotten(*_args: Any, **_kwargs: Any) -> NoReturn:
    """What stands for a function of the tests that they themselves hold no more."""
    raise RuntimeError("a function of the tests that is no more")


def keeps(operation: str, operands: tuple) -> bool:
    """Whether callables in this question may be called in later ones too.

    Those given to a plain function are lent for its call. What is given to an object is the object's: an observer, a
    handler, a field. And what makes functions or objects (a decorator, a class) makes them of what it is given.
    """
    if operation in ("setattr", "setglobal"):
        return True
    if operation == "special":
        return operands[0] in ("__setitem__", "__set__", "__set_name__")
    return operation == "call" and (isinstance(operands[0], type) or type(operands[0]).__name__ == "method")


def is_made(value: Any) -> bool:
    """Whether a result is, or brings, a function or an object of the candidate's."""
    if isinstance(value, types.GeneratorType | types.CoroutineType) or is_remote(value):
        return True
    return type(value) in (list, tuple, dict) and any(map(is_remote, value.values() if type(value) is dict else value))


def name_of(function: Any) -> str:
    """The name of a callable of the tests. Nothing may be asked while a message is written."""
    inner = function.__func__ if type(function) is types.MethodType else function
    if is_remote(inner):
        return type(inner).__name__
    sign = ASYNC if inspect.iscoroutinefunction(inner) else ""
    return sign + str(getattr(inner, "__name__", type(inner).__name__))


def parameters_of(function: Any) -> tuple | None:
    """Name, kind and whether it has a default, of each parameter of a plain function of the tests; None of others.

    Code that curries or wires by name asks for these. Defaults stay here.
    """
    inner, bound = (function.__func__, 1) if type(function) is types.MethodType else (function, 0)
    if type(inner) is not types.FunctionType:
        return None
    code, made = inner.__code__, []
    positional, keyword = code.co_argcount, code.co_kwonlyargcount
    optional = positional - len(inner.__defaults__ or ())
    for n, name in enumerate(code.co_varnames[:positional]):
        kind = inspect.Parameter.POSITIONAL_ONLY if n < code.co_posonlyargcount else _EITHER
        made.append((name, int(kind), n >= optional))
    at = positional + keyword
    if code.co_flags & inspect.CO_VARARGS:
        made.append((code.co_varnames[at], int(inspect.Parameter.VAR_POSITIONAL), False))
        at += 1
    for name in code.co_varnames[positional : positional + keyword]:
        made.append((name, int(inspect.Parameter.KEYWORD_ONLY), name in (inner.__kwdefaults__ or ())))
    if code.co_flags & inspect.CO_VARKEYWORDS:
        made.append((code.co_varnames[at], int(inspect.Parameter.VAR_KEYWORD), False))
    return tuple(made[bound:])


_EITHER = inspect.Parameter.POSITIONAL_OR_KEYWORD


#: What the candidate's twin of an object of the tests does itself.
_NOT_LENT = set(
    "__init__ __new__ __getattribute__ __getattr__ __setattr__ __delattr__ __del__ __class_getitem__".split()
)
_NOT_LENT |= {"__init_subclass__", "__set_name__", "__reduce__", "__reduce_ex__", "__repr__"}


_STREAM_METHODS = (
    "read readline readlines write writelines seek tell truncate getvalue flush close readable writable seekable "
    "__iter__ __next__ __enter__ __exit__"
).split()


def attributes(value: Any) -> list[Any]:
    """Names and values of what the class of an object of the tests gives it: methods, and plain data."""
    found: dict[str, Any] = {}
    if isinstance(value, io.IOBase):
        found.update((name, getattr(value, name)) for name in _STREAM_METHODS if hasattr(value, name))
    for base in reversed(type(value).__mro__[:-1]):
        for name, attribute in vars(base).items():
            if isinstance(attribute, types.FunctionType | staticmethod | classmethod) and name not in _NOT_LENT:
                found[name] = getattr(value, name)
            elif not name.startswith("__") and isinstance(attribute, bool | int | float | str | None):
                found[name] = attribute
    return list(itertools.chain.from_iterable(found.items()))
