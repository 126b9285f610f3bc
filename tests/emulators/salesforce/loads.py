"""Short words for bulk jobs."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from .orgs import Reply, TestOrg


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    """A CSV answer as rows."""
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


@dataclass(frozen=True)
class Load:
    """An ingest job of an org."""

    org: TestOrg
    id: str

    @property
    def url(self) -> str:
        return f"/jobs/ingest/{self.id}"

    def upload(self, text: str | bytes, content_type: str = "text/csv") -> Reply:
        body = text if isinstance(text, bytes) else text.encode()
        headers = {"authorization": f"Bearer {self.org.token}", "content-type": content_type}
        return self.org.raw("PUT", f"/services/data/v67.0{self.url}/batches", body, headers)

    def close(self) -> Reply:
        return self.org.patch(self.url, {"state": "UploadComplete"})

    def run(self, text: str | bytes) -> dict[str, Any]:
        """Upload and close; how the job stands then."""
        assert self.upload(text).status == 201
        assert self.close().status == 200
        return self.info()

    def info(self) -> dict[str, Any]:
        return dict(self.org.get(self.url).body)

    def text(self, name: str) -> str:
        reply = self.org.get(f"{self.url}/{name}")
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/csv"), reply.text
        return reply.text

    def rows(self, name: str, delimiter: str = ",") -> list[dict[str, str]]:
        return table(self.text(name), delimiter)

    def errors(self) -> list[str]:
        return [row["sf__Error"] for row in self.rows("failedResults")]


def load(org: TestOrg, operation: str, kind: str = "Account", **more: Any) -> Load:
    """Make an ingest job."""
    reply = org.post("/jobs/ingest", {"object": kind, "operation": operation, "contentType": "CSV"} | more)
    assert reply.status == 200, reply.text
    return Load(org, str(reply.body["id"]))


def extract(org: TestOrg, query: str, operation: str = "query", **more: Any) -> str:
    """Make a query job; its address."""
    reply = org.post("/jobs/query", {"operation": operation, "query": query} | more)
    assert reply.status == 200, reply.text
    return f"/jobs/query/{reply.body['id']}"
