"""Which objects and fields an org has: by its edition and licences, its currencies, and what its admin requires.

An org holds the records of every object all the time; a profile decides which of them are there for anybody.
From salesforce reference 2.3, 3.2, 7.5 to 7.7.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from ml_emulators.salesforce.org import Profile, Switches

from . import Field, Schema, SObject, billing, places
from .words import PERSON_ACCOUNTS, STATE_COUNTRY

_BILLING = frozenset(kind.name for kind in billing.BILLING)
_ORDERS = frozenset({"Order", "OrderItem", "OrderStatus"})
_CHANNELS = frozenset({"PlatformEventChannel", "PlatformEventChannelMember"})
_CURRENCIES = frozenset({"CurrencyType", "DatedConversionRate"})
_CURRENCY_FIELDS = frozenset({"CurrencyIsoCode", "DefaultCurrencyIsoCode"})
_ABSENT: dict[Profile, frozenset[str]] = {
    "professional": _ORDERS | _CHANNELS | _BILLING,
    "enterprise": _BILLING,
    "revenue-cloud": frozenset(),
}
_EDITIONS: dict[Profile, str] = {"professional": "Professional Edition"}
_ENABLED = (STATE_COUNTRY, PERSON_ACCOUNTS)
_INGESTED = frozenset({"Invoice", "InvoiceLine"})


class Features(NamedTuple):
    """What the org has. `required`: (object, custom fields that must be filled)."""

    profile: Profile
    multicurrency: bool
    related: bool
    plain_billing: bool
    required: tuple[tuple[str, tuple[str, ...]], ...]
    enabled: frozenset[str]
    addresses: places.Setting | None
    picklists: tuple[tuple[str, tuple[str, ...]], ...]
    restricted: frozenset[str]


def features(switches: Switches, related: bool) -> Features:
    """The features as the switches stand now; `related` once contacts belong to several accounts."""
    required: tuple[tuple[str, tuple[str, ...]], ...] = ()
    if switches.required_fields:
        required = tuple(sorted((kind, tuple(sorted(names))) for kind, names in switches.required_fields.items()))
    enabled = frozenset(name for name in _ENABLED if getattr(switches, name))
    picklists = tuple(sorted((name, tuple(values)) for name, values in switches.picklist_values.items()))
    return Features(
        profile=switches.profile,
        multicurrency=switches.multicurrency,
        related=related,
        plain_billing=switches.plain_billing,
        required=required,
        enabled=enabled,
        addresses=places.setting(switches),
        picklists=picklists,
        restricted=frozenset(switches.restricted_picklists),
    )


def seen(whole: Schema, has: Features) -> Schema:
    """The part of the whole that an org with these features has."""
    absent = _ABSENT[has.profile] | (frozenset() if has.multicurrency else _CURRENCIES)
    if not has.related:
        absent |= {"AccountContactRelation"}
    required = dict(has.required)
    kinds = (kind for name, kind in whole.objects.items() if name not in absent)
    return Schema({kind.name: _fitted(kind, has, frozenset(required.get(kind.name, ()))) for kind in kinds})


def _fitted(kind: SObject, has: Features, required: frozenset[str]) -> SObject:
    values = dict(has.picklists)
    fields = tuple(
        _listed(kind, _required(field) if field.name in required else field, values, has.restricted)
        for field in kind.fields
        if (has.multicurrency or field.name not in _CURRENCY_FIELDS)
        and (not field.feature or field.feature in has.enabled)
    )
    made = kind if fields == kind.fields else replace(kind, fields=fields)
    if kind.name in _INGESTED and not has.plain_billing:
        return replace(made, createable=False, deletable=False)
    return made


def _listed(kind: SObject, field: Field, values: Mapping[str, tuple[str, ...]], restricted: Collection[str]) -> Field:
    """A picklist with the values that the org's administrator has given it."""
    name = f"{kind.name}.{field.name}"
    if field.type not in ("picklist", "multipicklist") or (name not in values and name not in restricted):
        return field
    return replace(field, values=values.get(name, field.values), restricted=field.restricted or name in restricted)


def _required(field: Field) -> Field:
    """Only custom fields can be required by an admin for every record; a checkbox always has a value."""
    return replace(field, nillable=False) if field.custom and field.type != "boolean" else field


def edition(switches: Switches, usual: str) -> str:
    """What Organization.OrganizationType says."""
    return _EDITIONS.get(switches.profile, usual)


def has_change_events(switches: Switches) -> bool:
    """Change Data Capture is there in Enterprise, Performance, Unlimited and Developer, not in Professional."""
    return switches.profile != "professional"
