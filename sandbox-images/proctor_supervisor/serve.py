"""Answering one worker: the requests of protocol.py, one after another, until the connection ends."""

from __future__ import annotations

import json
import posixpath
import select
import socket
import sys
from dataclasses import dataclass

from . import PROTOCOL, fingerprint, protocol, resident
from .drivers import run_pair
from .host import Host, tasks_allowed
from .isolate import Ground
from .job import LIMITS, Job
from .languages.language import Language
from .languages.table import COMMANDED, DRIVERS, PYTHON
from .pairing import Pair
from .programs import Builder, Built, Duo, judge_case, run_program
from .run import Ran
from .series import Series, in_python
from .watch import run_case

#: Types of what a request may say; limits, parts and paths are looked at where they are used.
_FIELDS = {
    **{"language": str, "paths": list, "argv": list, "fetch": list, "stop": str},
    **{"cases": int, "first_case": int, "allow_in_process": bool, "apart": bool},
}
_CPUS_MAX = 8192  # as many as Linux knows
#: A connection that is silent for so long has time for what makes its next request shorter. Under load it is not, and
#: the processor is better used by samples.
_IDLE_MS = 2
_DEVICE_NAMES = (b"/dev/stdin", b"/dev/fd/0", b"/proc/self/fd/0")


class Refused(Exception):
    """A request that cannot be served."""


#: Read before the isolation hides our own files.
FINGERPRINT = fingerprint()


@dataclass(slots=True)
class Program:
    """The program of this connection. spent_s: wall seconds so far.

    shared: whether its cases share an isolation; series: that one, if it is there. built: of a language that runs by
    command.
    """

    source: bytes
    limits: dict
    shared: bool = False
    series: Series | None = None
    spent_s: float = 0.0
    built: Built | None = None

    @property
    def wants_file(self) -> bool:
        """Whether the program may open its standard input by a name."""
        return self.built.stdin_file if self.built else any(name in self.source for name in _DEVICE_NAMES)


def serve(
    ground: Ground, sock: socket.socket, *, image: str | None, token: str | None, languages: dict[str, str]
) -> None:
    """Serve until the worker closes. languages: name → version. Raises Closed, host.Fault, OSError."""
    host = Host.start(ground, sock)
    sys.set_int_max_str_digits(0)  # the worker has bounded what it passes on; the zygotes keep Python's default
    hello = {
        "op": "hello",
        "protocol": PROTOCOL,
        "supervisor": FINGERPRINT,
        "tier": ground.tier,
        "languages": languages,
        "enforcement": ground.enforcement,
        "image": image or f"python {sys.version.split()[0]} at {sys.executable}",
    }
    protocol.send(sock, hello | ({"token": token} if token else {}))
    server = _Server(host, languages)
    requests = select.poll()
    requests.register(sock, select.POLLIN)
    while True:
        if not requests.poll(_IDLE_MS):
            host.prepare()
        header, blobs = protocol.receive(sock)
        try:
            answer, out = server.answer(header, blobs)
        except Refused as error:
            answer, out = {"op": "refused", "message": str(error)}, []
        protocol.send(sock, answer, out)
        resident.prepare(host)


