"""The report as one self-contained page: inline styles, no script, nothing from anywhere else."""

from __future__ import annotations

from pathlib import Path

from tickstock.relationships.report import charts
from tickstock.relationships.report.model import Report
from tickstock.relationships.report.tables import Section, text
from tickstock.terminal import printable

TEMPLATE = Path(__file__).with_name("report.html")


def render(report: Report, sections: list[Section], limit: int | None) -> str:
    """The page; plots of the detail have up to ``limit`` funds. The template engine escapes whatever is stored."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters.update({"cell": text, "printable": printable})
    detail = report.detail
    page: str = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        report=report,
        sections=sections,
        date=f"{report.made_at.day} {report.made_at:%B %Y}",
        time=f"{report.made_at:%H:%M} UTC",
        sector_bars=charts.sector_bars(report),
        coverage=charts.coverage_stacks(report),
        concentration=charts.concentration_bars(detail.etfs)[:limit] if detail else [],
        heat={value: charts.overlap_heat(detail.overlap, value) for value in ("stocks", "weight")} if detail else {},
        freshness=charts.freshness_stack(detail.freshness) if detail else None,
    )
    return page.strip()
