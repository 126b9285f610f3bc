"""The errors of the API: one exception that knows each of the shapes it is written in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ApiError(Exception):
    """One refused operation: `code` is Salesforce's errorCode, `status` the HTTP status of a single call.

    `fields` is None where Salesforce leaves the key out (errors of resources, not of data).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: Iterable[str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = None if fields is None else list(fields)
        self.extra = extra or {}

    def body(self) -> list[dict[str, Any]]:
        """The body of a single call."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            entry["fields"] = self.fields
        return [entry | self.extra]

    def inner_body(self) -> list[dict[str, Any]]:
        """The body inside a composite answer: the code comes first there."""
        entry: dict[str, Any] = {"errorCode": self.code, "message": self.message}
        if self.fields is not None:
            entry["fields"] = self.fields
        return [entry | self.extra]

    def item(self) -> dict[str, Any]:
        """The entry in `errors` of a collection or tree: `statusCode` instead of `errorCode`."""
        entry = {"statusCode": self.code, "message": self.message, "fields": self.fields or []}
        return entry | self.extra


class Malformed(ApiError):
    """The request itself cannot be read (unknown column, wrong JSON type): fails a whole collection."""


class OAuthError(Exception):
    """A refused OAuth request: one object, not an array."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status

    def body(self) -> dict[str, str]:
        """`error` and `error_description`, as section 1 of the reference shows them."""
        return {"error": self.error, "error_description": self.description}


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404 NOT_FOUND: no such address, object or record, or none that the user may see (reference 2.6)."""
    return ApiError("NOT_FOUND", message, status=404)


def deleted() -> ApiError:
    """404 ENTITY_IS_DELETED: it lies in the bin, or did (reference 2.6)."""
    return ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=())


def bad_json(message: str) -> ApiError:
    """400 JSON_PARSER_ERROR, which strikes a whole call, not one record of it (reference 2.6)."""
    return Malformed("JSON_PARSER_ERROR", message)


def bad_method(method: str) -> ApiError:
    """405 METHOD_NOT_ALLOWED, with the methods that the API names (reference 2.6)."""
    text = f"HTTP Method '{method}' not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE"
    return ApiError("METHOD_NOT_ALLOWED", text, status=405)


def no_column(name: str, kind: str) -> ApiError:
    """400 INVALID_FIELD of a write that names a field the object has not, for the whole call (reference 2.6)."""
    return Malformed("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")


def bad_reference() -> ApiError:
    """INVALID_CROSS_REFERENCE_KEY: the id is of the right kind and names no record (reference 2.6)."""
    return ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=())


def integrity(message: str, *fields: str) -> ApiError:
    """FIELD_INTEGRITY_EXCEPTION: a value that does not go with the others of its record (reference 2.6)."""
    return ApiError("FIELD_INTEGRITY_EXCEPTION", message, fields=fields)


def read_only(names: Iterable[str]) -> ApiError:
    """INVALID_FIELD_FOR_INSERT_UPDATE with the fields the user may not write, in the vendor's words (reference 2.6)."""
    listed = list(names)
    text = (
        f"Unable to create/update fields: {', '.join(listed)}. Please check the security settings of this "
        "field and verify that it is read/write for your profile or permission set."
    )
    return ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", text, fields=listed)


def required(names: Iterable[str]) -> ApiError:
    """REQUIRED_FIELD_MISSING with the fields that must be filled, in the vendor's words (reference 2.6)."""
    listed = list(names)
    text = f"Required fields are missing: [{', '.join(listed)}]"
    return ApiError("REQUIRED_FIELD_MISSING", text, fields=listed)
