"""Which languages are here, with the versions of their compilers or interpreters."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable

from .language import PATH, Language
from .table import COMMANDED, PYTHON

#: Beside our package in an image: what its toolchains said when it was built.
RECORD = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "languages.json")
_VERSION = re.compile(r"\d+(\.\d+)*")
_PYTHON = {PYTHON: ".".join(map(str, sys.version_info[:3]))}
_PATIENCE_S = 20.0


def languages(given: str | None = None) -> dict[str, str]:
    """Name → version of all that is here: as `given` (JSON) says, else as the image recorded, else by asking.

    Raises ValueError where either is no such record.
    """
    if given is None and os.path.isfile(RECORD):
        with open(RECORD, encoding="ascii") as file:
            given = file.read()
    if given is None:
        return installed()
    said = json.loads(given)
    own = _PYTHON if PYTHON in said else {}
    return {**own, **{name: str(version) for name, version in said.items() if name in COMMANDED}}


def folders_of(name: str) -> list[str]:
    """Folders that a language reads beyond the system's, as far as they are there."""
    return [folder for folder in COMMANDED[name].folders if os.path.isdir(folder)] if name in COMMANDED else []


def links_of(names: Iterable[str]) -> list[tuple[str, str]]:
    """What /proc/self/exe is to say where there is no /proc: one language's wish, for there is but one such link."""
    wishes = [COMMANDED[name].executable for name in names if name in COMMANDED and COMMANDED[name].executable]
    return [("/proc/self/exe", str(wishes[0]))] if wishes else []


def installed(only: str | None = None) -> dict[str, str]:
    """Name → version, by asking each toolchain; one that does not answer is left out. only: of this family alone."""
    found = dict(_PYTHON) if only in (None, PYTHON) else {}
    for language in COMMANDED.values():
        if only not in (None, language.family):
            continue
        version = _version(language) if language.available() else None
        if version is not None:
            found[language.name] = version
    return found


def _version(language: Language) -> str | None:
    environment = {"PATH": PATH, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            language.version,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(done.stdout.decode("utf-8", "replace"))
    return match[0] if done.returncode == 0 and match else None
