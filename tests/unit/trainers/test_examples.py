"""What a user copies from examples/: it compiles, what it takes from Proctor is there, and its names are ours."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
PROGRAMS = sorted(EXAMPLES.rglob("*.py"))
SCRIPTS = sorted(EXAMPLES.rglob("*.sh"))


def named(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


def test_every_trainer_has_one() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    told = set(re.findall(r"^\| `([a-z-]+)` \|", (EXAMPLES / "README.md").read_text("utf-8"), re.M))
    assert folders == told
    assert {"trl", "verl"} <= folders


@pytest.mark.parametrize("program", PROGRAMS, ids=named)
def test_a_program_compiles_and_finds_its_adapter(program: Path) -> None:
    tree = ast.parse(program.read_text("utf-8"))
    compile(tree, str(program), "exec")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("proctor"):
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                assert hasattr(module, alias.name), f"{node.module} has no {alias.name}"


@pytest.mark.parametrize("script", SCRIPTS, ids=named)
def test_a_script_is_bash_and_names_modules_that_are_there(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)
    for name in re.findall(r"(?:pkg://|--custom-rm-path )(proctor[\w.]+)", script.read_text("utf-8")):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), name
