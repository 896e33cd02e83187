"""Programs: bytes in and out, files, exit, compile then run. Honest oddities that must work as without a sandbox."""

# ruff: noqa: E501 (programs as one line each)
from __future__ import annotations

import pytest

from proctor.sandbox.provider import Program, Ran, Session

from .conftest import LIMITS, Kind, Runner


def test_hello_names_tier_language_and_enforcement(session: Session, kind: Kind) -> None:
    assert session.hello.tier == kind.tier
    assert session.hello.languages["python"].startswith("3.")
    assert set(session.hello.enforcement) == set(LIMITS.model_dump())
    assert set(session.hello.enforcement.values()) <= {"enforced", "polled"}


@pytest.mark.parametrize("size", [0, 1, 200_000, 64 << 20], ids=["none", "one", "200kB", "64MiB"])
def test_stdin_arrives_whole(run: Runner, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    source = "import sys, hashlib; d = sys.stdin.buffer.read(); print(len(d), hashlib.sha256(d).hexdigest())"
    import hashlib

    expected = f"{size} {hashlib.sha256(data[:size]).hexdigest()}\n"
    assert run.output(source, data[:size]) == expected


@pytest.mark.parametrize("size", [0, 1, 200_000], ids=["none", "one", "200kB"])
def test_stdout_and_stderr_arrive_whole(run: Runner, size: int) -> None:
    source = f"""
import os, sys
data = (bytes(range(256)) * 1000)[:{size}]
sys.stdout.buffer.write(data); sys.stderr.buffer.write(data[::-1])
"""
    ran = run(source)
    data = (bytes(range(256)) * 1000)[:size]
    assert (ran.stdout, ran.stderr, ran.exit_code) == (data, data[::-1], 0)


def test_64_mib_of_output_arrive_whole(run: Runner) -> None:
    source = "import sys\ndata = bytes(range(256)) * 4096\nfor _ in range(64): sys.stdout.buffer.write(data)"
    ran = run(source, output_kib=65536, memory_mib=512, cpu_s=10, wall_s=30)
    assert (ran.exit_code, ran.stopped) == (0, None)
    assert ran.stdout == bytes(range(256)) * 4096 * 64


def test_large_and_binary_files_go_in_and_out(run: Runner) -> None:
    data = bytes(range(256)) * (8 << 12)
    source = "import os\nopen('out', 'wb').write(open('in', 'rb').read()[::-1]); open('none', 'wb').close()"
    ran = run(source, files={"in": data}, fetch=["out", "none"], disk_mib=32)
    assert ran.files == {"out": data[::-1], "none": b""}


def test_a_file_beyond_the_cap_is_not_fetched(run: Runner) -> None:
    ran = run("open('x', 'wb').truncate((64 << 20) + 1); open('y', 'w').write('y')", fetch=["x", "y"], disk_mib=128)
    assert ran.files == {"y": b"y"}


def test_both_pipes_are_read_at_once(run: Runner) -> None:
    ran = run("import os\nfor _ in range(200): os.write(2, b'e' * 1024); os.write(1, b'o' * 1024)")
    assert (len(ran.stdout), len(ran.stderr), ran.exit_code) == (204800, 204800, 0)


def test_stdin_that_nobody_reads_does_not_hang(run: Runner) -> None:
    assert run.output("print('done')", b"x" * (8 << 20)) == "done\n"


def test_output_of_exactly_the_limit_is_no_offence(run: Runner) -> None:
    ran = run("import sys; sys.stdout.write('x' * 262144)")
    assert (len(ran.stdout), ran.stopped, ran.exit_code) == (262144, None, 0)


def test_invalid_utf8_and_nul_pass(run: Runner) -> None:
    ran = run("import sys; sys.stdout.write(sys.stdin.read())", b"\xff\x00\xfe\xe2\x82\xac")
    assert ran.stdout == b"\xff\x00\xfe\xe2\x82\xac"


def test_line_ends_are_kept(run: Runner) -> None:
    assert run.output("import sys; print(repr(sys.stdin.read()))", b"a\r\nb\rc") == "'a\\r\\nb\\rc'\n"


ODDITIES = {
    "main": ("print(__name__ == '__main__', __file__ is not None)", "True True\n"),
    "import-main": ("import __main__\nx = 1\nprint(__main__.x)", "1\n"),
    "pickle": ("import pickle\nclass A: x = 1\nprint(pickle.loads(pickle.dumps(A())).x)", "1\n"),
    "open-0": ("print(open(0).read())", "in\n\n"),
    "dev-stdin": ("print(open('/dev/stdin').read())", "in\n\n"),
    "buffer": ("import sys; print(sys.stdin.buffer.readline())", "b'in\\n'\n"),
    "fileinput": ("import fileinput\nfor line in fileinput.input(): print(line)", "in\n\n"),
    "unicode": ("print('é€😀')", "é€😀\n"),
    "encoding": ("import sys, locale; print(sys.stdout.encoding, locale.getpreferredencoding(False))", "utf-8 UTF-8\n"),
    "exit": ("print(1); exit()", "1\n"),
    "quit": ("print(1); quit(0)", "1\n"),
    "sys-exit": ("import sys; print(1); sys.exit(None)", "1\n"),
    "atexit": ("import atexit; atexit.register(print, 'bye'); print('hi')", "hi\nbye\n"),
    "a thread at the end": (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print('bye'))).start()\nprint('hi')",
        "hi\nbye\n",
    ),
    "a pool at the end": (
        "from concurrent.futures import ThreadPoolExecutor\nimport time\n"
        "ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.2), print('bye')))\nprint('hi')",
        "hi\nbye\n",
    ),
    "what logging holds back": (
        "import logging, logging.handlers, sys\nlog = logging.getLogger()\n"
        "log.addHandler(logging.handlers.MemoryHandler(9, target=logging.StreamHandler(sys.stdout)))\n"
        "log.warning('bye')\nprint('hi')",
        "hi\nbye\n",
    ),
    "del": ("class A:\n    def __del__(self): print('del')\na = A()\nprint('end')", "end\ndel\n"),
    "unflushed": ("import sys; sys.stdout.write('no newline')", "no newline"),
    "threads": (
        "import threading, time\nts = [threading.Thread(target=lambda: (time.sleep(.02), print('t'))) for _ in range(15)]\n"
        "for t in ts: t.start()",
        "t\n" * 15,
    ),
    "daemon-thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('end')",
        "end\n",
    ),
    "big-thread-stack": (
        "import threading, sys\nsys.setrecursionlimit(10**6)\nthreading.stack_size(128 << 20)\n"
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)\n"
        "t = threading.Thread(target=lambda: print(f(50000)))\nt.start(); t.join()",
        "50000\n",
    ),
    "multiprocessing": (
        "import multiprocessing as m\ndef f(x): return x * x\n"
        "if __name__ == '__main__':\n    with m.Pool(4) as p: print(p.map(f, range(5)))",
        "[0, 1, 4, 9, 16]\n",
    ),
    "spawn": (
        "import multiprocessing as m\ndef f(q): q.put(7)\nif __name__ == '__main__':\n    m.set_start_method('spawn')\n"
        "    q = m.Queue(); p = m.Process(target=f, args=(q,)); p.start(); print(q.get()); p.join(); print(p.exitcode)",
        "7\n0\n",
    ),
    "terminate": (
        "import multiprocessing as m, time\np = m.Process(target=time.sleep, args=(60,)); p.start(); p.terminate(); p.join()\n"
        "print(p.exitcode)",
        "-15\n",
    ),
    "shared-memory": (
        "from multiprocessing.shared_memory import SharedMemory\n"
        "s = SharedMemory(create=True, size=4096); s.buf[0] = 7; t = SharedMemory(s.name); print(t.buf[0])\n"
        "t.close(); s.close(); s.unlink()",
        "7\n",
    ),
    "process-pool": (
        "from concurrent.futures import ProcessPoolExecutor\n"
        "if __name__ == '__main__':\n    with ProcessPoolExecutor(2) as p: print(list(p.map(abs, [-1, -2])))",
        "[1, 2]\n",
    ),
    "asyncio": (
        "import asyncio\nasync def f():\n    p = await asyncio.create_subprocess_exec('echo', 'hi', stdout=-1)\n"
        "    print((await p.communicate())[0], await asyncio.gather(*(asyncio.sleep(.01, i) for i in range(3))))\n"
        "asyncio.run(f())",
        "b'hi\\n' [0, 1, 2]\n",
    ),
    "asyncio-threads": (
        "import asyncio\nasync def f(): print(await asyncio.to_thread(lambda: 5))\nasyncio.run(f())",
        "5\n",
    ),
    "subprocess": (
        "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(1 + 1)'], capture_output=True).stdout)\n"
        "print(subprocess.run('echo $((2 + 3)) | cat', shell=True, capture_output=True, text=True).stdout)",
        "b'2\\n'\n5\n\n",
    ),
    "tempfile": (
        "import tempfile, os, shutil\nwith tempfile.TemporaryDirectory() as d:\n    p = os.path.join(d, 'x'); open(p, 'w').write('y')\n"
        "    shutil.copy(p, 'z'); shutil.move('z', 'w'); print(open('w').read(), os.path.exists(p))\nprint(os.path.exists(d))",
        "y True\nFalse\n",
    ),
    "sqlite": (
        "import sqlite3\nc = sqlite3.connect('a.db'); c.execute('create table t(x)'); c.execute('insert into t values(3)')\n"
        "c.commit(); print(c.execute('select * from t').fetchall())",
        "[(3,)]\n",
    ),
    "recursion": (
        "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(100000))",
        "100000\n",
    ),
    "recursion-in-c": (
        "import sys, functools\nsys.setrecursionlimit(10**6)\n@functools.lru_cache(None)\n"
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(100000))",
        "100000\n",
    ),
    "recursion-just-below-the-default": (
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(995))\n",
        "995\n",
    ),
    "hash-seed": (
        "print(hash('proctor') == hash('proctor'), list({'b', 'a', 'c'}) == list({'b', 'a', 'c'}))",
        "True True\n",
    ),
    "timezone": ("import time; print(time.tzname[0], time.localtime(0).tm_hour)", "UTC 0\n"),
    "alarm-handler": (
        "import signal\ndef h(*a): raise TimeoutError\nsignal.signal(signal.SIGALRM, h); signal.setitimer(signal.ITIMER_REAL, .05)\n"
        "try:\n    for i in range(10**9): x = i\nexcept TimeoutError: print('alarm')",
        "alarm\n",
    ),
    "random-differs": (
        "import os, random\nr, w = os.pipe()\nif os.fork() == 0:\n    os.write(w, str(random.random()).encode()); os._exit(0)\n"
        "os.wait(); print(os.read(r, 99).decode() != str(random.random()))",
        "True\n",
    ),
    "cpu-count": ("import os; print(os.cpu_count() >= 1, len(os.sched_getaffinity(0)) >= 1)", "True True\n"),
    "dataclass": ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(P(3))", "P(x=3)\n"),
    "getsource": ("import inspect\ndef f(): return 42\nprint(inspect.getsource(f))", "def f(): return 42\n\n"),
    "annotations": ("x: int = 3\nprint(__annotations__)", "{'x': <class 'int'>}\n"),
    "user": ("import getpass, os; print(getpass.getuser() != '', os.getuid() != 0)", "True True\n"),
}


