"""Programs that run by command: build them in isolation, keep what the compiler left, run it case after case.

What a compiler leaves is found again by a hash of the language, every command and every source: all that the compiler
was given, for the toolchain is the sandbox's own. A run gets a copy and can spoil nothing but that. Whoever sends the
same source gets the same program, and learns at most that somebody sent it before.
"""

from __future__ import annotations

import hashlib
import socket
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import isolate
from .collect import TooMuch, collect
from .host import Host, tasks_allowed
from .job import Job
from .languages.language import Language, diagnostics
from .run import Guest, Ran
from .watch import Watch

CACHE_MAX = 96 << 20

#: Wall clock of compiling, in times of its CPU limit: a machine that others saturate must fail nobody's code.
BACKSTOP = 6
_STDERR_TAIL = 4096
_DEVICE_NAMES = (b"/dev/stdin", b"/dev/fd/0", b"/proc/self/fd/0")
_LIMITS_HIT = {
    "cpu": "it took more than {compile_s:g} s of CPU time",
    "wall": "it took more than {wall_s:g} s",
    "memory": "it took more than {memory_mib:g} MiB of memory",
    "output": "it said more than {output_kib:g} KiB",
    "processes": "it started more than {processes:g} processes",
}


@dataclass(frozen=True, slots=True)
class Built:
    """A program that can run: its files by name. stdin_file: whether a source names the device of standard input."""

    language: Language
    files: dict[str, bytes]
    stdin_file: bool


@dataclass(slots=True)
class Shelf:
    """Artifacts by key, the least lately used dropped first."""

    kept: OrderedDict[bytes, dict[str, bytes]] = field(default_factory=OrderedDict)
    size: int = 0

    def find(self, key: bytes) -> dict[str, bytes] | None:
        """The artifacts of `key`, now the latest used."""
        files = self.kept.get(key)
        if files is not None:
            self.kept.move_to_end(key)
        return files

    def keep(self, key: bytes, files: dict[str, bytes]) -> None:
        """Keep `files`, unless they are most of the shelf."""
        size = _size(files)
        if size > CACHE_MAX // 4 or key in self.kept:
            return
        self.kept[key] = files
        self.size += size
        while self.size > CACHE_MAX:
            self.size -= _size(self.kept.popitem(last=False)[1])


def _size(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values())) + 1024


class Builder:
    """Builds programs. places: what each language's `find` said, asked once."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.shelf = Shelf()
        self.places: dict[str, dict[str, str]] = {}

    def build(self, language: Language, sources: dict[str, bytes], limits: dict, *, tests: bool = False) -> Built | Ran:
        """The program of `sources`, the main one first; the compiler's account where there is none.

        tests: build where tests are run, apart from every candidate. Raises Closed, Fault.
        """
        main = next(iter(sources.values())).decode("utf-8", "replace")
        commands = self._filled(language, language.compile(main, list(sources)), limits)
        stdin_file = any(name in source for source in sources.values() for name in _DEVICE_NAMES)
        if not commands:
            return Built(language, sources, stdin_file)
        key = _key(language, commands, sources)
        files = self.shelf.find(key)
        if files is None:
            compiled = self._compile(language, commands, sources, limits, tests)
            if isinstance(compiled, Ran):
                return compiled
            files = compiled
            self.shelf.keep(key, files)
        return Built(language, files, stdin_file)

    def job(
        self,
        built: Built,
        limits: dict,
        *,
        argv: Sequence[str] = (),
        trees: int = 1,
        peer: bool = False,
        series: bool = False,
    ) -> Job:
        """What runs `built` once, under the sample's limits and what its runtime needs beside.

        series: again and again, whenever it is asked to (`series`).
        """
        language = built.language
        roomy = {
            **limits,
            "memory_mib": limits["memory_mib"] + language.headroom_mib,
            "processes": limits["processes"] + language.headroom_tasks,
        }
        options = self._options(language, [language.run], list(built.files), limits)
        options["commands"][0].extend(argv)
        return Job(
            "native",
            roomy,
            tasks_allowed(self.host, roomy, trees) + trees,
            limits["cpu_s"] + limits["compile_s"],
            stdin_file=built.stdin_file,
            options={**options, "cwd": "work", "peer": peer, "series": series},
            blobs=list(built.files.values()),
        )

    def _compile(
        self,
        language: Language,
        commands: list[list[str]],
        sources: dict[str, bytes],
        limits: dict,
        tests: bool,
    ) -> dict[str, bytes] | Ran:
        own = compile_limits(language, limits)
        options = self._options(language, commands, list(sources), own)
        job = Job(
            "native",
            own,
            tasks_allowed(self.host, own) + 1,
            own["cpu_s"],
            options={**options, "cwd": "program"},
            blobs=list(sources.values()),
        )
        one = Guest(self.host, self.host.tests if tests else self.host.candidates, job, b"")
        try:
            Watch(self.host, [one], time.monotonic() + own["wall_s"] + 5).run()
            with isolate.as_sample(one.ground):
                files = collect(one.folder, "program", language.artifacts) if _succeeded(one.ran) else {}
            ran = one.finish()
        except TooMuch as error:
            ran = one.finish()
            ran.compile_error = f"the compiled program is too large: {error}"
            return _quiet(ran)
        except BaseException:
            one.close()
            raise
        if files:
            return files
        ran.compile_error = _what_failed(ran, own)
        return _quiet(ran)

    def _options(self, language: Language, commands: Sequence[Sequence[str]], names: list[str], limits: dict) -> dict:
        filled = self._filled(language, commands, limits)
        environment = dict(
            zip(language.environment, self._fill(language, list(language.environment.values()), limits), strict=True)
        )
        return {"program": names, "commands": filled, "environment": environment}

    def _filled(self, language: Language, commands: Sequence[Sequence[str]], limits: dict) -> list[list[str]]:
        return [self._fill(language, command, limits) for command in commands]

    def _fill(self, language: Language, words: Sequence[str], limits: dict) -> list[str]:
        if language.name not in self.places:
            self.places[language.name] = language.find()
        places = {**self.places[language.name], "memory_mib": str(int(limits["memory_mib"]))}
        filled = []
        for word in words:
            for name, place in places.items():
                word = word.replace("{" + name + "}", place)
            filled.append(word)
        return filled


def compile_limits(language: Language, limits: dict) -> dict:
    """Limits of compiling: `compile_s` of CPU, and no less than what the compiler needs of the rest."""
    return {
        **limits,
        "cpu_s": limits["compile_s"],
        "wall_s": BACKSTOP * limits["compile_s"] + 10,
        "sample_wall_s": BACKSTOP * limits["compile_s"] + 10,
        "memory_mib": max(limits["memory_mib"], language.compile_mib),
        "processes": max(limits["processes"], language.compile_tasks),
        "disk_mib": max(limits["disk_mib"], language.compile_disk_mib),
        "output_kib": 256,
    }


def judge_case(ran: Ran, language: Language) -> Ran:
    """Read the last words of a program's run, those of one that ended well too."""
    ran = judge_end(ran, language)
    if language.assert_words and ran.exit_code == 0 and language.assert_words.search(ran.stderr):
        ran.flags.add("assertion_failed")
    return ran


