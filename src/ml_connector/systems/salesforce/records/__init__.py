"""Salesforce records as the flows see them, and which fields of them are read and written.

Flows and bookkeeping see nothing of the vendor but this package.
"""

from __future__ import annotations

from .fields import (
    DEPENDS_ON_ORG,
    DESCRIBED,
    EXTERNAL_ID,
    FEATURES,
    KEYED,
    SHAPES,
    WITH_ORDERS,
    WRITTEN,
    Shape,
    fields_needed,
)
from .sobject import SYSTEM, SObject, decode, instant, long_id

__all__ = [
    "DEPENDS_ON_ORG",
    "DESCRIBED",
    "EXTERNAL_ID",
    "FEATURES",
    "KEYED",
    "SHAPES",
    "SYSTEM",
    "WITH_ORDERS",
    "WRITTEN",
    "SObject",
    "Shape",
    "decode",
    "fields_needed",
    "instant",
    "long_id",
]
