"""Short words to write object definitions with: `text("Name", 255)`, `money("Amount")`, `ref("AccountId", ...)`."""

from __future__ import annotations

from typing import Any

from .model import Field, label_of


def _field(name: str, kind: str, more: dict[str, Any]) -> Field:
    more.setdefault("label", label_of(name))
    return Field(name, kind, **more)


def text(name: str, length: int, **more: Any) -> Field:
    """A text of one line; `length` in characters."""
    return _field(name, "string", {"length": length} | more)


def area(name: str, length: int, **more: Any) -> Field:
    """A text area; above 255 characters it is a long text, which cannot be filtered."""
    return _field(name, "textarea", {"length": length, "extra_type": "plaintextarea"} | more)


def phone(name: str) -> Field:
    """A phone number, which is a text of 40 characters."""
    return _field(name, "phone", {"length": 40})


def url(name: str, **more: Any) -> Field:
    """An address of the web, 255 characters unless `more` says otherwise."""
    return _field(name, "url", {"length": 255} | more)


def email(name: str, **more: Any) -> Field:
    """An e-mail address of 80 characters, whose form is checked."""
    return _field(name, "email", {"length": 80} | more)


def pick(name: str, *values: str, **more: Any) -> Field:
    """A picklist; only a restricted one refuses values that are not listed."""
    return _field(name, "picklist", {"length": 255, "values": values} | more)


def picks(name: str, *values: str, **more: Any) -> Field:
    """A list of which several values may be chosen; they are kept with `;` between them."""
    return _field(name, "multipicklist", {"length": 4099, "values": values} | more)


def money(name: str, precision: int = 18, scale: int = 2, **more: Any) -> Field:
    """An amount: `precision` digits in all, `scale` of them decimals, on screens; in the record's currency."""
    return _field(name, "currency", {"precision": precision, "scale": scale} | more)


def number(name: str, precision: int, scale: int, **more: Any) -> Field:
    """A decimal: `precision` digits in all, `scale` of them decimals."""
    return _field(name, "double", {"precision": precision, "scale": scale} | more)


def percent(name: str, precision: int, scale: int, **more: Any) -> Field:
    """A percentage: 25 means 25 %."""
    return _field(name, "percent", {"precision": precision, "scale": scale} | more)


def integer(name: str, **more: Any) -> Field:
    """A whole number of 32 bits."""
    return _field(name, "int", more)


def flag(name: str, **more: Any) -> Field:
    """A checkbox: never null, false unless given."""
    given = {"nillable": False, "defaulted": True, "permissionable": more.get("createable", True)}
    return _field(name, "boolean", given | more)


def day(name: str, **more: Any) -> Field:
    """A date without time or zone."""
    return _field(name, "date", more)


def moment(name: str, **more: Any) -> Field:
    """An instant, kept to the second."""
    return _field(name, "datetime", more)


def ref(name: str, target: str | tuple[str, ...], children: str | None = None, **more: Any) -> Field:
    """A lookup to `target`; `children` is the relationship name seen from the other end."""
    targets = (target,) if isinstance(target, str) else target
    relationship = name.removesuffix("Id") if not name.endswith("__c") else name.replace("__c", "__r")
    given = {"refers_to": targets, "length": 18, "relationship": relationship, "children": children}
    return _field(name, "reference", given | more)


def derived(made: Field) -> Field:
    """The same field, kept by the platform: no client may write it."""
    from dataclasses import replace

    return replace(made, createable=False, updateable=False)


def create_only(made: Field) -> Field:
    """The field, writable on create and fixed afterwards."""
    from dataclasses import replace

    return replace(made, updateable=False)


_READ = {"createable": False, "updateable": False, "permissionable": False}
_STAMPED: dict[str, Any] = _READ | {"nillable": False, "defaulted": True}


def record_id(kind: str) -> Field:
    """The Id of an object's records, 18 characters, which can stand in place of an external id."""
    label = f"{label_of(kind)} ID"
    return _field("Id", "id", _STAMPED | {"length": 18, "label": label, "id_lookup": True, "unique": False})


def deleted_flag() -> Field:
    """IsDeleted, which the platform sets."""
    return flag("IsDeleted", label="Deleted", **{**_STAMPED, "default": False})


def currency_code() -> Field:
    """CurrencyIsoCode: of the org's active currencies, its own or the user's unless given."""
    more = {"nillable": False, "defaulted": True, "restricted": True, "label": "Currency ISO Code"}
    return pick("CurrencyIsoCode", **more, length=3)


def owner(*targets: str) -> Field:
    """OwnerId: a user unless other targets are given; whoever creates, unless given."""
    return ref("OwnerId", targets or ("User",), nillable=False, defaulted=True)


def stamps() -> tuple[Field, ...]:
    """The audit fields every record has."""
    return (
        moment("CreatedDate", **_STAMPED),
        ref("CreatedById", "User", **_STAMPED),
        moment("LastModifiedDate", **_STAMPED),
        ref("LastModifiedById", "User", **_STAMPED),
        moment("SystemModstamp", **_STAMPED),
    )


def seen() -> tuple[Field, ...]:
    """When somebody last looked at the record."""
    return (moment("LastViewedDate", **_READ), moment("LastReferencedDate", **_READ))


def last_activity() -> Field:
    """LastActivityDate, which nobody writes."""
    return day("LastActivityDate", label="Last Activity", **_READ)


ACCURACIES = (
    *("Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County"),
    *("State", "Unknown"),
)


STATE_COUNTRY = "state_country_picklists"
PERSON_ACCOUNTS = "person_accounts"


def _spaced(stem: str) -> str:
    return f"{label_of(stem)} "


def _place_code(stem: str, part: str, label: str, **more: Any) -> Field:
    """`BillingStateCode`: there once the org has State and Country/Territory Picklists."""
    given = {"length": 10, "compound": f"{stem}Address", "restricted": True, "feature": STATE_COUNTRY, "label": label}
    return pick(f"{stem}{part}Code", **given, **more)


def address(stem: str) -> tuple[Field, ...]:
    """An address: its parts, and the compound that is read-only."""
    whole = f"{stem}Address"
    return (
        area(f"{stem}Street", 255, compound=whole),
        text(f"{stem}City", 40, compound=whole),
        text(f"{stem}State", 80, compound=whole, label=f"{_spaced(stem)}State/Province"),
        text(f"{stem}PostalCode", 20, compound=whole),
        text(f"{stem}Country", 80, compound=whole),
        _place_code(stem, "State", f"{_spaced(stem)}State/Province Code", controller=f"{stem}CountryCode"),
        _place_code(stem, "Country", f"{_spaced(stem)}Country Code"),
        number(f"{stem}Latitude", 18, 15, compound=whole),
        number(f"{stem}Longitude", 18, 15, compound=whole),
        pick(f"{stem}GeocodeAccuracy", *ACCURACIES, compound=whole, length=40, restricted=True),
        _field(whole, "address", {"createable": False, "updateable": False, "permissionable": True}),
    )


def key_text(name: str, length: int = 80) -> Field:
    """A unique, case-sensitive external id."""
    more: dict[str, Any] = {"unique": True, "external_id": True, "case_sensitive": True}
    return text(name, length, id_lookup=True, **more)
