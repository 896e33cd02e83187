"""`proctor thinking eval | calibrate | server`, and `proctor thinking-server`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proctor.commands import read_settings

if TYPE_CHECKING:
    from proctor.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="The thinking model: how good it is, how it is scaled, and a server for it.",
)

File = Annotated[Path, typer.Argument(help="JSON lines, or one JSON list.", exists=True, dir_okay=False)]


@app.command("eval")
def evaluate(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    limit: Annotated[int | None, typer.Option(help="Pairs to take, from the first.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Draws the positions, the resamples and the control.")] = 0,
    problem: Annotated[
        str | None, typer.Option(help="The field of the problem, where it has a name of its own.")
    ] = None,
    chosen: Annotated[str | None, typer.Option(help="The field of the better reasoning.")] = None,
    rejected: Annotated[str | None, typer.Option(help="The field of the worse reasoning.")] = None,
) -> None:
    """Pairwise accuracy of the attached model on preference pairs (problem, chosen, rejected)."""
    from proctor.thinking.quality import ask, files

    named = {"problem": problem, "chosen": chosen, "rejected": rejected}
    fields = files.Fields(**{name: (value,) for name, value in named.items() if value is not None})
    pairs = files.read_pairs(file, fields)[:limit]
    report = asyncio.run(_with_scorer(read_settings(), lambda s: ask.evaluate(s, pairs, seed)))
    typer.echo(json.dumps(report, indent=1) if as_json else "\n".join(_lines(report)))


@app.command()
def calibrate(
    file: File,
    out: Annotated[
        Path | None, typer.Option(help="Where it goes: else PROCTOR_THINKING_CALIBRATION, else calibration.json.")
    ] = None,
    trim: Annotated[float, typer.Option(help="Share of the scores to cut off at each end.", min=0, max=0.25)] = 0.0,
) -> None:
    """The range of the attached model's raw scores, for PROCTOR_THINKING_NORMALIZE=minmax."""
    from proctor.thinking.quality import ask, files

    thoughts = files.read_thoughts(file)
    settings = read_settings()
    out = out or settings.thinking_calibration or Path("calibration.json")
    found = asyncio.run(_with_scorer(settings, lambda s: ask.calibrate(s, thoughts, trim)))
    _write(out, json.dumps(found, indent=1) + "\n")
    typer.echo(f"{found['count']} scores from {found['min']:.6g} to {found['max']:.6g}. To use them:")
    typer.echo(f"PROCTOR_THINKING_NORMALIZE=minmax PROCTOR_THINKING_CALIBRATION={out}")


@app.command()
def server(
    model: Annotated[str, typer.Argument(help="Name or path of a model with a reward head.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8100,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, …")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
    window: Annotated[int | None, typer.Option(help="Tokens the model reads at most.")] = None,
    batch_tokens: Annotated[int | None, typer.Option(help="Tokens of a batch, padding included.")] = None,
    label: Annotated[str | None, typer.Option(help="The label of good reasoning, where there are several.")] = None,
    template: Annotated[str | None, typer.Option(help="chat, or a file with {problem} and {reasoning}.")] = None,
) -> None:
    """Serve a local model of transformers. Needs the extra `transformers`."""
    from proctor import serve as processes
    from proctor.errors import ConfigurationError
    from proctor.thinking.local import server as local
    from proctor.thinking.providers import make_engine

    processes.set_environment(
        PROCTOR_THINKING_MODEL=model,
        PROCTOR_THINKING_DEVICE=device,
        PROCTOR_THINKING_DTYPE=dtype,
        PROCTOR_THINKING_WINDOW=window,
        PROCTOR_THINKING_BATCH_TOKENS=batch_tokens,
        PROCTOR_THINKING_LABEL=label,
        PROCTOR_THINKING_TEMPLATE=template,
    )
    settings = read_settings()
    key = settings.thinking_api_key
    if key is None and not _is_loopback(host):
        raise ConfigurationError(f"listening on {host} needs PROCTOR_THINKING_API_KEY")
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    engine = make_engine(settings)
    address, bound = listener.getsockname()[:2]
    typer.echo(json.dumps({"url": f"http://{address}:{bound}", **engine.describe()}))
    local.run(engine, listener, key.get_secret_value() if key else None)


async def _with_scorer(settings: Settings, work: Any) -> Any:
    """What `work` makes of the model that the settings attach, by its raw scores. Raises ConfigurationError."""
    from proctor.errors import ConfigurationError
    from proctor.thinking.scorer import make_scorer

    scorer = make_scorer(settings, raw=True)
    if scorer is None:
        raise ConfigurationError("PROCTOR_THINKING_PROVIDER is not set: no model is attached")
    try:
        return await work(scorer)
    finally:
        await scorer.close()


def _lines(report: dict[str, Any]) -> list[str]:
    """The report, for a person."""
    low, high = report["ci95_wilson"]
    least, most = report["ci95_bootstrap"]
    control = report["shuffled_labels"]
    model = report["model"]
    lines = [
        f"{model['provider']} {model['model'] or ''} ({model['asks']})",
        f"accuracy            {report['accuracy']:.4f}  [{low:.4f}, {high:.4f}] Wilson, "
        f"[{least:.4f}, {most:.4f}] bootstrap",
        f"pairs               {report['pairs']} of {report['problems']} problems, {report['ties']} ties, "
        f"{report['unscored']} not scored, {report['thinking_rejected']} with a side refused",
        f"shuffled labels     {control['accuracy']:.4f}  [{control['range95'][0]:.4f}, {control['range95'][1]:.4f}], "
        f"p = {control['p_value']:.4f}",
        f"the longer one wins {report['longer_wins']:.4f}",
    ]
    for name in ("by_longer", "by_length", "by_position", "by_subset"):
        for group, row in report.get(name, {}).items():
            low, high = row["ci95_wilson"]
            lines.append(f"  {group:<32} {row['accuracy']:.4f}  [{low:.4f}, {high:.4f}]  {row['pairs']} pairs")
    return lines


def _write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
        os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
