"""Values as bytes between tests and candidate: strict, typed, bounded.

Plain data crosses by value, as exactly the type it has; everything else by reference, as a handle that the sender
keeps. The decoder believes nothing: every length is checked against what is there, depth and number of nodes are
capped, integers travel as bytes (no quadratic parsing), exponents are bounded, and a dict or set whose keys collide on
purpose is refused before it is built.

Mutable containers keep their identity: one that occurs twice is one object on the other side, and cycles work. That
also tells both ends which of them are which, so that changes made to them in place can travel (shared.py).

A value is one tag byte and what the tag says:

    N T F              None, True, False
    i I                int: 8 bytes; or u32 length and two's complement, both little-endian
    f c                float; complex
    s b y              str (UTF-8 with surrogates passed), bytes, bytearray
    l t S Z q Q d D    list, tuple, set, frozenset; list and tuple of int64; list and tuple of float
    m O u U C          dict, OrderedDict, defaultdict (with the name of its factory; U: with it), Counter
    e                  deque with its maxlen
    r L . !            range, slice, Ellipsis, NotImplemented
    x                  Decimal, Fraction, date, time, datetime, timedelta, timezone, UUID, paths, IP addresses, time
                       zones, numpy's dtypes: kind and fields
    v                  a dict's keys, values or items view
    n a A              numpy scalar, array, array of objects
    p                  pandas' frames, series, indexes and scalars
    E Y                SimpleNamespace; array of the module `array`
    B                  a builtin, by name
    R                  a mutable container, by its number (see shared.py)
    < and so on        what `refer` and `resolve` make of everything else, see `Writer.foreign`
"""

from __future__ import annotations

from .builtin_names import FUNCTIONS as FUNCTIONS
from .builtin_names import TYPES as TYPES
from .codec_errors import CannotCross as CannotCross
from .codec_errors import Malformed as Malformed
from .codec_errors import TooLarge as TooLarge
from .decode import Reader as Reader
from .depth import DEPTH_MAX as DEPTH_MAX
from .encode import Writer as Writer

#: Frames of the recursion that encoding and decoding may need at DEPTH_MAX.
FRAMES = 6 * DEPTH_MAX
