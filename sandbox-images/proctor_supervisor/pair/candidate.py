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

import collections
import collections.abc
import copy
import dataclasses
import inspect
import operator
import os
import random
import socket
import sys
import threading
import types
import typing
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

from . import codec, frames, kinds, leetcode, lent, messages, shared
from .awaiting import Tasks, run_here
from .references import References

MODULE = "solution"
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


#: The harness of this process, made before its fork.
_ready: list[Harness] = []


def main(sock: socket.socket, source: bytes, code: types.CodeType) -> NoReturn:
    """Run the candidate, `code` compiled from `source`, until the tests have no more to ask."""
    status = 1
    harness = _ready[0] if _ready else Harness()
    try:
        harness.converse(sock)
        harness.run(code, leetcode.names_for(source) if b"class Solution" in source else {})
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


def make_ready() -> None:
    """Make the harness that `main` uses: before the fork, as what a fork inherits costs it no page."""
    _ready.append(Harness())


class Harness:
    """One conversation with the tests."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._references = References()
        self._shared = shared.Shared()
        self._tasks = Tasks()
        self._functions: weakref.WeakValueDictionary[int, Any] | None = None  # few candidates are lent one
        self.module = types.ModuleType(MODULE)
        self._twins = lent.Twins(self.module.__dict__, MODULE)

    def converse(self, sock: socket.socket) -> None:
        """Talk over `sock`. Comes before all else."""
        self._frames = frames.Frames(sock)

    def run(self, code: types.CodeType, given: dict[str, Any]) -> NoReturn:
        """Execute the module, in which names are `given`, say how that went, then serve.

        Raises frames.Gone when there are no more questions.
        """
        names = self.module.__dict__
        names["__file__"] = code.co_filename
        names.update(given)
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
        data = self._frames.receive()
        if not data:  # the last answer was not taken
            self._shared = shared.Shared()
            self._references.described.clear()
            return self._request()
        table = self._shared
        reader = codec.Reader(data, self._resolve, table.entries, table.next, builtins_allowed=codec.FUNCTIONS)
        changes, forgotten, *request = _deep(reader.read)
        table.adopt(reader.mutables)
        table.apply(changes)
        table.forget(forgotten)
        table.note()
        for handle in request[1]:
            self._references.drop(handle)
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
            if not changed and answer[0] == "ok":
                message = messages.short_answer(forgotten, answer[1])
                if message is not None:
                    self._frames.send(message)
                    table.forget(forgotten)
                    table.note()
                    return
            self._send(changed, forgotten, answer)
        except (codec.CannotCross, frames.Oversized) as error:
            text = f"a value that cannot be sent: {error}"[:200]
            self._send([], sorted({*changed, *forgotten}), ("cannot", text))

    def _send(self, changed: list[int], forgotten: list[int], answer: tuple) -> None:
        references, table = self._references, self._shared
        described = set(references.described)
        writer = codec.Writer(references.write, table.index, table.next, builtins_allowed=codec.TYPES)
        contents = tuple([(n, kinds.content(table.entries[n])) for n in changed])
        try:
            _deep(lambda: messages.write(writer, contents, forgotten, answer[0], answer[1:]))
            self._frames.send(writer.out)
        except (codec.CannotCross, frames.Oversized):
            references.described = described
            raise
        table.told(changed)
        table.adopt(writer.mutables)
        table.forget(forgotten)
        table.note()

    # What the tests may ask.

    def _op_names(self, names: list[str]) -> list[str]:
        return [name for name in names if name in self.module.__dict__]

    def _op_given(self, names: list[str]) -> tuple[list[str], Any]:
        """Those of `names` that are there; where one is asked for and a function, that too: it stays what it is."""
        given = self._op_names(names)
        value = self.module.__dict__[given[0]] if len(given) == len(names) == 1 else None
        return given, value if isinstance(value, types.FunctionType) else None

    def _op_public(self) -> list[str]:
        names = self.module.__dict__
        return [str(n) for n in names.get("__all__", [n for n in names if not n.startswith("_")])]

    def _op_every(self) -> list[str]:
        return list(map(str, self.module.__dict__))

    def _op_global(self, name: str) -> Any:
        return self.module.__dict__[name]

    def _op_setglobal(self, name: str, value: Any) -> None:
        self.module.__dict__[name] = value

    def _op_call(self, function: Any, args: tuple, kwargs: dict | tuple[()]) -> Any:
        return function(*args, **kwargs) if kwargs else function(*args)

    def _op_entry(self, path: str, given: tuple, named: dict | tuple[()], result: str) -> Any:
        """Call an entry point: `function`, or `Class.method` of an instance made without arguments."""
        function = _entry(self.module.__dict__, path)
        args, kwargs = leetcode.arguments(function, list(given), dict(named), self.module.__dict__)
        value = function(*args, **kwargs)
        if inspect.isawaitable(value):
            value = run_here(_awaited(value))
        return leetcode.result(function, value) if result == "return" else leetcode.plain(args[int(result[3:])])

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
        """What a container of collections holds, past the overrides of its class."""
        if isinstance(target, collections.deque):
            return collections.deque(collections.deque.__iter__(target))
        if isinstance(target, memoryview):
            return target.tobytes()
        if isinstance(target, collections.UserDict | collections.UserList | collections.UserString):
            return vars(target)["data"]
        return dict(target.items()) if isinstance(target, collections.abc.Mapping) else set(target)

    def _op_isinstance(self, value: Any, cls: Any) -> bool:
        return isinstance(value, cls)

    def _op_issubclass(self, value: Any, cls: Any) -> bool:
        return issubclass(value, cls)

    def _op_fields(self, target: Any) -> tuple:
        """The fields of a dataclass. Raises AttributeError."""
        fields = target.__dataclass_fields__.values()
        return tuple((f.name, f.init, f.repr, f.compare, bool(f.kw_only)) for f in fields if f._field_type is _FIELD)

    def _op_seed(self, value: Any) -> None:
        random.seed(value)

    def _op_seed_numpy(self, value: Any) -> None:
        if (numpy := sys.modules.get("numpy")) is not None:
            numpy.random.seed(value)

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

    def _op_drive(self, target: Any, slice_s: float) -> bool:
        return self._tasks.drive(target, slice_s)

    def _op_outcome(self, target: Any) -> Any:
        return self._tasks.outcome(target)

    def _op_cancel(self, target: Any) -> None:
        self._tasks.cancel(target)

    def _op_exec(self, code: str, entry_point: str | None) -> None:
        """Run test code in this very process; only where that is allowed and asked for."""
        names = self.module.__dict__
        names["__name__"] = "__main__"
        exec(compile(code, "tests.py", "exec", dont_inherit=True), names)
        if entry_point is not None and callable(names.get("check")):
            names["check"](names[entry_point])

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

    def _resolve(self, reader: codec.Reader, tag: int) -> Any:
        if tag == ord("<"):
            return self._references.objects[reader.handle()]
        if tag == ord(">"):
            return self._lent_function(reader.handle(), reader.text(), reader.read())
        if tag == ord("K"):
            return lent.awaited(self.ask, reader.handle())
        if tag == ord("J"):
            return lent.LentIterator(self.ask, reader.handle())
        if tag == ord("k"):
            return lent.LentAsyncIterator(self.ask, reader.handle())
        if tag == ord("X"):
            return self._twins.read(reader)
        if tag == ord("%"):
            return lent.read_exception(reader)
        raise codec.Malformed(f"tag {tag}")

    def _lent_function(self, number: int, name: str, parameters: tuple | None) -> Any:
        """A function of the tests: one and the same object for as long as anything here holds it."""
        if self._functions is None:
            self._functions = weakref.WeakValueDictionary()
        function = self._functions.get(number)
        if function is None:
            function = self._functions[number] = lent.LentFunction(self.ask, number, name, parameters)
        return function


async def _awaited(value: Any) -> Any:
    return await value


def _entry(names: dict, path: str) -> Any:
    first, *rest = path.replace("()", "").split(".")
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
