"""The cases of one program share an isolation: each of them is judged as if it had one for itself."""

# ruff: noqa: E501 (programs as one line each)
from __future__ import annotations

from collections.abc import Iterator

import pytest

from proctor.sandbox.provider import Program, Session

from .conftest import LIMITS, Kind
from .test_limits import STOPPED
from .test_programs import EXITS, NEEDS_SHM, ODDITIES


@pytest.fixture
def opened(session: Session) -> Iterator[list[Program]]:
    programs: list[Program] = []
    yield programs
    for program in programs:
        program.close()


def _open(session: Session, opened: list[Program], source: str, **limits: float) -> Program:
    program = session.program("python", source.encode(), LIMITS.model_copy(update=limits), cases=9)
    opened.append(program)
    assert program.failed is None
    return program


@pytest.mark.parametrize("name", ODDITIES)
def test_honest_oddity_works_twice(session: Session, opened: list[Program], kind: Kind, name: str) -> None:
    source, expected = ODDITIES[name]
    refused = kind.name in ("namespace", "attached-U") and kind.tier != "B" and name in NEEDS_SHM
    program = _open(session, opened, source)
    for _ in range(2):
        ran = program.run(b"in\n")
        if refused:
            assert ran.exit_code == 1  # a documented exception: refused, not hung
        else:
            assert (ran.stdout.decode(), ran.exit_code, ran.stderr.decode()) == (expected, 0, "")


@pytest.mark.parametrize("name", EXITS)
def test_exit_is_told(session: Session, opened: list[Program], name: str) -> None:
    source, status, _stderr = EXITS[name]
    program = _open(session, opened, source)
    for _ in range(2):
        ran = program.run()
        assert (ran.stopped, ran.stdout) == (None, b"")
        assert ran.exit_code == status if status is not None else ran.signal or (ran.exit_code or 0) > 128


@pytest.mark.parametrize("name", ["busy", "cpu-of-a-session-of-its-own", "sleep", "heap", "flood", "fork-bomb"])
def test_a_limit_ends_its_case_alone(session: Session, opened: list[Program], name: str) -> None:
    source, limits, expected = STOPPED[name]
    bad = "\n".join("    " + line for line in source.splitlines())
    program = _open(session, opened, f"if input() == 'bad':\n{bad}\nelse: print('fine')", **limits)
    for line, stopped, output in (("ok", None, b"fine\n"), ("bad", expected, None), ("ok", None, b"fine\n")):
        ran = program.run(f"{line}\n".encode())
        assert ran.stopped == stopped
        assert output is None or ran.stdout == output


def test_cpu_is_counted_per_case(session: Session, opened: list[Program]) -> None:
    source = "import time\nt = time.process_time()\nwhile time.process_time() - t < .3: pass"
    program = _open(session, opened, source, cpu_s=0.8)
    for _ in range(4):
        ran = program.run()
        assert ran.stopped is None
        assert 0.28 < ran.cpu_s < 0.75


LEFT = {
    "file": "open('left', 'w').write('x')",
    "file-in-tmp": "import tempfile; tempfile.mkstemp()",
    "itself": "open(__file__, 'w').write('print(7)')",
    "folder": "import os; os.rmdir(os.environ['HOME'])",
    "child": "import os, time\nif os.fork() == 0: time.sleep(60)",
    "orphan": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(60)\n    os._exit(0)",
    "unblocked-output": "import os; os.set_blocking(1, False); os.set_blocking(2, False)",
    "closed-output": "import os; os.close(1); os.close(2)",
    "limits": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))",
    "environment": "import os; os.environ['LEFT'] = '1'; os.chdir('/'); os.umask(0)",
    "signals-to-all": "import os, signal\ntry: os.kill(-1, signal.SIGTERM)\nexcept OSError: pass",
    "parent-stopped": "import os, signal\ntry: os.kill(os.getppid(), signal.SIGSTOP)\nexcept OSError: pass",
    "parent-killed": "import os, signal\ntry: os.kill(os.getppid(), signal.SIGKILL)\nexcept OSError: pass",
}
LOOK = (
    "import os, resource, tempfile\n"
    "def look():\n"
    "    try: os.kill(-1, 0); others = 1\n"
    "    except ProcessLookupError: others = 0\n"
    "    left = [f for d in ('.', tempfile.gettempdir()) for f in os.listdir(d)]\n"
    "    return left, os.get_blocking(1), 'LEFT' in os.environ, resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 8, os.getcwd()\n"
)


@pytest.mark.parametrize("name", LEFT)
def test_nothing_is_left_for_the_next_case(session: Session, opened: list[Program], name: str) -> None:
    lines = "\n".join("    " + line for line in LEFT[name].splitlines())
    program = _open(session, opened, f"{LOOK}if input() == 'look': print(look())\nelse:\n{lines}\n", wall_s=5)
    before = program.run(b"look\n")
    program.run(b"act\n")
    after = program.run(b"look\n")
    assert before.stdout
    assert (after.stdout, after.exit_code, after.stopped) == (before.stdout, 0, None)


def test_arguments_and_fetched_files_are_the_cases_own(session: Session, opened: list[Program]) -> None:
    program = _open(session, opened, "import sys\nprint(sys.argv)\nopen('out', 'w').write(input())")
    for word in ("a", "b"):
        ran = program.run(word.encode(), argv=[word], fetch=["out"])
        assert ran.stdout.decode() == f"['main.py', '{word}']\n"
        assert ran.files == {"out": word.encode()}


def test_a_case_with_files_stands_alone(session: Session, opened: list[Program]) -> None:
    program = _open(session, opened, "print(open('data').read())")
    for word in (b"a", b"b"):
        assert program.run(files={"data": word}).stdout == word + b"\n"
