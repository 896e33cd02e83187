"""Go: what is read of a candidate's functions, and what of it may reach the tests' program."""

from __future__ import annotations

import time

import pytest

from proctor.errors import TestsInvalid
from proctor.judge.native import go
from proctor.judge.native.harness import CannotCross
from proctor.wire import ScriptTests

TEST = "func TestF(t *testing.T) {\n\tassert := assert.New(t)\n\tassert.Equal(1, F(1))\n}\n"


@pytest.mark.parametrize(
    ("source", "parameters", "results"),
    [
        ("func F(a int) int { return a }", ("int",), ("int",)),
        ("func F(a, b int, c ...string) (x int, err error) {}", ("int", "int", "...string"), ("int", "error")),
        ("func F(a []float64,b [2]int) interface{}{", ("[]float64", "[2]int"), ("interface{}",)),
        ("func F(m map[string][]int) (map[int]bool, error) {", ("map[string][]int",), ("map[int]bool", "error")),
        ("func F() {", (), ()),
        ("func F(a *int, grid [][]rune) [] string {", ("*int", "[][]rune"), ("[]string",)),
        ("func F(int, string) bool {", ("int", "string"), ("bool",)),
    ],
)
def test_signatures(source: str, parameters: tuple[str, ...], results: tuple[str, ...]) -> None:
    (found,) = go.functions(f"package main\n\n{source}\n}}\n")
    assert (found.parameters, found.results, found.why) == (parameters, results, None)


@pytest.mark.parametrize(
    "source",
    [
        "func F(a Tree) int {}",
        "func F(f func(int) int) int {}",
        "func F(a chan int) int {}",
        "func G() int { return 1 }",
        "type T struct{}\nfunc (t T) F(a int) int { return 1 }",
    ],
)
def test_what_cannot_cross_is_the_candidates_failure(source: str) -> None:
    with pytest.raises(CannotCross):
        go.assemble(source, ScriptTests(kind="script", code=TEST))


@pytest.mark.parametrize(
    "tests", ["", "package main", "// func TestF(t *testing.T) {}", "func helper() {}", '"func TestF(t *testing.T)"']
)
def test_no_test_is_no_pass(tests: str) -> None:
    with pytest.raises(TestsInvalid):
        go.assemble("func F(a int) int { return a }", ScriptTests(kind="script", code=tests))


def test_programs_have_only_their_own() -> None:
    made = go.assemble("// secret\nfunc F(a int) int { return a }", ScriptTests(kind="script", code=TEST))
    tests = b"".join([made.tests.source, *made.tests.files.values()]).decode()
    candidate = b"".join([made.candidate.source, *made.candidate.files.values()]).decode()
    assert "secret" not in tests
    assert "assert.Equal" not in candidate
    assert '{Name: "TestF", F: TestF}' in tests
    assert 'import "testing"' in tests
    assert "github.com/stretchr/testify/assert/assert.go" in made.tests.files
    assert "func main() {}" in candidate


def test_imports_of_one_file_serve_both() -> None:
    code = 'import (\n\t"math"\n\t"time"\n)\nfunc F(a int) int { return int(math.Abs(strings.Count("a", "b"))) }'
    tests = 'package main\nimport (\n\t"testing"\n\t"strings"\n)\n' + TEST.replace("F(1)", "F(time.Now().Day())")
    made = go.assemble(code, ScriptTests(kind="script", code=tests))
    source = made.candidate.source.decode()
    assert 'import "strings"' in source
    assert '_ "time"' in source
    written = made.tests.files["tests.go"].decode()
    assert 'import "time"' in written
    assert '"strings"' not in written


def test_a_part_of_a_file_gets_the_imports_it_uses() -> None:
    part = 'import "strings"\nfunc F(a int) int { return int(math.Abs(float64(a))) }'
    source = go.assemble(part, ScriptTests(kind="script", code=TEST)).candidate.source.decode()
    assert 'import "math"' in source
    assert '_ "strings"' in source
    whole = go.assemble("package main\n" + part, ScriptTests(kind="script", code=TEST)).candidate.source.decode()
    assert whole == "package main\n" + part


@pytest.mark.parametrize("piece", ["/*", '"\\', "`", "'", "func F(", "func F(a (", 'import "', "{", "\\"])
def test_hostile_text_is_read_in_time(piece: str) -> None:
    began = time.process_time()
    text = piece * (300_000 // len(piece))
    go.functions(text)
    try:
        go.assemble(text, ScriptTests(kind="script", code=TEST))
    except CannotCross:
        pass
    assert time.process_time() - began < 20  # a quadratic reading takes many minutes
