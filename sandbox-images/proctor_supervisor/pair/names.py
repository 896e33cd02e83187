"""What a test's code needs from the candidate, read from the test alone, before the candidate runs.

Only names that the tests leave unresolved are the candidate's: never builtins, imports, or names that the tests bind
themselves. Some tests cannot be parted from the candidate's process; those are found here too, so that they are
refused and not silently wrong.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import symtable
import sys

_SOLUTION_READERS = {"getsource", "getsourcelines", "getfile", "getsourcefile", "getmembers"}
_CAPTURES = {"warns", "deprecated_call", "assertWarns", "assertWarnsRegex", "assertLogs", "assertNoLogs"}
_SKIPS = {"skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure"}
_STREAMS = {"stdin", "stdout", "stderr"}
_FILE_FIXTURES = ("tmp_path", "tmpdir", "tmp_path_factory", "tmpdir_factory")
_FILE_CALLS = {("io", "open")}
_PATH_CALLS = frozenset(
    """chmod exists glob hardlink_to is_dir is_file iterdir lstat mkdir open read_bytes read_text rename replace rglob
    rmdir stat symlink_to touch unlink write_bytes write_text""".split()
)
_DICT_CHANGES = ("update", "setdefault", "pop", "clear", "popitem", "__setitem__")
_FILE_CALLS |= {("os.path", n) for n in ("exists", "isfile", "isdir", "getsize")}
_FILE_CALLS |= {("os", n) for n in "chdir listdir makedirs mkdir remove rename rmdir scandir unlink walk".split()}


class Unparsable(Exception):
    """Test code that is not Python."""


def parse(code: str, filename: str) -> ast.Module:
    """The syntax tree of test code. Raises Unparsable."""
    try:
        return ast.parse(code, filename)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unparsable(f"{type(error).__name__}: {error}") from None


def unresolved(code: str, filename: str) -> frozenset[str]:
    """Names that the code reads as globals and nobody but the candidate can give."""
    try:
        table = symtable.symtable(code, filename, "exec")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Unparsable(f"{type(error).__name__}: {error}") from None
    read: set[str] = set()
    bound: set[str] = set()
    _gather(table, read, bound, top=True)
    return frozenset(read - bound - set(dir(builtins)) - {"__file__", "__name__", "__doc__", "__builtins__"})


def read_in_classes(code: str, filename: str) -> frozenset[str]:
    """Global names that class bodies read as they are executed: Python looks for these past `__missing__`."""
    found: set[str] = set()
    waiting = [symtable.symtable(code, filename, "exec")]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        if table.get_type() == "class":
            found |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and s.is_global()}
    return frozenset(found)


def _gather(table: symtable.SymbolTable, read: set[str], bound: set[str], *, top: bool) -> None:
    for symbol in table.get_symbols():
        at_top = top or symbol.is_declared_global()
        if at_top and (symbol.is_assigned() or symbol.is_imported()):
            bound.add(symbol.get_name())
        if symbol.is_referenced() and (top or symbol.is_global()):
            read.add(symbol.get_name())
    for child in table.get_children():
        _gather(child, read, bound, top=False)


def tested_builtin(tree: ast.Module) -> frozenset[str]:
    """For tests that leave no name unresolved: the one builtin that every assert calls on the left of a comparison.

    MBPP 126 asks for a function `sum` and asserts `sum(10, 15) == 6`: there the candidate's shadows the builtin.
    """
    asserted = [s.test for s in tree.body if isinstance(s, ast.Assert)]
    called = [t.left.func for t in asserted if isinstance(t, ast.Compare) and isinstance(t.left, ast.Call)]
    found = {f.id for f in called if isinstance(f, ast.Name)}
    if len(found) == 1 and len(called) == len(asserted) and found <= set(dir(builtins)):
        return frozenset(found)
    return frozenset()


def mentions(tree: ast.Module, names: frozenset[str], module: str) -> bool:
    """Whether the tests use the candidate at all."""
    return bool(names) or module in imported(tree)


def imported(tree: ast.Module) -> set[str]:
    """Top-level names of the modules that the code imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def missing_modules(tree: ast.Module, own: set[str]) -> list[str]:
    """Modules that the code imports at its top level, outside of any `try`, and that are not to be had here."""
    wanted: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            wanted |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            wanted.add(node.module.split(".")[0])
    return sorted(name for name in wanted - own - set(sys.modules) if not _found(name))


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def cannot_pass(tree: ast.Module) -> str | None:
    """Why pytest would not run an item, or would not count it as passed; None where it will."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _SKIPS and _last(node.value) in ("mark", "unittest"):
            return f"line {node.lineno}: the tests mark what is to be skipped or to fail, which cannot pass"
        empty = isinstance(node, ast.Call) and _last(node.func) == "parametrize" and len(node.args) > 1
        if empty and isinstance(node.args[1], ast.List | ast.Tuple) and not node.args[1].elts:  # type: ignore[attr-defined]
            return f"line {node.lineno}: the tests have no case"  # type: ignore[attr-defined]
    return None


def runs_pytest(tree: ast.Module) -> bool:
    """Whether a script runs pytest over its own file, `pytest.main([__file__])`: there is no such file."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(f, ast.Attribute) and f.attr == "main" and _root(f) == "pytest" for f in calls)


