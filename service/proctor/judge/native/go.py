"""Go: tests that call the candidate's functions, in a program of their own.

The candidate's package gets a server in its `init`, which is compiled last and so runs last. The tests' package gets a
stand-in for each function that the tests name, a `main` that runs the tests by name, and, where they want it, our own
small testify. Of the candidate's text there is nothing in it but types, in words of a closed list. Tests without a test
are no tests: what is counted is the tests' own text.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from proctor.errors import TestsInvalid
from proctor.judge.native.harness import Assembly, CannotCross
from proctor.sandbox.provider import Sources
from proctor.wire import ScriptTests

_TESTIFY = "github.com/stretchr/testify/assert"
_STANDARD = {
    path.rpartition("/")[2]: path
    for path in """
        bufio bytes container/heap container/list encoding/json errors fmt math math/big math/bits math/cmplx
        math/rand os reflect regexp sort strconv strings sync testing time unicode unicode/utf8
    """.split()  # noqa: SIM905
} | {"assert": _TESTIFY, "require": "github.com/stretchr/testify/require"}
_NOT_TEXT = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|`[^`]*`?|\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.){1,12}'", re.DOTALL
)
_PACKAGE = re.compile(r"\A\s*package\s+\w+[ \t]*;?")
_IMPORTS = re.compile(r"^[ \t]*import[ \t]*(?:\(([^)]*)\)|((?:[\w.]+[ \t]+)?\"[^\"\n]+\"))[ \t]*;?", re.MULTILINE)
_IMPORT = re.compile(r"(?:([\w.]+)[ \t]+)?\"([^\"\n]+)\"")
_FUNCTION = re.compile(r"^func[ \t]+([A-Za-z_]\w*)[ \t]*\(", re.MULTILINE)
_TEST = re.compile(
    r"^func[ \t]+(Test(?![a-z])\w*)[ \t]*\([ \t]*\w+[ \t]+\*[ \t]*testing[ \t]*\.[ \t]*T[ \t]*\)", re.MULTILINE
)
_MAIN = re.compile(r"^func[ \t]+main[ \t]*\([ \t]*\)", re.MULTILINE)
_WORDS = frozenset(
    """
    bool string byte rune error any int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64
    complex64 complex128 map interface struct
    """.split()  # noqa: SIM905
)
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|\.\.\.|[\[\]{}*]")
_SIGNATURE_MAX = 2000
_FUNCTIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class Function:
    """parameters, results: types as Go writes them; why: which type cannot cross, None where all can."""

    name: str
    parameters: tuple[str, ...]
    results: tuple[str, ...]
    why: str | None = None


def assemble(code: str, tests: ScriptTests) -> Assembly:
    """The two programs. Raises CannotCross, TestsInvalid."""
    text = _bare(tests.code)
    names = _TEST.findall(text)
    if not names and not _MAIN.search(text):
        raise TestsInvalid("the tests hold no `func TestX(t *testing.T)` and no `func main()`")
    called = _called(code, text, tests.entry_point)
    candidate = Sources("go", _encoded(_candidate(code, tests.code)), _files("go_wire.go", "go_serve.go"))
    candidate.files["proctor_init.go"] = _encoded(_server(code, called))
    program = Sources("go", _encoded(_stand_ins(called)), _files("go_wire.go", "go_call.go"))
    program.files["tests.go"] = _encoded(_tests(tests.code))
    program.files["zz_run.go"] = _encoded(_runner(names))
    for package in ("assert", "require"):
        if f'"github.com/stretchr/testify/{package}"' in program.files["tests.go"].decode("utf-8", "replace"):
            program.files[f"github.com/stretchr/testify/{package}/{package}.go"] = _testify(package)
    return Assembly(candidate, program)


def functions(code: str, wanted: Container[str] | None = None) -> list[Function]:
    """The functions at the top level of a source, of the names that are wanted; the first of them, if they are many.

    Methods are not among them.
    """
    text = _bare(code)
    matches = (one for one in _FUNCTION.finditer(text) if wanted is None or one[1] in wanted)
    return [_function(match[1], text, match.end()) for match in islice(matches, _FUNCTIONS_MAX)]


def _bare(code: str) -> str:
    return _NOT_TEXT.sub(lambda m: '""' if m[0][0] in '"`' else " ", code)


def _called(code: str, tests: str, entry_point: str | None) -> list[Function]:
    own = {match[1] for match in _FUNCTION.finditer(tests)}
    words = set(re.findall(r"\w+", tests)) - own - {"main", "init"}
    named = functions(code, words)
    for function in named:
        if function.why is not None:
            raise CannotCross(f"`{function.name}` cannot be called by the tests: {function.why} is no plain value")
    if not named:
        raise CannotCross(f"the code defines no function `{entry_point or 'that the tests call'}` at its top level")
    return named


def _function(name: str, text: str, after: int) -> Function:
    """The function whose parameters begin at `after`."""
    window = text[after : after + _SIGNATURE_MAX]
    end = _closing(window)
    if end is None:
        return Function(name, (), (), "a signature that cannot be read")
    rest = window[end + 1 :]
    stripped = rest.lstrip(" \t")
    if stripped.startswith("("):
        inner = stripped[1:]
        close = _closing(inner)
        results = inner[:close] if close is not None else "?"
    else:
        results = _plain_result(rest)
    given, got = _types(window[:end]), _types(results)
    for types, what in ((given, window[:end]), (got, results)):
        if types is None:
            return Function(name, (), (), f"`{' '.join(what.split())}`")
    return Function(name, tuple(given or ()), tuple(got or ()))


def _plain_result(rest: str) -> str:
    """What stands before the body's brace, where `interface{}` and `struct{}` have braces of their own."""
    depth = 0
    for match in re.finditer(r"(interface|struct)\s*\{\s*\}|[{}]", rest):
        if match[1] is None and match[0] == "{" and depth == 0:
            return rest[: match.start()]
    return "?"


