"""Mutable containers that both ends hold: one object here and one there, kept alike.

Every mutable container in a message gets a number, the same at both ends. With its next message each end says what
its containers hold now where that changed (`changes`), and which of them nobody there holds any more (`unheld`); those
are forgotten at both ends. So `node.children.append(x)` reaches the candidate, an argument changed in place comes back,
and a list that the tests took from an object follows what the object does to it.

Content is compared element by element and by identity, one level deep: nested containers have numbers of their own.
"""

from __future__ import annotations

import itertools
import operator
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from . import codec, kinds, tables

#: Elements (and containers) kept alike beyond the call that they were passed to.
ELEMENTS_MAX = 10_000
#: Elements up to which also what a call of a function of the tests sees is kept alike.
ELEMENTS_MAX_WITHIN_A_CALL = 500


class Shared:
    """The containers of one end.

    methods_stay: the other end may not put anything in the place of a method of an object's class.
    """

    def __init__(self, *, methods_stay: bool = False) -> None:
        """No container."""
        self._methods_stay = methods_stay
        self.entries: dict[int, Any] = {}
        self.index: dict[int, int] = {}
        self.next = 0
        self._images: dict[int, Any] = {}
        self._unnoted: set[int] = set()

    def adopt(self, containers: list[Any]) -> None:
        """Number the new containers of a message, as the other end does."""
        for value in containers:
            self.entries[self.next] = value
            self._unnoted.add(self.next)
            self.index[id(value)] = self.next
            self.next += 1

    def note(self) -> None:
        """Remember what every container holds now; it is the same at both ends."""
        if not self._unnoted:
            return
        for number in self._unnoted:
            self._images[number] = _image(self.entries[number])
        self._unnoted.clear()

    def changes(self) -> list[int]:
        """The containers that hold something else than was noted."""
        if not self._images:
            return []
        return [n for n, image in self._images.items() if not _holds(self.entries[n], image)]

    def told(self, changed: Iterable[int]) -> None:
        """The other end learns of these changes."""
        self._unnoted.update(changed)
        for number in changed:
            self._images.pop(number, None)

    def small(self) -> bool:
        """Whether comparing everything is cheap."""
        elements = 0
        for value in self.entries.values():
            elements += kinds.size(value) + 1
            if elements > ELEMENTS_MAX_WITHIN_A_CALL:
                return False
        return True

    def unheld_lately(self) -> list[int]:
        """Of the newest containers those that nobody here holds: what passes through the calls within a call."""
        entries = self.entries
        return [n for n in itertools.islice(reversed(entries), 16) if sys.getrefcount(entries[n]) <= 2]

    def unheld(self) -> list[int]:
        """Containers that nobody here holds, and those beyond what is kept alike."""
        entries, out, elements = self.entries, [], 0
        for number in entries:
            if sys.getrefcount(entries[number]) <= 2:
                out.append(number)
                continue
            elements += kinds.size(entries[number]) + 1
            if elements > ELEMENTS_MAX:
                out.append(number)
        return out

    def forget(self, numbers: Iterable[int]) -> None:
        """These are no longer shared. Raises Malformed."""
        for number in numbers:
            if type(number) is not int or number not in self.entries:
                raise codec.Malformed("a container that is not there")
            del self.index[id(self.entries.pop(number))]
            self._images.pop(number, None)
            self._unnoted.discard(number)

    def apply(self, changes: Any) -> None:
        """Take over what the other end's containers hold. Raises Malformed, TooLarge, TypeError, ValueError."""
        for number, new in changes:
            if type(number) is not int or number not in self.entries:
                raise codec.Malformed("a container that is not there")
            value = self.entries[number]
            kinds.replace_content(value, kinds.beside_methods(value, new) if self._methods_stay else new)
            self._images.pop(number, None)
            self._unnoted.add(number)


class _Array(NamedTuple):
    """What an array holds."""

    shape: tuple
    data: bytes


def _image(value: Any) -> Any:
    if type(value) is list:
        return tuple(value)
    if tables.is_table(value):
        return tables.image(value)
    if kinds.is_array(value):
        return bytes(value.tobytes())
    if kinds.extended(type(value)) is None and hasattr(value, "tobytes"):
        return tuple(value.ravel().tolist()) if value.dtype.hasobject else _Array(value.shape, value.tobytes())
    return kinds.content(value)


def _holds(value: Any, image: Any) -> bool:
    """Whether `value` still holds what it did."""
    if type(value) is list:
        return len(value) == len(image) and all(map(operator.is_, value, image))
    return _same(image, _image(value))


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, bytes):
        return a == b
    if isinstance(a, tables.Image):
        return tables.same(a, b)
    if isinstance(a, _Array):
        return bool(a.shape == b.shape and a.data == b.data)
    return len(a) == len(b) and all(map(operator.is_, a, b))
