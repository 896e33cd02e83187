"""One small program per language, and the commands by which somebody would compile and run it by hand.

Each reads integers and prints the sum of their squares.
"""

from __future__ import annotations

from dataclasses import dataclass

Command = tuple[str, ...]


@dataclass(frozen=True)
class Plain:
    """code, and the name of its file; compile, run: plain commands; comment: how a line begins that is no code."""

    code: str
    name: str
    run: Command
    compile: tuple[Command, ...] = ()
    comment: str = "//"

    def salted(self, salt: int) -> str:
        """The program as another source."""
        return f"{self.code}\n{self.comment} {salt}\n"


PROGRAMS: dict[str, Plain] = {
    "c": Plain(
        '#include <stdio.h>\nint main(void) { long long x, s = 0; while (scanf("%lld", &x) == 1) s += x * x;'
        ' printf("%lld\\n", s); return 0; }',
        "main.c",
        ("./main",),
        (("gcc", "-O2", "-o", "main", "main.c", "-lm"),),
    ),
    "cpp": Plain(
        "#include <bits/stdc++.h>\nusing namespace std;\n"
        "int main() { vector<long long> v; long long x, s = 0; while (cin >> x) v.push_back(x);"
        " for (auto y : v) s += y * y; cout << s << endl; }",
        "main.cpp",
        ("./main",),
        (("g++", "-std=gnu++20", "-O2", "-o", "main", "main.cpp"),),
    ),
    "go": Plain(
        'package main\nimport ("bufio"; "fmt"; "os")\n'
        "func main() { in := bufio.NewReader(os.Stdin); s := 0; var x int\n"
        "for { if _, err := fmt.Fscan(in, &x); err != nil { break }; s += x * x }; fmt.Println(s) }",
        "main.go",
        ("./main",),
        (
            ("go", "tool", "compile", "-pack", "-o", "main.o", "main.go"),
            ("go", "tool", "link", "-o", "main", "main.o"),
        ),
    ),
    "rust": Plain(
        "use std::io::Read;\nfn main() { let mut t = String::new(); std::io::stdin().read_to_string(&mut t).unwrap();\n"
        "let s: i64 = t.split_whitespace().map(|x| x.parse::<i64>().unwrap()).map(|x| x * x).sum();"
        ' println!("{}", s); }',
        "main.rs",
        ("./main",),
        (("rustc", "-O", "main.rs"),),
    ),
    "java": Plain(
        "import java.util.*;\npublic class Main { public static void main(String[] args) {"
        " Scanner in = new Scanner(System.in); long s = 0; while (in.hasNextLong()) { long x = in.nextLong();"
        " s += x * x; } System.out.println(s); } }",
        "Main.java",
        ("java", "-cp", ".", "Main"),
        (("javac", "Main.java"),),
    ),
    "javascript": Plain(
        "const v = require('fs').readFileSync(0, 'utf8').trim().split(/\\s+/).map(Number);\n"
        "console.log(v.reduce((s, x) => s + x * x, 0));",
        "main.js",
        ("node", "main.js"),
    ),
    "typescript": Plain(
        "import * as fs from 'fs';\n"
        "const v: number[] = fs.readFileSync(0, 'utf8').trim().split(/\\s+/).map(Number);\n"
        "console.log(v.reduce((s: number, x: number): number => s + x * x, 0));",
        "main.ts",
        ("node", "main.js"),
        (("esbuild", "main.ts", "--format=cjs", "--outfile=main.js", "--log-level=error"),),
    ),
    "bash": Plain(
        "s=0; for x in $(cat); do s=$((s + x * x)); done; echo $s", "main.sh", ("bash", "main.sh"), comment="#"
    ),
}
