"""Dependencies point inward: each room may import what stands here and nothing else."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ROOT / "service" / "proctor"
SUPERVISOR = ROOT / "sandbox-images" / "proctor_supervisor"

#: room → (rooms of ours, third-party packages) that it may import, itself besides
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "errors": (set(), set()),
    "wire": (set(), {"pydantic"}),
    "client": ({"wire"}, {"httpx", "pydantic", "rich"}),
    "trainers": ({"client", "wire"}, {"httpx", "pydantic"}),
    "rewards": ({"wire", "errors"}, {"pydantic"}),
    "judge": ({"wire", "errors", "sandbox.provider"}, {"pydantic"}),
    "datasets": ({"judge", "wire", "errors", "client", "embedded"}, {"pydantic", "rich", "typer"}),
    "sandbox": ({"wire", "errors", "settings"}, {"docker", "msgspec", "requests", "urllib3", "structlog"}),
    # torch and transformers: in functions of thinking/local alone, see below; fastapi and uvicorn: its server
    "thinking": (
        {"wire", "errors", "settings"},
        {
            "httpx",
            "pydantic",
            "tenacity",
            "structlog",
            "prometheus_client",
            "torch",
            "transformers",
            "fastapi",
            "uvicorn",
        },
    ),
}


def modules_of(source: Path) -> set[str]:
    """Dotted names that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert SUPERVISOR in source.parents, f"{source}: relative import"
    return found


def files_of(room: str) -> list[Path]:
    folder = SERVICE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_room_imports_only_what_it_may(room: str) -> None:
    rooms, packages = ALLOWED[room]
    files = files_of(room)
    assert files
    for file in files:
        for name in modules_of(file):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names:
                continue
            if top in ("proctor", "proctor_supervisor"):
                inside = name.removeprefix("proctor.")
                own = inside == room or inside.startswith(f"{room}.")
                granted = any(inside == r or inside.startswith(f"{r}.") for r in rooms)
                version = name == "proctor.__version__"
                wire_of_sandbox = room == "sandbox" and top == "proctor_supervisor"
                wire_of_sandbox |= room == "judge" and name.startswith("proctor_supervisor.languages.")
                assert own or granted or version or wire_of_sandbox, f"{file.relative_to(ROOT)} imports {name}"
            else:
                assert top in packages, f"{file.relative_to(ROOT)} imports {name}"


def test_only_the_loading_of_a_local_model_needs_torch() -> None:
    for file in SERVICE.rglob("*.py"):
        heavy = {name for name in modules_of(file) if name.split(".")[0] in ("torch", "transformers")}
        assert not heavy or file == SERVICE / "thinking" / "local" / "model.py", f"{file.relative_to(ROOT)}: {heavy}"


def test_supervisor_needs_the_standard_library_alone() -> None:
    files = sorted(SUPERVISOR.rglob("*.py"))
    assert files
    for file in files:
        for name in modules_of(file):
            top = name.split(".")[0]
            # numpy, pandas: where values of theirs cross; pytest: for tests of that kind. None is needed otherwise.
            assert top in sys.stdlib_module_names | {"_sitebuiltins", "numpy", "pandas", "pytest"}, f"{file}: {name}"


def test_only_settings_reads_the_environment() -> None:
    readers = []
    programs = {SERVICE / "doctor" / folder for folder in ("attacks", "bombs", "cheats")}  # run in the sandbox
    for file in (f for f in SERVICE.rglob("*.py") if f.parent not in programs):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
                readers.append(str(file.relative_to(SERVICE)))
    # Those that start processes hand the environment on.
    assert set(readers) <= {"settings.py", "embedded.py", "serve.py", "bench/service.py", "worker/crew.py"}
