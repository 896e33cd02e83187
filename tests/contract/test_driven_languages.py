"""JavaScript, TypeScript, Java and Bash: programs; and, with C++, tests that call functions by a driver."""

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
from proctor.wire import Limits, TestsAdapter, Verdict

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
_DEEP = (
    'Thread t = new Thread(null, () -> System.out.println(d(1000000)), "", 1 << 28); t.start(); }'
    " static int d(int n) { return n == 0 ? 0 : 1 + d(n - 1);"
)
_DESCRIPTORS = """mapfile -t a < <(sort -n /dev/fd/0); echo "${a[@]}"
paste -d, <(echo 1) <(echo 4); comm -12 <(seq 2) <(seq 2 3); (cat < <(cat <(echo deep)))
seq 3 | tee >(cat > /dev/stderr) | tail -n 1; echo out > /dev/stdout
"""
_DESCRIBED = ("3\n1\n2\n", "1 2 3\n1,4\n2\ndeep\n3\nout\n")
PROGRAMS = [
    Program("javascript", "commonjs", f"const [a, b] = {_READ}; console.log(a + b);", "passed"),
    Program(
        "javascript",
        "module",
        "import fs from 'fs'; const [a, b] = fs.readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b);",
        "passed",
    ),
    Program("javascript", "wrong", "console.log(4)", "wrong_answer"),
    Program(
        "javascript",
        "asserts",
        f"const [a, b] = {_READ}; console.assert(a < b, 'order'); console.log(a + b);",
        "passed",
    ),
    Program("javascript", "failed assertion", "console.log(3); console.assert(1 === 2);", "wrong_answer"),
    Program("typescript", "failed assertion", "console.log(3); console.assert(false, 'no');", "wrong_answer"),
    Program(
        "javascript", "deep recursion", "const d = (n) => n ? 1 + d(n - 1) : 0; console.log(d(3e5) / 1e5);", "passed"
    ),
    Program("javascript", "recursion without end", "(function f() { f(); })();", "runtime_error"),
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
    Program(
        "java", "main of an interface", "interface Foo { static void main(String[] args) { " + _SCAN + " } }", "passed"
    ),
    Program("java", "a deep stack of its own", _MAIN % ("Main", _DEEP), "passed", ("", "1000000")),
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
    Program("bash", "bc", 'read a b; echo "$a + $b" | bc', "passed"),
    Program("bash", "descriptors by name", _DESCRIPTORS, "passed", _DESCRIBED),
    Program("javascript", "/dev/stdout", "require('fs').writeFileSync('/dev/stdout', '3\\n');", "passed"),
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
    Function(
        "typescript",
        "nodes",
        "function f(h: ListNode | null): ListNode | null {\n  let p: ListNode | null = null;\n"
        "  while (h) { const n = h.next; h.next = p; p = h; h = n; }\n  return p;\n}",
        ([[1, 2, 3]], [3, 2, 1]),
    ),
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


_NESTED = "#include <map>\n#include <string>\n#include <vector>\n#include <optional>\nusing namespace std;\n"
_CPP = [
    Function("cpp", "plain", "int f(int a, int b) { return a + b; }", ([1, 2], 3)),
    Function("cpp", "wrong", "int f(int a, int b) { return a - b; }", ([1, 2], 3), "wrong_answer"),
    Function(
        "cpp",
        "containers",
        _NESTED + "map<int, vector<string>> f(const map<string, vector<char>>& m, optional<double> x)"
        ' { return {{m.at("k").size(), {string(1, m.at("k")[1]), x ? "x" : "none"}}}; }',
        ([{"k": ["a", "b"]}, None], {"2": ["b", "none"]}),
    ),
    Function(
        "cpp",
        "keys of JSON",
        "long long f(map<int, long long> m, pair<int, bool> p, tuple<string, double> t, set<int> s)"
        " { return m[3] + p.first + p.second + get<1>(t) + *s.begin(); }",
        ([{"3": 2**40}, [1, True], ["", 2.0], {"$py": "{7}"}], 2**40 + 11),
    ),
    Function("cpp", "unicode", "string f(string s) { return s + s; }", (["é\ud800\n"], "é\ud800\né\ud800\n")),
    Function("cpp", "no text", 'string f(int) { return "\\xff\\xfe"; }', ([1], "?"), "wrong_answer"),
    Function("cpp", "float", "float f(float x) { return x; }", ([0.1], 0.1)),
    Function("cpp", "no number", "double f(double x) { return 0 / x * 0; }", ([0.0], float("nan"))),
    Function("cpp", "whole number", "int f(int x) { return x; }", ([3.0], 3)),
    Function("cpp", "does not fit", "int f(int x) { return x; }", ([2**40], 2**40), "runtime_error"),
    Function(
        "cpp", "method", "class Solution {\npublic:\n  int f(vector<int>& v) { return v.back(); }\n};", ([[1, 2]], 2)
    ),
    Function(
        "cpp",
        "class and method",
        "class Box { int n; public: Box(int n = 40) : n(n) {} int f(int x) const noexcept { return n + x; } };",
        ([2], 42),
        entry_point="Box.f",
    ),
    Function(
        "cpp",
        "nodes",
        "class Solution { public: ListNode* f(ListNode* h) { ListNode* p = nullptr; while (h) { auto* n = h->next;"
        " h->next = p; p = h; h = n; } return p; } };",
        ([[1, 2, 3]], [3, 2, 1]),
    ),
    Function(
        "cpp",
        "trees",
        "struct TreeNode { int val; TreeNode *left, *right; };\n"
        "TreeNode* f(TreeNode* t) { if (t) { swap(t->left, t->right); f(t->left); f(t->right); } return t; }",
        ([[1, 2, 3, None, 4]], [1, 3, 2, None, None, 4]),
    ),
    Function(
        "cpp", "overloads", "int f(int n, int& deep) { return ++deep; } int f(int n) { return f(n, n); }", ([1], 2)
    ),
    Function("cpp", "defaults", "int f(int n, vector<int> v = {1, 2}) { return n + v.size(); }", ([1], 3)),
    Function("cpp", "lambda", "auto f = [](const auto& x) { return x; };", ([1], 1), "compile_error"),
    Function("cpp", "closure", "auto f = [](const string& x) { return x.size(); };", (["abc"], 3)),
    Function(
        "cpp",
        "macros",
        "#include <bits/stdc++.h>\nusing namespace std;\n#define int long long\n#define size 7\n"
        "int f(int n) { return n * n; }\nsigned main() { cout << f(2); }",
        ([2**31], 2**62),
    ),
    Function("cpp", "throws", 'int f(int) { throw std::out_of_range("no"); }', ([1], 1), "runtime_error"),
    Function("cpp", "exits", "int f(int) { exit(0); }", ([1], 1), "runtime_error"),
    Function(
        "cpp", "memory", "char* last; int f(int) { for (;;) last = new char[1 << 20](); }", ([1], 1), "memory_limit"
    ),
    Function("cpp", "endless", "int f(int n) { for (volatile int i = 0;; i++); }", ([1], 1), "time_limit"),
    Function("cpp", "own type", "struct P { int x; }; P f(int x) { return {x}; }", ([1], 1), "compile_error"),
    Function("cpp", "absent", "int g(int x) { return x; }", ([1], 1), "compile_error"),
    Function("cpp", "complex argument", "int f(int x) { return x; }", ([{"$py": "1j"}], 1), "invalid"),
]


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerProvider]:
    made = DockerProvider(Settings(min_tier="B"), tier="B")
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("tier", ["B", "A"])
def test_temporary_files_in_java(tier: str) -> None:
    """/tmp is not a sample's own in every tier, and Java does not ask TMPDIR where to put them."""
    main = 'java.nio.file.Files.createTempFile("x", "").toFile().delete(); System.out.println(3);'
    tests = {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]}
    provider = DockerProvider(Settings(min_tier=tier), tier=tier)
    try:
        found = outcome(provider, "java", _MAIN.replace("{ %s }", "throws Exception { %s }") % ("Main", main), tests)
    finally:
        provider.close()
    assert found.verdict is Verdict.PASSED, found


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