def _closing(text: str) -> int | None:
    """Where the parenthesis that is open at the start closes."""
    depth = 1
    for match in re.finditer(r"[()]", text):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return None


def _types(text: str) -> list[str] | None:
    """The types of a list of parameters or results, named or not; None where one is not on the list."""
    parts = [part.split() for part in text.replace("\n", " ").split(",") if part.strip()]
    if not parts:
        return []
    named = any(len(_spaced(part)) > 1 and part[0].isidentifier() and part[0] not in _WORDS for part in parts)
    types: list[str | None] = []
    later: str | None = None
    for part in reversed(parts):
        words = _spaced(part)
        if named and len(words) == 1 and words[0].isidentifier() and later is not None:
            types.append(later)  # `a, b int`
            continue
        later = _type("".join(words[1:]) if named and len(words) > 1 else "".join(words))
        types.append(later)
    if None in types:
        return None
    return [kind for kind in reversed(types) if kind is not None]


def _spaced(part: list[str]) -> list[str]:
    """A parameter in two: its name, and all of its type; `a []int`, `a[]int` and `a... int` alike."""
    text = " ".join(part)
    match = re.match(r"([A-Za-z_]\w*)\s*(\[.*|\.\.\..*|\*.*|\s[A-Za-z_].*)$", text)
    if match and match[1] not in _WORDS:
        return [match[1], match[2].strip()]
    return [text]


def _type(text: str) -> str | None:
    tokens = _TOKEN.findall(text)
    if len(text) > 300 or _TOKEN.sub("", text).strip() or not tokens:
        return None
    if any(token[0].isalpha() and token not in _WORDS for token in tokens):
        return None
    text = "".join(text.split())
    return text if text.count("{") == len(re.findall(r"(?:interface|struct)\s*\{\s*\}", text)) else None


# the programs


def _imported(code: str) -> list[tuple[str, str]]:
    """The imports of a source: alias ("" where none) and path."""
    found = []
    for match in _IMPORTS.finditer(code):
        found += [(alias, path) for alias, path in _IMPORT.findall(match[1] or match[2])]
    return found


def _name(alias: str, path: str) -> str:
    return alias or path.rpartition("/")[2]


def _used(code: str) -> set[str]:
    """Names that are followed by a point."""
    return set(re.findall(r"\b([A-Za-z_]\w*)[ \t]*\.", _bare(_IMPORTS.sub("", code))))


