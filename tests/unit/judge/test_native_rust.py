"""Rust: what is read of a candidate's functions, and what of it may reach the tests' program."""

from __future__ import annotations

import time

import pytest

from proctor.errors import TestsInvalid
from proctor.judge.native import rust
from proctor.judge.native.harness import CannotCross
from proctor.wire import ScriptTests
from proctor_supervisor.languages.rust import TEST_HARNESS

TEST = "#[cfg(test)]\nmod tests {\n use super::*;\n #[test]\n fn works() { assert_eq!(f(1), 1); }\n}\n"


@pytest.mark.parametrize(
    ("source", "parameters", "result"),
    [
        ("fn f(a:i32, mut b: u8) -> i32{ a }", ("i32", "u8"), "i32"),
        ("pub fn f(s: &str) -> String {", ("& str",), "String"),
        ("fn f(v: &mut Vec<i32>) {", ("& mut Vec < i32 >",), "()"),
        ("fn f<'a>(s: &'a str) -> &'a str {", ("& 'a str",), "& 'a str"),
        (
            "type Grid = Vec<Vec<i32>>;\nfn f(g: Grid) -> Option<(i32, char)> {",
            ("Vec < Vec < i32 > >",),
            "Option < ( i32 , char ) >",
        ),
        ("fn f(values: Vec<Box<dyn Any>>) -> [i32; 3] {", ("Vec < Box < dyn Any > >",), "[ i32 ; 3 ]"),
        (
            "fn f(m: std::collections::HashMap<String, i32>) -> bool where i32: Copy {",
            ("HashMap < String , i32 >",),
            "bool",
        ),
    ],
)
def test_signatures(source: str, parameters: tuple[str, ...], result: str) -> None:
    (found,) = rust.functions(f"use std::any::Any;\n{source} }}\n")
    assert (found.parameters, found.result, found.why) == (parameters, result, None)


@pytest.mark.parametrize(
    "source",
    [
        "fn f<T: Copy>(a: T) -> T { a }",
        "struct S;\nfn f(a: S) -> i32 { 1 }",
        "fn f(a: impl Fn(i32) -> i32) -> i32 { 1 }",
        "mod inner { pub fn f(a: i32) -> i32 { 1 } }",
        "// fn f(a: i32) -> i32 { 1 }",
        "struct All;\nfn f(a: i32) -> All { All }",
    ],
)
def test_what_cannot_cross_is_the_candidates_failure(source: str) -> None:
    with pytest.raises(CannotCross):
        rust.assemble(source, ScriptTests(kind="script", code=TEST))


@pytest.mark.parametrize(
    "tests",
    [
        "",
        "// #[test] fn a() {}",
        "#[cfg(test)]\nmod tests { /* #[test] fn a() {} */ }",
        'const A: &str = "#[test]"; #[cfg(test)] mod t {}',
    ],
)
def test_no_test_is_no_pass(tests: str) -> None:
    with pytest.raises(TestsInvalid):
        rust.assemble("fn f(a: i32) -> i32 { a }", ScriptTests(kind="script", code=tests))


def test_programs_have_only_their_own() -> None:
    made = rust.assemble("// secret\nmacro_rules! assert_eq { ($($x:tt)*) => {} }\nfn f(a: i32) -> i32 { a }",
                         ScriptTests(kind="script", code=TEST))  # fmt: skip
    tests = made.tests.source.decode()
    assert "secret" not in tests
    assert "macro_rules! assert_eq" not in tests
    assert "assert_eq!(f(1), 1)" not in made.candidate.source.decode()
    assert TEST_HARNESS in made.tests.files
    assert made.candidate.files == {}


def test_plain_statements_are_a_main() -> None:
    made = rust.assemble("fn f(a: i32) -> i32 { a }", ScriptTests(kind="script", code="assert_eq!(f(1), 1);"))
    assert "fn main() {\nassert_eq!(f(1), 1);\n}" in made.tests.source.decode()
    assert made.tests.files == {}


@pytest.mark.parametrize("piece", ["/*", '"\\', "'", 'r#"', "fn f(", "fn f<", "type a = ", "{", "\\", "->"])
def test_hostile_text_is_read_in_time(piece: str) -> None:
    began = time.process_time()
    rust.functions(piece * (300_000 // len(piece)))
    assert time.process_time() - began < 20  # a quadratic reading takes many minutes
