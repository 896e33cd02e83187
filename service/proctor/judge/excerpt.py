"""Bytes of the guest, made fit for a person: bounded, and unable to move a cursor or break a line of JSON."""

from __future__ import annotations

MOST = 500
_KEPT = frozenset("\n\t")


def start_of(data: bytes, most: int = MOST) -> str | None:
    """The start of `data`, at most `most` characters and a mark; None where it is empty."""
    if not data:
        return None
    text = clean(data[: 4 * most].decode("utf-8", "backslashreplace"))
    return text if len(text) <= most and len(data) <= 4 * most else text[:most] + "…"


def end_of(data: bytes, most: int = MOST) -> str | None:
    """The end of `data`, a mark and at most `most` characters; None where it is empty."""
    if not data:
        return None
    text = clean(data[-4 * most :].decode("utf-8", "backslashreplace"))
    return text if len(text) <= most and len(data) <= 4 * most else "…" + text[-most:]


def quoted(token: bytes, most: int = 60) -> str:
    """A piece of output in quotes, on one line."""
    text = clean(token[: 4 * most].decode("utf-8", "backslashreplace")).replace("\n", "\\n").replace("\t", "\\t")
    return f"'{text}'" if len(text) <= most and len(token) <= 4 * most else f"'{text[:most]}…'"


def clean(text: str) -> str:
    """`text` with all that is not printable escaped (controls, bidi marks, surrogates); \\n and \\t stay."""
    if text.isprintable():
        return text
    return "".join(c if c in _KEPT or c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