def _with_imports(code: str, imports: list[tuple[str, str]]) -> str:
    lines = [f"import {alias} {_quoted(path)}".replace("  ", " ") for alias, path in dict.fromkeys(imports)]
    return "\n".join(["package main", *lines, "//line main.go:1", code, ""])


def _quoted(path: str) -> str:
    return '"' + path + '"'


def _candidate(code: str, tests: str) -> str:
    """The candidate's source.

    Without a package clause it is a part of a file, which the data set completes: HumanEval-X gives it the imports of
    the tests' file and the standard packages that it uses, and takes out those that it does not. With one it is a file
    of its own, of which only an import may be for the tests to use.
    """
    used = _used(code)
    whole = _PACKAGE.match(_bare(code)) is not None
    unused = {_name(*one) for one in _imported(code)} - used
    idle = unused & _used(tests) if whole else unused
    code = _IMPORTS.sub(lambda block: _without_use(block[0], idle), code)
    if whole:
        return code
    missing = used - {_name(*one) for one in _imported(code)} - {"testing", "assert", "require"}
    lent = [one for one in _imported(tests) if _name(*one) in missing]
    missing -= {_name(*one) for one in lent}
    return _with_imports(code, [*lent, *(("", path) for name, path in _STANDARD.items() if name in missing)])


def _without_use(block: str, names: set[str]) -> str:
    """An import declaration in which packages of these names are imported for nothing."""

    def blank(match: re.Match[str]) -> str:
        unused = match[1] is None and _name("", match[2]) in names
        return f"_ {match[0]}" if unused else match[0]

    keyword, word, what = block.partition("import")
    return keyword + word + _IMPORT.sub(blank, what)


def _server(code: str, called: list[Function]) -> str:
    main = "" if _MAIN.search(_bare(code)) else "func main() {}\n"
    names = ", ".join(function.name for function in called)
    return f"package main\n\nfunc init() {{ proctorServe([]interface{{}}{{{names}}}) }}\n{main}"


def _stand_ins(called: list[Function]) -> str:
    lines = ["package main"]
    for number, function in enumerate(called):
        parameters = ", ".join(f"a{i} {kind}" for i, kind in enumerate(function.parameters))
        results = ", ".join(f"r{i} {kind}" for i, kind in enumerate(function.results))
        given = ", ".join(f"&a{i}" for i in range(len(function.parameters)))
        got = ", ".join(f"&r{i}" for i in range(len(function.results)))
        lines.append(f"func {function.name}({parameters}) ({results}) {{")
        lines.append(f"\tproctorCall({number}, []interface{{}}{{{given}}}, []interface{{}}{{{got}}})\n\treturn\n}}")
    return "\n".join([*lines, ""])


def _tests(code: str) -> str:
    """The tests with the imports that they use: those they name, and those they leave to the file they were written
    for."""
    body = _MAIN.sub("func proctorTestsMain()", _IMPORTS.sub("", _PACKAGE.sub("", code)))
    used = _used(body)
    named = [one for one in _imported(code) if _name(*one) in used or one[0] in ("_", ".")]
    have = {_name(*one) for one in named}
    missing = [("", path) for name, path in _STANDARD.items() if name in used - have]
    return _with_imports(body, [*named, *missing])


def _runner(names: list[str]) -> str:
    tests = ", ".join(f'{{Name: "{name}", F: {name}}}' for name in dict.fromkeys(names))
    run = f"proctorRun([]testing.InternalTest{{{tests}}})" if names else "proctorGuard(proctorTestsMain)"
    return f'package main\n\nimport "testing"\n\nvar _ testing.InternalTest\n\nfunc main() {{ {run} }}\n'


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _file(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()


def _files(*names: str) -> dict[str, bytes]:
    return {name: _file(name) for name in names}


@cache
def _testify(package: str) -> bytes:
    """Our testify; `require` ends the test at a failure."""
    source = _file("go_assert.go")
    if package == "require":
        source = source.replace(b"package assert", b"package require")
        source = source.replace(b"\tErrorf(", b"\tFailNow()\n\tErrorf(")
        source = source.replace(b'\t\tt.Errorf("%s", what)\n', b'\t\tt.Errorf("%s", what)\n\t\tt.FailNow()\n')
    return source
