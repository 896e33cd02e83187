"""Special judges: a program decides whether an output is right.

It is called with three file names, input, output and expected output (testlib's order), in an isolation of its
own. Exit code 0 accepts; any other end rejects (testlib: 1 wrong answer, 2 presentation error).

Whether a checker works at all is settled before the candidate runs, by giving it the expected output as
output: a checker that does not accept that cannot judge, and the tests are invalid. A blank expected output is no
answer to try (problems with many answers publish none): then only a checker that is killed, does not compile,
or reports a failure of its own (exit code 3 and above) is broken. After that, whatever it does on the candidate's
output but accept means that the output is wrong.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from proctor.errors import TestsInvalid
from proctor.judge.compare import as_bytes
from proctor.judge.excerpt import end_of, start_of
from proctor.judge.verdict import how_it_ended
from proctor.sandbox.provider import Program, Ran, Session
from proctor.wire import Case, Checker, Limits

INPUT, OUTPUT, EXPECTED = "input.txt", "output.txt", "expected.txt"
_REJECTS = (1, 2)
_TRIED_MOST = 20_000
_tried: OrderedDict[bytes, None] = OrderedDict()


def try_checker(checker: Checker, cases: Iterable[Case], limits: Limits, session: Session) -> None:
    """Try `checker` on each case's expected output; what worked once in this process is not tried again.

    Raises TestsInvalid where it does not work, SandboxError.
    """
    new = {key: case for case in cases if (key := _trial_key(checker, case)) not in _tried}
    if not new:
        return
    own = checker_limits(limits)
    program = _open(checker, own, session, len(new))
    try:
        for key, case in new.items():
            ran = _run(program, case, as_bytes(case.stdout))
            if not _works(ran, case):
                raise TestsInvalid(f"the checker does not accept the expected output: {_end(ran, own)}")
            _remember(key)
    finally:
        program.close()


def check(checker: Checker, outputs: list[tuple[Case, bytes]], limits: Limits, session: Session) -> list[str | None]:
    """Why each output is wrong, None where it is right; same order. Raises TestsInvalid, SandboxError."""
    own = checker_limits(limits)
    program = _open(checker, own, session, len(outputs))
    try:
        return [_rejection(_run(program, case, output), own) for case, output in outputs]
    finally:
        program.close()


def checker_limits(limits: Limits) -> Limits:
    """A checker's limits: the sample's, but no less than the defaults; it is not what is being judged."""
    least = Limits()
    both = {name: max(getattr(limits, name), getattr(least, name)) for name in Limits.model_fields}
    return Limits(**both)


def _open(checker: Checker, limits: Limits, session: Session, cases: int) -> Program:
    program = session.program(checker.language, as_bytes(checker.code), limits, cases=cases)
    if program.failed is not None:
        program.close()
        raise TestsInvalid(f"the checker does not compile: {how_it_ended(program.failed, limits)}")
    return program


def _run(program: Program, case: Case, output: bytes) -> Ran:
    files = {INPUT: as_bytes(case.stdin), OUTPUT: output, EXPECTED: as_bytes(case.stdout)}
    return program.run(argv=(INPUT, OUTPUT, EXPECTED), files=files)


def _works(ran: Ran, case: Case) -> bool:
    if _accepts(ran):
        return True
    return not case.stdout.strip() and ran.stopped is None and ran.exit_code in _REJECTS


def _accepts(ran: Ran) -> bool:
    return ran.exit_code == 0 and ran.signal is None and ran.stopped is None


def _rejection(ran: Ran, limits: Limits) -> str | None:
    if _accepts(ran):
        return None
    rejects = ran.stopped is None and ran.exit_code in _REJECTS
    return f"the checker {'rejects' if rejects else 'breaks on'} the output: {_end(ran, limits)}"


def _end(ran: Ran, limits: Limits) -> str:
    said = start_of(ran.stdout.strip(), 200) or end_of(ran.stderr.strip(), 200)
    return f"{how_it_ended(ran, limits)}; {said}" if said else how_it_ended(ran, limits)


def _trial_key(checker: Checker, case: Case) -> bytes:
    digest = hashlib.sha256()
    for part in (checker.language, checker.code, case.stdin, case.stdout):
        raw = as_bytes(part)
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.digest()


def _remember(key: bytes) -> None:
    _tried[key] = None
    if len(_tried) > _TRIED_MOST:
        _tried.popitem(last=False)
