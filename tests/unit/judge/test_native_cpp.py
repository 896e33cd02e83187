"""C++: what is read of a candidate's functions, and what of it may reach the tests' program."""

from __future__ import annotations

import time

import pytest

from proctor.errors import TestsInvalid
from proctor.judge.native import cpp
from proctor.judge.native.cpp_signatures import Parameter, functions
from proctor.judge.native.harness import CannotCross
from proctor.wire import ScriptTests
from proctor_supervisor.languages.cpp_text import macros


def signature(source: str) -> tuple[str | None, list[tuple[str, str]]]:
    (found,) = functions(source)
    return found.result, [(p.type, p.by) for p in found.parameters]


@pytest.mark.parametrize(
    ("source", "result", "parameters"),
    [
        ("int f(int a, int b) { return a; }", "int", [("int", "value"), ("int", "value")]),
        ("bool f(){ return 1; }", "bool", []),
        ("int f(void) { return 1; }", "int", []),
        ("std::string f(const std::string& s) { return s; }", "std::string", [("std::string", "const")]),
        ("using namespace std;\nvector<int> f(vector<int>&v){return v;}", "std::vector < int >",
         [("std::vector < int >", "reference")]),
        ("unsigned long long f(unsigned x) {}", "unsigned long long", [("unsigned", "value")]),
        ("typedef long long ll;\nll f(ll n) {}", "long long", [("long long", "value")]),
        ("#define ll long long\nll f(ll n) {}", "long long", [("long long", "value")]),
        ("using P = std::pair<int, std::string>;\nP f(std::map<int, P> m) {}",
         "std::pair < int , std::string >",
         [("std::map < int , std::pair < int , std::string > >", "value")]),
        ("static inline int f(int (x)) {}", None, []),
        ("int f(std::vector<int>&& v) {}", "int", [("std::vector < int >", "rvalue")]),
        ("// int g(int x) {\nint f(char c = 'x') {}", "int", [("char", "value")]),
    ],
)  # fmt: skip
def test_signatures(source: str, result: str | None, parameters: list[tuple[str, str]]) -> None:
    if result is None:
        assert functions(source) == []
    else:
        assert signature(source) == (result, parameters)


@pytest.mark.parametrize(
    "source",
    [
        "struct S { int x; };\nS f(int a) { return {}; }",
        "int f(int *a) { return 0; }",
        "auto f(int a) { return a; }",
        "template <class T> T f(T a) { return a; }",
        "int f(std::function<int(int)> g) { return 0; }",
        "struct Yes { template <class T> bool operator==(const T&) const { return true; } };\nYes f(int a) { return {}; }",  # noqa: E501
    ],
)
def test_what_cannot_cross_is_the_candidates_failure(source: str) -> None:
    with pytest.raises(CannotCross):
        cpp.assemble(source, ScriptTests(kind="script", code="int main() { assert(f(1) == 1); }"))


def test_only_types_of_the_candidate_reach_the_tests() -> None:
    code = "#define assert(x)\n#define int long\ntypedef long V; int f(V secret_name = 3) { return 1; } // hello\n"
    made = cpp.assemble(code, ScriptTests(kind="script", code="assert(f(1) == 1);"))
    text = made.tests.source.decode()
    assert "secret_name" not in text
    assert "hello" not in text
    assert "#define assert" not in text
    assert "long f(long a0 = 3)" in text
    assert "int main() {\nassert(f(1) == 1);\n}" in text
    assert "assert(f(1)" not in made.candidate.source.decode()


def test_default_values_are_literals_or_none() -> None:
    (found,) = functions("int f(int a = 1, int b = -2, bool c = kMost, int d = 0x) {}")
    assert [p.default for p in found.parameters] == ["1", "-2", None, None]
    assert found.parameters[0] == Parameter("int", "value", "1")


def test_c_names_are_told_apart() -> None:
    text = cpp.assemble(
        "int strlen(std::string s) { return 1; }", ScriptTests(kind="script", code='assert(strlen("") == 1);')
    )
    assert "#define strlen proctor_call_strlen" in text.tests.source.decode()


def test_macros_end_with_the_candidates_source() -> None:
    assert macros("#define A 1\n  # define B(x) x\n#define C \\\n 2") == ["A", "B", "C"]


def test_tests_without_text_are_invalid() -> None:
    with pytest.raises(TestsInvalid):
        cpp.assemble("int f() { return 1; }", ScriptTests(kind="script", code=" \n"))


@pytest.mark.parametrize(
    "piece", ["/*", '"\\', "'", "int f(", "typedef a ", "using a = ", "#define x \\\n", "{", "a<", "\\"]
)
def test_hostile_text_is_read_in_time(piece: str) -> None:
    began = time.process_time()
    functions(piece * (400_000 // len(piece)))
    assert time.process_time() - began < 20  # a quadratic reading takes many minutes
