"""Rust: tests that call the candidate's functions, in a program of their own.

The candidate's crate gets `#![no_main]` and, after its source, a module with a server, whose `main` is the program's.
The tests' crate has a stand-in for each function that the tests name, what of the standard library tests take for
granted, and the tests, compiled with rustc's own test harness where they hold `#[test]`. Of the candidate's text there
is nothing in it but types, in words of a closed list. Tests without a test are no tests: what is counted is the tests'
own text.
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
from proctor_supervisor.languages.rust import TEST_HARNESS

_NOT_TEXT = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|\bb?r(#{0,8})\".*?(?:\"\1|\Z)|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\\n]|\\[^\n]{1,10}?)'",
    re.DOTALL,
)
_TEST = re.compile(r"#\s*\[\s*test\s*\]")
_MAIN = re.compile(r"^\s*(?:pub\s+)?fn\s+main\s*\(", re.MULTILINE)
_FUNCTION = re.compile(r"\bfn\s+(\w+)\s*(<[^<>]{0,200}>)?\s*\(")
_LIFETIMES = re.compile(r"<\s*'\w+(?:\s*,\s*'\w+)*\s*,?\s*>")
_ALIAS = re.compile(r"\btype\s+(\w+)\s*=\s*([^;{}]{1,300});")
_TOKEN = re.compile(r"'[A-Za-z_]\w*|[A-Za-z_]\w*|\d+|::|[&<>\[\]();,]")
_WORDS = frozenset(
    """
    bool char str i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 mut dyn Any String Vec VecDeque Option
    Result Box Rc HashMap HashSet BTreeMap BTreeSet
    """.split()  # noqa: SIM905
)
_PATHS = frozenset("std core alloc collections any string vec option result boxed rc".split())  # noqa: SIM905
_SIGNATURE_MAX = 2000
_FUNCTIONS_MAX = 200
_TAKEN_FOR_GRANTED = """#![allow(warnings)]
use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::cmp::{self, max, min, Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::rc::Rc;
"""


#: A range of rand 0.7, `gen_range(low, high)`, for which HumanEval-X's tests were written; the image has 0.8.
_OLD_RANGE = re.compile(r"\bgen_range\s*\(\s*[\w.]+\s*,")
_OLD_RAND = """
trait OldRng: rand::RngCore {
    fn gen<T>(&mut self) -> T where rand::distributions::Standard: rand::distributions::Distribution<T> {
        rand::Rng::gen(self)
    }
    fn gen_range<T: rand::distributions::uniform::SampleUniform + PartialOrd>(&mut self, low: T, high: T) -> T {
        rand::Rng::gen_range(self, low..high)
    }
}
impl<R: rand::RngCore> OldRng for R {}
"""


@dataclass(frozen=True, slots=True)
class Function:
    """parameters, result: types as Rust writes them; lifetimes: as declared; why: what cannot cross, if anything."""

    name: str
    parameters: tuple[str, ...] = ()
    result: str = "()"
    lifetimes: str = ""
    why: str | None = None


def assemble(code: str, tests: ScriptTests) -> Assembly:
    """The two programs. Raises CannotCross, TestsInvalid."""
    text = _bare(tests.code)
    harness = _TEST.search(text) is not None
    if not harness and (re.search(r"\bcfg\s*\(\s*test\s*\)", text) or not text.strip()):
        raise TestsInvalid("the tests hold no #[test]: none would run")
    called = _called(code, text, tests.entry_point)
    candidate = Sources("rust", _encoded(f"#![no_main] {code}\n{_file('rust_wire.rs')}\n{_server(called)}"))
    program = Sources("rust", _encoded(_tests(tests.code, text, called, harness)))
    if harness:
        program.files[TEST_HARNESS] = b""
    return Assembly(candidate, program)


def functions(code: str, wanted: Container[str] | None = None) -> list[Function]:
    """The functions at the top level of a source, of the names that are wanted; the first of them, if they are many."""
    text = _bare(code)
    aliases = {match[1]: match[2] for match in _ALIAS.finditer(text)}
    matches = (one for one in _FUNCTION.finditer(_top_level(text)) if wanted is None or one[1] in wanted)
    return [_function(match, text, aliases) for match in islice(matches, _FUNCTIONS_MAX)]


def _bare(code: str) -> str:
    return _NOT_TEXT.sub(lambda m: " " * len(m[0]), code)


def _top_level(text: str) -> str:
    """The text with all that is inside braces made blank; places stay."""
    out, depth, start = [], 0, 0
    for match in re.finditer(r"[{}]", text):
        part = text[start : match.start()]
        out.append(part if depth == 0 else " " * len(part))
        depth = max(0, depth + (1 if match[0] == "{" else -1))
        out.append(" ")
        start = match.end()
    out.append(text[start:] if depth == 0 else "")
    return "".join(out)


def _called(code: str, tests: str, entry_point: str | None) -> list[Function]:
    own = {match[1] for match in _FUNCTION.finditer(tests)}
    words = set(re.findall(r"\w+", tests)) - own - {"main"}
    named = functions(code, words)
    for function in named:
        if function.why is not None:
            raise CannotCross(f"`{function.name}` cannot be called by the tests: {function.why} is no plain value")
    if not named:
        raise CannotCross(f"the code defines no function `{entry_point or 'that the tests call'}` at its top level")
    return named


def _function(match: re.Match[str], text: str, aliases: dict[str, str]) -> Function:
    name, generics = match[1], match[2] or ""
    if generics and not _LIFETIMES.fullmatch(generics):
        return Function(name, why="a generic parameter")
    window = text[match.end() : match.end() + _SIGNATURE_MAX]
    end = _closing(window)
    if end is None:
        return Function(name, why="a signature that cannot be read")
    rest = re.match(r"\s*(?:->\s*([^{]{1,500}?))?\s*(?:\{|\bwhere\b)", window[end + 1 :])
    if rest is None:
        return Function(name, why="a signature that cannot be read")
    result = _type(rest[1], aliases) if rest[1] else "()"
    if result is None:
        return Function(name, why=f"its result `{(rest[1] or '').strip()}`")
    parameters = []
    for part in _split(window[:end]):
        pattern, _, kind = part.partition(":")
        crossing = _type(kind, aliases)
        if crossing is None or not re.fullmatch(r"\s*(?:mut\s+)?\w+\s*", pattern):
            return Function(name, why=f"its parameter `{' '.join(part.split())}`")
        parameters.append(crossing)
    return Function(name, tuple(parameters), result, generics)


def _closing(text: str) -> int | None:
    depth = 1
    for match in re.finditer(r"[()]", text):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return None


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "<([") - (char in ">)]")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _type(text: str, aliases: dict[str, str]) -> str | None:
    """A type in words of the closed list; None where it has others."""
    for _ in range(4):
        tokens = _TOKEN.findall(text)
        if len(text) > 300 or not tokens or _TOKEN.sub("", text).strip():
            return None
        if not any(token in aliases for token in tokens):
            break
        text = " ".join(aliases.get(token, token) for token in tokens)
    kept = [token for token in tokens if token not in _PATHS and token != "::"]
    if any((token[0].isalpha() or token[0] == "_") and token not in _WORDS for token in kept):
        return None
    return " ".join(kept)


# the programs


def _mutable(kind: str) -> str | None:
    """What a `&mut T` points to, as it is owned; None for other parameters."""
    match = re.fullmatch(r"&\s*(?:'\w+\s*)?mut\s+(.*)", kind)
    if match is None:
        return None
    inner = match[1]
    return f"Vec<{inner[1:-1]}>" if inner.startswith("[") and ";" not in inner else inner


def _static(kind: str) -> str:
    return re.sub(r"'\w+\s*", "", kind)


def _server(called: list[Function]) -> str:
    lines = [
        "#[allow(warnings)] mod proctor_server {",
        "use crate::proctor_wire::{receive, send, Get, Got, Put, Reader};",
    ]
    lines += ["use std::any::Any;", "use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};"]
    lines += ["use std::rc::Rc;", "fn answer(reader: &mut Reader, out: &mut Vec<u8>) -> Got<()> {"]
    lines.append("match u32::get(reader)? {")
    for number, function in enumerate(called):
        lines.append(f"{number} => {{")
        given = []
        for i, kind in enumerate(function.parameters):
            owned = _mutable(kind)
            lines.append(f"let mut a{i} = <{_static(owned or kind)} as Get>::get(reader)?;")
            given.append(f"&mut a{i}" if owned else f"a{i}")
        lines.append(f"let result = crate::{function.name}({', '.join(given)});")
        lines.append("result.put(out);")
        lines += [f"a{i}.put(out);" for i, kind in enumerate(function.parameters) if _mutable(kind)]
        lines.append("Ok(()) }")
    lines += ["_ => Err(crate::proctor_wire::Malformed), } }", _SERVE, "}"]
    return "\n".join(lines)


_SERVE = r"""
#[no_mangle]
pub extern "C" fn main(_: i32, _: *const *const u8) -> i32 {
    while let Some(asked) = receive() {
        let mut out = vec![b'R'];
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| answer(&mut Reader(&asked), &mut out)));
        match done {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return 1,
            Err(problem) => {
                out = vec![b'E'];
                let text = problem.downcast_ref::<&str>().map(|text| text.to_string());
                let text = text.or_else(|| problem.downcast_ref::<String>().cloned()).unwrap_or_default();
                out.extend_from_slice(text.as_bytes());
            }
        }
        if !send(&out) {
            break;
        }
    }
    0
}
"""


def _tests(code: str, text: str, called: list[Function], harness: bool) -> str:
    words = set(re.findall(r"\w+", text))
    lent = [_OLD_RAND if _OLD_RANGE.search(text) else "use rand::Rng;"] if "rand" in words else []
    lent += ["use regex::Regex;"] if "Regex" in words else []
    lines = [_TAKEN_FOR_GRANTED, *lent, *(_stand_in(number, function) for number, function in enumerate(called))]
    wrapped = harness or _MAIN.search(text) is not None
    lines.append(code if wrapped else f"fn main() {{\n{code}\n}}")
    return "\n".join([*lines, _file("rust_wire.rs"), _file("rust_call.rs")])


def _stand_in(number: int, function: Function) -> str:
    parameters = ", ".join(f"mut a{i}: {kind}" for i, kind in enumerate(function.parameters))
    lines = [f"pub fn {function.name}{function.lifetimes}({parameters}) -> {function.result} {{"]
    lines += ["use crate::proctor_wire::{Get, Put};", "let mut body = Vec::<u8>::new();"]
    lines.append(f"Put::put(&{number}u32, &mut body);")
    lines += [f"Put::put(&a{i}, &mut body);" for i in range(len(function.parameters))]
    lines.append("crate::proctor_call::call(body, |reader| {")
    lines.append(f"let result = <{_static(function.result)} as Get>::get(reader)?;")
    for i, kind in enumerate(function.parameters):
        owned = _mutable(kind)
        if owned is None:
            continue
        lines.append(f"let changed = <{owned} as Get>::get(reader)?;")
        each = f"for (old, new) in a{i}.iter_mut().zip(changed) {{ *old = new; }}"
        lines.append(each if owned.startswith("Vec<") else f"*a{i} = changed;")
    lines += ["Ok(result) })", "}"]
    return "\n".join(lines)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text("utf-8")
