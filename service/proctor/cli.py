"""The command `proctor`.

Each command is imported when it is called, and the processes that `proctor serve` starts come past here without
loading what they don't use: their memory is the service's memory at rest.

To add a command: a line in `COMMANDS` that names a function with typer's annotations, or a `typer.Typer`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

#: Name of the command → module and attribute.
COMMANDS = {
    "serve": "proctor.commands:serve",
    "api": "proctor.commands:api",
    "worker": "proctor.commands:worker",
    "workers": "proctor.commands:workers",
    "score": "proctor.score:score",
    "check-dataset": "proctor.datasets.check_command:check_dataset",
    "convert": "proctor.datasets.convert_command:convert",
    "demo": "proctor.demo:demo",
    "doctor": "proctor.commands:doctor",
    "thinking": "proctor.thinking_commands:app",
    "thinking-server": "proctor.thinking_commands:server",
    "bench": "proctor.bench.command:bench",
}

#: Exit status of settings or a machine that starting again will not mend (sysexits.h: EX_CONFIG).
EX_CONFIG = 78


def main() -> None:
    """Entry point of the command."""
    from proctor import serve

    if launch := serve.take_launch():
        sys.exit(serve.supervise(launch))
    if sys.argv[1:] == ["worker"]:
        from proctor.commands import worker

        sys.exit(guarded(worker))
    sys.exit(guarded(_application()))


def guarded(call: Callable[[], Any]) -> int:
    """Run `call`; the exit status. Errors that a user can mend are a line, not a traceback."""
    from proctor.errors import ConfigurationError, ProctorError, SandboxUnavailable

    try:
        call()
    except (ConfigurationError, SandboxUnavailable) as error:
        print(f"proctor: {error}", file=sys.stderr)
        return EX_CONFIG
    except ProctorError as error:
        print(f"proctor: {error}", file=sys.stderr)
        return 1
    return 0


def _application() -> typer.Typer:
    """The typer application. Commands are loaded when called, or all of them for `--help`."""
    import importlib

    import typer
    from typer.core import TyperGroup

    class Lazy(TyperGroup):
        """Commands by name, imported on demand."""

        def list_commands(self, ctx: Any) -> list[str]:
            """Names, in the order of the table."""
            return list(COMMANDS)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """The command; None where there is no such."""
            if cmd_name not in COMMANDS:
                return None
            module, attribute = COMMANDS[cmd_name].split(":")
            found = getattr(importlib.import_module(module), attribute)
            if not isinstance(found, typer.Typer):
                function, found = found, typer.Typer(add_completion=False)
                found.command()(function)
            command = typer.main.get_command(found)
            command.name = cmd_name
            return command

    def version(show: bool) -> None:
        if show:
            from proctor import __version__

            print(f"proctor {__version__}")
            raise typer.Exit

    app = typer.Typer(cls=Lazy, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.callback()
    def root(
        _: bool = typer.Option(False, "--version", callback=version, is_eager=True, help="Print the version."),
    ) -> None:
        """Rewards for reinforcement learning on code, judged in isolation."""

    return app
