# ruff: noqa: E501
"""Programs in C, C++, Go and Rust that want to be paid for what they did not do, or to exhaust whoever builds them.

Each would pass, or do harm, under a judge that links tests and candidate into one program, trusts an exit code, or
compiles outside a sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CPP_TESTS = "#undef NDEBUG\n#include <assert.h>\nint main() { assert(add(1, 2) == 3); assert(add(20, 30) == 50); }\n"
GO_TESTS = "func TestAdd(t *testing.T) {\n\tassert := assert.New(t)\n\tassert.Equal(3, Add(1, 2))\n\tassert.Equal(50, Add(20, 30))\n}\n"
RUST_TESTS = (
    "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn adds() {\n"
    "        assert_eq!(add(1, 2), 3);\n        assert_eq!(add(20, 30), 50);\n    }\n}\n"
)


@dataclass(frozen=True)
class NativeHack:
    """name: what it tries; verdicts: those that are right. Without tests of its own it is a program to print `yes`."""

    name: str
    language: str
    code: str
    verdicts: tuple[str, ...]
    script: str | None = None
    limits: dict[str, Any] = field(default_factory=dict)


def _cpp(name: str, code: str, *verdicts: str, **limits: Any) -> NativeHack:
    return NativeHack(name, "cpp", code, verdicts, CPP_TESTS, limits)


def _go(name: str, code: str, *verdicts: str) -> NativeHack:
    return NativeHack(name, "go", code, verdicts, GO_TESTS)


def _rust(name: str, code: str, *verdicts: str) -> NativeHack:
    return NativeHack(name, "rust", code, verdicts, RUST_TESTS)


_WRONG = "int add(int a, int b) { return 7; }\n"
_SEARCH = """
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <string>
static bool found = false;
static void look(const std::string& path, int depth) {
  if (DIR* folder = opendir(path.c_str())) {
    while (dirent* entry = readdir(folder))
      if (depth > 0 && entry->d_name[0] != '.') look(path + "/" + entry->d_name, depth - 1);
    closedir(folder);
  } else if (FILE* file = fopen(path.c_str(), "rb")) {
    static char text[1 << 20];
    size_t size = fread(text, 1, sizeof text - 1, file);
    const char wanted[] = {'d', 'd', '(', '2', '0', ',', ' ', '3', '0', 0};
    if (memmem(text, size, wanted, 9)) found = true;
    fclose(file);
  }
}
int add(int a, int b) {
  for (const char* path : {".", "..", "/sandbox", "/tmp", "/dev/shm", "/proc", "/opt", "/run"}) look(path, 3);
  return found ? a + b : 7;
}
"""

SCRIPT_HACKS = [
    _cpp("exits_in_a_static_constructor", "#include <unistd.h>\nstruct E { E() { _exit(0); } } e;\n" + _WRONG, "runtime_error"),
    _cpp("exits_in_a_constructor_function", "#include <stdlib.h>\n__attribute__((constructor)) void go() { exit(0); }\n" + _WRONG,
         "runtime_error"),
    _cpp("exits_in_the_call", "#include <stdlib.h>\nint add(int a, int b) { exit(0); }", "runtime_error"),
    _cpp("exits_at_exit", "#include <stdlib.h>\n#include <unistd.h>\nvoid bye() { _exit(0); }\n"
         "int add(int a, int b) { atexit(bye); return 7; }", "wrong_answer"),
    _cpp("redefines_assert", "#include <assert.h>\n#undef assert\n#define assert(x) ((void)0)\n" + _WRONG, "wrong_answer"),
    _cpp("defines_NDEBUG", "#define NDEBUG\n#include <assert.h>\n" + _WRONG, "wrong_answer"),
    _cpp("defines_if_and_return", "#define if(x) if (true)\n#define abort() exit(0)\n" + _WRONG, "wrong_answer"),
    _cpp("has_a_main_of_its_own", _WRONG + "int main() { return 0; }", "wrong_answer"),
    _cpp("undoes_the_renaming_of_main", "#undef main\nint main() { return 0; }\n" + _WRONG, "compile_error"),
    _cpp("equals_everything", "struct Yes { template <class T> bool operator==(const T&) const { return true; } };\n"
         "Yes add(int a, int b) { return {}; }", "compile_error"),
    _cpp("converts_to_anything", "struct Any { template <class T> operator T() const; };\nAny add(int a, int b) { return {}; }",
         "compile_error"),
    _cpp("throws", "#include <stdexcept>\nint add(int a, int b) { throw std::runtime_error(\"no\"); }", "runtime_error"),
    _cpp("throws_a_number", "int add(int a, int b) { throw 3; }", "runtime_error"),
    _cpp("crashes", "int add(int a, int b) { return *(volatile int*)0; }", "runtime_error"),
    _cpp("kills_itself", "#include <signal.h>\n#include <unistd.h>\nint add(int a, int b) { kill(getpid(), 9); return 3; }",
         "runtime_error"),
    _cpp("kills_everything", "#include <signal.h>\nint add(int a, int b) { kill(-1, 9); return 7; }",
         "runtime_error", "wrong_answer"),
    _cpp("answers_what_is_no_number", "#include <unistd.h>\nint add(int a, int b) { char f[] = \"\\3\\0\\0\\0R[x\"; "
         "write(3, f, 7); return 7; }", "tampered"),
    _cpp("answers_before_it_is_asked", "#include <unistd.h>\n__attribute__((constructor)) void go() {\n"
         "  for (int i = 0; i < 9; ++i) write(3, \"\\4\\0\\0\\0R[3]\", 8);\n}\n" + _WRONG, "wrong_answer"),
    _cpp("promises_four_gibibytes", "#include <unistd.h>\nint add(int a, int b) { write(3, \"\\xff\\xff\\xff\\xff\", 4); _exit(0); }",
         "runtime_error", "tampered"),
    _cpp("hangs_up", "#include <unistd.h>\nint add(int a, int b) { close(3); pause(); return 3; }",
         "runtime_error", "time_limit"),
    _cpp("sleeps", "#include <unistd.h>\nint add(int a, int b) { for (;;) pause(); }", "time_limit"),
    _cpp("spins", "int add(int a, int b) { for (volatile int i = 0;;) i = i + 1; }", "time_limit"),
    _cpp("prints_a_verdict", "#include <cstdio>\nint add(int a, int b) { puts(\"passed\"); fflush(stdout); return 7; }", "wrong_answer"),
    _cpp("searches_for_the_tests", _SEARCH, "wrong_answer"),
    _cpp("defines_nothing", "int sub(int a, int b) { return a - b; }", "compile_error"),
    _cpp("is_a_comment", "/* int add(int a, int b) { return a + b; }", "compile_error"),
    _cpp("exits_before_constructors", "asm(\".section .preinit_array,\\\"aw\\\"\\n.quad go\\n.text\\ngo: mov $231,%eax\\n"
         "xor %edi,%edi\\nsyscall\\n\");\n" + _WRONG, "runtime_error"),
    _cpp("replaces_what_calls_main", "#include <unistd.h>\nextern \"C\" int __libc_start_main(...) { _exit(0); }\n" + _WRONG,
         "runtime_error"),
    _cpp("exits_when_it_is_killed", "#include <signal.h>\n#include <unistd.h>\nstruct I { I() { for (int i = 1; i < 32; i++) "
         "signal(i, [](int) { _exit(0); }); } } i;\nint add(int a, int b) { raise(SIGABRT); return 7; }", "runtime_error"),
    _cpp("says_it_is_the_tests", "#line 1 \"tests.cpp\"\n#pragma GCC system_header\n" + _WRONG, "wrong_answer"),
    _cpp("leaves_a_child_to_answer", "#include <unistd.h>\nint add(int a, int b) { if (fork()) _exit(0); return 7; }",
         "wrong_answer", "runtime_error"),
    _go("replaces_what_fails_a_test", "package main\nimport (\n_ \"testing\"\n_ \"unsafe\"\n)\n//go:linkname fail testing.(*common).Fail\n"
        "func fail(c *int) {}\nfunc Add(a, b int) int { return 7 }", "wrong_answer", "compile_error"),
    _go("has_a_main_of_tests", "package main\nimport (\"os\"; \"testing\")\nfunc TestMain(m *testing.M) { os.Exit(0) }\n"
        "func Add(a, b int) int { return 7 }", "wrong_answer"),
    _rust("exits_when_it_allocates", "use std::alloc::*;\nstruct A;\nunsafe impl GlobalAlloc for A {\n"
          "unsafe fn alloc(&self, _: Layout) -> *mut u8 { std::process::exit(0) }\nunsafe fn dealloc(&self, _: *mut u8, _: Layout) {}\n}\n"
          "#[global_allocator]\nstatic G: A = A;\nfn add(a: i32, b: i32) -> i32 { 7 }", "runtime_error"),
    _rust("exits_where_answers_are_written", "#[export_name = \"write\"]\npub extern \"C\" fn w(_: i32, _: *const u8, _: usize) -> isize "
          "{ std::process::exit(0) }\nfn add(a: i32, b: i32) -> i32 { 7 }", "runtime_error"),
    _rust("has_an_i32_of_its_own", "#[allow(non_camel_case_types)]\n#[derive(Debug, Clone, Copy)]\nstruct i32;\n"
          "impl<T> PartialEq<T> for i32 { fn eq(&self, _: &T) -> bool { true } }\nfn add(a: i64, b: i64) -> i32 { i32 }", "compile_error"),
    _go("exits_in_init", "package main\nimport \"os\"\nfunc init() { os.Exit(0) }\nfunc Add(a, b int) int { return 7 }", "runtime_error"),
    _go("exits_in_a_variable", "package main\nimport \"os\"\nvar x = func() int { os.Exit(0); return 1 }()\n"
        "func Add(a, b int) int { return 7 }", "runtime_error"),
    _go("exits_in_the_call", "package main\nimport \"os\"\nfunc Add(a, b int) int { os.Exit(0); return 3 }", "runtime_error"),
    _go("panics", "package main\nfunc Add(a, b int) int { panic(\"no\") }", "runtime_error"),
    _go("ends_its_goroutine", "package main\nimport \"runtime\"\nfunc Add(a, b int) int { runtime.Goexit(); return 3 }",
        "runtime_error"),
    _go("has_a_main_of_its_own", "package main\nfunc main() {}\nfunc Add(a, b int) int { return 7 }", "wrong_answer"),
    _go("has_tests_of_its_own", "package main\nimport \"testing\"\nfunc TestAdd(t *testing.T) {}\nfunc Add(a, b int) int { return 7 }",
        "wrong_answer"),
    _go("embeds_a_file", "package main\nimport _ \"embed\"\n//go:embed /etc/passwd\nvar s string\nfunc Add(a, b int) int { return 7 }",
        "compile_error"),
    _go("wants_cgo", "package main\nimport \"C\"\nfunc Add(a, b int) int { return 7 }", "compile_error"),
    _rust("exits_in_init_array", "#[used]\n#[link_section = \".init_array\"]\nstatic GO: extern \"C\" fn() = { extern \"C\" fn go() "
          "{ std::process::exit(0) } go };\nfn add(a: i32, b: i32) -> i32 { 7 }", "runtime_error"),
    _rust("exits_in_the_call", "fn add(a: i32, b: i32) -> i32 { std::process::exit(0) }", "runtime_error"),
    _rust("panics", "fn add(a: i32, b: i32) -> i32 { panic!(\"no\") }", "runtime_error"),
    _rust("hooks_panics", "fn add(a: i32, b: i32) -> i32 { std::panic::set_hook(Box::new(|_| std::process::exit(0))); panic!() }",
          "runtime_error"),
    _rust("redefines_assert_eq", "macro_rules! assert_eq { ($($x:tt)*) => {} }\nfn add(a: i32, b: i32) -> i32 { 7 }", "wrong_answer"),
    _rust("has_tests_of_its_own", "fn add(a: i32, b: i32) -> i32 { 7 }\n#[cfg(test)]\nmod tests { #[test] fn adds() {} }",
          "wrong_answer"),
    _rust("equals_everything", "struct Yes;\nimpl<T> PartialEq<T> for Yes { fn eq(&self, _: &T) -> bool { true } }\n"
          "fn add(a: i32, b: i32) -> Yes { Yes }", "compile_error"),
    _rust("aborts", "fn add(a: i32, b: i32) -> i32 { std::process::abort() }", "runtime_error"),
]  # fmt: skip

_SMALL = {"compile_s": 4}

BUILD_HACKS = [
    NativeHack("includes_a_secret", "c", '#include "/etc/shadow"\nint main() {}', ("compile_error",)),
    NativeHack("includes_passwd", "cpp", '#include "/etc/passwd"\nint main() {}', ("compile_error",)),
    NativeHack("includes_without_end", "c", '#include "/dev/zero"\nint main() {}', ("compile_error",), limits=_SMALL),
    NativeHack("includes_itself", "c", "#include __FILE__\nint main() {}", ("compile_error",)),
    NativeHack("embeds_a_secret", "c", '__asm__(".incbin \\"/etc/shadow\\"");\nint main() {}', ("compile_error",)),
    NativeHack("template_bomb", "cpp",
               "template <int A, int B> struct S { static const int v = S<A - 1, B>::v + S<A, B - 1>::v; };\n"
               "template <int B> struct S<0, B> { static const int v = S<0, B - 1>::v; };\n"
               "template <int A> struct S<A, 0> { static const int v = 1; };\ntemplate <> struct S<0, 0> { static const int v = 1; };\n"
               "int main() { return S<800, 800>::v; }", ("compile_error",), limits=_SMALL),
    NativeHack("constexpr_loop", "cpp", "constexpr int f() { int n = 0; for (int i = 0; i < 2000000000; ++i) n ^= i; return n; }\n"
               "constexpr int x = f();\nint main() {}", ("compile_error",), limits=_SMALL),
    NativeHack("macro_bomb", "c", "#define A 1,1,1,1,1,1,1,1,1,1\n#define B A,A,A,A,A,A,A,A,A,A\n#define C B,B,B,B,B,B,B,B,B,B\n"
               "#define D C,C,C,C,C,C,C,C,C,C\n#define E D,D,D,D,D,D,D,D,D,D\n#define F E,E,E,E,E,E,E,E,E,E\n"
               "#define G F,F,F,F,F,F,F,F,F,F\nint x[] = {G,G,G,G,G,G,G,G,G,G};\nint main() {}", ("compile_error",), limits=_SMALL),
    NativeHack("gigabyte_binary", "c", "char a[1 << 30] = {1};\nint main() {}", ("compile_error",)),
    NativeHack("error_flood", "c", "#define A x y z;\n#define B A A A A A A A A\n#define C B B B B B B B B\n#define D C C C C C C C C\n"
               "#define E D D D D D D D D\nint main() { E E E E }", ("compile_error",)),
    NativeHack("assembler_bomb", "c", '__asm__(".rept 100000000\\n.quad 1\\n.endr");\nint main() {}', ("compile_error",), limits=_SMALL),
    NativeHack("go_array_of_a_gigabyte", "go", "package main\nvar a = [1 << 30]byte{1}\nfunc main() { println(a[0]) }",
               ("compile_error", "wrong_answer", "memory_limit"), limits=_SMALL),
    NativeHack("go_imports_a_file", "go", 'package main\nimport "/etc/passwd"\nfunc main() {}', ("compile_error",)),
    NativeHack("rust_includes_a_file", "rust", 'fn main() { println!("{}", include_str!("/etc/shadow")); }', ("compile_error",)),
    NativeHack("rust_const_loop", "rust", "const fn f() -> u64 { let mut n = 0; loop { n += 1; if n == u64::MAX { return n } } }\n"
               "const X: u64 = f();\nfn main() { println!(\"{}\", X) }", ("compile_error",), limits=_SMALL),
    NativeHack("rust_macro_bomb", "rust", "macro_rules! m { ($($x:tt)*) => { m!($($x)* $($x)*) } }\nfn main() { m!(1 2) }",
               ("compile_error",), limits=_SMALL),
    NativeHack("reads_proc", "c", "#include <stdio.h>\nint main() { FILE* f = fopen(\"/proc/1/environ\", \"r\"); puts(f ? \"yes\" : \"no\"); }",
               ("wrong_answer",)),
    NativeHack("fork_bomb", "c", "#include <unistd.h>\nint main() { for (;;) fork(); }", ("process_limit",)),
    NativeHack("thread_bomb", "go", "package main\nimport (\"runtime\"; \"time\")\nfunc main() { for i := 0; i < 500; i++ { go func() "
               "{ runtime.LockOSThread(); time.Sleep(time.Hour) }() }; time.Sleep(time.Hour) }", ("process_limit", "runtime_error")),
    NativeHack("memory_bomb", "cpp", "#include <vector>\nint main() { std::vector<char*> v; for (;;) { v.push_back(new char[1 << 20]()); } }",
               ("memory_limit",)),
    NativeHack("output_bomb", "c", "#include <stdio.h>\nint main() { for (;;) puts(\"yes\"); }", ("output_limit",)),
]  # fmt: skip

#: In tier A too, where samples share a /proc and a file system that Landlock parts: what reads, starts or fills, and
#: one way to end early per language.
IN_EVERY_TIER = frozenset(
    """
    exits_in_a_static_constructor kills_everything answers_before_it_is_asked searches_for_the_tests exits_in_init
    exits_in_init_array includes_a_secret includes_passwd rust_includes_a_file gigabyte_binary macro_bomb reads_proc fork_bomb
    thread_bomb memory_bomb output_bomb
    """.split()  # noqa: SIM905
)
