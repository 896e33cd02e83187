"""numpy in the codec: arrays and scalars by type, shape and bytes.

It is not loaded for this: where the sender has not loaded it there is no such value, and a reader of scalars does
without.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, Any

from .codec_errors import CannotCross, Malformed

if TYPE_CHECKING:
    from .decode import Reader
    from .encode import Writer

FIELDS_MAX = 1000


def write(w: Writer, v: Any, numpy: Any) -> bool:
    """Write a value of numpy; whether it was one. Raises CannotCross."""
    if type(v) is numpy.ndarray:
        if not w.known(v):
            _write_array(w, v)
    elif type(v) is getattr(numpy, "matrix", None):
        w.text(b"x", "matrix")
        w.items((numpy.asarray(v),), 1)
    elif isinstance(v, numpy.dtype):
        w.text(b"x", "dtype")
        w.items((v.str if v.fields is None else _form(v),), 1)
    elif isinstance(v, numpy.generic) and not v.dtype.hasobject:
        w.out += b"n"
        w.write(_form(v.dtype))
        w.raw(b"b", v.tobytes())
    else:
        return False
    return True


def _form(dtype: Any) -> Any:
    """A dtype as its text; one with fields as a tuple of name, form and shape each. Raises CannotCross."""
    if dtype.hasobject:
        raise CannotCross("an array with fields of objects")
    if dtype.fields is None:
        return dtype.str
    if dtype.descr != [d for d in dtype.descr if d[0]]:
        raise CannotCross("an array whose fields have gaps")
    parts = [(name, *_subarray(dtype.fields[name][0])) for name in dtype.names]
    return tuple((name, _form(base), shape) for name, base, shape in parts)


def _subarray(dtype: Any) -> tuple:
    return dtype.subdtype or (dtype, ())


def _write_array(w: Writer, v: Any) -> None:
    shape = tuple(int(n) for n in v.shape)
    if v.dtype.hasobject and v.dtype.fields is None:
        w.out += b"A"
        w.write(shape)
        flat = v.ravel().tolist()
        w.items(flat, len(flat))
    else:
        w.out += b"a"
        w.write(_form(v.dtype))
        w.write(shape)
        w.raw(b"b", v.tobytes())


def read_matrix(held: Any) -> Any:
    """A matrix of numpy's that holds an array. Raises Malformed."""
    numpy = load("numpy")
    if type(held) is not numpy.ndarray or held.ndim != 2:
        raise Malformed("a matrix of no known form")
    return numpy.asmatrix(held)


def read_scalar(r: Reader) -> Any:
    """A numpy scalar; a plain number where numpy is not loaded. Raises Malformed."""
    form, data = r.read(), r.read()
    if type(form) is tuple:
        return _structured(form, data, 1)[0]
    _check_dtype(form, data, 1)
    if "numpy" in sys.modules:
        return from_buffer(form, data)[0]
    return _plain_scalars(form, data)[0]


def read_array(r: Reader) -> Any:
    """An array of plain numbers, text or records of them. Raises Malformed."""
    form = r.read()
    shape, data = _shape(r.read()), r.read()
    slot = len(r.mutables)
    r.remember(None)
    if type(form) is tuple:
        flat = _structured(form, data, _product(shape))
    else:
        _check_dtype(form, data, _product(shape))
        flat = from_buffer(form, data)
    r.mutables[slot] = flat.reshape(shape).copy()
    return r.mutables[slot]


def read_dtype(form: Any) -> Any:
    """A dtype by its form. Raises Malformed."""
    if type(form) is str:
        if form != "|O":
            _kind_and_size(form)
        return load("numpy").dtype(form)
    return _record(form)


def _structured(form: tuple, data: Any, count: int) -> Any:
    dtype = _record(form)
    if type(data) is not bytes or dtype.itemsize * count != len(data) or not dtype.itemsize:
        raise Malformed("records of another size")
    return from_buffer(dtype, data)


def _record(form: Any, depth: int = 0) -> Any:
    """The dtype of a tuple of fields. Raises Malformed."""
    if depth > 8 or type(form) is not tuple or not 0 < len(form) <= FIELDS_MAX:
        raise Malformed("records of no known form")
    parts: list[Any] = []
    for field in form:
        if type(field) is not tuple or len(field) != 3 or type(field[0]) is not str or _product(_shape(field[2])) > 1e6:
            raise Malformed("a field of no known form")
        name, base, shape = field
        parts.append((name, read_dtype(base) if type(base) is str else _record(base, depth + 1), shape))
    try:
        return load("numpy").dtype(parts)
    except (TypeError, ValueError) as error:
        raise Malformed(f"numpy: {error}") from None


def read_object_array(r: Reader) -> Any:
    """An array of objects. Raises Malformed."""
    slot = len(r.mutables)
    r.remember(None)
    shape = _shape(r.read())
    values = r.items()
    if len(values) != _product(shape):
        raise Malformed("an array of another size")
    out = load("numpy").empty(len(values), dtype=object)
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
        return tuple(from_buffer(form, data).tolist())
    return struct.unpack(f"{order}{len(data) // struct.calcsize(code)}{code}", data)


def load(name: str) -> Any:
    """A module, numpy or pandas. Raises Malformed where it is not installed: what names it was not written with it."""
    try:
        return __import__(name)
    except ImportError:
        raise Malformed(f"a value of {name}, which is not here") from None


def from_buffer(form: Any, data: bytes) -> Any:
    """The array of one dimension that these bytes are. Raises Malformed."""
    try:
        return load("numpy").frombuffer(data, dtype=form)
    except (TypeError, ValueError) as error:
        raise Malformed(f"numpy: {error}") from None


def _check_dtype(form: Any, data: Any, count: int) -> None:
    kind, size = _kind_and_size(form)
    size *= 4 if kind == "U" else 1
    if type(data) is not bytes or size * count != len(data) or size == 0:
        raise Malformed("an array of another size")


def _kind_and_size(form: Any) -> tuple[str, int]:
    """Of a plain dtype. Raises Malformed."""
    if type(form) is not str:
        raise Malformed("an array of an unknown kind")
    kind, digits = form[1:2], form[2:].split("[")[0]
    if form[:1] not in "<>|=" or kind not in "biufcSUMm" or not digits.isdigit():
        raise Malformed("an array of an unknown kind")
    return kind, int(digits[:9])


def _shape(value: Any) -> tuple:
    if type(value) is not tuple or len(value) > 32 or any(type(n) is not int or n < 0 for n in value):
        raise Malformed("not a shape")
    return value


def _product(shape: tuple) -> int:
    product = 1
    for n in shape:
        product *= n
    return product