def judge_end(ran: Ran, language: Language) -> Ran:
    """Read the last words of a program that failed: a refusal of memory or of a process."""
    if ran.stopped is None and (ran.exit_code not in (0, None) or ran.signal is not None):
        tail = ran.stderr[-_STDERR_TAIL:]
        if language.memory_words and language.memory_words.search(tail):
            ran.flags.add("memory_error")
        elif language.process_words and language.process_words.search(tail):
            ran.stopped = "processes"
        elif language.syntax_words and language.syntax_words.match(ran.stderr[:_STDERR_TAIL]):
            ran.compile_error = diagnostics(ran.stderr)
    return ran


def run_program(
    builder: Builder,
    built: Built,
    limits: dict,
    stdin: bytes,
    *,
    argv: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
    fetch: Sequence[str] = (),
    wall_s: float = float("inf"),
) -> Ran:
    """Run one case. wall_s: what is left of the sample's wall clock. Raises Closed, Fault."""
    job = builder.job(built, limits, argv=argv)
    job.files.extend(files or {})
    job.blobs.extend((files or {}).values())
    one = Guest(builder.host, builder.host.candidates, job, stdin)
    try:
        Watch(builder.host, [one], time.monotonic() + wall_s).run()
    except BaseException:
        one.close()
        raise
    return judge_case(one.finish(fetch), built.language)


class Duo:
    """Two programs at once, joined by a socket at descriptor 3 of each: a candidate, and tests that call it.

    When the tests have ended the candidate is killed; when the candidate has, the tests get a moment to notice.
    """

    _GRACE_S = 2.0

    def __init__(self, builder: Builder, candidate: Built, tests: Built, limits: dict) -> None:
        host = builder.host
        ours, theirs = socket.socketpair()
        self.languages = (candidate.language, tests.language)
        try:
            job = builder.job(candidate, limits, trees=2, peer=True)
            self.candidate = Guest(host, host.candidates, job, b"", [ours.fileno()])
            job = builder.job(tests, limits, trees=2, peer=True)
            self.tests = Guest(host, host.tests, job, b"", [theirs.fileno()])
        finally:
            ours.close()
            theirs.close()
        self.host = host
        self.grace: float | None = None

    def run(self, wall_s: float) -> tuple[Ran, Ran]:
        """Until both have ended. Raises Closed, Fault."""
        try:
            Watch(self.host, [self.candidate, self.tests], time.monotonic() + wall_s).run(self._settle)
            one, other = self.candidate.finish(), self.tests.finish()
        except BaseException:
            self.candidate.close()
            self.tests.close()
            raise
        return judge_end(one, self.languages[0]), judge_end(other, self.languages[1])

    def _settle(self, now: float) -> None:
        if self.tests.ended and not self.candidate.ended and not self.candidate.doomed:
            self.candidate.ran.flags.add("ended")
            self.candidate.kill()
        if self.candidate.ended and not self.tests.ended:
            if self.grace is None:
                self.grace = now + self._GRACE_S
            elif now > self.grace and not self.tests.doomed:
                self.tests.ran.flags.add("ended")
                self.tests.kill()


def _key(language: Language, commands: Sequence[Sequence[str]], sources: Mapping[str, bytes]) -> bytes:
    digest = hashlib.sha256()
    words = [language.name, *(word for command in commands for word in ("\0", *command))]
    for part in (*(word.encode() for word in words), *(p for name in sources for p in (name.encode(), sources[name]))):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _succeeded(ran: Ran) -> bool:
    return ran.exit_code == 0 and ran.stopped is None


def _what_failed(ran: Ran, limits: dict) -> str:
    if ran.stopped is not None:
        return f"compiling was stopped: {_LIMITS_HIT[ran.stopped].format(**limits)}"
    said = diagnostics(ran.stderr + b"\n" + ran.stdout)
    if "disk_full" in ran.flags:
        return f"the compiled program is too large\n{said}"
    if ran.signal is not None:
        return f"the compiler was killed by signal {ran.signal}\n{said}"
    return said or f"the compiler left no program (exit code {ran.exit_code})"


def _quiet(ran: Ran) -> Ran:
    ran.stdout = b""
    ran.flags.discard("disk_full")
    return ran
