"""A job: what one sample's process is to do, in a sealed memfd that only that process reads, or in a message to it.

u32 big-endian   length of the header
header           marshalled: the fields of `Job` in their order, limits as their values in the order of `LIMITS`,
                 blobs as their lengths (the supervisor wrote it, so it can be trusted)
blobs            back to back
"""

from __future__ import annotations

import fcntl
import marshal
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

LIMITS = ("cpu_s", "wall_s", "memory_mib", "output_kib", "processes", "disk_mib", "compile_s", "sample_wall_s")
"""Of a sample, as in the protocol; every job has them all."""

MESSAGE_MAX = 64 << 10
"""Bytes of a message that holds a job, at most."""

_LENGTH = struct.Struct(">I")
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@dataclass(slots=True)
class Job:
    """kind: "case", "series", "candidate", "tests", or "native": see `guest`, `native`.

    limits: all eight; tasks: RLIMIT_NPROC; cpu_s: CPU backstop per process; argv: arguments of the program;
    files: paths of input files, whose bytes are the last blobs; stdin_file: also put standard input where /dev/stdin
    points; number: how many ran before; options: of the tests.
    blobs: the source (for tests: their JSON) first.
    """

    kind: str
    limits: dict
    tasks: int
    cpu_s: float
    argv: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    stdin_file: bool = False
    number: int = 0
    options: dict = field(default_factory=dict)
    blobs: list[bytes] = field(default_factory=list)


def sealed(parts: Sequence[bytes], name: str) -> int:
    """A memfd with `parts`, at offset 0, that nobody can change any more."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(fd, view) :]
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def write(job: Job) -> int:
    """`job` as a sealed memfd."""
    return sealed(parts(job), "job")


def parts(job: Job) -> list[bytes]:
    """`job` as bytes, in pieces."""
    limits = tuple(job.limits[name] for name in LIMITS)
    rest = (job.tasks, job.cpu_s, job.argv, job.files, job.stdin_file, job.number, job.options)
    header = marshal.dumps((job.kind, limits, *rest, tuple(map(len, job.blobs))))
    return [_LENGTH.pack(len(header)), header, *job.blobs]


def read(fd: int) -> Job:
    """The job in `fd`."""
    size, data = os.fstat(fd).st_size, b""
    while len(data) < size:  # one read gives at most 2 GiB
        data += os.pread(fd, size - len(data), len(data))
    return read_bytes(data)


def read_bytes(data: bytes) -> Job:
    """The job in `data`."""
    (length,) = _LENGTH.unpack_from(data)
    at = _LENGTH.size + length
    kind, limits, tasks, cpu_s, argv, files, stdin_file, number, options, sizes = marshal.loads(data[_LENGTH.size : at])
    blobs = []
    for size in sizes:
        blobs.append(data[at : at + size])
        at += size
    return Job(
        kind, dict(zip(LIMITS, limits, strict=True)), tasks, cpu_s, argv, files, stdin_file, number, options, blobs
    )
