"""The conversation with the candidate, seen from the tests: one question at a time, every answer decoded by us.

The candidate's word is data. A malformed answer is tampering; an end without an answer is its death. Both end this
process at once, past every `except` of the tests, because after either there is nothing left to test: what is then
reported was written before (see `Report`), and the supervisor's account decides the rest.
"""

from __future__ import annotations

import io
import itertools
import os
import random
import socket
import struct
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from . import codec, compare, frames, kinds, messages, shared
from .awaiting import driven
from .lending import Lending, attributes, is_made, keeps, name_of, parameters_of
from .remote import Handle, Remote, RemoteType, is_remote
from .remote_classes import RemoteClasses
from .remote_errors import read_exception

_U64 = struct.Struct("<Q")

#: Iterators of the tests that cross as iterators, not as lists: they may be endless.
_ITERATORS: tuple[Any, ...] = (
    types.GeneratorType,
    map,
    filter,
    zip,
    enumerate,
    reversed,
    type(iter([])),
    type(iter(())),
    type(iter("")),
    type(iter({})),
    type(iter(set())),
    type(iter(range(0))),
    itertools.chain,
    itertools.count,
    itertools.cycle,
    itertools.islice,
    itertools.repeat,
)
#: Raised by a plain call, these would mean something to the tests or their runner that the candidate must not say.
_DISGUISED = (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt)


#: The class that leetcode.py gives to an empty list of nodes.
_NO_NODE = (f"{__package__}.leetcode", "NoNode")
#: Members of enumerations that stay one and the same.
MEMBERS_MAX = 10_000


class CandidateError(RuntimeError):
    """What the candidate did that no exception of its own can stand for."""


