"""The candidate's end: runs the code as a module, then does what the tests ask, one request after another.

This runs in the candidate's own process, so nothing here protects anybody: a candidate that patches it changes
only what it says, and what it says is no more than values.

A message is a tuple (changes, forgotten, what, …): the first two keep the mutable containers of both ends alike (see
shared.py). A request goes on with (operation, drops, …): `drops` are handles that the tests hold no longer. An answer
goes on with one of

    ("ok", value)
    ("raise", exception)
    ("stop", value)                 an iterator came to its end
    ("cannot", text)                the value cannot be sent
    ("callback", number, args, kwargs), ("next", number)
                                    a function or an iterator of the tests is wanted; the answer comes as a request
                                    ("return", (), value) or ("throw", (), exception) or ("end", ())
"""

from __future__ import annotations

import builtins
import collections
import copy
import dataclasses
import enum
import inspect
import operator
import os
import random
import socket
import struct
import sys
import threading
import types
import typing
from collections.abc import Callable
from typing import Any, NoReturn

from . import codec, frames, leetcode, shared

MODULE = "solution"
_U64 = struct.Struct("<Q")
_BY_VALUE: tuple[Any, ...] = (int, float, complex, str, bytes)
_SCALARS = (type(None), bool, int, float, str, bytes)
CAUSES_MAX = 8
_CONTAINERS: tuple[Any, ...] = (list, tuple, set, frozenset, collections.deque, bytearray)
PROTOCOLS = (
    "__call__ __iter__ __next__ __len__ __getitem__ __setitem__ __delitem__ __contains__ __reversed__ __enter__ "
    "__exit__ __aenter__ __aexit__ __aiter__ __anext__ __await__ __bool__ __int__ __float__ __complex__ __index__ "
    "__bytes__ __neg__ __pos__ __abs__ __invert__ __round__ __trunc__ __floor__ __ceil__ __eq__ __lt__ __le__ __gt__ "
    "__ge__ __add__ __sub__ __mul__ __matmul__ __truediv__ __floordiv__ __mod__ __pow__ __lshift__ __rshift__ __and__ "
    "__or__ __xor__ __divmod__ __iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__ __imod__ __iand__ __ior__ __ixor__"
).split()
_FIELD = dataclasses._FIELD  # type: ignore[attr-defined]
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "__len__": len,
    "__iter__": iter,
    "__bool__": bool,
    "__int__": int,
    "__float__": float,
    "__complex__": complex,
    "__bytes__": bytes,
    "__reversed__": reversed,
    "__round__": round,
    "__divmod__": divmod,
    "__str__": str,
    "__repr__": repr,
    "__format__": format,
    "__hash__": hash,
    "__dir__": dir,
    "__pow__": pow,
    "__copy__": copy.copy,
    "__deepcopy__": copy.deepcopy,
    **{
        f"__{n}__": getattr(operator, n) for n in ("neg", "pos", "abs", "invert", "index", "eq", "ne", "lt", "le", "gt")
    },
    **{f"__{n}__": getattr(operator, n) for n in ("ge", "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod")},
    **{f"__{n}__": getattr(operator, n) for n in ("lshift", "rshift", "xor", "getitem", "setitem", "delitem")},
    "__and__": operator.and_,
    "__or__": operator.or_,
}


def main(sock: socket.socket, source: bytes, code: types.CodeType) -> NoReturn:
    """Run the candidate, `code` compiled from `source`, until the tests have no more to ask."""
    status = 1
    try:
        Harness(sock).run(code, b"class Solution" in source)
    except frames.Gone:
        status = 0
    except BaseException:
        sys.__excepthook__(*sys.exc_info())  # of what the candidate broke, or we did: its stderr is shown
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                continue
        os._exit(status)


