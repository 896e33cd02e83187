"""pandas in the codec: frames, series and indexes by their columns, with names, kinds of index and types of data.

A column is one of ("numpy", dtype, bytes), ("category", categories, codes, ordered) and ("values", dtype, values); an
index ("range", start, stop, step, name), ("levels", columns, names) or ("index", column, name, frequency).
"""

from __future__ import annotations

import datetime
import operator
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from .arrays import from_buffer, load
from .codec_errors import Malformed

if TYPE_CHECKING:
    from .decode import Reader
    from .encode import Writer

_PLAIN = "biufcMm"


def is_table(value: Any) -> bool:
    """Whether `value` is a frame or a series, which can be changed in place."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and hasattr(pandas, "DataFrame") and type(value) in (pandas.DataFrame, pandas.Series)


def write(w: Writer, v: Any, pandas: Any) -> bool:
    """Write a value of pandas; whether it was one. Raises CannotCross."""
    if is_table(v):
        if not w.known(v):
            w.text(b"p", "frame" if type(v) is pandas.DataFrame else "series")
            w.write(_frame(v, pandas) if type(v) is pandas.DataFrame else _series(v, pandas))
        return True
    for kind, name, take in _SCALARS:
        if type(v) is getattr(pandas, kind, None):
            w.text(b"p", name)
            w.write(take(v))
            return True
    if v is pandas.NaT or v is pandas.NA:
        w.text(b"p", "NaT" if v is pandas.NaT else "NA")
        w.write(())
    elif isinstance(v, pandas.Index) and type(v).__module__.startswith("pandas."):
        w.text(b"p", "index")
        w.write(_index(v, pandas))
    else:
        return False
    return True


def _zone(zone: Any, moment: Any) -> Any:
    """A time zone by its name, or by what it is away from UTC."""
    if zone is None:
        return None
    name = getattr(zone, "zone", None) or getattr(zone, "key", None)
    offset = moment.utcoffset()
    return str(name) if name else datetime.timezone(offset)


_SCALARS: tuple[tuple[str, str, Any], ...] = (
    ("Timestamp", "timestamp", lambda v: (v.value, _zone(v.tz, v))),
    ("Timedelta", "timedelta", lambda v: (v.value,)),
    ("Period", "period", lambda v: (v.ordinal, v.freqstr)),
    ("Interval", "interval", lambda v: (v.left, v.right, v.closed)),
)


def _frame(v: Any, pandas: Any) -> tuple:
    columns = tuple(_column(v.iloc[:, n].array, pandas) for n in range(v.shape[1]))
    return (_index(v.index, pandas), _index(v.columns, pandas), columns)


def _series(v: Any, pandas: Any) -> tuple:
    return (_index(v.index, pandas), v.name, _column(v.array, pandas))


def _column(array: Any, pandas: Any) -> tuple:
    if isinstance(array, pandas.Categorical):
        codes = array.codes.astype("int64").tobytes()
        return ("category", _index(array.categories, pandas), codes, bool(array.ordered))
    plain = _plain(array)
    return ("values", str(array.dtype), tuple(array)) if plain is None else ("numpy", plain.form, plain.data)


class _Plain(NamedTuple):
    """A column that is numpy's, of numbers or times."""

    form: str
    data: bytes


def _plain(array: Any) -> _Plain | None:
    numpy, pandas = sys.modules["numpy"], sys.modules["pandas"]
    of_numpy = getattr(pandas.arrays, "NumpyExtensionArray", None) or pandas.arrays.PandasArray
    if not (isinstance(array, of_numpy) or isinstance(array.dtype, numpy.dtype)):
        return None
    data = array.to_numpy()
    return _Plain(data.dtype.str, data.tobytes()) if data.dtype.kind in _PLAIN else None


def _index(v: Any, pandas: Any) -> tuple:
    if isinstance(v, pandas.RangeIndex):
        return ("range", v.start, v.stop, v.step, v.name)
    if isinstance(v, pandas.MultiIndex):
        levels = tuple(_column(v.get_level_values(n).array, pandas) for n in range(v.nlevels))
        return ("levels", levels, tuple(v.names))
    return ("index", _column(v.array, pandas), v.name, getattr(v, "freqstr", None))


