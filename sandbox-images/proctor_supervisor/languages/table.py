"""The languages, by name. A new one is a file beside this one and a line here."""

from __future__ import annotations

from . import c, cpp, go, rust
from .language import Language

#: Compiled and run by command. Python is not among them: its zygote compiles and runs it without one (`guest`).
COMMANDED: dict[str, Language] = {one.name: one for one in (c.LANGUAGE, cpp.LANGUAGE, go.LANGUAGE, rust.LANGUAGE)}