class Harness:
    """One conversation with the tests."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.RLock()
        self._objects: dict[int, Any] = {}
        self._handles: dict[int, int] = {}
        self._described: set[int] = set()
        self._shared = shared.Shared()
        self._twins: dict[str, type] = {}
        self._next = 0
        self._loop: Any = None
        self.module = types.ModuleType(MODULE)

    def run(self, code: types.CodeType, leetcode_style: bool) -> NoReturn:
        """Execute the module, say how that went, then serve. Raises frames.Gone when there are no more questions."""
        names = self.module.__dict__
        names["__file__"] = code.co_filename
        if leetcode_style:
            names.update(leetcode.NAMES)
        sys.modules[MODULE] = self.module
        sys.modules["__main__"] = self.module
        sys.setrecursionlimit(1000 + _depth() + 8)
        try:
            exec(code, names)
            answer: tuple = ("ok", None)
        except BaseException as error:
            _tell(error)
            answer = ("raise", error)
        self._answer(answer)
        del answer
        while True:
            self._serve_one()

    def _serve_one(self) -> None:
        self._answer(self._do(self._request()))

    def _request(self) -> list[Any]:
        data = frames.receive(self._sock)
        if not data:  # the last answer was not taken
            self._shared = shared.Shared()
            self._described.clear()
            return self._request()
        table = self._shared
        reader = codec.Reader(data, self._resolve, table.entries, table.next, builtins_allowed=codec.FUNCTIONS)
        changes, forgotten, *request = _deep(reader.read)
        table.adopt(reader.mutables)
        table.apply(changes)
        table.forget(forgotten)
        table.note()
        for handle in request[1]:
            self._handles.pop(id(self._objects.pop(handle, None)), None)
        return request

    def _do(self, request: list[Any]) -> tuple:
        """Do what is asked. Empties `request`, so that arguments that nobody keeps are held by nobody."""
        operation, _, *operands = request
        request.clear()
        try:
            value = getattr(self, "_op_" + operation)(*operands)
            answer = ("ok", value)
        except StopIteration as stop:
            answer = ("stop", stop.value) if operation in ("special", "resume") else ("raise", stop)
        except BaseException as error:
            answer = ("raise", error)
        finally:
            _flush()
        return answer

    def _answer(self, answer: tuple, *, within: bool = False) -> None:
        """Send an answer; `within` a call: a question."""
        table = self._shared
        changed = table.changes() if not within or table.small() else []
        forgotten = table.unheld_lately() if within else table.unheld()
        try:
            self._send(changed, forgotten, answer)
        except (codec.CannotCross, frames.Oversized) as error:
            text = f"a value that cannot be sent: {error}"[:200]
            self._send([], sorted({*changed, *forgotten}), ("cannot", text))

    def _send(self, changed: list[int], forgotten: list[int], answer: tuple) -> None:
        table, described = self._shared, set(self._described)
        writer = codec.Writer(self._foreign, table.index, table.next, builtins_allowed=codec.TYPES)
        contents = tuple((n, codec.content(table.entries[n])) for n in changed)
        try:
            _deep(lambda: writer.write((contents, forgotten, *answer)))
            frames.send(self._sock, writer.out)
        except (codec.CannotCross, frames.Oversized):
            self._described = described
            raise
        table.told(changed)
        table.adopt(writer.mutables)
        table.forget(forgotten)
        table.note()

    # What the tests may ask.

    def _op_names(self, names: list[str]) -> list[str]:
        return [name for name in names if name in self.module.__dict__]

    def _op_public(self) -> list[str]:
        names = self.module.__dict__
        return [str(n) for n in names.get("__all__", [n for n in names if not n.startswith("_")])]

    def _op_global(self, name: str) -> Any:
        return self.module.__dict__[name]

    def _op_setglobal(self, name: str, value: Any) -> None:
        self.module.__dict__[name] = value

    def _op_call(self, function: Any, args: tuple, kwargs: dict) -> Any:
        return function(*args, **kwargs)

    def _op_entry(self, path: str, args: list, kwargs: dict, result: str) -> Any:
        """Call an entry point: `function`, or `Class.method` of an instance made without arguments."""
        function = _entry(self.module.__dict__, path)
        args = leetcode.arguments(function, args, self.module.__dict__)
        value = function(*args, **kwargs)
        if inspect.isawaitable(value):
            value = self._await(value)
        return leetcode.plain(value if result == "return" else args[int(result[3:])])

    def _op_getattr(self, target: Any, name: str) -> Any:
        return getattr(target, name)

    def _op_setattr(self, target: Any, name: str, value: Any) -> None:
        setattr(target, name, value)

    def _op_delattr(self, target: Any, name: str) -> None:
        delattr(target, name)

    def _op_special(self, name: str, target: Any, args: tuple) -> Any:
        if name == "__next__":
            return next(target)
        operation = _OPERATIONS.get(name)
        if operation is not None:
            return operation(target, *args)
        return getattr(type(target), name)(target, *args)

    def _op_base(self, target: Any) -> Any:
        """The content of an object whose class extends a built-in container, by the built-in's own methods."""
        if isinstance(target, dict):
            return {key: dict.__getitem__(target, key) for key in dict.__iter__(target)}
        for base in _CONTAINERS:
            if isinstance(target, base):
                return base(base.__iter__(target))
        return target.value if isinstance(target, enum.Enum) else None

    def _op_fields(self, target: Any) -> tuple:
        """The fields of a dataclass. Raises AttributeError."""
        fields = target.__dataclass_fields__.values()
        return tuple((f.name, f.init, f.repr, f.compare, bool(f.kw_only)) for f in fields if f._field_type is _FIELD)

    def _op_seed(self, value: Any) -> None:
        random.seed(value)

    def _op_environ(self, name: str, value: str | None) -> None:
        """The tests set or unset a variable of the environment."""
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

    def _op_resume(self, generator: Any, how: str, value: Any) -> Any:
        if how == "throw":
            return generator.throw(value)
        return generator.close() if how == "close" else generator.send(value)

    def _op_await(self, coroutine: Any) -> Any:
        return self._await(coroutine)

    def _op_exec(self, code: str, entry_point: str | None) -> None:
        """Run test code in this very process; only where that is allowed and asked for."""
        names = self.module.__dict__
        exec(compile(code, "tests.py", "exec", dont_inherit=True), names)
        if entry_point is not None and callable(names.get("check")):
            names["check"](names[entry_point])

    def _await(self, awaitable: Any) -> Any:
        if self._loop is None:
            import asyncio  # here: in the zygote it would make every fork dearer by a third

            self._loop = asyncio.new_event_loop()

        async def wait() -> Any:
            return await awaitable

        return self._loop.run_until_complete(wait())

    # Calls back into the tests.

    def ask(self, question: tuple) -> Any:
        """Ask the tests for what one of their callables or iterators gives. Threads take turns."""
        with self._lock:
            self._answer(question, within=True)
            while True:
                request = self._request()
                if request[0] == "return":
                    return request[2]
                if request[0] == "throw":
                    raise request[2]
                if request[0] == "end":
                    raise StopIteration
                self._answer(self._do(request), within=True)

    # Handles.

    def _handle(self, value: Any) -> int:
        handle = self._handles.get(id(value))
        if handle is None:
            handle = self._next = self._next + 1
            self._objects[handle] = value
            self._handles[id(value)] = handle
        return handle

    def _resolve(self, reader: codec.Reader, tag: int) -> Any:
        if tag == ord("<"):
            return self._objects[reader.handle()]
        if tag == ord(">"):
            return _Callback(self, reader.handle(), reader.text())
        if tag == ord("J"):
            return _TestIterator(self, reader.handle())
        if tag == ord("X"):
            return self._plain_object(reader)
        if tag == ord("%"):
            return self._exception(reader)
        raise codec.Malformed(f"tag {tag}")

    def _plain_object(self, reader: codec.Reader) -> Any:
        """An object of the tests: of the candidate's class of that name, else of one with the tests' methods."""
        name, at = reader.text(), len(reader.mutables)
        reader.remember(None)
        attributes = reader.items()
        cls = self.module.__dict__.get(name)
        if not isinstance(cls, type) or not hasattr(cls, "__dict__"):
            cls = self._twin(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))
        value: Any
        try:
            value = object.__new__(cls)
        except TypeError:
            value = object.__new__(type(name, (), {"__module__": MODULE}))
        reader.mutables[at] = value
        fields = reader.items()
        for key, field in zip(fields[::2], fields[1::2], strict=True):
            object.__setattr__(value, key, field)
        return value

    def _twin(self, name: str, attributes: dict) -> type:
        """A class for objects of the tests' class `name`; methods are bound already, so each object has its own."""
        base = self._twins.get(name)
        if base is None:
            base = self._twins[name] = type(name, (), {"__module__": MODULE})
        return type(name, (base,), {"__module__": MODULE, **attributes}) if attributes else base

    def _exception(self, reader: codec.Reader) -> BaseException:
        cls, args = reader.read(), reader.read()
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            cls = Exception
        try:
            return cls(*args)
        except Exception:
            return Exception(*args)

    def _foreign(self, writer: codec.Writer, value: Any) -> None:
        if isinstance(value, _Callback | _TestIterator):
            writer.out += b">" + _U64.pack(value._number)
        elif isinstance(value, type):
            writer.out += b"#"
            self._describe(writer, value)
        elif isinstance(value, BaseException):
            self._write_exception(writer, value)
        elif isinstance(value, types.GeneratorType):
            writer.out += b"G" + _U64.pack(self._handle(value))
        elif isinstance(value, types.CoroutineType):
            writer.out += b"W" + _U64.pack(self._handle(value))
        elif isinstance(value, tuple) and hasattr(type(value), "_fields"):
            writer.out += b"P" + _U64.pack(self._handle(value))
            self._describe(writer, type(value))
            writer.write(tuple(str(name) for name in getattr(type(value), "_fields", ())))
            writer.write(tuple(tuple.__iter__(value)))
        elif isinstance(value, _BY_VALUE) and not isinstance(value, enum.Enum):
            base = next(base for base in _BY_VALUE if isinstance(value, base))
            writer.write(base.__new__(base, _plain(base, value)))
        else:
            writer.out += b"@" + _U64.pack(self._handle(value))
            self._describe(writer, type(value))
            if _hashes_itself(type(value)):
                writer.write(_hash(value))

    def _describe(self, writer: codec.Writer, cls: type) -> None:
        """A class: handle, and once: name, module, bases (handles or builtins' names), special methods, its kind."""
        handle = self._handle(cls)
        writer.out += _U64.pack(handle)
        if handle in self._described:
            writer.out += b"="
            return
        self._described.add(handle)
        writer.out += b"+"
        writer.text(b"s", cls.__name__)
        writer.text(b"s", str(cls.__module__))
        bases = [b for b in cls.__bases__ if b is not object]
        writer.out += struct.pack("<I", len(bases))
        for base in bases:
            if _is_builtin(base):
                writer.text(b"B", base.__name__)
            else:
                writer.out += b"#"
                self._describe(writer, base)
        writer.write(tuple(name for name in PROTOCOLS if _has(cls, name)))
        hashing: Any = getattr(cls, "__hash__", None)
        writer.write((hashing is not None, hashing is not object.__hash__))

    def _write_exception(self, writer: codec.Writer, error: BaseException, depth: int = 0) -> None:
        """An exception: class, handle, arguments, text, plain fields, cause."""
        writer.out += b"%"
        error.__traceback__ = None  # its frames would hold whatever was passed
        if _is_builtin(type(error)):
            writer.text(b"B", type(error).__name__)
            writer.out += _U64.pack(0)
        else:
            self._foreign(writer, type(error))
            self._next += 1
            self._objects[self._next] = error
            writer.out += _U64.pack(self._next)
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
        if error.__cause__ is None or depth == CAUSES_MAX:
            writer.write(None)
        else:
            self._write_exception(writer, error.__cause__, depth + 1)


