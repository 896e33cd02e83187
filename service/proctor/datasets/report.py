"""What a check found, as JSON and on the terminal. The order is that of the rows and of the kinds, always the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from proctor.datasets.findings import MEANING, REMARKS, Checked, Kind

SHOWN = 30  # rows told on the terminal


@dataclass
class Report:
    """A file, checked. about: the file, the service and the options, for the record."""

    about: dict[str, Any]
    rows: list[Checked] = field(default_factory=list)
    kept: int = 0
    samples: int = 0
    wall_s: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found at all."""
        return not any(row.findings for row in self.rows)

    def counts(self) -> dict[str, int]:
        """Rows with a finding, by kind, in the order of the kinds; those found alone."""
        found = Counter(kind for row in self.rows for kind in {finding.kind for finding in row.findings})
        return {kind.value: found[kind] for kind in Kind if found[kind]}

    def summary(self) -> dict[str, Any]:
        """The file in numbers."""
        suggested = Counter(row.suggestion.name for row in self.rows if row.suggestion)
        return {
            "rows": len(self.rows),
            "clean": sum(not row.findings for row in self.rows),
            "faulty": sum(row.is_faulty for row in self.rows),
            "remarked": sum(bool(row.findings) and not row.is_faulty for row in self.rows),
            "checked": sum(row.checked for row in self.rows),
            "kept": self.kept,
            "findings": self.counts(),
            "formats": _ordered(row.format for row in self.rows),
            "languages": _ordered(row.language for row in self.rows),
            "comparators": dict(sorted(suggested.items())),
            "samples": self.samples,
            "wall_s": round(self.wall_s, 2),
        }

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        meaning = {kind.value: MEANING[kind] for kind in Kind}
        rows = [row.plain() for row in self.rows]
        return {**self.about, "summary": self.summary(), "meaning": meaning, "rows": rows}


def _ordered(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def show(report: Report, console: Any) -> None:
    """Print the report: a table of findings, the rows they are about, and the comparators."""
    from rich.table import Table
    from rich.text import Text

    summary = report.summary()
    table = Table(title=f"{summary['rows']} rows, {summary['clean']} without a finding")
    table.add_column("finding")
    table.add_column("rows", justify="right")
    table.add_column("meaning")
    for kind, count in summary["findings"].items():
        style = "yellow" if Kind(kind) in REMARKS else "red"
        table.add_row(Text(kind, style=style), str(count), MEANING[Kind(kind)])
    if summary["findings"]:
        console.print(table)
    told = [(row, finding) for row in report.rows for finding in row.findings]
    for row, finding in told[:SHOWN]:
        line = Text(f"row {row.number} ({row.id}): ")
        line.append(finding.kind.value, style="red" if finding.is_fault else "yellow")
        console.print(line.append(f": {finding.detail}"), soft_wrap=True, highlight=False)
    if len(told) > SHOWN:
        console.print(f"… and {len(told) - SHOWN} more in the report", highlight=False)
    for row in [r for r in report.rows if r.suggestion and r.suggestion.name not in ("tokens", "values")][:SHOWN]:
        assert row.suggestion is not None
        evidence = "; ".join(row.suggestion.evidence)
        console.print(
            f"row {row.number} ({row.id}): compare {row.suggestion.compare}: {evidence}",
            soft_wrap=True,
            highlight=False,
        )
    unchecked = summary["rows"] - summary["checked"]
    told_unchecked = f"; {unchecked} had no reference solution that could be run" if unchecked else ""
    console.print(
        f"{summary['clean']} clean, {summary['remarked']} with remarks, {summary['faulty']} faulty{told_unchecked}. "
        f"{summary['samples']} runs in {summary['wall_s']:g} s.",
        highlight=False,
    )
