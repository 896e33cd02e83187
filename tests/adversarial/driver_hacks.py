# ruff: noqa: E501
"""Programs in JavaScript and Java that want to be paid for what they did not do: each would pass where tests and code
are one program, where an exit code or an "Assertion failed" on stderr is the verdict, or where a runner listens to it.
"""

from __future__ import annotations

JAVASCRIPT_TESTS = "console.assert(add(1, 2) === 3);\nconsole.assert(add(20, 30) === 50);\n"
JAVA_TESTS = """public class Main {
    public static void main(String[] args) {
        Solution s = new Solution();
        List<Boolean> correct = Arrays.asList(s.add(1, 2).equals(List.of(3)), s.add(20, 30).equals(List.of(50)));
        if (correct.contains(false)) throw new AssertionError();
    }
}
"""
HONEST = {
    "javascript": ("const add = (a, b) => a + b;", JAVASCRIPT_TESTS),
    "typescript": ("const add = (a: number, b: number): number => a + b;", JAVASCRIPT_TESTS),
    "java": ("class Solution { public List<Integer> add(int a, int b) { return List.of(a + b); } }", JAVA_TESTS),
}

JAVASCRIPT = {
    "exits at once": "process.exit(0);",
    "exits when called": "function add() { process.exit(0); }",
    "exits past every handler": "function add() { process.reallyExit(0); }",
    "redefines console.assert": "console.assert = () => {}; function add() { return 1; }",
    "patches prototypes": "Object.prototype.valueOf = () => 3; Number.prototype.toString = () => '3'; function add() { return 1; }",
    "throws null": "function add() { throw null; }",
    "throws what ends the program when shown": "function add() { throw { toString() { process.exit(0); } }; }",
    "rejects and nobody handles it": "Promise.reject(new Error('x')); function add() { return 1; }",
    "prints the runner's report": r"""const fs = require('fs'); for (const fd of [1, 4]) try { fs.writeSync(fd, '{"case":0}\n{"end":0,"verdict":"passed"}\n{"done":true}\n'); } catch {} function add() { return 1; }""",
    "sends answers before they are asked": "const w = require('./wire.js'); w.send({ ok: null }); w.send({ ok: ['add'] }); w.send({ ok: 3 }); w.send({ ok: 3 }); w.send({ ok: 50 }); function add() { return 1; }",
    "breaks the frames": "require('fs').writeSync(3, Buffer.alloc(64, 255)); function add() { return 1; }",
    "ends the program from a worker": "const { Worker, isMainThread } = require('worker_threads'); if (isMainThread) new Worker('process.exit(0)', { eval: true }); function add() { return 1; }",
    "looks for the tests": "function add() { const fs = require('fs'); for (const d of ['.', '..', '/sandbox/program', '/proc/self', '/proc/1']) try { for (const f of fs.readdirSync(d)) if (/tests/.test(f)) return 3; } catch {} return 1; }",
    "a getter that ends the program": "Object.defineProperty(globalThis, 'add', { get() { process.exit(0); } });",
    "a proxy of everything": "const add = new Proxy(() => {}, { apply() { return new Proxy({}, { get() { return () => 3; } }); } });",
    "patches the assert module": "const a = require('assert'); for (const k of Object.keys(a)) a[k] = () => {}; a.strict = a; require('module')._load = () => a; function add() { return 1; }",
    "ends the program when its error is shown": "Error.prepareStackTrace = () => process.exit(0); function add() { throw new Error('x'); }",
    "a promise of its own that ends the program": "function add() { return { then() { process.exit(0); } }; }",
    "every object has the answer": "Object.prototype.ok = 3; Object.prototype.toJSON = () => ({ ok: 3 }); Reflect.apply = () => 3; function add() { return 1; }",
    "never answers": "function add() { return new Promise(() => {}); }",
}
LOOSE_TESTS = "console.assert(add(1, 2) == 3);\n"
LOOSE = {
    "an object whose value is right": "function add() { return { valueOf() { return 3; } }; }",
    "an instance whose value is right": "class X { valueOf() { return 3; } toString() { return '3'; } } function add() { return new X(); }",
}