class _Callback:
    """A function of the tests: it can be called, and that is all."""

    __slots__ = ("__name__", "_harness", "_number")

    def __init__(self, harness: Harness, number: int, name: str) -> None:
        self._harness = harness
        self._number = number
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._harness.ask(("callback", self._number, args, kwargs))


class _TestIterator:
    """An iterator of the tests."""

    __slots__ = ("_harness", "_number")

    def __init__(self, harness: Harness, number: int) -> None:
        self._harness = harness
        self._number = number

    def __iter__(self) -> _TestIterator:
        return self

    def __next__(self) -> Any:
        return self._harness.ask(("next", self._number))


def _is_builtin(cls: type) -> bool:
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


def _has(cls: type, name: str) -> bool:
    """Whether instances have a special method worth asking for: object's own equality is identity."""
    method = next((vars(base)[name] for base in type.mro(cls) if name in vars(base)), None)
    return method is not None and method is not vars(object).get(name)


def _plain(base: type, value: Any) -> Any:
    """The built-in value inside an instance of a subclass, past every override."""
    if base is str:
        return str.__str__(value)
    if base is bytes:
        return bytes(memoryview(value))
    if base is complex:
        return complex(value.real, value.imag)
    return float.__float__(value) if base is float else int.__int__(value)


def _entry(names: dict, path: str) -> Any:
    first, *rest = path.split(".")
    if first not in names:
        raise NameError(f"name {first!r} is not defined")
    value = names[first]
    if rest and isinstance(value, type):
        value = value()
    for name in rest:
        value = getattr(value, name)
    return value


def _deep(action: Callable[[], Any]) -> Any:
    """Run encoding or decoding with room for its recursion, whatever the candidate set."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + codec.FRAMES)
    try:
        return action()
    finally:
        sys.setrecursionlimit(limit)


def _depth() -> int:
    frame: types.FrameType | None = sys._getframe(1)
    depth = 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def _flush() -> None:
    """What was printed leaves at once: the process may be killed at any time."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            continue


def _tell(error: BaseException) -> None:
    """The traceback of a module that failed to load, on its own stderr."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    try:
        sys.__excepthook__(type(error), error, trace)
    except BaseException:
        return


_ = typing  # loaded here, before the fork, for every candidate
