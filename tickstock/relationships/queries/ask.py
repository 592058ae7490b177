"""From a question to its answer, in words and as a document. Imports no more than the one question needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.db import transaction
from tickstock.relationships.queries import names, shapes, text
from tickstock.terminal import printable

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from tickstock.db import Connection

QUESTIONS = ("stock", "etf", "sector", "theme", "universe", "stats", "where", "overlap", "exposure")


class Question(NamedTuple):
    """``about`` is a name; for ``overlap`` a list of names, for ``exposure`` a path, for ``stats`` not looked at.

    With ``as_of`` it is about that day, with ``known_on`` about what was known at the end of that one (UTC).
    """

    kind: str
    about: Any
    environment: str
    min_weight: Decimal | None = None
    as_of: date | None = None
    known_on: date | None = None


class Answer(NamedTuple):
    """Lines for people (``lines(verbose)``), a document for JSON, and remarks on the input."""

    lines: Callable[[bool], Iterator[str]]
    document: Callable[[], dict[str, Any]]
    remarks: list[str]


def ask(connection: Connection, question: Question) -> Answer:
    """Answer from one state of the data, however many statements that takes.

    Raises:
        TickstockError: nothing has that name; the message says what is near.
        UsageError: an overlap of fewer than two funds.
        BadInputError: the portfolio's file cannot be used.
    """
    names.use_environment(connection, question.environment)
    with transaction(connection):
        if question.as_of or question.known_on:
            from tickstock.relationships.queries.past import ask_past

            return ask_past(connection, question)
        if question.kind in ("where", "overlap", "exposure"):
            return about_funds(connection, question)
        if question.kind == "stock":
            from tickstock.relationships.queries.stock import read_stock

            stock = read_stock(connection, question.about)
            return _answer(stock, text.stock_lines, shapes.stock_document)
        if question.kind == "stats":
            from tickstock.relationships.queries.stats import read_stats

            stats = read_stats(connection)
            answer = _answer(stats, text.stats_lines, shapes.stats_document)
            if not stats.summary.relationships:
                load = names.how_to_load(names.STOCK, question.environment)
                answer.remarks.append(f"nothing is loaded; load it: {load}")
            return answer
        return _about_group(connection, question)


def _about_group(connection: Connection, question: Question) -> Answer:
    from tickstock.relationships.queries.groups import read_fund, read_group, read_sector

    if question.kind == "etf":
        return _answer(read_fund(connection, question.about), text.etf_lines, shapes.etf_document)
    if question.kind == "sector":
        return _answer(read_sector(connection, question.about), text.sector_lines, shapes.sector_document)
    if question.kind == "theme":
        theme = read_group(connection, names.THEME, question.about)
        return _answer(theme, text.theme_lines, shapes.theme_document)
    universe = read_group(connection, names.UNIVERSE, question.about)
    return _answer(universe, text.universe_lines, shapes.universe_document)


def about_funds(connection: Connection, question: Question) -> Answer:
    """Answer one of the questions ``where``, ``overlap`` and ``exposure``."""
    from tickstock.relationships.queries import fund_text

    if question.kind == "where":
        from tickstock.relationships.queries.holders import read_holders

        holders = read_holders(connection, question.about, question.min_weight)
        return _answer(holders, fund_text.where_lines, shapes.where_document)
    if question.kind == "overlap":
        from tickstock.relationships.queries.overlap import read_overlap

        return _answer(read_overlap(connection, question.about), fund_text.overlap_lines, shapes.overlap_document)
    from tickstock.relationships.queries.exposure import read_exposure
    from tickstock.relationships.queries.portfolio import read_portfolio

    exposure = read_exposure(connection, read_portfolio(question.about))
    answer = _answer(exposure, fund_text.exposure_lines, shapes.exposure_document)
    return answer._replace(remarks=[printable(remark) for remark in exposure.remarks])


def _answer(
    value: Any, lines: Callable[[Any, bool], Iterator[str]], document: Callable[[Any], dict[str, Any]]
) -> Answer:
    return Answer(partial(lines, value), partial(document, value), [])
