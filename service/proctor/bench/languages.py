"""Each language over HTTP, against a bare loop that compiles and runs the same programs in the same image.

Both in turn, as many at a time as there are cores, each round with programs that neither has seen. The bare loop takes
the plain commands (`g++ -O2`, `javac` and `java`, `node`) and has no isolation, no limits and no service around it.
The last rows: programs for the first time, and again with other cases, when what compiling left is found.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources

import httpx

from proctor.bench.bare import PARALLEL, python
from proctor.bench.language_programs import PROGRAMS
from proctor.bench.problems import all_passed
from proctor.bench.row import Options, Row
from proctor.bench.service import Service, serve
from proctor.sandbox.families import image_name
from proctor.settings import get_settings
from proctor_supervisor.languages.table import COMMANDED, family

CASES = 10
#: One bare loop, and the container that all loops of a language run in, at most.
_BARE_S, _LIFE_S = 600, 3600

#: (language, sources, number of cases) → seconds.
Loop = Callable[[str, list[str], int], float]
_salts = itertools.count(1)


def measure(options: Options) -> list[Row]:
    """Programs per second, ours and theirs in turn, of each language that is served; then what is kept of compiling."""
    rows = []
    with serve("--workers", str(PARALLEL), "--sandbox", options.provider) as service:
        served = httpx.get(f"{service.base}/v1/info", timeout=60).json()["languages"]
        found = [language for language in PROGRAMS if language in served]
        for language in found:
            with _bare(language, options.provider) as loop:
                _ours(service, language, _sources(language, PARALLEL), 1)  # its sandboxes start
                rows += [_side_by_side(service, loop, language, cases, options.quick) for cases in (1, CASES)]
    with serve("--workers", "1", "--sandbox", options.provider) as service:
        rows += [_again(service, language, options.quick) for language in found if COMMANDED[language].artifacts]
    return rows


def _side_by_side(service: Service, loop: Loop, language: str, cases: int, quick: bool) -> Row:
    count, rounds = ((1 if cases > 1 else 2) * PARALLEL, 1) if quick else (6 * PARALLEL, 3)
    pairs = []
    for _ in range(rounds):
        ours = _ours(service, language, _sources(language, count), cases)
        pairs.append((ours, count / loop(language, _sources(language, count), cases)))
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    figures = "; ".join(f"{ours:.2f} and {bare:.2f}" for ours, bare in pairs)
    return Row(f"{language}, {cases} case{'s' * (cases > 1)}: ours and bare, programs/s", f"{figures}: {ratio:.2f} ×")


def _again(service: Service, language: str, quick: bool) -> Row:
    sources = _sources(language, 2 if quick else 12)
    _ours(service, language, _sources(language, 1), 1)  # its sandbox starts
    first = _ours(service, language, sources, 1)
    again = statistics.median(_ours(service, language, sources, 1, shift=i + 1) for i in range(1 if quick else 3))
    figure = f"{first:.2f} and {again:.2f}: {again / first:.1f} ×"
    return Row(f"{language}, one worker: for the first time and again, programs/s", figure)


def _sources(language: str, count: int) -> list[str]:
    """Programs that nobody has seen."""
    return [PROGRAMS[language].salted(next(_salts)) for _ in range(count)]


def _cases(count: int, shift: int = 0) -> list[tuple[str, str]]:
    """Standard input and output."""
    return [(f"{i + shift} {i + 1} 3\n", f"{(i + shift) ** 2 + (i + 1) ** 2 + 9}\n") for i in range(count)]


def _ours(service: Service, language: str, sources: list[str], cases: int, shift: int = 0) -> float:
    """Programs per second over HTTP."""
    tests = {"kind": "stdio", "cases": [{"stdin": i, "stdout": o} for i, o in _cases(cases, shift)]}
    batch = [{"language": language, "completion": source, "tests": "squares"} for source in sources]
    started = time.perf_counter()
    answer = service.score(batch, tests={"squares": tests})
    taken = time.perf_counter() - started
    all_passed(answer)
    return len(sources) / taken


@contextmanager
def _bare(language: str, provider: str) -> Iterator[Loop]:
    """A bare loop, in a container of the language's image or on this host, as the provider has it."""
    text = (resources.files("proctor.bench") / "bare_loop.py").read_text("utf-8")
    if provider != "docker":
        yield lambda *what: _run([python(), "-c", text], *what)
        return
    image = image_name(get_settings(), family(language))
    start = ["docker", "run", "-d", "--rm", "--network", "none", "--tmpfs", "/tmp:exec,mode=1777"]
    started = subprocess.run(
        [*start, "--entrypoint", "sleep", str(image), str(_LIFE_S)], capture_output=True, text=True, check=True
    )
    container = started.stdout.strip()
    try:
        yield lambda *what: _run(["docker", "exec", "-i", container, "python3", "-c", text], *what)
    finally:
        subprocess.run(["docker", "kill", container], capture_output=True, check=False)


def _run(command: list[str], language: str, sources: list[str], cases: int) -> float:
    plain = PROGRAMS[language]
    spec = {
        "sources": sources,
        "name": plain.name,
        "compile": plain.compile,
        "run": plain.run,
        "cases": _cases(cases),
        "parallel": PARALLEL,
    }
    ran = subprocess.run(command, input=json.dumps(spec), capture_output=True, text=True, timeout=_BARE_S, check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"the bare loop in {language} failed: {ran.stderr[-300:]}")
    return float(ran.stdout)
