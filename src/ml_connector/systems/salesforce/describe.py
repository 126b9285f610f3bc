"""The answer of a describe, read (salesforce reference 2.3)."""

from __future__ import annotations

from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer

from .records import Object


def read_object(body: Any) -> Object:
    """An `Object` from the decoded JSON of a describe. Raises `BadAnswer`; unknown keys are ignored."""
    try:
        return msgspec.convert(body, Object)
    except msgspec.ValidationError:
        raise BadAnswer(
            "Salesforce described an object in a form that cannot be read.", "Nothing was changed; it is tried again."
        ) from None