class _Server:
    def __init__(self, host: Host, languages: dict[str, str]) -> None:
        self.host = host
        # Every image has our own interpreter: not offered, but what the attacks of `proctor doctor` run on.
        self.languages = {PYTHON: "", **languages}
        self.builder = Builder(host)
        self.program: Program | None = None

    def answer(self, header: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        """One request's answer. Raises Refused."""
        _check(header)
        if "cpu" in header:
            self.host.sit(_cpu(header["cpu"]))
        match header["op"]:
            case "program":
                self._forget()
                self.host.last_kind = None
                return self._program(header, blobs)
            case "case":
                return self._case(header, blobs)
            case "duo":
                self._forget()
                self.host.last_kind = None
                return self._duo(header, blobs)
            case "pair":
                self._forget()
                return self._pair(header, blobs)
            case "end":
                self._forget()
                return {"op": "ended"}, []
            case "ping":
                return {"op": "pong"}, []
            case op:
                raise Refused(f"an unknown request {op[:64]!r}")

    def _program(self, header: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        language = self._commanded(header.get("language"))
        if language is not None:
            return self._commanded_program(language, header, blobs)
        program = Program(_source(header, blobs, self.languages), _limits(header))
        failed = self._start_series(program) if self._may_share(program, header) else None
        if failed is not None:
            out: list[bytes] = []
            return {"op": "compiled", "ran": failed.frame(out)}, out
        self.program = program
        return {"op": "compiled", "ran": None}, []

    def _may_share(self, program: Program, header: dict) -> bool:
        """Whether its cases share an isolation.

        Without a kernel that gives orphans back to the parent of the cases, each case is alone (tier U).
        """
        program.shared = (
            header.get("cases", 1) > 1
            and not header.get("apart")
            and self.host.ground.tier != "U"
            and not program.wants_file
        )
        return program.shared

    def _start_series(self, program: Program) -> Ran | None:
        """Start where the program's cases run; the account of a failure, and then each case is alone."""
        built = program.built
        if built is None:
            program.series = in_python(self.host, program.source, program.limits)
        else:
            program.series = Series(self.host, self.builder.job(built, program.limits, series=True))
        failed = program.series.compiled()
        if failed is not None:
            program.series, program.shared = None, False
        return failed

    def _forget(self) -> None:
        """End the program of before, if any. Raises host.Fault."""
        if self.program is not None and self.program.series is not None:
            self.program.series.dismiss()
        self.program = None

    def _commanded(self, name: object) -> Language | None:
        """The language of a program that runs by command; None: Python's. Raises Refused."""
        if not isinstance(name, str) or name not in self.languages:
            raise Refused(f"an unknown language {name!r:.64}")
        return COMMANDED.get(name)

    def _commanded_program(self, language: Language, header: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        limits = _limits(header)
        built = self.builder.build(language, _sources(language, header.get("paths", []), blobs), limits)
        out: list[bytes] = []
        if isinstance(built, Ran):
            return {"op": "compiled", "ran": built.frame(out)}, out
        self.program = Program(b"", limits, built=built)
        self._may_share(self.program, header)
        return {"op": "compiled", "ran": None}, out

    def _duo(self, header: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        limits = _limits(header)
        made: dict[str, Built | Ran] = {}
        for who in ("candidate", "tests"):
            part = header.get(who)
            if not isinstance(part, dict) or not isinstance(part.get("paths"), list):
                raise Refused(f"a duo needs {who}: a language and paths")
            language = self._commanded(part.get("language"))
            if language is None:
                raise Refused("Python has pairs")
            count = len(part["paths"]) + 1
            sources = _sources(language, part["paths"], blobs[:count])
            blobs = blobs[count:]
            made[who] = self.builder.build(language, sources, limits, tests=who == "tests")
            if isinstance(made[who], Ran):
                break
        return self._dueled(made, limits)

    def _dueled(self, made: dict[str, Built | Ran], limits: dict) -> tuple[dict, list[bytes]]:
        candidate, tests = made["candidate"], made.get("tests")
        if isinstance(candidate, Built) and isinstance(tests, Built):
            one, other = Duo(self.builder, candidate, tests, limits).run(limits["sample_wall_s"])
        else:
            one = candidate if isinstance(candidate, Ran) else Ran()
            other = tests if isinstance(tests, Ran) else Ran()
        out: list[bytes] = []
        return {"op": "dueled", "candidate": one.frame(out), "tests": other.frame(out)}, out

    def _job(self, kind: str, program: Program, **more: object) -> Job:
        limits = program.limits
        cpu_s = limits["cpu_s"] + limits["compile_s"]
        job = Job(kind, limits, tasks_allowed(self.host, limits), cpu_s, blobs=[program.source])
        for name, value in more.items():
            setattr(job, name, value)
        return job

    def _case(self, header: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        program = self.program
        if program is None:
            raise Refused("a case without a program")
        paths = [_path(path) for path in header.get("paths", [])]
        if not blobs or len(blobs) != 1 + len(paths):
            raise Refused("a case needs stdin and a blob for each path")
        if program.built is not None:
            return self._commanded_case(
                program, program.built, header, dict(zip(paths, blobs[1:], strict=True)), blobs[0]
            )
        argv, fetch = [str(item) for item in header.get("argv", [])], [_path(path) for path in header.get("fetch", [])]
        series = self._series(program, alone=bool(paths))
        if series is not None:
            ran = series.run(blobs[0], argv, fetch, self._left(program))
        else:
            job = self._job("case", program, argv=argv, files=paths, stdin_file=program.wants_file)
            job.blobs.extend(blobs[1:])
            ran = run_case(self.host, job, blobs[0], fetch, self._left(program))
        program.spent_s += ran.wall_s
        out: list[bytes] = []
        return {"op": "ran", "ran": ran.frame(out)}, out

    def _series(self, program: Program, *, alone: bool) -> Series | None:
        """Where the program's next case runs; None: in an isolation for itself, as if `alone`."""
        if program.series is not None and (alone or not program.series.lasts()):
            program.series.dismiss()  # the zygote forks one process at a time
            program.series = None
        if program.shared and program.series is None and not alone:
            self._start_series(program)  # a failure: let the case, alone, show what is the matter
        return program.series

    def _commanded_case(
        self, program: Program, built: Built, header: dict, files: dict[str, bytes], stdin: bytes
    ) -> tuple[dict, list[bytes]]:
        argv, fetch = [str(item) for item in header.get("argv", [])], [_path(path) for path in header.get("fetch", [])]
        wall_s, limits = self._left(program), program.limits
        series = self._series(program, alone=bool(files))
        if series is not None:
            ran = judge_case(series.run(stdin, argv, fetch, wall_s), built.language)
        else:
            ran = run_program(self.builder, built, limits, stdin, argv=argv, files=files, fetch=fetch, wall_s=wall_s)
        program.spent_s += ran.wall_s
        out: list[bytes] = []
        return {"op": "ran", "ran": ran.frame(out)}, out

    @staticmethod
    def _left(program: Program) -> float:
        return max(0.0, float(program.limits["sample_wall_s"]) - program.spent_s)

    def _pair(self, header: dict, blobs: list[bytes]) -> tuple[dict, list[bytes]]:
        (source, text), limits = _pair(header, blobs, self.languages), _limits(header)
        options = {
            "stop": header.get("stop", "first_failure"),
            "first_case": header.get("first_case", 0),
            "allow_in_process": bool(header.get("allow_in_process", False)),
        }
        driver = DRIVERS.get(header["language"])
        if driver is not None:
            self.host.last_kind = None
            one, other, report = run_pair(self.builder, driver, source, _tests(text), limits, options)
        else:
            tasks = tasks_allowed(self.host, limits, trees=2)
            cpu_s = limits["compile_s"] + 2 * limits["sample_wall_s"]
            candidate = Job("candidate", limits, tasks, cpu_s, blobs=[source])
            tests = Job("tests", limits, tasks, cpu_s, options=options, blobs=[text])
            pair = Pair(self.host, candidate, tests, apart=bool(header.get("apart")))
            one, other, report = pair.run(limits["sample_wall_s"])
        out: list[bytes] = []
        return {
            "op": "paired",
            "candidate": one.frame(out),
            "tests": other.frame(out),
            "cases": report.cases,
            "total": report.total,
            "flags": sorted(report.flags),
            "tests_error": report.tests_error,
            "saturated": one.saturated,
        }, out


def _sources(language: Language, paths: list, blobs: list[bytes]) -> dict[str, bytes]:
    """Sources by path, the main one first under the name that its language gives it. Raises Refused."""
    if len(blobs) != len(paths) + 1:
        raise Refused("a source, and a blob for each path, are needed")
    main = language.source_name(blobs[0].decode("utf-8", "replace"))
    return {main: blobs[0], **{_path(path): blob for path, blob in zip(paths, blobs[1:], strict=True)}}


def _tests(text: bytes) -> dict:
    """Raises Refused."""
    try:
        tests = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("tests that are not JSON") from None
    if not isinstance(tests, dict) or tests.get("kind") not in ("function", "script"):
        raise Refused("tests that only Python has")
    return tests


def _pair(header: dict, blobs: list[bytes], languages: dict[str, str]) -> tuple[bytes, bytes]:
    """Source and tests. Raises Refused."""
    _check_pairing(header, languages)
    if len(blobs) != 2:
        raise Refused("a pair needs two blobs, source and tests")
    return blobs[0], blobs[1]


def _source(header: dict, blobs: list[bytes], languages: dict[str, str]) -> bytes:
    """Raises Refused."""
    _check_pairing(header, languages)
    if len(blobs) != 1:
        raise Refused("exactly one blob, the source, is needed")
    return blobs[0]


def _check_pairing(header: dict, languages: dict[str, str]) -> None:
    """Raises Refused."""
    name = header.get("language")
    if name not in languages or (name != PYTHON and name not in DRIVERS):
        raise Refused(f"there are no pairs in {name!r:.64}")


def _check(header: dict) -> None:
    """Refuse fields of a wrong type. Raises Refused."""
    for name, kind in _FIELDS.items():
        if name in header and type(header[name]) is not kind:
            raise Refused(f"{name} is no {kind.__name__}")


def _cpu(number: object) -> int | None:
    """Raises Refused."""
    if number is not None and (type(number) is not int or not 0 <= number < _CPUS_MAX):
        raise Refused("cpu is the number of none")
    return number


def _limits(header: dict) -> dict:
    limits = header.get("limits")
    if not isinstance(limits, dict) or not all(
        type(limits.get(name)) in (int, float) and 0 < limits[name] < 1e9 for name in LIMITS
    ):
        raise Refused("limits that are not all there, or not positive numbers")
    return {name: limits[name] for name in LIMITS}


def _path(path: object) -> str:
    """A relative path beneath the working folder. Raises Refused."""
    if not isinstance(path, str) or not path or "\0" in path or len(path) > 1024:
        raise Refused("a path that is none")
    plain = posixpath.normpath(path)
    if plain.startswith(("/", "..")) or plain == ".":
        raise Refused("a path that leads out of the working folder")
    return plain
