"""A job: what one sample's process is to do, in a sealed memfd that only that process reads.

u32 big-endian   length of the header
header           marshalled: the fields of `Job`, `blobs` as lengths (the supervisor wrote it, so it can be trusted)
blobs            back to back
"""

from __future__ import annotations

import fcntl
import marshal
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

_LENGTH = struct.Struct(">I")
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@dataclass(frozen=True, slots=True)
class Job:
    """kind: "compile", "case", "candidate", "tests", or "native": see `native`.

    limits: all eight; tasks: RLIMIT_NPROC; cpu_s: CPU backstop per process; argv: arguments of the program;
    files: paths of input files, whose bytes are the last blobs; code: the second blob is marshalled code;
    stdin_file: also put standard input where /dev/stdin points; number: how many ran before; options: of the pair.
    blobs: the source (for tests: their JSON) first.
    """

    kind: str
    limits: dict
    tasks: int
    cpu_s: float
    argv: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    code: bool = False
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
    fields = {name: getattr(job, name) for name in job.__slots__ if name != "blobs"}
    header = marshal.dumps({**fields, "blobs": [len(blob) for blob in job.blobs]})
    return sealed([_LENGTH.pack(len(header)), header, *job.blobs], "job")


def read(fd: int) -> Job:
    """The job in `fd`."""
    size, data = os.fstat(fd).st_size, b""
    while len(data) < size:  # one read gives at most 2 GiB
        data += os.pread(fd, size - len(data), len(data))
    (length,) = _LENGTH.unpack_from(data)
    at = _LENGTH.size + length
    fields = marshal.loads(data[_LENGTH.size : at])
    blobs = []
    for size in fields.pop("blobs"):
        blobs.append(data[at : at + size])
        at += size
    return Job(**fields, blobs=blobs)
