"""The commands that start the service, whole or in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from proctor.settings import Settings

Host = Annotated[str | None, typer.Option(help="Address to listen on. Others than loopback need API keys.")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)]
Fd = Annotated[int | None, typer.Option(help="Listening socket that is open already.", hidden=True)]


def serve(
    host: Host = None,
    port: Port = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes, one sandbox each.", min=1)] = None,
    sandbox: Annotated[str | None, typer.Option(help="auto, docker, namespace or attached.")] = None,
    fd: Fd = None,
) -> None:
    """Run everything: API, queue, workers and sandboxes. Ctrl-C ends it all."""
    from proctor import serve as processes
    from proctor.api.auth import key_ring

    processes.set_environment(PROCTOR_HOST=host, PROCTOR_PORT=port, PROCTOR_WORKERS=workers, PROCTOR_SANDBOX=sandbox)
    settings = read_settings()
    key_ring(settings)  # refused here, before anything starts
    have_image(settings)
    processes.become_supervisor(
        processes.Launch(
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            api_processes=settings.api_processes,
            private_redis=settings.redis_url is None,
            fd=fd,
        )
    )


def api(host: Host = None, port: Port = None, fd: Fd = None) -> None:
    """Run the API alone. Needs PROCTOR_REDIS_URL."""
    from proctor import serve as processes
    from proctor.api.run import run

    processes.set_environment(PROCTOR_HOST=host, PROCTOR_PORT=port)
    run(read_settings(), fd)


def worker() -> None:
    """Run one worker, with one sandbox. Needs PROCTOR_REDIS_URL."""
    from proctor.worker.main import run

    run(read_settings())


def workers(
    most: Annotated[int, typer.Option(help="Worker processes at a time, at most.", min=1)] = 256,
) -> None:
    """Run as many workers as sandboxes dial in. For the attached provider; needs PROCTOR_REDIS_URL."""
    import tempfile
    from pathlib import Path

    from proctor.errors import ConfigurationError
    from proctor.worker import crew

    settings = read_settings()
    if settings.sandbox != "attached" or settings.redis_url is None:
        raise ConfigurationError("`proctor workers` needs PROCTOR_SANDBOX=attached and PROCTOR_REDIS_URL")
    crew.become(settings.worker_status or Path(tempfile.mkdtemp(prefix="proctor-")), most, settings.stop_grace_s)


def doctor(
    sandbox: Annotated[str | None, typer.Option(help="auto, docker, namespace or attached.")] = None,
    language: Annotated[str, typer.Option(help="Attack the sandbox that is for this language.")] = "python",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Attack this machine's sandbox: a row per promise. Exit 1 if one is broken, 2 where there is no sandbox."""
    from proctor import serve as processes
    from proctor.doctor.command import run

    processes.set_environment(PROCTOR_SANDBOX=sandbox)
    settings = read_settings()
    have_image(settings)
    raise typer.Exit(run(settings, language=language, as_json=json))


def have_image(settings: Settings) -> None:
    """In a checkout, build the sandbox image where docker is asked for and it is missing. Raises SandboxUnavailable."""
    if settings.sandbox == "docker":
        from proctor.sandbox.images import build_if_needed

        build_if_needed(settings)


def read_settings() -> Settings:
    """The settings, with logging set up. Raises ConfigurationError with every fault named."""
    from pydantic import ValidationError

    from proctor import logs
    from proctor.errors import ConfigurationError
    from proctor.settings import get_settings

    try:
        settings = get_settings()
    except ValidationError as error:
        faults = "; ".join(f"PROCTOR_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(faults) from None
    logs.configure(settings)
    return settings
