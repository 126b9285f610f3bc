"""The addresses under `/jobs`: making jobs, filling, polling, reading and deleting them."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Any

from ml_emulators.salesforce.calls import Answer, Call
from ml_emulators.salesforce.errors import ApiError, bad_json, bad_method, not_found
from ml_emulators.salesforce.rest.limits import Usage
from ml_emulators.salesforce.rest.sobjects import visible_fields
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.world import World

from . import extracts
from .jobs import FINAL, Job, Jobs, Outcome, shown, with_progress, wrong_state
from .loading import Loading
from .sheets import DELIMITERS, LINE_ENDS

_INGEST = ("insert", "update", "upsert", "delete", "hardDelete")
_QUERY = ("query", "queryAll")
_BATCH = 10_000
_MOST_BATCHES = 15_000
_MOST_QUERIES = 10_000
_MOST_BYTES = 112_500_000  # 150 MB once it is base64
_PAGE = 50_000
_LISTED = 1_000
_PARALLEL = 5
_PAGES_FROM = 58
_RESULTS = ("successfulresults", "failedresults", "unprocessedrecords")


class Bulk:
    """Answers for `/jobs/ingest` and `/jobs/query`; `settle` does the work that is due."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs = Jobs(world)
        self._batches = Usage()
        self._queries = Usage()

    def answer(self, call: Call, parts: tuple[str, ...]) -> Answer:
        """`parts` is the path after `/jobs`. Raises `ApiError`."""
        if call.inner or parts[:1] not in (("ingest",), ("query",)):
            raise not_found()
        self._jobs.close_forgotten()
        is_query = parts[0] == "query"
        if len(parts) == 1:
            call.only("GET", "POST")
            if call.method == "POST":
                return self._new_query(call) if is_query else self._new_ingest(call)
            return self._list(call, is_query=is_query)
        job = self._jobs.find(parts[1], is_query=is_query)
        if len(parts) == 2:
            return self._job(call, job)
        if len(parts) > 3:
            raise not_found()
        return self._extracted(call, job, parts[2]) if is_query else self._files(call, job, parts[2])

    def settle(self) -> None:
        """Move every job as far as the clock says."""
        for job in self._jobs.waiting():
            self._advance(job, self._world.clock.now())

    def used(self) -> dict[str, int]:
        """What `/limits` counts, in the last 24 hours."""
        now = self._world.clock.now()
        return {"DailyBulkApiBatches": self._batches.count(now), "DailyBulkV2QueryJobs": self._queries.count(now)}

    def snapshot(self) -> Any:
        """Jobs, and what is used of the allocations of batches and queries."""
        return self._jobs.snapshot(), self._batches.snapshot(), self._queries.snapshot()

    def restore(self, kept: Any) -> None:
        """Back to a snapshot, which may be restored again."""
        jobs, batches, queries = kept
        self._jobs.restore(jobs)
        self._batches.restore(batches)
        self._queries.restore(queries)

    # Making

    def _new_ingest(self, call: Call) -> Answer:
        body = call.object_body()
        operation = _word(body, "operation", _INGEST, "")
        _word(body, "contentType", ("CSV",), "CSV")
        if operation == "hardDelete":
            self._check_hard_delete()
        kind = _object(call, body.get("object"))
        key = _key(call, kind, body.get("externalIdFieldName")) if operation == "upsert" else ""
        facts = {"operation": operation, "kind": kind.name, "key": key, "state": "Open", "is_query": False}
        return Answer(200, shown(self._jobs.add(call, **facts, **_shape(body))))

    def _check_hard_delete(self) -> None:
        if not self._world.switches.bulk_hard_delete:
            text = "hardDelete operation requires special user profile permission, please contact your administrator"
            raise ApiError("FEATURENOTENABLED", text)

    def _new_query(self, call: Call) -> Answer:
        body = call.object_body()
        operation = _word(body, "operation", _QUERY, "")
        text = body.get("query")
        if not isinstance(text, str) or not text:
            raise ApiError("INVALIDJOB", "A query is needed")
        kind, _ = extracts.check(self._world, call.actor, text, call.version)
        now = self._world.clock.now()
        self._count(self._queries, now, 1, _MOST_QUERIES)
        facts = {"operation": operation, "kind": kind, "query": text, "is_query": True}
        job = self._jobs.add(call, **facts, state="UploadComplete", closed=now, **_shape(body))
        answer = shown(job)
        self._advance(job, now)
        return Answer(200, answer)

    def _count(self, usage: Usage, now: datetime, more: int, most: int) -> None:
        if self._world.switches.enforce_limits and usage.count(now) + more > most:
            raise ApiError("EXCEEDEDQUOTA", "The allocation of the last 24 hours is used up")
        usage.count(now, more)

    def _list(self, call: Call, *, is_query: bool) -> Answer:
        """Pages of 1,000, oldest first."""
        jobs = self._jobs.listed(is_query=is_query)
        start = _place(call.params.get("queryLocator", ""))
        page = jobs[start : start + _LISTED]
        end = start + len(page)
        more = None
        if end < len(jobs):
            name = "query" if is_query else "ingest"
            more = f"/services/data/{call.version}/jobs/{name}?queryLocator={_locator(end)}"
        return Answer(200, {"done": more is None, "records": [shown(job) for job in page], "nextRecordsUrl": more})

    # One job

    def _job(self, call: Call, job: Job) -> Answer:
        call.only("GET", "PATCH", "DELETE")
        if call.method == "PATCH":
            return self._change(call, job)
        if call.method == "DELETE":
            if job.state not in FINAL:
                raise wrong_state(f"A job can be deleted when it has ended. Its state is {job.state}")
            self._jobs.remove(job)
            return Answer(204)
        return Answer(200, with_progress(job))

    def _change(self, call: Call, job: Job) -> Answer:
        asked = call.object_body().get("state")
        if asked == "Aborted" and job.state not in FINAL:
            left = Outcome() if job.is_query else Loading(self._world, job).unprocessed()
            return Answer(200, shown(self._jobs.put(job, state="Aborted", outcome=left)))
        if asked != "UploadComplete" or job.is_query or job.state != "Open":
            raise wrong_state(f"The state {asked} cannot follow {job.state}")
        now = self._world.clock.now()
        lines = (job.content or b"").count(b"\n")
        self._count(self._batches, now, max(1, -(-lines // _BATCH)), _MOST_BATCHES)
        closed = self._jobs.put(job, state="UploadComplete", closed=now)
        answer = shown(closed)
        self._advance(closed, now)
        return Answer(200, answer)

    def _advance(self, job: Job, now: datetime) -> None:
        """UploadComplete, InProgress and the end come one after the other, as long as the switches say."""
        switches, since = self._world.switches, now - (job.closed or now)
        queued = timedelta(seconds=switches.bulk_queue_seconds)
        if since < queued:
            return
        if since < queued + timedelta(seconds=switches.bulk_run_seconds):
            if job.state != "InProgress":
                self._jobs.put(job, state="InProgress")
            return
        state, outcome = self._worked(job)
        self._jobs.put(job, state=state, outcome=outcome, content=None)

    def _worked(self, job: Job) -> tuple[str, Outcome]:
        if not job.is_query:
            return Loading(self._world, job).run()
        try:
            return "JobComplete", extracts.extract(self._world, job)
        except ApiError as error:
            return "Failed", Outcome(message=f"{error.code} : {error.message}")

    # Content and results

    def _files(self, call: Call, job: Job, name: str) -> Answer:
        if name == "batches":
            return self._upload(call, job)
        if name.lower() not in _RESULTS:
            raise not_found()
        call.only("GET")
        job.checked_version(call.version)
        if job.state not in FINAL:
            raise wrong_state(f"Results are there when the job has ended. Its state is {job.state}")
        return _csv(job.outcome.files.get(name.lower(), b""))

    def _upload(self, call: Call, job: Job) -> Answer:
        if call.method != "PUT":
            raise bad_method(call.method)
        if not call.headers.get("content-type", "").lower().startswith("text/csv"):
            raise ApiError("INVALIDCONTENTTYPE", "The content type of an upload is text/csv", status=415)
        if job.state != "Open" or job.content is not None:
            raise wrong_state("Found multiple contents for job: do PUT only once on a given job, while it is open")
        if len(call.raw) > _MOST_BYTES:
            raise ApiError("CLIENTINPUTERROR", "Job data is larger than 150 MB in base64", status=413)
        self._jobs.put(job, content=call.raw)
        return Answer(201)

    def _extracted(self, call: Call, job: Job, name: str) -> Answer:
        call.only("GET")
        if name not in ("results", "resultPages") or (name == "resultPages" and call.number < _PAGES_FROM):
            raise not_found()
        job.checked_version(call.version)
        if job.state != "JobComplete":
            raise wrong_state(f"Results are there when the job is complete. Its state is {job.state}")
        start, size = _place(call.params.get("locator", "")), _size(call.params.get("maxRecords", ""))
        if start and start >= len(job.outcome.lines):
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid locator")
        return self._page(job, start, size) if name == "results" else self._pages(job, start, size)

    def _page(self, job: Job, start: int, size: int) -> Answer:
        lines = job.outcome.lines
        chosen = lines[start : start + size]
        end = start + len(chosen)
        more = _locator(end) if end < len(lines) else "null"
        answer = _csv((job.outcome.header + "".join(chosen)).encode())
        return Answer(200, None, {"Sforce-Locator": more, "Sforce-NumberOfRecords": str(len(chosen))}, answer.raw)

    def _pages(self, job: Job, start: int, size: int) -> Answer:
        """Up to five pages that may be fetched side by side."""
        base = f"/services/data/{job.version}/jobs/query/{job.id}"
        total = len(job.outcome.lines)
        starts = list(range(start, max(total, 1), size))
        pages = [{"resultUrl": f"{base}/results{_asked(place, size)}"} for place in starts[:_PARALLEL]]
        body: dict[str, Any] = {"resultPages": pages, "done": len(starts) <= _PARALLEL}
        if not body["done"]:
            body["nextRecordsUrl"] = f"{base}/resultPages{_asked(starts[_PARALLEL], size)}"
        return Answer(200, body)


def _csv(text: bytes) -> Answer:
    return Answer(200, raw=text)


def _word(body: dict[str, Any], name: str, known: tuple[str, ...], default: str) -> str:
    """A property that takes certain words only. Raises JSON_PARSER_ERROR."""
    value = body.get(name, default)
    if value not in known:
        raise bad_json(f"{name} must be one of {', '.join(known)}: {value}")
    return str(value)


def _shape(body: dict[str, Any]) -> dict[str, str]:
    delimiter = _word(body, "columnDelimiter", tuple(DELIMITERS), "COMMA")
    return {"delimiter": delimiter, "line_end": _word(body, "lineEnding", tuple(LINE_ENDS), "LF")}


def _object(call: Call, name: Any) -> SObject:
    try:
        return call.kind(str(name))
    except ApiError:
        raise ApiError("INVALIDENTITY", f"Unable to find object: {name}") from None


def _key(call: Call, kind: SObject, name: Any) -> str:
    """The field an upsert goes by. Raises INVALIDJOB."""
    field = kind.find(str(name)) if name else None
    if field is None or field not in visible_fields(call, kind) or not (field.external_id or field.id_lookup):
        text = f"Field name provided, {name}, does not match an External ID, Salesforce Id, or indexed field"
        raise ApiError("INVALIDJOB", f"{text} for {kind.name}")
    return field.name


def _locator(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _asked(place: int, size: int) -> str:
    return f"?maxRecords={size}" + (f"&locator={_locator(place)}" if place else "")


def _place(locator: str) -> int:
    """Where a locator points; none points to the start. Raises INVALID_QUERY_LOCATOR."""
    if not locator or locator == "null":
        return 0
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid locator")
    return int(text)


def _size(text: str) -> int:
    if not text:
        return _PAGE
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise ApiError("INVALIDJOB", f"maxRecords must be a number from 1: {text}")
    return int(text)