class Link:
    """Asks the candidate.

    gone: called when the candidate is no more; tampered: called with a text when it broke the protocol; neither
    returns. flag: takes remarks.
    tests_modules: the `__module__` of classes that the tests define. by_value: objects of classes that extend a
    built-in one arrive as what they hold.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        gone: Callable[[], NoReturn],
        tampered: Callable[[str], NoReturn],
        flag: Callable[[str], None],
        tests_modules: frozenset[str] = frozenset(["__main__"]),
        by_value: bool = False,
    ) -> None:
        self._frames = frames.Frames(sock)
        self._gone = gone
        self._tampered = tampered
        self._tests_modules = tests_modules
        self._by_value = by_value
        self.flag = flag
        self.classes = RemoteClasses(self)
        self.asked = 0
        self._proxies: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._members: dict[int, Any] = {}  # of enumerations, which are one and the same as long as there are tests
        self._streams: dict[int, int] = {}  # id of a generator or coroutine made here -> handle
        self._dropped: list[int] = []
        self._lending = Lending()
        self._bases: dict[int, Any] = {}
        self._shared = shared.Shared(methods_stay=True)
        self._reader: int | None = None  # the thread that reads a message
        self._gives_results = True
        self.first_made = 0
        """The id of the first object that the last answer made known."""
        self._ended = False
        #: Threads of the tests take turns; one that asks from within a call back has its turn already.
        self._turn = threading.RLock()

    @property
    def reading(self) -> bool:
        """Whether this thread reads a message. Then nothing may be asked: what it makes known is known only in part."""
        return self._reader is not None and self._reader == threading.get_ident()

    def share_surroundings(self, *, numpy: bool = False) -> Callable[[], None]:
        """The tests' `random.seed` and what they set in the environment hold for the candidate too.

        numpy: that of numpy as well, which is loaded for it. Returns what undoes this.
        """
        seed, put, unset = random.seed, os.putenv, os.unsetenv

        def seed_both(a: Any = None, version: int = 2) -> None:
            seed(a, version)
            if a is not None and not self.reading:
                self.ask("seed", a)

        def tell(name: str, value: str | None) -> None:
            # Not what reading loads (numpy), nor the runner's own, which names the test.
            if not self.reading and not name.startswith("PYTEST"):
                self.ask("environ", name, value)

        def put_both(name: Any, value: Any) -> None:
            put(name, value)
            tell(os.fsdecode(name), os.fsdecode(value))

        def unset_both(name: Any) -> None:
            unset(name)
            tell(os.fsdecode(name), None)

        def undo() -> None:
            random.seed, os.putenv, os.unsetenv = seed, put, unset
            undo_numpy()

        undo_numpy = self._share_seed_of_numpy() if numpy else _nothing
        random.seed, os.putenv, os.unsetenv = seed_both, put_both, unset_both
        return undo

    def _share_seed_of_numpy(self) -> Callable[[], None]:
        try:
            import numpy.random as generator
        except ImportError:
            return _nothing
        seed = generator.seed

        def seed_both(value: Any = None) -> None:
            seed(value)
            if value is not None:
                self.ask("seed_numpy", value)

        def undo() -> None:
            generator.seed = seed

        generator.seed = seed_both
        return undo

    # Asking.

    def loaded(self) -> None:
        """Wait until the candidate's module has run. Raises what it raised."""
        self._conclude(self._receive(), False)

    def ask(self, operation: str, *operands: Any, iterating: bool = False) -> Any:
        """Ask one thing. Raises what the candidate raised; StopIteration only where `iterating`."""
        with self._turn:
            return self._ask(operation, operands, iterating)

    def _ask(self, operation: str, operands: tuple, iterating: bool) -> Any:
        if self._ended:  # by what outlived its tests: a generator that is closed as it is collected
            raise CandidateError("the candidate is asked after the end of its tests")
        if self.reading:  # by pandas, which looks at what it is given
            raise AttributeError("nothing can be asked while an answer is read")
        self.asked += 1
        self._bases.clear()
        lending = self._lending
        before, kept = lending.last, False
        self._gives_results, self.first_made = _gives_results(operation, operands), 0
        try:
            self._send((operation, self._take_dropped(), *operands), within=bool(lending))
            value = self._conclude(self._receive(), iterating)
            if isinstance(value, RemoteType) and operation in ("global", "getattr"):
                _note_name(value, operands[-1])
            if lending.last != before:
                kept = keeps(operation, operands) or is_made(value) or lending.is_new(value, before)
            return value
        finally:
            if lending.last != before and not kept:
                lending.withdraw(before)

    def base_of(self, value: Any) -> Any:
        """What a container of collections (deque, UserDict, …) holds.

        It is one and the same until something else is asked, so that an object cannot try one value after another
        while the tests compare.
        """
        handle = object.__getattribute__(value, "_proctor_handle")
        if handle not in self._bases:
            content = self.ask("base", value)
            self._bases[handle] = content
        return self._bases[handle]

    def end(self) -> None:
        """Nothing more is asked; what is, is refused here."""
        self._ended = True

    def _take_dropped(self) -> tuple[int, ...]:
        if not self._dropped:
            return ()
        dropped, self._dropped = self._dropped, []
        return tuple(dropped)

    def drop(self, handle: int) -> None:
        """A proxy is no more; the candidate need not keep what it stood for."""
        self._dropped.append(handle)

    def hold(self, value: Any, handle: int) -> None:
        """Drop the handle when `value` is no more."""
        if handle in self._dropped:
            self._dropped.remove(handle)
        weakref.finalize(value, self.drop, handle)

    def _send(self, question: tuple, *, within: bool = False) -> None:
        """Send a question; `within` a call: an answer."""
        table = self._shared
        changed = table.changes() if not within or table.small() else []
        forgotten = table.unheld_lately() if within else table.unheld()
        try:
            try:
                self._write(changed, forgotten, question)
            except codec.CannotCross:
                if not changed:
                    raise
                self._write([], sorted({*changed, *forgotten}), question)
        except codec.CannotCross as error:
            raise TypeError(f"the tests pass a value that cannot cross to the candidate: {error}") from None
        except frames.Oversized:
            raise ValueError("the tests pass a value that is too large to cross to the candidate") from None
        except frames.Gone:
            self._gone()

    def _write(self, changed: list[int], forgotten: list[int], question: tuple) -> None:
        table = self._shared
        writer = codec.Writer(self._foreign, table.index, table.next)
        contents = tuple([(n, kinds.content(table.entries[n])) for n in changed])
        messages.write(writer, contents, forgotten, question[0], question[1:])
        self._frames.send(writer.out)
        table.told(changed)
        table.adopt(writer.mutables)
        table.forget(forgotten)

    def _receive(self) -> tuple:
        while True:
            table = self._shared
            try:
                data = self._frames.receive()
                plain = messages.plain_answer(data)
                if plain is not None:
                    return ("ok", self._plain_value(data, *plain))
                self._reader = threading.get_ident()
                reader = codec.Reader(data, self._resolve, table.entries, table.next)
                message = reader.read()
                reader.end()
                if type(message) is not tuple or len(message) < 4 or type(message[2]) is not str:
                    self._tampered("an answer of no known form")
                table.adopt(reader.mutables)
                table.apply(message[0])
                table.forget(message[1])
                table.note()
            except frames.Gone:
                self._gone()
            except frames.Oversized:
                self._tampered("a message beyond every bound")
            except (codec.Malformed, TypeError, ValueError) as error:
                self._tampered(str(error))
            except codec.TooLarge as error:
                self._start_anew()
                raise CandidateError(f"a value that is not accepted: {error}") from None
            finally:
                self._reader = None
            answer = message[2:]
            if answer[0] in ("callback", "next", "anext", "mark", "await"):
                self._gives_results = True
                self._call_back(answer)
            else:
                return answer

    def _plain_value(self, data: bytes, forgotten: list[int], at: int) -> Any:
        """The value at the end of a plain answer. Raises as reading does."""
        table = self._shared
        value = messages.short_value(data, at)
        if value is messages.NOT_SHORT:
            self._reader = threading.get_ident()
            reader = codec.Reader(data, self._resolve, table.entries, table.next, at=at, depth=1)
            value = reader.read()
            reader.end()
            table.adopt(reader.mutables)
        table.forget(forgotten)
        table.note()
        return value

    def _start_anew(self) -> None:
        """A message was not read to its end: what it would have made known is known to neither end."""
        self._shared = shared.Shared(methods_stay=True)
        try:
            self._frames.send(b"")
        except frames.Gone:
            self._gone()

    def _conclude(self, answer: tuple, iterating: bool) -> Any:
        kind, value = answer[:2]
        if kind == "ok":
            return value
        if kind == "stop" and iterating:
            raise StopIteration(value)
        if kind == "cannot":
            raise CandidateError(str(value)[:300])
        if kind == "raise" and isinstance(value, BaseException):
            raise self._fit_to_raise(value, iterating)
        self._tampered("an answer of no known form")

    def _fit_to_raise(self, error: BaseException, iterating: bool) -> BaseException:
        plain = isinstance(error, Exception | SystemExit) and not isinstance(error, _DISGUISED)
        if plain or (iterating and isinstance(error, StopAsyncIteration)):
            return error
        return CandidateError(f"the candidate raised {type(error).__name__}")

    def _call_back(self, answer: tuple) -> None:
        kind, number, *operands = answer
        try:
            reply = self._lending.answer(kind, number, operands)
        except codec.Malformed as error:
            self._tampered(str(error))
        try:
            self._send(reply, within=True)
        except (TypeError, ValueError) as error:
            self._send(("throw", [], TypeError(str(error))), within=True)

    # Handles.

    def _foreign(self, writer: codec.Writer, value: Any) -> None:
        if is_remote(value):
            writer.out += b"<" + _U64.pack(object.__getattribute__(value, "_proctor_handle"))
        elif isinstance(value, type) and self.classes.handle_of(value) is not None:
            writer.out += b"<" + _U64.pack(self.classes.handle_of(value) or 0)
        elif id(value) in self._streams:
            writer.out += b"<" + _U64.pack(self._streams[id(value)])
        elif isinstance(value, BaseException):
            self._write_exception(writer, value)
        elif isinstance(value, types.CoroutineType):
            writer.out += b"K" + _U64.pack(self._lending.lend(value))
        elif isinstance(value, types.AsyncGeneratorType):
            writer.out += b"k" + _U64.pack(self._lending.lend(value))
        elif isinstance(value, _ITERATORS):
            writer.out += b"J" + _U64.pack(self._lending.lend(value))
        elif self._is_plain_object(value):
            self._write_plain_object(writer, value)
        elif callable(value):
            writer.out += b">" + _U64.pack(self._lending.lend(value))
            writer.text(b"", name_of(value))
            writer.write(parameters_of(value))
        else:
            raise codec.CannotCross(f"an object of class {type(value).__name__}")

    def _is_plain_object(self, value: Any) -> bool:
        cls = type(value)
        if isinstance(value, io.StringIO | io.BytesIO):
            return True
        return cls.__module__ in self._tests_modules and hasattr(value, "__dict__") and not isinstance(value, type)

    def _write_plain_object(self, writer: codec.Writer, value: Any) -> None:
        """An instance of a class of the tests crosses as its methods, lent, and its fields, kept alike."""
        if writer.known(value):
            return
        writer.text(b"X", type(value).__name__)
        given = attributes(value)
        writer.items(given, len(given))
        fields = list(itertools.chain.from_iterable(vars(value).items()))
        writer.items(fields, len(fields))

    def _write_exception(self, writer: codec.Writer, error: BaseException) -> None:
        cls = type(error)
        if "_proctor_handle" in vars(error):
            writer.out += b"<" + _U64.pack(vars(error)["_proctor_handle"])
            return
        writer.out += b"%"
        if self.classes.handle_of(cls) is not None or cls.__module__ == "builtins":
            writer.write(cls)
        else:
            writer.write(next(base for base in cls.__mro__ if base.__module__ == "builtins"))
        try:
            mark = writer.mark()
            writer.write(tuple(error.args))
        except codec.CannotCross:
            writer.rewind(mark)
            writer.write((str(error)[:1000],))

    def _resolve(self, reader: codec.Reader, tag: int) -> Any:
        if tag == ord("@"):
            handle = reader.handle()
            proxy = self._proxy(handle, cls := self.classes.read(reader))
            if cls._proctor_hash == (True, True):
                object.__setattr__(proxy, "_proctor_hashed", reader.read())
            return proxy
        if tag == ord("#"):
            return self.classes.read(reader)
        if tag == ord("V"):
            return self._extended(reader)
        if tag == ord("%"):
            return read_exception(self, reader)
        if tag == ord(">"):
            return self._lending.before(reader.handle())
        if tag == ord("$"):
            return self._lending.before(reader.handle()).__doc__
        if tag in (ord("G"), ord("W")):
            return self._stream(reader.handle(), coroutine=tag == ord("W"))
        raise codec.Malformed(f"a tag {tag}")

    def _proxy(self, handle: int, cls: Any) -> Any:
        """The object that stands for this one, now or since before."""
        proxy = self._proxies.get(handle)
        if handle in self._dropped:
            self._dropped.remove(handle)  # it died while this answer was under way
        if proxy is None or type(proxy) is not cls:
            if not issubclass(cls, Remote) or cls._proctor_base not in self._WITHOUT_VALUE:
                raise codec.Malformed("an object of a class that has none")
            proxy = (cls._proctor_base or object).__new__(cls)
            object.__setattr__(proxy, "_proctor_handle", handle)
            self._proxies[handle] = proxy
            self.first_made = self.first_made or id(proxy)
        if self._gives_results:
            object.__setattr__(proxy, "_proctor_own", False)
        return proxy

    _WITHOUT_VALUE = frozenset((None, *kinds.MUTABLE))

    def _extended(self, reader: codec.Reader) -> Any:
        """An object of a class that extends a built-in one, with what it holds. Raises Malformed."""
        handle, cls = reader.handle(), self.classes.read(reader)
        base = getattr(cls, "_proctor_base", None)
        if base is None:
            raise codec.Malformed("an object of a class that extends nothing")
        if base not in kinds.MUTABLE:
            return self._extended_value(handle, cls, base, reader)
        if self._by_value:
            proxy = base()
            self.drop(handle)
        else:
            proxy = self._proxy(handle, cls)
        reader.remember(proxy)
        hashed, held = reader.read(), reader.read()
        if type(held) is not (bytes if base is bytearray else tuple):
            raise codec.Malformed("content of no known form")
        if not self._by_value:
            object.__setattr__(proxy, "_proctor_hashed", hashed)
        kinds.replace_content(proxy, held)
        return proxy

    def _extended_value(self, handle: int, cls: Any, base: Any, reader: codec.Reader) -> Any:
        stays, held = reader.read(), reader.read()
        if type(held) is not base:
            raise codec.Malformed("content of no known form")
        if self._by_value:
            self.drop(handle)
            return compare.NO_NODE if (cls.__module__, cls.__name__) == _NO_NODE and not held else held
        value = self._members.get(handle)
        if value is None:
            value = base.__new__(cls, held)
            object.__setattr__(value, "_proctor_handle", handle)
            if stays is True and len(self._members) < MEMBERS_MAX:
                self._members[handle] = value
        return value

    def _stream(self, handle: int, *, coroutine: bool) -> Any:
        """A generator or a coroutine of the candidate's, as a real one here: tests ask for their types."""
        stream: Any = _coroutine(self, handle) if coroutine else _generator(self, handle)
        self._streams[id(stream)] = handle
        weakref.finalize(stream, self._forget, id(stream), handle)
        return stream

    def _forget(self, number: int, handle: int) -> None:
        self._streams.pop(number, None)
        self.drop(handle)


