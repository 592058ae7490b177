"""Whatever is told to the outside is told after COMMIT: messages to the three channels of a Redis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2

from tickstock.db import closing
from tickstock.errors import BadInputError, TickstockError
from tickstock.settings import redis_parameters

if TYPE_CHECKING:
    from tickstock.db import Database
    from tickstock.relationships.history.story import Group, Story

CACHE, UNIVERSES, ADMIN = "cache_updates", "universe_updates", "admin_notifications"
LISTED_GROUPS = 100
LISTED_GUARDS = 20
SENTENCE = 500
# Seconds: for a connection and for an answer; for all of it, with names of several addresses and servers that trickle.
ANSWER = 1.0
ALTOGETHER = 2.0


class Message(NamedTuple):
    """What is published on a channel, as one JSON object. ``docs/json.md`` describes them."""

    channel: str
    content: dict[str, Any]


def run_messages(story: Story, version: int) -> Iterator[Message]:
    """What is told of a committed run. ``version`` is the version of the data that it made.

    After a restore everything may be another, and no group is named.
    """
    run, whole = story.run, story.run.kind == "restore"
    assert run.committed_at
    about = {
        "event": run.kind,
        "load_id": run.id,
        "type": run.type,
        "environment": story.environment,
        "data_version": version,
        "committed_at": run.committed_at.isoformat(),
        "undoes": run.undoes,
    }
    universes = [group for group in story.groups if group.type == "UNIVERSE"]
    yield Message(CACHE, {**about, **_listed("group", None if whole else story.groups)})
    if whole or universes:
        yield Message(UNIVERSES, {**about, **_listed("universe", None if whole else universes)})
    if run.kind != "load" or story.forced:
        guards = [guard[:SENTENCE] for guard in story.forced[:LISTED_GUARDS]]
        yield Message(
            ADMIN,
            {
                **about,
                "event": "forced" if run.kind == "load" else run.kind,
                "overridden": guards,
                "overridden_count": len(story.forced),
                "note": run.note,
                "who": run.database_user,
                "program": run.program,
            },
        )


def _listed(noun: str, groups: Sequence[Group] | None) -> dict[str, Any]:
    listed = None if groups is None else [
        {
            "type": group.type,
            "name": group.name,
            "action": group.action,
            **{word: getattr(group, word) for word in ("added", "changed", "removed", "past")},
        }
        for group in groups[:LISTED_GROUPS]
    ]  # fmt: skip
    return {f"{noun}_count": None if groups is None else len(groups), f"{noun}s": listed}


def failure_message(facts: dict[str, Any]) -> Message:
    """What is told of a step of ``refresh.py`` that failed; ``error`` in ``facts`` may be of any length."""
    error = facts["error"] and " ".join(facts["error"].split())[:SENTENCE]
    at = datetime.now(UTC).isoformat()
    return Message(ADMIN, {"event": "failed", **facts, "error": error, "failed_at": at})


def tell_of_run(url: str, database: Database, run: int) -> str:
    """Tell the Redis at ``url`` of a run that is committed; give a warning, or '' where all went well."""
    from tickstock.relationships.history.story import read_story

    try:
        # The connection of the load may have been cut.
        with closing(database.connect()) as connection:
            story = read_story(connection, run)
            with connection.cursor() as cursor:
                cursor.execute("SELECT version FROM data_version WHERE load_id = %s", (run,))
                ((version,),) = cursor.fetchall()
    except (psycopg2.Error, TickstockError) as error:
        return _warning("Redis", " ".join(str(error).split()))
    return publish(url, list(run_messages(story, version)))


def publish(url: str, messages: Sequence[Message]) -> str:
    """Send messages, in their order; give a warning, or '' where all went well.

    Whatever is wrong with the Redis, this raises no error and takes about two seconds at most: what is told of is
    committed already. No warning repeats a password.
    """
    try:
        parameters = redis_parameters(url)
        import redis  # noqa: F401 - here it costs none of the time that an answer may take
    except BadInputError as error:
        return _warning("Redis", str(error))
    except ImportError:
        return _warning("Redis", "the package redis is missing: pip install -r requirements.txt")
    found: list[str] = []
    # A name that is looked up, and a server that trickles, know no timeout: who waits has his own.
    sender = Thread(target=lambda: found.append(_send(parameters, messages)), daemon=True)
    sender.start()
    sender.join(ALTOGETHER)
    problem = found[0] if found else f"no answer within {ALTOGETHER:.0f} s"
    return problem and _warning(f"the Redis at {parameters['url'].partition('?')[0]}", problem)


def _send(parameters: dict[str, str], messages: Sequence[Message]) -> str:
    from redis import Redis, exceptions

    try:
        # Protocol 2 is known to every server.
        client = Redis.from_url(
            **parameters, protocol=2, driver_info=None, socket_connect_timeout=ANSWER, socket_timeout=ANSWER
        )
        with client, client.pipeline(transaction=False) as pipeline:
            for channel, content in messages:
                pipeline.publish(channel, json.dumps(content, ensure_ascii=False))
            pipeline.execute()
    except Exception as error:
        # Only what our side of the connection says is repeated; a server may repeat what it was sent.
        own = type(error) in (exceptions.ConnectionError, exceptions.TimeoutError)
        return " ".join(str(error).split()) if own else type(error).__name__
    return ""


def _warning(who: str, found: str) -> str:
    return (
        f"{who} was not told of it, nor will be of what follows ({found}); what is committed stays; "
        "start it, or correct REDIS_URL, or set it to none"
    )
