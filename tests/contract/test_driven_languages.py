"""JavaScript, TypeScript, Java and Bash: programs, and tests that call functions by a driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from proctor.judge.outcome import Outcome
from proctor.judge.run import judge
from proctor.judge.unit import Unit
from proctor.sandbox.docker import DockerProvider
from proctor.settings import Settings
from proctor.wire import Limits, TestsAdapter

pytestmark = pytest.mark.docker

LIMITS = Limits(
    cpu_s=5, wall_s=40, memory_mib=256, output_kib=256, processes=32, disk_mib=32, compile_s=20, sample_wall_s=60
)
_SUM = ("1 2\n", "3\n")


@dataclass(frozen=True)
class Program:
    """A program that reads and prints. case: stdin, stdout."""

    language: str
    name: str
    code: str
    verdict: str
    case: tuple[str, str] = _SUM


@dataclass(frozen=True)
class Function:
    """Code with an entry point. case: arguments, expected."""

    language: str
    name: str
    code: str
    case: tuple[list[Any], Any]
    verdict: str = "passed"
    entry_point: str = "f"


_READ = "require('fs').readFileSync(0, 'utf8').trim().split(' ').map(Number)"
_MAIN = "public class %s { public static void main(String[] args) { %s } }"
_SCAN = "java.util.Scanner in = new java.util.Scanner(System.in); System.out.println(in.nextInt() + in.nextInt());"
PROGRAMS = [
    Program("javascript", "commonjs", f"const [a, b] = {_READ}; console.log(a + b);", "passed"),
    Program(
        "javascript",
        "module",
        "import fs from 'fs'; const [a, b] = fs.readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b);",
        "passed",
    ),
    Program("javascript", "wrong", "console.log(4)", "wrong_answer"),
    Program("javascript", "throws", "throw new Error('no')", "runtime_error"),
    Program("javascript", "no syntax", "function (", "compile_error"),
    Program("javascript", "endless", "for (;;) ;", "time_limit"),
    Program("javascript", "memory", "const a = []; for (;;) a.push(new Array(1e6).fill(7));", "memory_limit"),
    Program(
        "typescript",
        "enum and import",
        "import * as fs from 'fs'; enum K { A = 1 }\n"
        "const [a, b]: number[] = fs.readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b * K.A);",
        "passed",
    ),
    Program("typescript", "top-level await", "const x: number = await Promise.resolve(3);\nconsole.log(x);", "passed"),
    Program("typescript", "no syntax", "const x: = 3", "compile_error"),
    Program("java", "Main", _MAIN % ("Main", _SCAN), "passed"),
    Program("java", "any public name", _MAIN % ("Foo", _SCAN), "passed"),
    Program("java", "a package", "package a.b;\n" + _MAIN % ("Foo", _SCAN), "passed"),
    Program("java", "types", _MAIN % ("Main", "int x = null;"), "compile_error"),
    Program("java", "throws", _MAIN % ("Main", "throw new IllegalStateException();"), "runtime_error"),
    Program("java", "no main", "class Main { }", "runtime_error"),
    Program(
        "java",
        "memory",
        _MAIN % ("Main", "var a = new java.util.ArrayList<int[]>(); while (true) a.add(new int[1 << 20]);"),
        "memory_limit",
    ),
    Program("bash", "sum", "read a b; echo $((a + b))", "passed"),
    Program("bash", "fails", "exit 3", "runtime_error"),
]
_REVERSE = "ListNode p = null; while (h != null) { ListNode n = h.next; h.next = p; p = h; h = n; } return p;"
FUNCTIONS = [
    Function("javascript", "arrow", "const f = (a, b) => a + b;", ([1, 2], 3)),
    Function(
        "javascript", "exported", "module.exports = { f: (m) => new Map([[m.k, [1]]]) };", ([{"k": "a"}], {"a": [1]})
    ),
    Function("javascript", "method", "class Solution { f(x) { return x * 2; } }", ([2], 4)),
    Function("javascript", "awaited", "async function f(x) { return await x; }", ([7], 7)),
    Function("javascript", "big", "const f = (x) => x + 1n;", ([2**70], 2**70 + 1)),
    Function("javascript", "throws", "function f() { throw new Error('no'); }", ([1], 1), "runtime_error"),
    Function("javascript", "exits", "function f() { process.exit(0); }", ([1], 1), "runtime_error"),
    Function("typescript", "typed", "function f(a: number[]): number { return a.length; }", ([[1, 2]], 2)),
    Function(
        "java",
        "containers",
        "class Solution { int f(Map<String, List<Integer>> m, char c, long[] a) "
        '{ return m.get("k").get(0) + c + (int) a[1]; } }',
        ([{"k": [1]}, "a", [0, 2]], 100),
    ),
    Function(
        "java", "nodes", f"class Solution {{ ListNode f(ListNode h) {{ {_REVERSE} }} }}", ([[1, 2, 3]], [3, 2, 1])
    ),
    Function("java", "does not fit", "class Solution { int f(int x) { return x; } }", ([2**40], 1), "runtime_error"),
    Function(
        "java", "exits", "class Solution { int f(int x) { System.exit(0); return x; } }", ([1], 1), "runtime_error"
    ),
]


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerProvider]:
    made = DockerProvider(Settings(min_tier="B"), tier="B")
    try:
        yield made
    finally:
        made.close()


def outcome(provider: DockerProvider, language: str, code: str, tests: dict[str, Any]) -> Outcome:
    session = provider.session(language)
    try:
        return judge(Unit(language, code, TestsAdapter.validate_python(tests), LIMITS, "first_failure"), session)
    finally:
        provider.give_back(session)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: f"{p.language}-{p.name}")
def test_programs(program: Program, docker: DockerProvider) -> None:
    stdin, stdout = program.case
    tests = {"kind": "stdio", "cases": [{"stdin": stdin, "stdout": stdout}]}
    found = outcome(docker, program.language, program.code, tests)
    assert found.verdict.value == program.verdict, found


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f"{f.language}-{f.name}")
def test_functions(function: Function, docker: DockerProvider) -> None:
    args, expected = function.case
    tests = {
        "kind": "function",
        "entry_point": function.entry_point,
        "cases": [{"args": args, "expected": expected}],
    }
    found = outcome(docker, function.language, function.code, tests)
    assert found.verdict.value == function.verdict, found