#: Tiers A and U have no /dev/shm on a machine that others use too, and so no locks of multiprocessing.
NEEDS_SHM = {"multiprocessing", "spawn", "shared-memory", "process-pool"}


@pytest.mark.parametrize("name", ODDITIES)
def test_honest_oddity_works(run: Runner, kind: Kind, name: str) -> None:
    source, expected = ODDITIES[name]
    if kind.name in ("namespace", "attached-U") and kind.tier != "B" and name in NEEDS_SHM:
        assert run(source).exit_code == 1  # a documented exception: refused, not hung
        return
    assert run.output(source, b"in\n") == expected


EXITS = {
    "exit-3": ("exit(3)", 3, b""),
    "exit-text": ("import sys; sys.exit('bad')", 1, b"bad\n"),
    "os-exit": ("import os; os._exit(7)", 7, b""),
    "exit-256": ("import sys; sys.exit(256)", 0, b""),
    "terminated": ("import os, signal; os.kill(os.getpid(), signal.SIGTERM); print('alive')", None, b""),
    "alarmed": (
        "import signal, time; signal.setitimer(signal.ITIMER_REAL, .05); time.sleep(5); print('alive')",
        None,
        b"",
    ),
    "aborted": ("import os; os.abort()", None, b""),
    "segfault": ("import ctypes; ctypes.string_at(0)", None, b""),
}


