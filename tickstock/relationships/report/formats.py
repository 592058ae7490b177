"""One report in each format."""

from __future__ import annotations

from tickstock.relationships.report.model import Report


def render(report: Report, name: str, everything: bool = False) -> str:
    """The report as ``console``, ``markdown``, ``json`` or ``html``.

    Long lists of the detail are cut, unless ``everything`` is wanted; JSON always has all.
    """
    if name == "json":
        from tickstock.relationships.report import as_json

        return as_json.render(report)

    from tickstock.relationships.report.detail_sections import LIMIT
    from tickstock.relationships.report.sections import head, sections

    limit = None if everything else LIMIT
    parts = sections(report, limit)
    if name == "html":
        from tickstock.relationships.report import html

        return html.render(report, parts, limit)
    if name == "markdown":
        from tickstock.relationships.report import markdown

        return markdown.render(head(report), parts)

    from tickstock.relationships.report import console

    return console.render(head(report), parts)
