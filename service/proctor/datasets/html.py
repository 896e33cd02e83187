"""The report as one page that needs nothing else: style within, plots as SVG within. What rows hold is escaped."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from proctor.datasets.findings import MEANING, Checked, Kind
from proctor.datasets.report import Report

ROWS_MOST = 2000  # rows with findings on the page; all are in the JSON
WIDTH, BAR, GAP = 640, 18, 6

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid #d7dce1; padding: .3rem .6rem;
text-align: left; vertical-align: top; overflow-wrap: anywhere; } th { font-weight: 600; }
.fault { color: #b3261e; } .remark { color: #8a5a00; } .number { text-align: right; } svg text { font-size: 12px; }
code { font-size: 13px; } figure { margin: 1rem 0; } figcaption { font-weight: 600; margin-bottom: .3rem; }
"""
_FAULT, _REMARK, _PLAIN = "#b3261e", "#c98a1b", "#3b6ea5"


def page(report: Report) -> str:
    """The whole page."""
    summary = report.summary()
    parts = [
        f"<h1>{_text(report.about.get('file', 'data set'))}</h1>",
        f"<p>{summary['rows']} rows: {summary['clean']} clean, {summary['remarked']} with remarks, "
        f"{summary['faulty']} faulty; {summary['kept']} in the cleaned file. "
        f"{summary['checked']} had a reference solution that ran.</p>",
        _plots(report),
        _kinds(summary["findings"]),
        _rows(report.rows),
        _comparators(report.rows),
        f"<h2>For the record</h2><pre><code>{_text(json.dumps(report.about, indent=1))}</code></pre>",
    ]
    head = f'<meta charset="utf-8"><title>{_text(report.about.get("file", ""))}: check</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def bars(title: str, values: Sequence[tuple[str, int, str]]) -> str:
    """A figure of horizontal bars: (label, number, colour) each."""
    if not values:
        return ""
    most = max(number for _, number, _ in values) or 1
    height = len(values) * (BAR + GAP)
    room = WIDTH - 300
    lines = []
    for place, (label, number, colour) in enumerate(values):
        y = place * (BAR + GAP)
        width = round(room * number / most, 1)
        lines.append(
            f'<text x="210" y="{y + 13}" text-anchor="end">{_text(label)}</text>'
            f'<rect x="220" y="{y}" width="{width}" height="{BAR}" fill="{colour}"/>'
            f'<text x="{round(226 + width, 1)}" y="{y + 13}">{number}</text>'
        )
    svg = f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">{"".join(lines)}</svg>'
    return f"<figure><figcaption>{_text(title)}</figcaption>{svg}</figure>"


def histogram(values: Sequence[float], edges: Sequence[float], unit: str = "") -> list[tuple[str, int, str]]:
    """Bars of how many values lie from each edge up to the next; the last bin has no end."""
    found = []
    for number, low in enumerate(edges):
        high = edges[number + 1] if number + 1 < len(edges) else float("inf")
        label = f"{low:g}{unit} and more" if high == float("inf") else f"{low:g}–{high:g}{unit}"
        found.append((label, sum(low <= v < high for v in values), _PLAIN))
    return found


def _plots(report: Report) -> str:
    rows = report.rows
    kinds = [(k, n, _colour(Kind(k))) for k, n in report.counts().items()]
    shares = [100 * r.share for row in rows for r in row.runs if r.share is not None and r.all_pass()]
    tests = [row.tests for row in rows if row.tests]
    return "".join(
        [
            bars("Rows by finding", kinds),
            bars("Reference solutions by how they pass", _passes(rows)) if any(r.runs for r in rows) else "",
            bars("Share of the tightest limit that passing references use", histogram(shares, _SHARES, " %"))
            if shares
            else "",
            bars("Tests per row", histogram(tests, (1, 2, 4, 8, 16, 32, 64, 128))) if tests else "",
        ]
    )


_SHARES = (0, 1, 5, 10, 25, 50, 75, 90)


def _passes(rows: Sequence[Checked]) -> list[tuple[str, int, str]]:
    runs = [r for row in rows for r in row.runs]
    steady = [r for r in runs if r.all_pass()]
    partly = [r for r in runs if r not in steady and "passed" in r.told()]
    rest = [r for r in runs if r not in steady and r not in partly]
    twice = [r for r in rest if r.all_pass("x2")]
    four = [r for r in rest if r not in twice and r.all_pass("x4")]
    return [
        ("every run, limits × 1", len(steady), _PLAIN),
        ("some runs, limits × 1", len(partly), _FAULT),
        ("with limits × 2", len(twice), _REMARK),
        ("with limits × 4", len(four), _REMARK),
        ("never", len(rest) - len(twice) - len(four), _FAULT),
    ]


def _kinds(counts: dict[str, int]) -> str:
    if not counts:
        return "<p>Nothing was found.</p>"
    lines = [
        f'<tr><td class="{_class(Kind(kind))}">{kind}</td><td class="number">{count}</td>'
        f"<td>{_text(MEANING[Kind(kind)])}</td></tr>"
        for kind, count in counts.items()
    ]
    return (
        "<h2>Findings</h2><table><tr><th>finding</th><th>rows</th><th>meaning</th></tr>" + "".join(lines) + "</table>"
    )


def _rows(rows: Sequence[Checked]) -> str:
    found = [row for row in rows if row.findings]
    if not found:
        return ""
    lines = []
    for row in found[:ROWS_MOST]:
        for finding in row.findings:
            style = "fault" if finding.is_fault else "remark"
            lines.append(
                f'<tr><td class="number">{row.number}</td><td>{_text(row.id)}</td>'
                f'<td class="{style}">{finding.kind.value}</td><td>{_text(finding.detail)}</td></tr>'
            )
    more = f"<p>{len(found) - ROWS_MOST} more rows are in the JSON report.</p>" if len(found) > ROWS_MOST else ""
    head = "<tr><th>row</th><th>id</th><th>finding</th><th>evidence</th></tr>"
    return f"<h2>Rows</h2><table>{head}{''.join(lines)}</table>{more}"


def _comparators(rows: Sequence[Checked]) -> str:
    found = [(row, row.suggestion) for row in rows if row.suggestion]
    if not found:
        return ""
    lines = [
        f'<tr><td class="number">{row.number}</td><td>{_text(row.id)}</td><td>{_text(suggestion.name)}</td><td><code>'
        f"{_text(json.dumps(suggestion.compare))}</code></td><td>{_text('; '.join(suggestion.evidence))}</td></tr>"
        for row, suggestion in found[:ROWS_MOST]
    ]
    head = "<tr><th>row</th><th>id</th><th>comparison</th><th>as a request has it</th><th>evidence</th></tr>"
    return f"<h2>Comparisons that fit</h2><table>{head}{''.join(lines)}</table>"


def _colour(kind: Kind) -> str:
    return _FAULT if _class(kind) == "fault" else _REMARK


def _class(kind: Kind) -> str:
    from proctor.datasets.findings import REMARKS

    return "remark" if kind in REMARKS else "fault"


def _text(value: Any) -> str:
    """Escaped; lone surrogates, which no page can hold, as they are written in JSON."""
    return html.escape(str(value).encode("utf-8", "backslashreplace").decode("utf-8"))
