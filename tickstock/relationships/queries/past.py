"""From a question about a day of the past to its answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tickstock.errors import TickstockError
from tickstock.relationships.queries import names, past_shapes, past_text
from tickstock.relationships.queries.ask import Answer, about_funds
from tickstock.relationships.queries.moment import go_to, remarks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickstock.db import Connection
    from tickstock.relationships.queries.ask import Question
    from tickstock.relationships.queries.moment import Moment

_KINDS = {kind.noun.lower(): kind for kind in names.KINDS}


def ask_past(connection: Connection, question: Question) -> Answer:
    """Answer for the day of the question. Runs inside the caller's transaction; see :func:`ask.ask` for the errors."""
    moment = go_to(connection, question.as_of, question.known_on)
    answer = _about(connection, moment, question)
    return answer._replace(remarks=[*remarks(question.as_of, question.known_on), *answer.remarks])


def _about(connection: Connection, moment: Moment, question: Question) -> Answer:
    if question.kind == "stock":
        from tickstock.relationships.queries.past_stock import read_past_stock

        stock = read_past_stock(connection, moment, question.about)
        return Answer(partial(past_text.stock_lines, stock), partial(past_shapes.stock_document, stock), [])
    if question.kind == "stats":
        from tickstock.relationships.queries.past_stats import read_past_stats

        stats = read_past_stats(connection, moment)
        return Answer(partial(past_text.stats_lines, stats), partial(past_shapes.stats_document, stats), [])
    if kind := _KINDS.get(question.kind):
        from tickstock.relationships.queries.past_group import read_past_group

        group = read_past_group(connection, moment, kind, question.about)
        return Answer(partial(past_text.group_lines, group), partial(past_shapes.group_document, group), [])
    return _about_funds(connection, moment, question)


def _about_funds(connection: Connection, moment: Moment, question: Question) -> Answer:
    if question.kind == "where":
        return _where(connection, moment, question)
    if question.kind == "overlap":
        _require_known(connection, moment, question.about)
    answer = about_funds(connection, question)
    return answer._replace(
        lines=lambda verbose: past_text.on_day(moment, answer.lines(verbose)),
        document=lambda: past_shapes.on_day(moment, answer.document()),
    )


def _where(connection: Connection, moment: Moment, question: Question) -> Answer:
    from tickstock.relationships.queries.holders import FundWeight, holders_of
    from tickstock.relationships.queries.past_stock import find_past_stock

    past = find_past_stock(connection, moment, question.about)
    funds = [source for source in past.sources if source.type == "ETF"]
    held = [
        FundWeight(holder.etf, source.description, holder.weight)
        for holder, source in zip(past.stock.etfs, funds, strict=True)
    ]
    held.sort(key=lambda fund: (fund.weight is None, -(fund.weight or 0), fund.etf))
    holders = holders_of(past.stock.symbol, past.stock.name, held, question.min_weight)
    return Answer(partial(past_text.where_lines, past, holders), partial(past_shapes.where_document, past, holders), [])


def _require_known(connection: Connection, moment: Moment, funds: Sequence[str]) -> None:
    """Raise TickstockError where the day does not have one of the funds: was it removed, or not known yet?"""
    for fund in funds:
        if names.find_group(connection, names.ETF, fund) is None:
            from tickstock.relationships.queries.past_group import require_state

            state = require_state(connection, moment, names.ETF, fund)
            raise TickstockError(f"{state.name} on {moment.day}: {past_text.absence(state)}")
