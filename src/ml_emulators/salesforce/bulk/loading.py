"""The work of an ingest job: rows of a sheet become records (salesforce reference 4.2, 4.3)."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ml_emulators.salesforce.saving.deleting import delete
from ml_emulators.salesforce.saving.writing import create, update, upsert

from .. import ids, rights
from ..errors import ApiError, Malformed
from ..meetings import MetFault
from ..schema import Field, SObject
from ..world import Tx, World
from .jobs import Job, Outcome
from .sheets import DELIMITERS, BadSheet, Sheet, read, written

_NULL = "#N/A"
_CHUNK = 200
_MOST_CELLS = 5_000
_MOST_CHARS = 400_000
_FLAGS = {"1": "true", "0": "false"}

# Stands for an object that was taken out of the org while its job waited.
_GONE = SObject("", "", ())


@dataclass(frozen=True)
class Column:
    """What one column of the sheet means: a field, or the key of a parent."""

    field: Field
    parent: str = ""

    def put(self, body: dict[str, Any], cell: str) -> None:
        """An empty cell says nothing, `#N/A` says null."""
        if not cell:
            return
        value = None if cell == _NULL else cell
        if self.parent:
            body[self.parent] = None if value is None else {self.field.name: value}
        else:
            body[self.field.name] = _FLAGS.get(cell, value) if self.field.type == "boolean" else value


def _column(world: World, kind: SObject, name: str, hidden: Collection[str]) -> Column:
    relation, _, key = name.rpartition(".")
    field = kind.find(key) if not relation else None
    step = kind.parents.get(relation.lower()) if relation else None
    if step is not None and step.name not in hidden:
        target = world.schema.objects[step.refers_to[0]].find(key)
        if target is not None and (target.external_id or target.id_lookup):
            return Column(target, str(step.relationship))
    if field is None or field.name in hidden:
        raise BadSheet(f"InvalidBatch : Field name not found : {name}")
    return Column(field)


def _columns(world: World, job: Job, kind: SObject, sheet: Sheet) -> list[Column]:
    """Raises `BadSheet` for a column that is unknown, hidden or there twice."""
    hidden = rights.hidden_of(world, job.actor, kind.name)
    columns = [_column(world, kind, name, hidden) for name in sheet.names]
    if len(set(columns)) < len(columns):
        raise BadSheet("InvalidBatch : Duplicate field name in the header row")
    needed = {"update": "Id", "delete": "Id", "hardDelete": "Id", "upsert": job.key}.get(job.operation)
    if needed and not any(column.field.name == needed and not column.parent for column in columns):
        raise BadSheet(f"InvalidBatch : Field name not found : {needed}")
    if job.operation in ("delete", "hardDelete") and len(columns) > 1:
        raise BadSheet("InvalidBatch : a delete takes the column Id and no other")
    return columns


@dataclass
class _Results:
    good: list[list[str]] = field(default_factory=list)
    bad: list[list[str]] = field(default_factory=list)


class Loading:
    """Loads one sheet, 200 rows a transaction; a row that is refused leaves no trace."""

    def __init__(self, world: World, job: Job) -> None:
        self._world = world
        self._job = job
        self._kind = world.schema.objects.get(job.kind, _GONE)
        self._results = _Results()

    def run(self) -> tuple[str, Outcome]:
        """The final state of the job, and what it leaves."""
        job = self._job
        try:
            sheet = read(job.content or b"", job.delimiter, job.line_end)
        except BadSheet as bad:
            return "Failed", Outcome(message=str(bad))
        if self._kind is _GONE:
            return "Failed", self._outcome(sheet, sheet.rows, f"InvalidEntity : Unable to find object: {job.kind}")
        try:
            columns = _columns(self._world, job, self._kind, sheet)
        except BadSheet as bad:
            return "Failed", self._outcome(sheet, sheet.rows, str(bad))
        stop = self._world.switches.bulk_fail_after
        done = sheet.rows if stop is None else sheet.rows[:stop]
        for rows in _chunks(done):
            self._chunk(columns, rows)
        left = sheet.rows[len(done) :]
        message = "InternalServerError : the batch ran into an error too often" if left else ""
        return "Failed" if left else "JobComplete", self._outcome(sheet, left, message)

    def unprocessed(self) -> Outcome:
        """What an aborted job leaves: nothing of its data was looked at."""
        job = self._job
        try:
            sheet = read(job.content or b"", job.delimiter, job.line_end)
        except BadSheet:
            return Outcome()
        return self._outcome(sheet, sheet.rows, "")

    def _outcome(self, sheet: Sheet, left: list[list[str]], message: str) -> Outcome:
        good, bad = self._results.good, self._results.bad
        chance = random.Random(self._job.id)  # noqa: S311  # no secret: results come in no order
        chance.shuffle(good)
        chance.shuffle(bad)
        files = {
            "successfulresults": self._file("sf__Created", sheet, good),
            "failedresults": self._file("sf__Error", sheet, bad),
            "unprocessedrecords": written(sheet.header, left, self._job.delimiter, self._job.line_end),
        }
        return Outcome(len(good) + len(bad), len(bad), message, files=files)

    def _file(self, second: str, sheet: Sheet, rows: list[list[str]]) -> bytes:
        between = DELIMITERS[self._job.delimiter]
        header = between.join(('"sf__Id"', f'"{second}"', sheet.header))
        return written(header, rows, self._job.delimiter, self._job.line_end)

    def _chunk(self, columns: list[Column], rows: list[list[str]]) -> None:
        """One transaction. A fault that takes the rest of a list along leaves nothing of it."""
        seen: set[Any] = set()
        good, bad = len(self._results.good), len(self._results.bad)
        try:
            with self._world.transact(self._job.actor, self._job.origin) as tx:
                for cells in rows:
                    self._row(tx, columns, cells, seen)
        except MetFault as fault:
            del self._results.good[good:], self._results.bad[bad:]
            blanks = [""] * len(columns)
            self._results.bad += [["", _error_text(fault), *[*cells, *blanks][: len(columns)]] for cells in rows]

    def _row(self, tx: Tx, columns: list[Column], cells: list[str], seen: set[Any]) -> None:
        point = tx.savepoint()
        padded = cells + [""] * (len(columns) - len(cells))
        body: dict[str, Any] = {}
        try:
            _check_size(tx, columns, cells)
            for column, cell in zip(columns, padded, strict=True):
                column.put(body, cell)
            record_id, created = self._write(tx, body, seen)
        except ApiError as error:
            if isinstance(error, MetFault) and error.whole:
                raise
            tx.rollback(point)
            self._results.bad.append([str(body.get("Id") or ""), _error_text(error), *padded[: len(columns)]])
        else:
            self._results.good.append([record_id, str(created).lower(), *padded])

    def _write(self, tx: Tx, body: dict[str, Any], seen: set[Any]) -> tuple[str, bool]:
        operation, kind = self._job.operation, self._kind
        if operation == "insert":
            return create(tx, kind, body), True
        if operation == "upsert":
            return self._upsert(tx, body, seen)
        record_id = _given_id(body.pop("Id", None), seen)
        if operation == "update":
            update(tx, kind, record_id, body)
            return record_id, False
        delete(tx, kind, record_id)
        if operation == "hardDelete":
            tx.erase(kind.name, record_id)
        return record_id, False

    def _upsert(self, tx: Tx, body: dict[str, Any], seen: set[Any]) -> tuple[str, bool]:
        key = self._kind.by_name[self._job.key]
        value = body.pop(key.name, None)
        if value is None and key.type == "id":
            return create(tx, self._kind, body), True
        if value is None:
            raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", fields=())
        _once(seen, key.index_key(value), f"Duplicate external id specified: {value}")
        return upsert(tx, self._kind, key, value, body)


def _chunks(rows: list[list[str]]) -> Iterator[list[list[str]]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _check_size(tx: Tx, columns: list[Column], cells: list[str]) -> None:
    """The limits on one record. Raises `ApiError`."""
    longest = max(map(len, cells), default=0)
    if len(cells) > len(columns):
        raise ApiError("CLIENTINPUTERROR", "the row has more fields than the header row", fields=())
    if len(cells) > _MOST_CELLS or sum(map(len, cells)) > _MOST_CHARS or longest > tx.switches.bulk_field_chars:
        raise ApiError("CLIENTINPUTERROR", "the record is larger than a bulk job takes", fields=())


def _given_id(value: Any, seen: set[Any]) -> str:
    if value is None:
        raise ApiError("MISSING_ARGUMENT", "Id not specified", fields=())
    record_id = ids.normalise(str(value))
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"Id: id value of incorrect type: {value}", fields=["Id"])
    _once(seen, record_id, f"duplicate id in list: {record_id}")
    return record_id


def _once(seen: set[Any], key: Any, message: str) -> None:
    if key in seen:
        raise ApiError("DUPLICATE_VALUE", message, fields=())
    seen.add(key)


def _error_text(error: ApiError) -> str:
    """`REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --`."""
    code = error.code
    if isinstance(error, Malformed) and code == "JSON_PARSER_ERROR":
        code = "INVALID_TYPE_ON_FIELD_IN_RECORD"
    if code == "NOT_FOUND":
        code = "INVALID_CROSS_REFERENCE_KEY"
    return f"{code}:{error.message}:{','.join(error.fields or ())} --"
