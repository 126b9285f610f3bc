"""Salesforce records as the flows see them, and which fields of them are read and written.

Flows and bookkeeping see nothing of the vendor but this package.
"""

from __future__ import annotations

from .described import Choice, Field, Object
from .fields import (
    COMPANY,
    DEPENDS_ON_ORG,
    DESCRIBED,
    EXTERNAL_ID,
    FEATURES,
    KEYED,
    SHAPES,
    SOUGHT,
    WITH_ORDERS,
    WRITTEN,
    Shape,
    Written,
    fields_needed,
)
from .regions import Regions
from .sobject import SYSTEM, SObject, decode, instant, long_id, sound_id

__all__ = [
    "COMPANY",
    "DEPENDS_ON_ORG",
    "DESCRIBED",
    "EXTERNAL_ID",
    "FEATURES",
    "KEYED",
    "SHAPES",
    "SOUGHT",
    "SYSTEM",
    "WITH_ORDERS",
    "WRITTEN",
    "Choice",
    "Field",
    "Object",
    "Regions",
    "SObject",
    "Shape",
    "Written",
    "decode",
    "fields_needed",
    "instant",
    "long_id",
    "sound_id",
]
