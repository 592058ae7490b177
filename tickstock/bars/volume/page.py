"""The study as one self-contained page: the chart as inline SVG, tables, no script, nothing from anywhere else."""

from __future__ import annotations

from pathlib import Path

from tickstock.bars.volume import chart, text
from tickstock.bars.volume.study import Study
from tickstock.terminal import printable

TEMPLATE = Path(__file__).with_name("study.html")


def page(one: Study) -> str:
    """The page as HTML, for light and dark screens; the template engine escapes whatever is not ours."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters["printable"] = printable
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    result: str = template.render(
        study=one,
        figures=text.figures(one),
        scores=[(score, text.headline(score)) for score in (one.accumulation, one.distribution)],
        colours=chart.COLOURS._asdict(),
        dark=DARK._asdict(),
        chart=Markup(chart.svg(one)),  # noqa: S704 - matplotlib's own, which escapes its texts
    )
    return result


DARK = chart.Colours(
    paper="#12161a",
    ink="#e7e9eb",
    soft="#9ba6b0",
    grid="#232a31",
    frame="#3a434c",
    up="#35b396",
    down="#e2685d",
    line="#62a9c8",
    average="#dba643",
    anchored="#b18ad8",
    shade="#37434d",
    area="#4b7c92",
    bullish="#5fd1b6",
    bearish="#f08f86",
)
