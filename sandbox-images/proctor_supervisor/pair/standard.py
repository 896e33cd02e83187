"""Values of the standard library and of numpy and pandas that few samples have, by the modules that make them.

Nothing is loaded to write one: where its module is not loaded there is no such value.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import aliases, arrays, tables
from .codec_errors import Malformed
from .kinds import is_array, pairs

if TYPE_CHECKING:
    from .decode import Reader
    from .encode import Writer

PATTERN_MAX = 2000
"""Characters of a regular expression that crosses as such, and not by reference."""

#: Values that are all in their text, by module: `PurePosixPath("a/b")`.
_BY_TEXT = {
    "pathlib": ("PosixPath", "PurePosixPath", "PureWindowsPath"),
    "ipaddress": ("IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network", "IPv4Interface", "IPv6Interface"),
}
_MODULE_OF = {name: module for module, names in _BY_TEXT.items() for name in names}


#: Classes that cross by name, by module: those of values.
_CLASSES = {
    "array": ("array",),
    "collections": ("Counter", "OrderedDict", "defaultdict", "deque"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "re": ("Match", "Pattern"),
    "types": ("SimpleNamespace",),
    "uuid": ("UUID",),
    "pandas": ("DataFrame", "Series", "Index", "Timestamp", "Timedelta", "Categorical"),
    **_BY_TEXT,
}


def write(w: Writer, v: Any) -> bool:
    """Write `v` if it is such a value; whether it was. Raises CannotCross."""
    cls = type(v)
    if _MODULE_OF.get(cls.__name__) == cls.__module__ and cls is getattr(sys.modules[cls.__module__], cls.__name__):
        w.text(b"x", cls.__name__)
        w.items((str(v),), 1)
    elif cls is types.SimpleNamespace:
        if not w.known(v):
            w.out += b"E"
            fields = vars(v)
            w.items(pairs(fields.items()), 2 * len(fields))
    elif isinstance(v, type):
        return write_class(w, v)
    elif cls.__module__ == "re" and cls.__name__ == "Pattern" and len(v.pattern) <= PATTERN_MAX:
        w.text(b"x", "pattern")
        w.items((v.pattern, v.flags), 2)
    elif is_array(v):
        if not w.known(v):
            w.text(b"Y", v.typecode)
            w.raw(b"b", v.tobytes())
    elif (zoneinfo := sys.modules.get("zoneinfo")) is not None and cls is zoneinfo.ZoneInfo and v.key:
        w.text(b"x", "zone")
        w.items((v.key,), 1)
    else:
        return aliases.write(w, v) or _write_of_libraries(w, v)
    return True


def write_class(w: Writer, cls: Any) -> bool:
    """Write a class of such values; whether it was one."""
    module, name = str(cls.__module__).split(".")[0], cls.__name__
    if not _is_known(module, name) or getattr(sys.modules.get(module), name, None) is not cls:
        return False
    w.text(b"x", "class")
    w.items((module, name), 2)
    return True


def _is_known(module: Any, name: Any) -> bool:
    """Whether this names a class of values."""
    if module == "numpy":
        numpy = sys.modules.get("numpy")
        found = getattr(numpy, str(name), None)
        return isinstance(found, type) and issubclass(found, (numpy.generic, numpy.ndarray))  # type: ignore[union-attr]
    return name in _CLASSES.get(module, ())


def _class(module: Any, name: Any) -> Any:
    if module == "numpy":
        arrays.load("numpy")
    if not _is_known(module, name):
        raise Malformed("a class of no known name")
    return getattr(arrays.load(module), name)


def _pattern(pattern: Any, flags: Any) -> Any:
    import re

    if type(pattern) not in (str, bytes) or type(flags) is not int or len(pattern) > PATTERN_MAX:
        raise Malformed("a pattern of no known form")
    try:
        return re.compile(pattern, flags & ~re.DEBUG)
    except (re.error, RecursionError) as error:
        raise Malformed(f"a pattern that is none: {error}") from None


def _write_of_libraries(w: Writer, v: Any) -> bool:
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is None or not hasattr(numpy, "ndarray"):
        return False
    if arrays.write(w, v, numpy):
        return True
    return pandas is not None and hasattr(pandas, "DataFrame") and tables.write(w, v, pandas)


def read_namespace(r: Reader) -> types.SimpleNamespace:
    """A SimpleNamespace. Raises Malformed."""
    made = r.remember(types.SimpleNamespace())
    flat = r.items()
    if len(flat) % 2 or not all(type(name) is str for name in flat[::2]):
        raise Malformed("a namespace of no known form")
    vars(made).update(zip(flat[::2], flat[1::2], strict=True))
    return made


def read_array(r: Reader) -> Any:
    """An array of the module `array`. Raises Malformed."""
    import array

    code, data = r.text(), r.read()
    try:
        return r.remember(array.array(code, data))
    except (TypeError, ValueError) as error:
        raise Malformed(f"array: {error}") from None


def _by_text(module: str, name: str) -> Callable[[Any], Any]:
    def read(text: Any) -> Any:
        if type(text) is not str:
            raise Malformed(f"a {name} that is no text")
        return getattr(__import__(module), name)(text)

    return read


def _zone(key: Any) -> Any:
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(key)
    except (KeyError, OSError) as error:
        raise Malformed(f"no such time zone: {error}") from None


FIELDS: dict[str, Callable[..., Any]] = {
    **{name: _by_text(module, name) for name, module in _MODULE_OF.items()},
    "zone": _zone,
    "alias": aliases.read,
    "matrix": arrays.read_matrix,
    "dtype": arrays.read_dtype,
    "pattern": _pattern,
    "class": _class,
}
