"""A coverage-guided fuzzer (atheris) on all that the supervisor parses: `.ci/fuzz`, or

    python tests/fuzz/fuzz_supervisor.py [libFuzzer options] [CORPUS]

in an environment with atheris, with sandbox-images on PYTHONPATH. The first byte of an input chooses what is fuzzed:
frames and the requests in them, the report of a test process, values between tests and candidate. Whatever the bytes,
they are read, or refused by the errors that the parser names; anything else is a finding. Nothing is run.
"""

from __future__ import annotations

import json
import struct
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import atheris

with atheris.instrument_imports(include=["proctor_supervisor"]):
    from proctor_supervisor import pairing, protocol, serve
    from proctor_supervisor.job import LIMITS as LIMIT_NAMES
    from proctor_supervisor.pair import codec

LIMITS = dict.fromkeys(LIMIT_NAMES, 10)
PART = {"language": "c", "paths": ["a.h"]}
OPS = ["program", "case", "pair", "duo", "end", "ping", "else"]
FIELDS: dict[str, Any] = {
    **{"language": "python", "limits": LIMITS, "cases": 2, "argv": ["a"], "paths": ["f"], "fetch": ["g"]},
    **{"tests": PART, "candidate": PART, "stop": "all", "first_case": 1, "allow_in_process": False},
}
ODD: list[Any] = [
    *(
        None,
        True,
        -1,
        1e300,
        "",
        "c",
        "../x",
        "\0",
        [],
        [None],
        [["f"]],
        ["f"] * 3,
        {},
        {"language": "c", "paths": [1]},
    ),
    *({"language": [], "paths": []}, {**LIMITS, "cpu_s": True}, {**LIMITS, "wall_s": 1e308}, {**LIMITS, "cpu_s": 0.1}),
]
#: What reports are made of; libFuzzer puts them in.
WORDS = [
    *("end", "case", "total", "verdict", "detail", "flag", "done", "tests_error", "stays", "passed", "tampered"),
    *("null", "true", "[]", "{}", "1e999", "-1", "\\x22", "\\x0a", "\\x22:", "{\\x22"),
]


class Wire:
    """A connection that delivers `data`, then ends."""

    def __init__(self, data: bytes) -> None:
        self.rest = memoryview(data)

    def recv_into(self, view: memoryview) -> int:
        count = min(len(view), len(self.rest))
        view[:count] = self.rest[:count]
        self.rest = self.rest[count:]
        return count


class NoBuilder:
    """Builds nothing."""

    def build(self, *_: object, **__: object) -> serve.Ran:
        return serve.Ran(compile_error="nothing is compiled here")


class NoSeries:
    """Compiles and runs nothing."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def compiled(self) -> None: ...

    def dismiss(self) -> None: ...

    def lasts(self) -> bool:
        return True

    def run(self, *_: object) -> serve.Ran:
        return serve.Ran(exit_code=0)


class NoPair:
    """Runs nothing."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def run(self, _: float) -> tuple[serve.Ran, serve.Ran, pairing.Report]:
        return serve.Ran(), serve.Ran(), pairing.Report()


def still() -> Any:
    """A server that answers every request and runs nothing."""
    serve.run_case = lambda *_: serve.Ran(exit_code=0)
    serve.tasks_allowed = lambda *_, **__: 64
    serve.Pair, serve.Series, serve.in_python = NoPair, NoSeries, NoSeries
    serve.run_pair = lambda *_: NoPair().run(0)
    server = object.__new__(serve._Server)
    server.host = SimpleNamespace(ground=SimpleNamespace(tier="B"))
    server.builder, server.program = NoBuilder(), None
    server.languages = dict.fromkeys(("python", *serve.COMMANDED), "1")
    return server


SERVER = still()