def read(r: Reader) -> Any:
    """A value of pandas. Raises Malformed."""
    kind, slot = r.text(), len(r.mutables)
    shared = kind in ("frame", "series")
    if shared:
        r.remember(None)
    parts = r.read()
    reader = _READERS.get(kind)
    if reader is None or type(parts) is not tuple:
        raise Malformed("a value of pandas of no known kind")
    pandas = load("pandas")
    try:
        value = reader(pandas, *parts)
    except Exception as error:  # of any class: the names of dtypes and time zones reach code of many authors
        raise Malformed(f"pandas: {error}") from None
    if shared:
        r.mutables[slot] = value
    return value


def _read_frame(pandas: Any, index: tuple, names: tuple, columns: tuple) -> Any:
    data = {n: _read_column(pandas, column) for n, column in enumerate(columns)}
    frame = pandas.DataFrame(data, index=_read_index(pandas, index))
    frame.columns = _read_index(pandas, names)
    return frame


def _read_series(pandas: Any, index: tuple, name: Any, column: tuple) -> Any:
    return pandas.Series(_read_column(pandas, column), index=_read_index(pandas, index), name=name)


def _read_column(pandas: Any, column: tuple) -> Any:
    kind, first, second, *rest = column
    if kind == "category":
        codes = from_buffer("<i8", second)
        return pandas.Categorical.from_codes(codes, _read_index(pandas, first), ordered=bool(rest[0]))
    if kind == "numpy":
        return from_buffer(first, second).copy()
    return pandas.array(list(second), dtype=first) if first != "object" else _objects(second)


def _objects(values: tuple) -> Any:
    out = load("numpy").empty(len(values), dtype=object)
    for n, value in enumerate(values):
        out[n] = value
    return out


def _read_index(pandas: Any, parts: tuple) -> Any:
    kind, *rest = parts
    if kind == "range":
        start, stop, step, name = rest
        return pandas.RangeIndex(start, stop, step, name=name)
    if kind == "levels":
        columns, names = rest
        return pandas.MultiIndex.from_arrays([_read_column(pandas, c) for c in columns], names=names)
    column, name, frequency = rest
    made = pandas.Index(_read_column(pandas, column), name=name)
    if frequency is not None and isinstance(made, pandas.DatetimeIndex | pandas.TimedeltaIndex):
        made.freq = frequency
    return made


_READERS: dict[str, Any] = {
    "frame": _read_frame,
    "series": _read_series,
    "index": lambda pandas, *parts: _read_index(pandas, parts),
    "timestamp": lambda pandas, value, zone: pandas.Timestamp(value, tz=zone),
    "timedelta": lambda pandas, value: pandas.Timedelta(value, unit="ns"),
    "period": lambda pandas, ordinal, frequency: pandas.Period(ordinal=ordinal, freq=frequency),
    "interval": lambda pandas, left, right, closed: pandas.Interval(left, right, closed=closed),
    "NaT": lambda pandas: pandas.NaT,
    "NA": lambda pandas: pandas.NA,
}


class Image(NamedTuple):
    """What a table holds: its index, its columns' (or its own) name, the names of both, and each column's data."""

    index: Any
    columns: Any
    names: tuple
    data: tuple


def image(value: Any) -> Image:
    """What a frame or series holds now."""
    pandas = sys.modules["pandas"]
    if type(value) is pandas.Series:
        return Image(value.index, value.name, tuple(value.index.names), (_content(value.array),))
    names = (tuple(value.index.names), tuple(value.columns.names))
    columns = tuple(_content(value.iloc[:, n].array) for n in range(value.shape[1]))
    return Image(value.index, value.columns, names, columns)


def _content(array: Any) -> Any:
    plain = _plain(array)
    if plain is not None:
        return plain
    return tuple(array) if str(array.dtype) == "object" else array.copy()


def same(a: Image, b: Image) -> bool:
    """Whether two images are alike; objects by identity, since nothing may be asked of them here."""
    return (
        a.index is b.index
        and a.columns is b.columns
        and a.names == b.names
        and len(a.data) == len(b.data)
        and all(map(_same_column, a.data, b.data))
    )


def _same_column(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if type(a) is _Plain:
        return bool(a == b)
    if type(a) is not tuple:
        return bool(a.equals(b))
    return len(a) == len(b) and all(map(operator.is_, a, b))


def replace(value: Any, new: Any) -> None:
    """Make a table hold what another one does, in place. Raises TypeError."""
    if type(new) is not type(value):
        raise TypeError("a table of another kind")
    value._update_inplace(new)
    if hasattr(new, "name"):
        value.name = new.name
