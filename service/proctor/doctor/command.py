"""The command line of `proctor doctor`: a table for people, JSON for machines, exit 1 for a broken promise."""

from __future__ import annotations

import contextlib
import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from proctor.doctor.examine import Finding, examine
from proctor.errors import ConfigurationError, SandboxError
from proctor.sandbox.provider import Hello
from proctor.settings import Settings
from proctor.wiring import make_provider
from proctor_supervisor.languages.table import canonical


def run(settings: Settings, *, language: str, as_json: bool) -> int:
    """Examine a language's sandbox, print; the exit code: 0 all kept, 1 one broken, 2 no sandbox to examine."""
    words = Console(stderr=True)
    try:
        provider = make_provider(settings)
        with words.status("attacking the sandbox …"), contextlib.closing(provider):
            hello, findings = examine(provider, language=canonical(language))
    except (SandboxError, ConfigurationError) as error:
        words.print(f"No sandbox to examine: {escape(str(error))}", style="red")
        return 2
    if as_json:
        print(json.dumps(_json(provider.name, hello, findings), indent=2))
    else:
        Console().print(_table(provider.name, hello, findings))
    return 0 if all(f.kept for f in findings) else 1


def _json(name: str, hello: Hello, findings: list[Finding]) -> dict[str, object]:
    return {
        "provider": name,
        "tier": hello.tier,
        "image": hello.image,
        "languages": hello.languages,
        "enforcement": hello.enforcement,
        "kept": all(f.kept for f in findings),
        "promises": [
            {
                "name": f.name,
                "says": f.says,
                "kept": f.kept,
                "enforcement": f.enforcement,
                "breaches": list(f.breaches),
                "took_s": round(f.took_s, 3),
            }
            for f in findings
        ],
    }


def _table(name: str, hello: Hello, findings: list[Finding]) -> Table:
    broken = sum(not f.kept for f in findings)
    table = Table(
        title=f"sandbox {name}, tier {hello.tier}: {len(findings) - broken} promises kept, {broken} broken",
        title_style="red" if broken else "green",
    )
    for column in ("promise", "", "by", "what it says, or what broke it"):
        table.add_column(column, overflow="fold")
    for f in findings:
        said = escape(f.says) if f.kept else "\n".join(escape(b) for b in f.breaches)
        table.add_row(f.name, "[green]kept" if f.kept else "[red]broken", f.enforcement or "", said)
    return table