def seeds_numpy(tree: ast.Module) -> bool:
    """Whether the code seeds numpy's generator: `np.random.seed(0)`."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return "numpy" in imported(tree) and any(_last(func) == "seed" for func in called)


def from_module(tree: ast.Module, module: str) -> set[str]:
    """Names that the code imports from `module`; the star import's are not among them."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    } | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == module
    }


def _made_by(tree: ast.Module, candidates: frozenset[str] | set[str]) -> set[str]:
    """Names that stand for one thing alone: an object made by a class of the candidate's."""
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _makes(node.value, candidates)
        for target in node.targets
        if isinstance(target, ast.Name) and stored.count(target.id) == 1
    }


def _makes(node: ast.AST, candidates: frozenset[str] | set[str]) -> bool:
    """Whether an expression is a call of what is named as a class."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    name = node.func.id
    return name in candidates and name[0].isupper() and name != name.upper()


def _operand(node: ast.AST, made: set[str], candidates: frozenset[str] | set[str]) -> str | None:
    """`Vector(1, 2) * 3`: an operator of the candidate's with a number of the tests', which it is never told."""
    if not isinstance(node, ast.BinOp) or isinstance(node.op, ast.BitOr | ast.BitAnd | ast.BitXor):
        return None
    for one, other in ((node.left, node.right), (node.right, node.left)):
        own = _makes(one, candidates) or (isinstance(one, ast.Name) and one.id in made)
        number = other.operand if isinstance(other, ast.UnaryOp) else other
        if own and isinstance(number, ast.Constant) and type(number.value) in (int, float):
            return (
                f"compute {ast.unparse(node)[:60]} by an operator of the candidate's, which is never told their numbers"
            )
    return None


_DOUBLES = frozenset("Mock MagicMock AsyncMock NonCallableMock NonCallableMagicMock create_autospec".split())
#: What a double that is called, and no more, is asked for or told.
_OF_CALLS = frozenset(
    """return_value side_effect called call_count call_args call_args_list mock_calls reset_mock await_count await_args
    await_args_list name""".split()
)


def _double(node: ast.AST, doubles: set[str]) -> str | None:
    """A double of an object, `repo.find.return_value = 3`: the candidate would get nothing of it but its call."""
    if isinstance(node, ast.Call) and _last(node.func) in _DOUBLES:
        made_as = [k.arg for k in node.keywords if k.arg not in ("return_value", "side_effect", "name")]
        if made_as or node.args or _last(node.func) not in ("Mock", "MagicMock", "AsyncMock"):
            return f"make a double of an object ({ast.unparse(node)[:60]}), of which the candidate gets the call alone"
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name) or node.value.id not in doubles:
        return None
    if node.attr in _OF_CALLS or node.attr.startswith("assert_"):
        return None
    return f"make a double of an object ({ast.unparse(node)}), of which the candidate gets the call alone"


def _doubles(tree: ast.Module) -> set[str]:
    """Names that stand for doubles."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _last(node.value.func) in _DOUBLES
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def needs_one_process(tree: ast.Module, candidates: frozenset[str] | set[str]) -> str | None:
    """Why the tests cannot be parted from the candidate's process; None where they can."""
    renamed, paths = _renamed(tree), _paths(tree) - set(candidates)
    modules, made = _modules(tree) - set(candidates), _made_by(tree, candidates)
    has_mocks = "unittest" in imported(tree)
    doubles = _doubles(tree) if has_mocks else set()
    for node in ast.walk(tree):
        reason = _reason(node, candidates) or _patch_of_module(node, modules) or _file_by_path(node, paths)
        reason = reason or _patch_of_globals(node) or _operand(node, made, candidates)
        reason = reason or (_double(node, doubles) if has_mocks else None)
        if reason is None and isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            original = renamed.get(node.func.id)
            reason = _reason_of_call(ast.Call(original, node.args, node.keywords), candidates) if original else None
        if reason is not None:
            return f"line {getattr(node, 'lineno', '?')}: the tests {reason}"
    return None


