"""The objects of the default org."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .billing import BILLING
from .model import Child, Field, Schema, SObject
from .orders import CONTRACT, ITEM, ORDER, ORDER_STATUS
from .people import ACCOUNT, CONTACT
from .permissions import PERMISSIONS
from .relation import RELATION
from .sales import ENTRY, LINE, OPPORTUNITY, PRICEBOOK, PRODUCT, ROLE, STAGE
from .setup import CURRENCY_TYPE, DATED_RATE, GROUP, ORGANIZATION, USER

_ALL = (
    *(ACCOUNT, CONTACT, CONTRACT, CURRENCY_TYPE, DATED_RATE, GROUP, OPPORTUNITY, ROLE, LINE, STAGE),
    *(ORDER, ITEM, ORDER_STATUS, ORGANIZATION, PRICEBOOK, ENTRY, PRODUCT, RELATION, USER),
    *PERMISSIONS,
    *BILLING,
)


def default_schema() -> Schema:
    """Every object that the org can have."""
    return Schema({kind.name: kind for kind in sorted(_ALL, key=lambda kind: kind.name)})


def customised(schema: Schema, made: Iterable[SObject], customs: Mapping[str, tuple[Field, ...]]) -> Schema:
    """The same org with custom objects, and other custom fields on the named ones; the rest stays as it is."""
    whole = sorted([*schema.objects.values(), *made], key=lambda kind: kind.name)
    kinds = (kind.with_customs(customs[kind.name]) if kind.name in customs else kind for kind in whole)
    return Schema({kind.name: kind for kind in kinds})


__all__ = ["Child", "Field", "SObject", "Schema", "customised", "default_schema"]