@pytest.mark.parametrize("name", EXITS)
def test_exit_is_told(run: Runner, name: str) -> None:
    source, status, stderr = EXITS[name]
    ran = run(source)
    assert ran.stopped is None
    assert ran.stdout == b""
    if status is None:
        assert ran.signal is not None or (ran.exit_code or 0) > 128
    else:
        assert (ran.exit_code, ran.stderr) == (status, stderr)


def test_input_at_end_of_file_raises(run: Runner) -> None:
    ran = run("input()")
    assert ran.exit_code == 1
    assert ran.stderr.endswith(b"EOFError: EOF when reading a line\n")


def test_traceback_shows_the_program_alone(run: Runner) -> None:
    ran = run("def f():\n    1 / 0\nf()")
    text = ran.stderr.decode()
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.count('File "') == 2
    assert "1 / 0" in text
    assert "proctor" not in text


def test_argv_and_files(run: Runner) -> None:
    source = "import sys; from pkg.mod import x; open('out/r', 'wb').write(open('in.bin', 'rb').read()); print(sys.argv[1:], x)"
    ran = run(
        "import os; os.mkdir('out')\n" + source,
        argv=["a", "é"],
        files={"in.bin": b"\x00\xff", "pkg/mod.py": b"x = 5"},
        fetch=["out/r", "missing", "../../etc/passwd" if False else "nothing/there"],
    )
    assert ran.stdout.decode() == "['a', 'é'] 5\n"
    assert ran.files == {"out/r": b"\x00\xff"}