def requests(data: bytes) -> None:
    """Frames of a worker, one after another."""
    SERVER.program = None
    wire = Wire(data)
    while True:
        try:
            header, blobs = protocol.receive(wire)  # type: ignore[arg-type]
            answer, out = SERVER.answer(header, blobs)
        except (protocol.Closed, protocol.ProtocolError):
            return
        except serve.Refused:
            continue
        json.dumps({**answer, "blobs": [len(blob) for blob in out]})


def headers(data: bytes) -> None:
    """Requests of known fields with odd values, in frames that are right."""
    some = atheris.FuzzedDataProvider(data)
    wire = b""
    for _ in range(some.ConsumeIntInRange(1, 4)):
        header = {"op": some.PickValueInList(OPS)}
        for name, right in FIELDS.items():
            if some.ConsumeBool():
                header[name] = some.PickValueInList([right, right, *ODD])
        wire += frame(header, *[b"print(1)"] * some.PickValueInList([1, 1, 2, 4, 0]))
    requests(wire)


def report(data: bytes) -> None:
    """Lines of a test process."""
    pair = object.__new__(pairing.Pair)
    guest = SimpleNamespace(ran=serve.Ran(), clock=lambda: 0.0, base_cpu=0.0, since=0.0, doomed=False)
    guest.new_case = guest.rest = lambda: None
    pair.candidate = pair.tests = guest  # type: ignore[assignment]
    pair.report = pairing.Report()
    for line in data.split(b"\n"):
        pair._line(line)
    json.dumps([pair.report.cases, pair.report.total, sorted(pair.report.flags), pair.report.tests_error])


def values(data: bytes) -> None:
    """A message between tests and candidate."""

    def unknown(reader: codec.Reader, tag: int) -> Any:
        raise codec.Malformed(f"tag {tag}")

    try:
        reader = codec.Reader(data, unknown)
        reader.read()
        reader.end()
    except (codec.Malformed, codec.TooLarge):
        pass


TARGETS = (requests, headers, report, values)


def fuzz(data: bytes) -> None:
    """One input."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


# seeds


def frame(header: dict[str, Any], *blobs: bytes) -> bytes:
    text = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}).encode()
    return struct.pack(">I", len(text)) + text + b"".join(blobs)


def seeds() -> list[bytes]:
    """Inputs of each kind that are right."""
    program = frame({"op": "program", "language": "python", "limits": LIMITS, "cases": 2}, b"print(1)")
    case = frame({"op": "case", "argv": ["a"], "paths": ["f"], "fetch": ["g"]}, b"in", b"file")
    pair = frame({"op": "pair", "language": "python", "limits": LIMITS}, b"x = 1", b'{"kind": "script"}')
    duo = frame({"op": "duo", "limits": LIMITS, "candidate": PART, "tests": PART}, b"a", b"b", b"c", b"d")
    said = [{"total": 2}, {"case": 0}, {"end": 0, "verdict": "passed", "detail": None}, {"flag": "x"}, {"done": True}]
    lines = "\n".join(map(json.dumps, said)).encode()

    def cross(value: object) -> bytes:
        writer = codec.Writer(lambda *_: None, {}, 0)  # type: ignore[arg-type,return-value]
        writer.write(value)
        return bytes(writer.out)

    odd = [1, 2.5, 1 << 80, "text", b"bytes", (1, [2]), {"k": {1, 2}}, [1.0] * 9, None, True, 3j, range(3)]
    return [
        *(b"\0" + one for one in (program + case + frame({"op": "end"}), pair, duo, frame({"op": "ping"}))),
        *(b"\1" + bytes([n]) * 200 for n in range(0, 256, 51)),
        b"\2" + lines,
        *(b"\3" + cross(value) for value in (*odd, odd)),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            (Path(folder) / str(number)).write_bytes(seed)
            fuzz(seed)
        words = Path(folder) / "words.dict"
        words.write_text("\n".join(f'"{word}"' for word in WORDS))
        atheris.Setup([*sys.argv, f"-dict={words}", folder], fuzz)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
