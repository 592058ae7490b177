"""``/admin/preview``: what a load of the holdings folder would change. Nothing is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, render_template, request

from tickstock.errors import BusyError, NoInputError, TickstockError
from tickstock.relationships.entering import read_coming
from tickstock.relationships.evidence import EvidenceFiles, sector_method_inputs
from tickstock.relationships.inputs import etf_inputs, sector_inputs, theme_inputs, universe_inputs
from tickstock.relationships.load import load
from tickstock.relationships.plan import Options
from tickstock.relationships.store import read_on_record
from tickstock.web.guard import guard
from tickstock.web.plans import planning, shown

if TYPE_CHECKING:
    from pathlib import Path

    from tickstock.db import Connection
    from tickstock.relationships.entering import Coming
    from tickstock.relationships.inputs import Inputs
    from tickstock.web.config import WebConfig
    from tickstock.web.plans import Shown

MODES = ("incremental", "full")
BUSY = "another preview is being made; wait until it is done, then ask again"
Find = Callable[["Connection", "Path"], "Inputs"]

# In the order of the weekly run.
_STEPS: tuple[tuple[str, str, Find], ...] = (
    ("ETF", "Funds", lambda connection, folder: etf_inputs(folder)),
    ("UNIVERSE", "Universes", lambda connection, folder: universe_inputs(folder)),
    ("SECTOR", "The list of sectors", lambda connection, folder: sector_inputs(connection)),
    ("THEME", "Themes", lambda connection, folder: theme_inputs(folder)),
    (
        "SECTOR", "Sectors of the stocks",
        lambda connection, folder: sector_method_inputs(connection, EvidenceFiles(folder), build=False),
    ),
)  # fmt: skip


class Part(NamedTuple):
    """What one loader would do: plans (several, where older files lie beside newer ones), or why it cannot."""

    title: str
    plans: list[Shown]
    problems: list[str]
    nothing: str = ""


def preview(config: WebConfig) -> Blueprint:
    """The form, and the dry run that it asks for."""
    pages, one_at_a_time = Blueprint("preview", __name__, url_prefix="/admin/preview"), threading.Lock()
    guard(pages, config)
    show = partial(render_template, "preview.html", folder=config.holdings)

    @pages.get("")
    def choose() -> str:
        return show(mode=MODES[0], parts_of_run=None, busy="")

    @pages.post("")
    def run() -> Response:
        mode = request.form.get("mode", "")
        mode = mode if mode in MODES else MODES[0]
        if not one_at_a_time.acquire(blocking=False):
            return Response(show(mode=mode, parts_of_run=None, busy=BUSY), 503)
        try:
            return Response(show(mode=mode, parts_of_run=list(dry_run(config, mode)), busy=""))
        except BusyError as error:
            return Response(show(mode=mode, parts_of_run=None, busy=str(error)), 503)
        finally:
            one_at_a_time.release()

    return pages


def dry_run(config: WebConfig, mode: str) -> Iterator[Part]:
    """What each loader would do with the files of the folder, as the weekly run (``full``: the monthly one) does it.

    What the loads before would bring, the sectors take in. Raises BusyError where somebody is in the way.
    """
    coming: list[Coming] = []
    for type_, title, find in _STEPS:
        options = Options(type_, config.environment, mode, dry_run=True)
        plans: list[Shown] = []
        try:
            with planning(config.database) as connection:
                inputs = find(connection, config.holdings)
                if inputs.method:
                    inputs = inputs._replace(method=inputs.method._replace(coming=tuple(coming)))
                earlier = _earlier(connection, inputs, options)
                plans.append(shown(connection, load(config.database, connection, inputs, options)))
                if type_ != "SECTOR":
                    coming += read_coming(connection, type_)
            for older in earlier:
                with planning(config.database) as connection:
                    plans.append(shown(connection, load(config.database, connection, older, options)))
        except NoInputError as error:
            yield Part(title, plans, [], str(error))
        except BusyError:
            raise
        except TickstockError as error:
            yield Part(title, plans, str(error).splitlines())
        else:
            yield Part(title, plans, [])


def _earlier(connection: Connection, inputs: Inputs, options: Options) -> list[Inputs]:
    if not inputs.earlier:
        return []
    with connection.cursor() as cursor:
        return list(inputs.older(read_on_record(cursor, options)))