@pytest.mark.parametrize("function", [*FUNCTIONS, *_CPP], ids=lambda f: f"{f.language}-{f.name}")
def test_functions(function: Function, docker: DockerProvider) -> None:
    args, expected = function.case
    tests = {
        "kind": "function",
        "entry_point": function.entry_point,
        "cases": [{"args": args, "expected": expected}],
    }
    found = outcome(docker, function.language, function.code, tests)
    assert found.verdict.value == function.verdict, found


@pytest.mark.parametrize("language", ["cpp", "java", "javascript"])
def test_no_node_is_an_empty_list_or_null(language: str, docker: DockerProvider) -> None:
    code = {
        "cpp": "class Solution { public: ListNode* f(ListNode* h) { return h; } };",
        "java": "class Solution { ListNode f(ListNode h) { return h; } }",
        "javascript": "/**\n * @param {ListNode} h\n * @return {ListNode}\n */\nvar f = function(h) { return h; };",
    }[language]
    cases = [{"args": [[]], "expected": []}, {"args": [[]], "expected": None}, {"args": [[1]], "expected": [1]}]
    found = outcome(docker, language, code, {"kind": "function", "entry_point": "f", "cases": cases})
    assert found.verdict is Verdict.PASSED, found


def test_a_function_may_be_named_as_a_word_of_the_language(docker: DockerProvider) -> None:
    """`get`, `set`, `of` and `async` are names like others, where the language gives them no meaning."""
    code = "function get(o, k) { return o[k]; }\nconst of = (x) => [x];"
    tests = "const m = new Map([[1, 2]]);\nfor (const x of of(1)) console.assert(get([0, m.get(x)], 1) === 2);"
    found = outcome(docker, "javascript", code, {"kind": "script", "code": tests})
    assert found.verdict is Verdict.PASSED, found


def test_an_argument_that_a_call_changed(docker: DockerProvider) -> None:
    tests = {
        "kind": "function",
        "entry_point": "f",
        "cases": [{"args": [[3, 1, 2]], "expected": [1, 2, 3], "result": "arg0"}],
    }
    right = outcome(docker, "cpp", "void f(vector<int>& v) { sort(v.begin(), v.end()); }", tests)
    copied = outcome(docker, "cpp", "void f(vector<int> v) { sort(v.begin(), v.end()); }", tests)
    assert (right.verdict, copied.verdict) == (Verdict.PASSED, Verdict.WRONG_ANSWER), (right, copied)
