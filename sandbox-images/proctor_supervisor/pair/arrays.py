"""numpy and pandas in the codec: arrays by type, shape and bytes; frames, series and indexes by their values.

Neither is loaded for this: where the sender has not loaded it there is no such value, and a reader of scalars does
without.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, Any

from .codec_errors import CannotCross, Malformed

if TYPE_CHECKING:
    from .codec import Reader, Writer


def write_rare(w: Writer, v: Any) -> bool:
    """numpy and pandas, where they are loaded: without that there can be no such value."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "ndarray"):
        return False
    if type(v) is numpy.ndarray:
        if not w.known(v):
            _write_array(w, v)
        return True
    if isinstance(v, numpy.generic):
        if v.dtype.hasobject or v.dtype.fields is not None:
            return False
        w.text(b"n", v.dtype.str)
        w.raw(b"b", v.tobytes())
        return True
    pandas = sys.modules.get("pandas")
    if pandas is not None and hasattr(pandas, "DataFrame"):
        return _write_pandas(w, v, pandas)
    return False


def _write_array(w: Writer, v: Any) -> None:
    if v.dtype.fields is not None:
        raise CannotCross("a structured array")
    shape = tuple(int(n) for n in v.shape)
    if v.dtype.hasobject:
        w.out += b"A"
        w.write(shape)
        flat = v.ravel().tolist()
        w.items(flat, len(flat))
    else:
        w.text(b"a", v.dtype.str)
        w.write(shape)
        w.raw(b"b", v.tobytes())


def _write_pandas(w: Writer, v: Any, pandas: Any) -> bool:
    if type(v) is pandas.DataFrame:
        w.text(b"p", "frame")
        columns = [v.iloc[:, n] for n in range(v.shape[1])]
        w.write((list(v.columns), list(v.index), [(str(c.dtype), list(c)) for c in columns]))
    elif type(v) is pandas.Series:
        w.text(b"p", "series")
        w.write((v.name, list(v.index), str(v.dtype), list(v)))
    elif type(v) in (pandas.Index, pandas.RangeIndex, pandas.DatetimeIndex):
        w.text(b"p", "index")
        w.write((v.name, str(v.dtype), list(v)))
    elif type(v) is pandas.Timestamp:
        w.write(v.to_pydatetime(warn=False))
    elif v is pandas.NaT or v is pandas.NA:
        w.write(None)
    else:
        return False
    return True


def read_scalar(r: Reader) -> Any:
    """A numpy scalar; a plain number where numpy is not loaded. Raises Malformed."""
    form = r.text()
    data = r.read()
    _check_dtype(form, data, 1)
    if "numpy" in sys.modules:
        return _from_buffer(form, data)[0]
    return _plain_scalars(form, data)[0]


def read_array(r: Reader) -> Any:
    """An array of plain numbers or text. Raises Malformed."""
    form = r.text()
    shape, data = _shape(r.read()), r.read()
    slot = len(r.mutables)
    r.remember(None)
    _check_dtype(form, data, _product(shape))
    r.mutables[slot] = _from_buffer(form, data).reshape(shape).copy()
    return r.mutables[slot]


def read_object_array(r: Reader) -> Any:
    """An array of objects. Raises Malformed."""
    slot = len(r.mutables)
    r.remember(None)
    shape = _shape(r.read())
    values = r.items()
    if len(values) != _product(shape):
        raise Malformed("an array of another size")
    out = _load("numpy").empty(len(values), dtype=object)
    for n, value in enumerate(values):
        out[n] = value
    r.mutables[slot] = out.reshape(shape)
    return r.mutables[slot]


_PLAIN = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f2": "e", "f4": "f"}
_PLAIN |= {"f8": "d", "b1": "?"}


def _plain_scalars(form: str, data: bytes) -> tuple:
    """The values of `data` as Python numbers, without loading numpy."""
    order = ">" if form[:1] == ">" else "<"
    code = _PLAIN.get(form[1:])
    if code is None:
        return tuple(_from_buffer(form, data).tolist())
    return struct.unpack(f"{order}{len(data) // struct.calcsize(code)}{code}", data)


def _load(name: str) -> Any:
    """numpy or pandas. Raises Malformed where it is not installed: what names it was not written with it."""
    try:
        return __import__(name)
    except ImportError:
        raise Malformed(f"a value of {name}, which is not here") from None


def _from_buffer(form: str, data: bytes) -> Any:
    try:
        return _load("numpy").frombuffer(data, dtype=form)
    except (TypeError, ValueError) as error:
        raise Malformed(f"numpy: {error}") from None


def _check_dtype(form: str, data: Any, count: int) -> None:
    kind, digits = form[1:2], form[2:].split("[")[0]
    if form[:1] not in "<>|=" or kind not in "biufcSUMm" or not digits.isdigit() or type(data) is not bytes:
        raise Malformed("an array of an unknown kind")
    size = int(digits[:9]) * (4 if kind == "U" else 1)
    if size * count != len(data) or size == 0:
        raise Malformed("an array of another size")


def _shape(value: Any) -> tuple:
    if type(value) is not tuple or len(value) > 32 or any(type(n) is not int or n < 0 for n in value):
        raise Malformed("not a shape")
    return value


def _product(shape: tuple) -> int:
    product = 1
    for n in shape:
        product *= n
    return product


def read_pandas(r: Reader) -> Any:
    """A DataFrame, Series or Index. Raises Malformed."""
    kind, parts = r.text(), r.read()
    pandas = _load("pandas")
    try:
        if kind == "frame":
            columns, index, values = parts
            series = [pandas.Series(v, index=index, dtype=t) for t, v in values]
            frame = pandas.concat(series, axis=1) if series else pandas.DataFrame(index=index)
            frame.columns = columns
            return frame
        if kind == "series":
            name, index, form, values = parts
            return pandas.Series(values, index=index, dtype=form, name=name)
        name, form, values = parts
        return pandas.Index(values, dtype=form, name=name)
    except Exception as error:  # of any class: the names of dtypes and time zones reach code of many authors
        raise Malformed(f"pandas: {error}") from None
