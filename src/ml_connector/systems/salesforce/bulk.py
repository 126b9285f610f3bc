"""Query jobs of Bulk API 2.0: long lists in pages of 50,000 rows (salesforce reference 4).

A job costs calls of its own: it is made, asked whether it has ended, read, and deleted. So it pays for long lists only,
and which of several lists go by jobs is chosen by calls. Writing goes by collections: decision 0020.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from urllib.parse import quote

from ml_connector.model.errors import BadAnswer, ReadRefused, Unreachable
from ml_connector.model.refs import Json
from ml_connector.systems import wire

from .calls import Answer, Calls
from .query import PAGE

PER_PAGE = 50_000
"""Rows of one page of results."""
FIXED = 4
"""Calls of a job beside those that read it: made, asked twice, deleted."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(seconds=30)
GIVES_UP = timedelta(hours=2)


def cheaper(totals: Mapping[int, int]) -> set[int]:
    """Which lists take fewer calls as jobs. `totals`: how many rows each has in all, of which a page is read.

    What is not listed by jobs is read side by side, a page of each list in one call: the longest counts.
    """
    left = sorted(((total - PAGE, place) for place, total in totals.items() if total > PAGE), reverse=True)
    costs = [
        (sum(FIXED + _pages(rows, PER_PAGE) for rows, _ in left[:jobs]) + _pages(left[jobs][0], PAGE), jobs)
        for jobs in range(len(left))
    ]
    costs.append((sum(FIXED + _pages(rows, PER_PAGE) for rows, _ in left), len(left)))
    _, jobs = min(costs)
    return {place for _, place in left[:jobs]}


def _pages(rows: int, size: int) -> int:
    return -(-rows // size)


async def rows(calls: Calls, statement: str) -> AsyncIterator[list[Json]]:
    """The rows of a statement, a page at a time; values are texts, blank for none.

    Raises `ReadRefused` where the org refuses such a job or it fails, `Unreachable` where it does not come to its end.
    """
    job = await _made(calls, statement)
    await _ended(calls, job)
    locator = ""
    while True:
        after = f"&locator={quote(locator, safe='')}" if locator else ""
        answer = await calls.send("GET", f"{job}/results?maxRecords={PER_PAGE}{after}")
        if not answer.ok:
            raise answer.error()
        yield _table(answer)
        if answer.locator in ("", "null"):
            break
        if answer.locator == locator:
            raise BadAnswer("A query job of Salesforce leads to itself.", "It is asked again later.")
        locator = answer.locator
    await calls.send("DELETE", job)  # it would be forgotten by itself after seven days


async def _made(calls: Calls, statement: str) -> str:
    body = wire.encode({"operation": "query", "query": statement})
    made = (await calls.send("POST", f"{calls.base}/jobs/query", body)).taken()
    name = made.get("id") if isinstance(made, Mapping) else None
    if not isinstance(name, str) or not name.isalnum():
        raise BadAnswer("Salesforce made a query job without an id.", "It is asked again later.")
    return f"{calls.base}/jobs/query/{name}"


async def _ended(calls: Calls, job: str) -> None:
    wait, waited = FIRST_WAIT, timedelta(0)
    while True:
        shown = await calls.get(job)
        state = shown.get("state") if isinstance(shown, Mapping) else None
        if state == "JobComplete":
            return
        if state in ("Failed", "Aborted"):
            raise ReadRefused("A query job of Salesforce has failed.", "The list is read page by page.", str(state))
        if waited >= GIVES_UP:
            raise Unreachable("A query job of Salesforce does not come to its end.", "It is tried again by itself.")
        await calls.pause(wait)
        waited, wait = waited + wait, min(2 * wait, LONGEST_WAIT)


def _table(answer: Answer) -> list[Json]:
    try:
        text = answer.text.replace(b"\0", b"").decode()
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadAnswer("Salesforce gave results of a job that cannot be read.", "They are asked for again.") from None