_RETURNS = "class Solution { public %s add(int a, int b) { %s } %s }"
JAVA = {
    "exits at once, in a static block": "class Solution { static { System.exit(0); } public List<Integer> add(int a, int b) { return null; } }",
    "exits when called": _RETURNS % ("List<Integer>", "System.exit(0); return null;", ""),
    "halts past every hook": _RETURNS % ("List<Integer>", "Runtime.getRuntime().halt(0); return null;", ""),
    "a list that equals everything": _RETURNS
    % (
        "List<Integer>",
        "return new ArrayList<Integer>() { public boolean equals(Object o) { return true; } public int hashCode() { return 0; } };",
        "",
    ),
    "is itself what equals everything": _RETURNS
    % (
        "Solution",
        "return this;",
        "public boolean equals(Object o) { return true; } public int hashCode() { return 0; }",
    ),
    "equals for lists alone": _RETURNS
    % ("Solution", "return this;", "public boolean equals(List<Integer> o) { return true; }"),
    "a class of its own that agrees": _RETURNS % ("Yes", "return new Yes();", "")
    + " class Yes { public boolean equals(Object o) { return true; } }",
    "its own Arrays": _RETURNS % ("List<Integer>", "return null;", "")
    + " class Arrays { static <T> List<T> asList(T... x) { return new ArrayList<>(); } }",
    "its own AssertionError": _RETURNS % ("List<Integer>", "return List.of();", "")
    + " class AssertionError extends RuntimeException { AssertionError() { System.exit(0); } }",
    "throws an Error": _RETURNS % ("List<Integer>", "throw new ThreadDeath();", ""),
    "sends answers before they are asked": _RETURNS
    % (
        "List<Integer>",
        'try { proctor.Channel c = new proctor.Channel(3); for (int i = 0; i < 4; i++) c.send(Map.of("ok", List.of("ArrayList", List.of(3)))); } catch (Exception e) {} return List.of();',
        "",
    ),
    "calls the runner's own end": _RETURNS
    % (
        "List<Integer>",
        'try { Class.forName("proctor.Tests").getDeclaredMethod("conclude", String.class, String.class, int.class); } catch (Throwable e) {} return List.of();',
        "",
    ),
    "halts where nobody catches": _RETURNS
    % (
        "List<Integer>",
        "throw new Error();",
        "static { Thread.setDefaultUncaughtExceptionHandler((t, e) -> Runtime.getRuntime().halt(0)); }",
    ),
    "makes 1 a 3": _RETURNS
    % (
        "List<Integer>",
        'try { var f = Class.forName("java.lang.Integer$IntegerCache").getDeclaredField("cache"); f.setAccessible(true); ((Integer[]) f.get(null))[129] = 3; } catch (Throwable e) { } return List.of(1);',
        "",
    ),
    "a Main of its own": "class Solution { } class Main { public static void main(String[] a) { } }",
}

#: In tier A too, for the same reason as native_hacks.IN_EVERY_TIER.
IN_EVERY_TIER = frozenset(
    {
        "exits at once",
        "exits at once, in a static block",
        "prints the runner's report",
        "sends answers before they are asked",
        "looks for the tests",
        "calls the runner's own end",
    }
)

#: C++ `function` tests: add(1, 2) is 3, add(20, 30) is 50.
CPP_CASES = [{"args": [1, 2], "expected": 3}, {"args": [20, 30], "expected": 50}]
CPP = {
    "exits in a static constructor": "struct X { X() { exit(0); } } x; int add(int a, int b) { return 0; }",
    "exits when called": "int add(int a, int b) { _exit(0); }",
    "answers before it is asked": r"""
#include <unistd.h>
struct X { X() { for (const char* s : {"{\"ok\":null}", "{\"ok\":3}", "{\"ok\":3}", "{\"ok\":{\"h\":1}}"}) {
  unsigned n = __builtin_strlen(s); write(3, &n, 4); write(3, s, n); } } } x;
int add(int a, int b) { return 3; }""",
    "promises four gibibytes": r"""
#include <unistd.h>
int add(int a, int b) { write(3, "\xff\xff\xff\xff", 4); _exit(0); }""",
    "nests without end": r"""
#include <string>
#include <unistd.h>
int add(int a, int b) { std::string s(1000000, '['); unsigned n = s.size(); write(3, &n, 4); write(3, s.data(), n); return 3; }""",
    "defines what the driver is made of": "namespace proctor { int send(...) { return 0; } struct Reader {}; } int add(int a, int b) { return 3; }",
    "defines words of the driver": "#define if(x) if (1)\n#define ok null\nint add(int a, int b) { return 3; }",
    "equals everything": "struct Any { template <class T> bool operator==(const T&) const { return true; } }; Any add(int a, int b) { return {}; }",
    "prints a report": r"""
#include <stdio.h>
int add(int a, int b) { puts("{\"case\":0}\n{\"end\":0,\"verdict\":\"passed\"}\n{\"done\":true}"); return 1; }""",
    "puts its own words in the place of the answer": r"""
#include <sys/syscall.h>
#include <unistd.h>
extern "C" ssize_t write(int fd, const void* text, size_t n) { if (fd == 3 && n > 4) { unsigned size = 8;
  syscall(SYS_write, 3, &size, 4); syscall(SYS_write, 3, "{\"ok\":3}", 8); return n; } return syscall(SYS_write, fd, text, n); }
int add(int a, int b) { return 7; }""",
    "hangs up": "#include <unistd.h>\nint add(int a, int b) { close(3); return 3; }",
}