def _gives_results(operation: str, operands: tuple) -> bool:
    """Whether what comes back is a result, and not an object that the tests make or go on with."""
    if operation == "call":
        return not isinstance(operands[0], RemoteType)
    return operation != "special" or operands[0] not in _GOES_ON


#: Special methods that return the object itself.
_GOES_ON = frozenset(
    "__enter__ __aenter__ __iter__ __aiter__ __iadd__ __isub__ __imul__ __iand__ __ior__ __ixor__".split()
)


def _nothing() -> None:
    """What undoes nothing."""


def _note_name(cls: RemoteType, name: str) -> None:
    """The tests have a class by name, unless it is one where they expect a function: these have lower-case names."""
    if name != name.lower():
        type.__setattr__(cls, "_proctor_named", True)


def _generator(link: Link, handle: int) -> Iterator[Any]:
    generator = Handle(handle)
    how, sent = "send", None
    while True:
        try:
            value = link.ask("resume", generator, how, sent, iterating=True)
        except StopIteration as stop:
            return stop.value
        try:
            how, sent = "send", (yield value)
        except GeneratorExit:
            link.ask("resume", generator, "close", None)
            raise
        except Exception as error:
            how, sent = "throw", error


async def _coroutine(link: Link, handle: int) -> Any:
    return await driven(link.ask, Handle(handle))
