"""The languages, by name. A new one is a file beside this one and a line here."""

from __future__ import annotations

from . import bash, c, cpp, cpp_entry, go, java, javascript, rust, typescript
from .driver import Driver
from .language import Language

#: Compiled and run by command. Python is not among them: its zygote compiles and runs it without one (`guest`).
COMMANDED: dict[str, Language] = {
    one.name: one for one in (file.LANGUAGE for file in (bash, c, cpp, go, java, javascript, rust, typescript))
}

#: Tests that call the candidate's functions, but for Python's own.
DRIVERS: dict[str, Driver] = {
    one.candidate.name: one for one in (file.DRIVER for file in (cpp_entry, java, javascript, typescript))
}

PYTHON = "python"

_ALIASES = {
    "python3": PYTHON,
    "py": PYTHON,
    **{alias: one.name for one in COMMANDED.values() for alias in one.aliases},
}


def canonical(name: str) -> str:
    """The name under which a language is known, for one of its names in any case; `name` itself where it is none."""
    lower = name.lower()
    return lower if lower in COMMANDED or lower == PYTHON else _ALIASES.get(lower, name)


def family(name: str) -> str:
    """The family of images that serves a language. Raises KeyError where there is no such language."""
    return PYTHON if name == PYTHON else COMMANDED[name].family


def families() -> tuple[str, ...]:
    """Every family, Python's first."""
    return (PYTHON, *sorted({one.family for one in COMMANDED.values()} - {PYTHON}))


def languages_of(family: str) -> set[str]:
    """The languages that a family's image serves."""
    return {PYTHON} if family == PYTHON else {one.name for one in COMMANDED.values() if one.family == family}
