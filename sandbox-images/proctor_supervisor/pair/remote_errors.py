"""The candidate's exceptions as the tests catch them: real ones, of real classes, that hold what crossed of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from . import codec
from .remote import Handle, RemoteType

if TYPE_CHECKING:
    from .link import Link

#: Libraries that are installed for samples.
_LIBRARIES = {"numpy", "pandas"}
#: Exceptions of these modules steer a test runner; a candidate's arrive as plain ones.
_RUNNERS = {"unittest", "pytest", "_pytest", "doctest"}


def exception_class(link: Link, handle: int, name: str, module: str, bases: list) -> type:
    """A real exception class: the standard library's own where it is one, else one that derives from it."""
    known = _standard_exception(module, name)
    if known is not None:
        return known
    body = {
        "__module__": module,
        "_proctor_link": link,
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


def read_exception(link: Link, reader: codec.Reader) -> BaseException:
    """An exception of the candidate's: of its class here, with its arguments, text, plain fields, cause and context."""
    cls, handle = reader.read(), reader.handle()
    args, text, fields = reader.read(), reader.read(), reader.read()
    notes, suppresses, cause, context = (reader.read() for _ in range(4))
    if not (isinstance(cls, type) and issubclass(cls, BaseException) and type(args) is tuple):
        raise codec.Malformed("an exception of no known form")
    error = _made_exception(cls, args)
    error.__dict__.update((n, v) for n, v in _pairs(fields) if not n.startswith("_"))
    error.__dict__["_proctor_candidate"] = str(text)
    if isinstance(cause, BaseException):
        error.__cause__ = cause
    if isinstance(context, BaseException):
        error.__context__ = context
    error.__suppress_context__ = suppresses is True
    if type(notes) is tuple and notes:
        error.__notes__ = [str(note) for note in notes]
    if handle and isinstance(cls, RemoteType):
        error.__dict__["_proctor_handle"] = handle
        link.hold(error, handle)
    return error


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


def _standard_exception(module: str, name: str) -> type | None:
    """An exception of a known library that the tests have loaded, but none that steers their runner."""
    top = module.split(".")[0]
    if (top not in sys.stdlib_module_names and top not in _LIBRARIES) or top in _RUNNERS or module not in sys.modules:
        return None
    found = getattr(sys.modules[module], name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None
