"""C++: tests that call the candidate's functions, in a program of their own.

The candidate's program is its source, its own `main` renamed, and after it a server: so no header or macro of ours
changes what the source means. The tests' program has the whole standard library, a stand-in for each function that the
tests name, and the tests; of the candidate's text there is nothing in it but types (`cpp_signatures`).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from proctor.errors import TestsInvalid
from proctor.judge.native.cpp_signatures import Function, functions
from proctor.judge.native.harness import Assembly, CannotCross
from proctor.sandbox.provider import Sources
from proctor.wire import ScriptTests
from proctor_supervisor.languages.cpp_entry import DRIVER
from proctor_supervisor.languages.cpp_text import undefined

_MAIN = re.compile(r"\bmain\s*\(")
#: Functions of C that headers put beside ours: there the tests' calls must be told to mean the candidate's.
_C_NAMES = frozenset(
    """
    abs labs div remove rename index rindex strlen strcmp strcat strcpy strstr strchr toupper tolower round floor
    ceil sqrt pow exp log gamma tgamma y0 y1 yn j0 j1 jn select time clock signal system random rand link unlink
    read write open close pipe dup access sync wait kill pause sleep alarm trunc fmod fmin fmax isalpha isdigit
    isspace isupper islower ispunct
    """.split()  # noqa: SIM905
)


def assemble(code: str, tests: ScriptTests) -> Assembly:
    """The two programs. Raises CannotCross, TestsInvalid."""
    if not tests.code.strip():
        raise TestsInvalid("the tests are empty")
    called = _called(code, tests)
    candidate = Sources(
        "cpp", _candidate(code, called).encode("utf-8", "surrogatepass"), _headers("wire.hpp", "cpp_serve.hpp")
    )
    program = _tests(tests.code, called).encode("utf-8", "surrogatepass")
    return Assembly(candidate, Sources("cpp", program, _headers("wire.hpp", "cpp_call.hpp")))


def _called(code: str, tests: ScriptTests) -> list[Function]:
    """The candidate's functions that the tests name and do not define. Raises CannotCross."""
    own = {function.name for function in functions(tests.code)}
    defined = functions(code)
    words = set(re.findall(r"\w+", tests.code)) - own - {"main"}
    named = [function for function in defined if function.name in words]
    for function in named:
        if function.why is not None:
            raise CannotCross(f"`{function.name}` cannot be called by the tests: {function.why} is no plain value")
    if not named:
        wanted = tests.entry_point or "what the tests call"
        raise CannotCross(f"the code defines no function `{wanted}` at its top level")
    return named


def _candidate(code: str, called: list[Function]) -> str:
    lines = ["#define main proctor_candidate_main", '#line 1 "main.cpp"', code, "", '#line 1 "server"']
    for number, function in enumerate(called):
        shape = f"{function.result} (*)({', '.join(_DECLARED[p.by].format(p.type) for p in function.parameters)})"
        lines.append(f"static auto proctor_function_{number} = static_cast<{shape}>(&::{function.name});")
    lines += undefined(code)
    lines += ['#pragma GCC optimize("O0")', '#include "wire.hpp"', '#include "cpp_serve.hpp"']
    lines.append("static void proctor_dispatch(std::size_t which, proctor::Reader& in, std::string& out) {")
    lines += [f"  if (which == {n}) return proctor::answer(proctor_function_{n}, in, out);" for n in range(len(called))]
    lines += ["  throw proctor::Malformed();", "}"]
    return "\n".join([*lines, "int main() { proctor::serve(proctor_dispatch); ::_exit(0); }", ""])


def _tests(code: str, called: list[Function]) -> str:
    lines = [
        "#include <bits/stdc++.h>",
        '#pragma GCC optimize("O0")',
        '#include "wire.hpp"',
        '#include "cpp_call.hpp"',
        "using namespace std;",
    ]
    for number, function in enumerate(called):
        name = _stand_in(function.name)
        sent = [f"proctor::inout(a{i})" if p.by == "reference" else f"a{i}" for i, p in enumerate(function.parameters)]
        arguments = ", ".join([str(number), *sent])
        body = f"return proctor::call<{function.result}>({arguments});"
        lines.append(f"{function.result} {name}({', '.join(_parameters(function))}) {{ {body} }}")
    lines += [f"#define {f.name} {_stand_in(f.name)}" for f in called if _stand_in(f.name) != f.name]
    lines += ["#undef NDEBUG", "#include <assert.h>", '#line 1 "tests.cpp"']
    return "\n".join([*lines, code if _MAIN.search(code) else f"int main() {{\n{code}\n}}", ""])


_DECLARED = {"value": "{}", "const": "const {}&", "reference": "{}&", "rvalue": "{}&&"}
_STAND_IN = {"value": "{} a{}", "const": "const {}& a{}", "reference": "{}& a{}", "rvalue": "{} a{}"}


def _stand_in(name: str) -> str:
    return f"proctor_call_{name}" if name in _C_NAMES else name


def _parameters(function: Function) -> list[str]:
    return [
        _STAND_IN[p.by].format(p.type, i) + (f" = {p.default}" if p.default else "")
        for i, p in enumerate(function.parameters)
    ]


@cache
def _header(name: str) -> bytes:
    """A header of ours; what values are on the wire is the same for `function` tests, whose driver is the sandbox's."""
    return DRIVER.texts[name] if name in DRIVER.texts else (Path(__file__).parent / name).read_bytes()


def _headers(*names: str) -> dict[str, bytes]:
    return {name: _header(name) for name in names}