def test_fetched_are_regular_files_of_the_sample_alone(run: Runner) -> None:
    source = """
import os
os.symlink('/etc/passwd', 'link'); os.symlink('/etc', 'folder'); os.mkfifo('fifo') if hasattr(os, 'mkfifo') else None
open('plain', 'w').write('ok'); os.link('plain', 'second'); os.mkdir('dir')
with open('huge', 'wb') as f: f.truncate(1 << 40) if False else None
"""
    ran = run(source, fetch=["link", "folder/passwd", "fifo", "plain", "dir", "/etc/passwd" if False else "none"])
    assert ran.files == {}


def test_compile_once_run_many(session: Session) -> None:
    program = session.program("python", b"import os\nprint(input(), os.listdir('.'))\nopen('x', 'w')", LIMITS, cases=3)
    assert program.failed is None
    outputs = [program.run(f"{i}\n".encode()).stdout for i in range(3)]
    program.close()
    assert outputs == [b"0 []\n", b"1 []\n", b"2 []\n"]


def test_cases_cost_no_interpreter_starts(session: Session) -> None:
    """An interpreter that was started anew would have its types elsewhere: the kernel places each at random."""
    program = session.program("python", b"import sys\nprint(id(int), id(sys.modules))", LIMITS, cases=10)
    assert program.failed is None
    outputs = {program.run(b"").stdout for _ in range(10)}
    program.close()
    assert len(outputs) == 1


def failure(session: Session, program: Program) -> Ran:
    """The account of a program that does not compile: before its first case, or in it where each case is alone."""
    if session.hello.tier == "U":
        assert program.failed is None
        return program.run()
    assert program.failed is not None
    return program.failed


@pytest.mark.parametrize("source", [b"print('a'", b"\xff\xfe", b"x = '\x00'", b"(" * 5000, b"def f(:\n"])
def test_what_does_not_compile_never_runs(session: Session, source: bytes) -> None:
    assert failure(session, session.program("python", source, LIMITS, cases=2)).compile_error
    single = session.program("python", source, LIMITS)
    assert single.failed is None
    ran = single.run()
    single.close()
    assert ran.compile_error
    assert ran.exit_code != 0


def test_a_compile_bomb_is_a_compile_error(session: Session) -> None:
    source = b"x = 2 ** (10 ** 9) if 0 else (" + b"(1," * 1 + b")" * 1 + b")\ny = (1 << 60000) " + b"* 1" * 3
    program = session.program(
        "python", b"x = " + b"-" * 3_000_000 + b"1", LIMITS.model_copy(update={"compile_s": 1}), cases=2
    )
    assert failure(session, program).compile_error
    assert source


def test_source_in_another_encoding(session: Session) -> None:
    program = session.program("python", "# coding: latin-1\nprint('é')".encode("latin-1"), LIMITS)
    assert program.run().stdout.decode() == "é\n"
    program.close()
