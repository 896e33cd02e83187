"""The cases of one program that runs by command share an isolation: each is judged as if it had one for itself."""

# ruff: noqa: E501 (programs as one line each)
from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from docker_session import docker_in_tiers

from proctor.sandbox.docker import DockerProvider
from proctor.sandbox.provider import Program
from proctor.wire import Limits

__all__ = ["docker_in_tiers"]  # the fixture `docker`

pytestmark = pytest.mark.docker

LIMITS = Limits(cpu_s=2, wall_s=5, memory_mib=64, output_kib=64, processes=16, disk_mib=8, sample_wall_s=60)

Open = Callable[..., Program]


@pytest.fixture
def opened(docker: DockerProvider) -> Iterator[Open]:
    programs, sessions = [], []

    def start(language: str, code: str, **limits: float) -> Program:
        sessions.append(docker.session(language))
        program = sessions[-1].program(language, code.encode(), LIMITS.model_copy(update=limits), cases=9)
        assert program.failed is None
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.close()
    for session in sessions:
        docker.give_back(session)


ENDS = {
    "status": ("bash", "echo out; echo err >&2; exit 3", 3, None),
    "signal": ("c", "#include <stdlib.h>\nint main() { abort(); }", None, 6),
    "killed": ("bash", "kill -9 $$", None, 9),
    "not-an-interpreter": ("bash", "exec /nonexistent", 127, None),
}


@pytest.mark.parametrize("name", ENDS)
def test_end_is_told(opened: Open, name: str) -> None:
    language, code, status, signal = ENDS[name]
    program = opened(language, code)
    for _ in range(2):
        ran = program.run()
        assert (ran.exit_code, ran.signal, ran.stopped) == (status, signal, None)


def test_input_arguments_and_fetched_files_are_the_cases_own(opened: Open) -> None:
    program = opened("bash", 'read -r line; echo "$line $*"; echo "$line" > out')
    for word in ("a", "b", "c"):
        ran = program.run(f"{word}\nrest\n".encode(), argv=[word], fetch=["out"])
        assert (ran.stdout.decode(), ran.files) == (f"{word} {word}\n", {"out": f"{word}\n".encode()})


def test_cases_with_files_and_without(opened: Open) -> None:
    program = opened("bash", "cat data 2>/dev/null || echo none")
    given = [program.run(files={"data": word} if word else {}).stdout for word in (b"", b"a\n", b"b\n", b"")]
    assert given == [b"none\n", b"a\n", b"b\n", b"none\n"]


LEFT = {
    "file": "echo x > left",
    "file-in-tmp": "mktemp",
    "itself": "echo 'echo 7' > $0",
    "itself-anew": "rm $0; echo 'echo 7' > $0",
    "itself-in-place": "t=$(stat -c %y $0); printf 'echo 7; exit' 1<> $0; touch -d \"$t\" $0",
    "no-folder": "rmdir $HOME",
    "child": "sleep 60 &",
    "orphan": "(setsid sleep 60 &)",
    "closed-output": "exec >&- 2>&-",
    "limits": "ulimit -n 20; ulimit -f 0",
    "everybody": "trap '' TERM; kill -TERM -1",
    "parent-stopped": "kill -STOP $PPID",
    "parent-killed": "kill -KILL $PPID",
    "full-disk": "head -c 100M /dev/zero > left",
}
LOOK = 'echo "$(ls -A . "$HOME") $(ulimit -n) $(ulimit -f) $PWD"'


@pytest.mark.parametrize("name", LEFT)
def test_nothing_is_left_for_the_next_case(opened: Open, name: str) -> None:
    program = opened("bash", f'read -r what; if [ "$what" = look ]; then {LOOK}; else {LEFT[name]}\nfi', wall_s=3)
    before = program.run(b"look\n")
    program.run(b"act\n")
    after = program.run(b"look\n")
    assert before.stdout
    assert (after.stdout, after.exit_code, after.stopped) == (before.stdout, 0, None)


BAD = {
    "cpu": ("for (;;);", "cpu"),
    "wall": ("pause();", "wall"),
    "memory": ("for (;;) memset(malloc(1 << 20), 1, 1 << 20);", "memory"),
    "output": ("for (;;) puts(line);", "output"),
    "processes": ("for (;;) if (fork() == 0) pause();", "processes"),
}
MAIN = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint main() { char line[9]; fgets(line, 9, stdin); if (line[0] == 'b') { %s } puts(\"fine\"); }"


@pytest.mark.parametrize("name", BAD)
def test_a_limit_ends_its_case_alone(opened: Open, name: str) -> None:
    code, expected = BAD[name]
    program = opened("c", MAIN % code, cpu_s=0.5, wall_s=2 if name == "wall" else 20)
    for line, stopped, output in ((b"ok\n", None, b"fine\n"), (b"bad\n", expected, None), (b"ok\n", None, b"fine\n")):
        ran = program.run(line)
        assert ran.stopped == stopped
        assert output is None or ran.stdout == output


def test_cpu_and_memory_are_counted_per_case(opened: Open) -> None:
    code = MAIN % "for (long i = 0; i < sizeof big; i += 4096) big[i] = 1; while (clock() < 300000);"
    program = opened("c", f"#include <time.h>\nstatic volatile char big[40 << 20];\n{code}", cpu_s=1)
    costs = [program.run(line) for line in (b"bad\n", b"ok\n", b"bad\n", b"ok\n", b"bad\n")]
    assert [ran.stopped for ran in costs] == [None] * 5
    assert all((ran.cpu_s > 0.28) == (ran.memory_mib > 40) == (n % 2 == 0) for n, ran in enumerate(costs)), costs
    assert max(ran.cpu_s for ran in costs) < 0.9


def test_a_failed_assertion_is_its_cases_own(opened: Open) -> None:
    program = opened("javascript", "console.assert(require('fs').readFileSync(0, 'utf8') === 'ok');")
    flags = [program.run(text).flags for text in (b"ok", b"no", b"ok")]
    assert ["assertion_failed" in found for found in flags] == [False, True, False]
