"""What a language is to the sandbox: names, tools, and the commands that turn a source into a run.

Commands may hold `{program}` (the folder of the program's files), `{memory_mib}` (the sample's limit) and what
`Language.find` returns. They run without a shell, in an environment of our own (`main.ENVIRONMENT`) and the language's.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Command = tuple[str, ...]

DIAGNOSTICS_MAX = 4096
_SYSTEM = ("/usr/", "/bin/", "/lib")
PATH = "/usr/local/bin:/usr/bin:/bin"


def _nothing(_source: str, _paths: Sequence[str]) -> list[Command]:
    return []


def _no_places() -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    name: on the wire; aliases: other names on the wire; family: of the image, `proctor-sandbox-<family>`.
    tools: programs that must be there, else the host lacks the language. version: a command that prints it.
    source_name: the file name for a source text.
    compile: (source text, all paths) → commands, run one after another in the folder of the sources; none to compile.
    artifacts: glob patterns of what compiling leaves, without folders; unused where nothing is compiled: then the
    program's files are its sources.
    run: the command of one case; its working folder is the sample's own, empty but for the case's files.
    environment: for compiling and running; find: places on this machine, named for use in commands and environment.
    headroom_mib, headroom_tasks: what the runtime needs beside the program: added to the sample's limits.
    compile_mib, compile_tasks, compile_disk_mib: least limits of compiling, where the sample's own are lower.
    folders: folders beyond /usr that compiler or runtime read.
    executable: what /proc/self/exe is to say, for a compiler that asks where it lies; samples have no /proc in tier B.
    memory_words, process_words: how an uncaught refusal of memory or of a process reads at the end of stderr.
    syntax_words: where nothing is compiled apart, how stderr begins when a program cannot be parsed.
    assert_words: how stderr tells of a failed assertion that leaves the exit code alone.
    """

    name: str
    family: str
    tools: tuple[str, ...]
    version: Command
    source_name: Callable[[str], str]
    run: Command
    aliases: tuple[str, ...] = ()
    compile: Callable[[str, Sequence[str]], list[Command]] = _nothing
    artifacts: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    find: Callable[[], dict[str, str]] = _no_places
    headroom_mib: int = 0
    headroom_tasks: int = 0
    compile_mib: int = 1024
    compile_tasks: int = 64
    compile_disk_mib: int = 256
    folders: tuple[str, ...] = ()
    executable: str | None = None
    memory_words: re.Pattern[bytes] | None = None
    process_words: re.Pattern[bytes] | None = None
    syntax_words: re.Pattern[bytes] | None = None
    assert_words: re.Pattern[bytes] | None = None

    def available(self) -> bool:
        """Whether this machine has its tools where samples can see them."""
        return all((found := shutil.which(tool, path=PATH)) and found.startswith(_SYSTEM) for tool in self.tools)


def diagnostics(output: bytes) -> str:
    """What a compiler said, bounded: the beginning, for the first error is the one that counts."""
    text = output.decode("utf-8", "replace").strip()
    return text if len(text) <= DIAGNOSTICS_MAX else text[:DIAGNOSTICS_MAX] + " …"


def named(name: str) -> Callable[[str], str]:
    """A source name that does not depend on the source."""
    return lambda _source: name
