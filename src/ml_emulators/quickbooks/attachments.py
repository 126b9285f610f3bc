"""Files on records: `POST /upload`, and the short-lived addresses they are fetched from (reference 6.11)."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2s
from typing import Any

from msgspec import DecodeError

from ml_emulators.kit.wire import Request, Response, loads
from ml_emulators.quickbooks import answers, faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.rules import writes
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.rulebook import RULES
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.values import Json, seconds
from ml_emulators.quickbooks.xml_bodies import from_xml, is_xml

FOLDER = "downloads"
_LIFE = 900
_NAME = re.compile(r'(?<![a-z])name="?([^";]+)"?', re.IGNORECASE)
_FILE = re.compile(r'filename="?([^";]+)"?', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_PLACE = re.compile(r"file_(metadata|content)_(\d+)$")


@dataclass(frozen=True)
class Part:
    """One part of a multipart body: headers in lower case, and the content as it was meant."""

    headers: dict[str, str]
    content: bytes

    def disposition(self, pattern: re.Pattern[str]) -> str:
        """What the pattern's group matches in Content-Disposition; blank when it does not."""
        hit = pattern.search(self.headers.get("content-disposition", ""))
        return hit.group(1) if hit else ""


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The parts of a multipart body, with CRLF or bare LF at the ends of lines. Raises Fault."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise faults.unsupported("upload without multipart/form-data")
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary.group(1).encode()), body)
    return [_part(piece) for piece in pieces[1:] if not piece.startswith(b"--")]


def _part(piece: bytes) -> Part:
    end = re.search(rb"\r?\n\r?\n", piece.lstrip(b"\r\n"))
    whole = piece.lstrip(b"\r\n")
    head, content = (whole[: end.start()], whole[end.end() :]) if end else (b"", whole)
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").splitlines())
    headers = {name.strip().lower(): value.strip() for name, _, value in lines if value}
    if headers.get("content-transfer-encoding", "").lower() == "base64":
        content = _plain(content)
    return Part(headers, content)


def _plain(content: bytes) -> bytes:
    try:
        return b64decode(content)
    except NotBase64 as error:
        raise faults.business("The content of the file is not base64.") from error


def upload(context: WriteContext, content_type: str, body: bytes) -> Json:
    """Every file of the body becomes an attachment; without metadata one is made up. Raises Fault."""
    described: dict[str, Part] = {}
    files: dict[str, Part] = {}
    for part in parts_of(content_type, body):
        place = _PLACE.search(part.disposition(_NAME))
        if place is not None:
            (described if place.group(1).lower() == "metadata" else files)[place.group(2)] = part
    if not files:
        raise faults.Fault([faults.missing("file_content_0")])
    return {
        "AttachableResponse": [{"Attachable": _take(context, part, described.get(at))} for at, part in files.items()]
    }


def _take(context: WriteContext, file: Part, described: Part | None) -> Json:
    metadata = _metadata(described) if described is not None else {}
    body = {
        **metadata,
        "FileName": metadata.get("FileName") or file.disposition(_FILE) or "attachment",
        "ContentType": metadata.get("ContentType") or file.headers.get("content-type", "application/octet-stream"),
    }
    if body.get("Id") and context.books.row("Attachable", str(body["Id"])) is not None:
        stored = writes.update(context, RULES["Attachable"], {**body, "sparse": True})
    else:
        body.pop("Id", None)
        stored = writes.create(replace(context, has_file=True), RULES["Attachable"], body)
    context.books.files[stored["Id"]] = file.content
    return shown(context, stored)


def _metadata(part: Part) -> Json:
    if is_xml(part.headers.get("content-type", ""), part.content):
        return from_xml(part.content)
    try:
        metadata: Any = loads(part.content)
    except (DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise faults.unknown_property("file_metadata is not JSON") from error
    return metadata if isinstance(metadata, dict) else {}


def shown(context: WriteContext, data: Json) -> Json:
    """An attachment as it is read now: one with a file carries an address that works for a quarter of an hour."""
    if data["Id"] not in context.books.files:
        return data
    realm, until = context.books.company.realm_id, seconds(context.now) + _LIFE
    address = f"{context.base_url}/{FOLDER}/{realm}/{data['Id']}/{until}/{_seal(realm, data['Id'], until)}"
    fields = {**data, "Size": len(context.books.files[data["Id"]]), "TempDownloadUri": address}
    return {key: fields[key] for key in KINDS["Attachable"].order if key in fields}


def _seal(realm: str, record_id: str, until: int) -> str:
    return blake2s(f"{realm}:{record_id}:{until}".encode(), digest_size=12, key=b"download").hexdigest()


def download(service: Service, request: Request, now: datetime) -> Response:
    """The file behind a `TempDownloadUri`; 403 once its time is over."""
    headers = {"Content-Type": "text/plain", **answers.trace(service.random, now)}
    segments = request.segments()
    if len(segments) != 5 or segments[1] not in service.books or not segments[3].isdecimal():
        return Response(404, headers, b"Not Found")
    _, realm, record_id, until, seal = segments
    if int(until) < seconds(now) or seal != _seal(realm, record_id, int(until)):
        return Response(403, headers, b"Request has expired")
    content = service.books[realm].files.get(record_id)
    if content is None or service.books[realm].row("Attachable", record_id) is None:
        return Response(404, headers, b"Not Found")
    data = service.books[realm].data("Attachable", record_id)
    return Response(200, {**headers, "Content-Type": data.get("ContentType", "application/octet-stream")}, content)
