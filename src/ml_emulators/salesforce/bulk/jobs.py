"""Jobs: what a client asked for, how far it is, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from .. import ids, times
from ..calls import Call
from ..errors import ApiError, not_found
from ..world import Actor, World

FINAL = ("JobComplete", "Failed", "Aborted")
_OPEN_FOR = timedelta(hours=24)
_KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Outcome:
    """What the work of a job left behind. `files` are finished CSV texts by name; `lines` the rows of an extract."""

    processed: int = 0
    failed: int = 0
    message: str = ""
    header: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One job. It is never changed in place, so a snapshot may keep it. `closed` is when its data was complete."""

    id: str
    is_query: bool
    operation: str
    kind: str
    actor: Actor
    origin: str
    version: str
    created: datetime
    touched: datetime
    state: str
    delimiter: str = "COMMA"
    line_end: str = "LF"
    key: str = ""
    query: str = ""
    content: bytes | None = None
    closed: datetime | None = None
    outcome: Outcome = Outcome()

    def checked_version(self, version: str) -> None:
        """Results must be read with the version that made the job. Raises 409."""
        if version != self.version:
            text = f"The job was created with API version {self.version[1:]}; its results must be read with the same"
            raise ApiError("INVALIDVERSION", text, status=409)


def wrong_state(message: str) -> ApiError:
    """What a job in another state refuses: 400 INVALIDJOBSTATE (reference 4.2)."""
    return ApiError("INVALIDJOBSTATE", message)


class Jobs:
    """All jobs of an org by id, oldest first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Job] = {}
        self._running: dict[str, None] = {}
        self._made = 0

    def add(self, call: Call, **facts: Any) -> Job:
        """A new job of the caller's."""
        self._made += 1
        now = self._world.clock.now()
        given = facts | {"actor": call.actor, "origin": _origin(call), "version": call.version}
        return self._keep(Job(id=ids.make("750", self._made), created=now, touched=now, **given))

    def _keep(self, job: Job) -> Job:
        self._known[job.id] = job
        if job.state in FINAL:
            self._running.pop(job.id, None)
        else:
            self._running[job.id] = None
        return job

    def put(self, job: Job, **changes: Any) -> Job:
        """Keep the job with these changes, touched now; the changed job."""
        return self._keep(replace(job, touched=self._world.clock.now(), **changes))

    def find(self, text: str, *, is_query: bool) -> Job:
        """Raises 404."""
        job = self._known.get(ids.normalise(text) or "")
        if job is None or job.is_query != is_query or self._is_stale(job):
            raise not_found()
        return job

    def remove(self, job: Job) -> None:
        """Forget a job with its data. Raises `KeyError` for one that is not there."""
        del self._known[job.id]

    def listed(self, *, is_query: bool) -> list[Job]:
        """Ingest or query jobs, oldest first, without those that are kept no longer (7 days)."""
        return [job for job in self._known.values() if job.is_query == is_query and not self._is_stale(job)]

    def waiting(self) -> list[Job]:
        """Jobs whose data is complete and whose work is not done."""
        if not self._running:
            return []
        return [job for job_id in self._running if (job := self._known[job_id]).state != "Open"]

    def _is_stale(self, job: Job) -> bool:
        return job.state in FINAL and self._world.clock.now() - job.touched > _KEPT_FOR

    def close_forgotten(self) -> None:
        """A job that stands open for a day is aborted."""
        now = self._world.clock.now()
        for job in [self._known[job_id] for job_id in self._running]:
            if job.state == "Open" and now - job.created > _OPEN_FOR:
                self.put(job, state="Aborted")

    def snapshot(self) -> Any:
        """All jobs and the counter of their ids; jobs never change in place."""
        return dict(self._known), self._made

    def restore(self, kept: Any) -> None:
        """Back to a snapshot, which may be restored again."""
        known, self._made = kept
        self._known = dict(known)
        self._running = {job.id: None for job in known.values() if job.state not in FINAL}


def _origin(call: Call) -> str:
    return call.origin.replace("/api/rest/", "/api/bulkapi/")


def shown(job: Job) -> dict[str, Any]:
    """What every answer about a job tells."""
    body: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.kind,
        "createdById": job.actor.user_id,
        "createdDate": times.stamp(job.created),
        "systemModstamp": times.stamp(job.touched),
        "state": job.state,
        **({"externalIdFieldName": job.key} if job.key else {}),
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": Decimal(job.version[1:]),
        "jobType": "V2Query" if job.is_query else "V2Ingest",
    }
    if not job.is_query:
        body["contentUrl"] = f"services/data/{job.version}/jobs/ingest/{job.id}/batches"
    return body | {"lineEnding": job.line_end, "columnDelimiter": job.delimiter}


def with_progress(job: Job) -> dict[str, Any]:
    """What a poll tells as well. Times are in milliseconds."""
    outcome = job.outcome
    spent = 2 * outcome.processed
    body = shown(job) | {"retries": 0, "totalProcessingTime": spent, "numberRecordsProcessed": outcome.processed}
    if not job.is_query:
        body |= {
            "apiActiveProcessingTime": spent,
            "apexProcessingTime": 0,
            "numberRecordsFailed": outcome.failed,
        }
    return body | ({"errorMessage": outcome.message} if outcome.message else {})