def _modules(tree: ast.Module) -> set[str]:
    """Names that stand for imported modules."""
    return {
        alias.asname or alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def _renamed(tree: ast.Module) -> dict[str, ast.expr]:
    """What `from m import f as g` renames: g, and f as an expression."""
    return {
        alias.asname: ast.Name(alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }


def _patch_of_module(node: ast.AST, modules: set[str]) -> str | None:
    """`time.sleep = …`: it holds in the tests' process alone."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Store | ast.Del):
        return None
    if isinstance(node.value, ast.Name) and node.value.id in modules:
        return f"patch {ast.unparse(node)}, which the candidate has in a process of its own"
    return None


def _paths(tree: ast.Module) -> set[str]:
    """Names that stand for pathlib, its Path, or a path made with them."""
    found = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.name == "pathlib" or (isinstance(node, ast.ImportFrom) and node.module == "pathlib")
    }
    if found:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and _leftmost(node.value) in found:
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def _leftmost(node: ast.AST) -> str | None:
    """The name that an expression starts with: `Path` in `Path("a") / "b"`."""
    while isinstance(node, ast.BinOp):
        node = node.left
    return _root(node)


def _file_by_path(node: ast.AST, paths: set[str]) -> str | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    if node.func.attr in _PATH_CALLS and _leftmost(node.func.value) in paths:
        return f"share files ({ast.unparse(node.func)}) with the candidate, whose folder is its own"
    return None


def _patch_of_globals(node: ast.AST) -> str | None:
    """`globals()["print"] = …`, `sys.modules["m"] = …`: it holds in the tests' process alone."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        holder: ast.AST = node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _DICT_CHANGES:
        holder = node.func.value
    else:
        return None
    text = ast.unparse(holder)
    if text in ("globals()", "vars()", "sys.modules", "__builtins__", "builtins.__dict__", "vars(builtins)"):
        return f"change {text}, which the candidate has in a process of its own"
    return None


def _reason(node: ast.AST, candidates: frozenset[str] | set[str]) -> str | None:
    if isinstance(node, ast.ClassDef):
        inherited = [b for b in node.bases if _root(b) in candidates]
        return f"extend the candidate's class {ast.unparse(inherited[0])}" if inherited else None
    if isinstance(node, ast.arg) and node.arg in ("capsys", "capfd", "capsysbinary", "capfdbinary"):
        return f"capture output ({node.arg}), which the candidate prints in a process of its own"
    if isinstance(node, ast.arg) and node.arg in ("recwarn", "caplog"):
        return f"capture warnings or logs ({node.arg}), which the candidate gives in a process of its own"
    if isinstance(node, ast.arg) and node.arg == "monkeypatch":
        return "patch (monkeypatch) what the candidate would use in a process of its own"
    if isinstance(node, ast.arg) and node.arg in _FILE_FIXTURES:
        return f"share files ({node.arg}) with the candidate, whose folder is its own"
    if isinstance(node, ast.Call):
        return _reason_of_call(node, candidates)
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and _root(target) == "sys" and target.attr in _STREAMS:
                return f"replace sys.{target.attr}, which the candidate has in a process of its own"
            if isinstance(target, ast.Attribute) and _root(target) in ("builtins", "__builtins__"):
                return f"patch builtins.{target.attr} for the candidate"
    inner = isinstance(node, ast.Attribute) and node.attr in ("__code__", "__globals__", "__closure__")
    if inner and _root(node) in candidates:
        return f"look into the candidate's {node.attr}"  # type: ignore[attr-defined]
    return None


def _reason_of_call(node: ast.Call, candidates: frozenset[str] | set[str]) -> str | None:
    name = _last(node.func)
    if _shares_files(node.func):
        return f"share files ({ast.unparse(node.func)}) with the candidate, whose folder is its own"
    if name in _CAPTURES or (name == "catch_warnings" and any(k.arg == "record" for k in node.keywords)):
        return f"capture warnings or logs ({ast.unparse(node.func)}), which the candidate gives in a process of its own"
    if name == "setattr" and node.args and _root(node.args[0]) in ("sys", "builtins"):
        return f"patch {_root(node.args[0])} for the candidate"
    if name in ("patch", "redirect_stdout", "redirect_stderr", "redirect_stdin") or _is_patch(node.func):
        return f"use {ast.unparse(node.func)}, which does not reach the candidate's process"
    if name in _SOLUTION_READERS and any(_root(a) in candidates for a in node.args):
        return f"read the candidate's code ({ast.unparse(node.func)})"
    return None


def _is_patch(func: ast.expr) -> bool:
    """`patch.object(…)`, `mock.patch.dict(…)` and their like."""
    return (
        isinstance(func, ast.Attribute) and func.attr in ("object", "dict", "multiple") and _last(func.value) == "patch"
    )


def _shares_files(func: ast.expr) -> bool:
    """Whether this call makes, reads or looks for files: the candidate's are in another folder."""
    if isinstance(func, ast.Name):
        return func.id in ("open", "NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp")
    if not isinstance(func, ast.Attribute):
        return False
    owner = ast.unparse(func.value)
    return (owner, func.attr) in _FILE_CALLS or owner in ("tempfile", "shutil")


def _last(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _root(node: ast.AST) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
