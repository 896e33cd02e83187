"""Why a value does not cross: what both halves of the codec raise."""

from __future__ import annotations


class CannotCross(Exception):
    """A value that cannot be sent."""


class Malformed(Exception):
    """Bytes that no honest sender writes."""


class TooLarge(Exception):
    """A value over a cap; an honest sender may have written it."""
