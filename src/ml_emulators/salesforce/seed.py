"""What a fresh org holds before anybody has worked in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from . import ids, times
from .org import Person
from .rules.people import full_name
from .schema import profiles
from .state import Record
from .world import World

_USERS = 3  # the org starts with so many
_STAGES = (
    ("Prospecting", 10, "Pipeline"),
    ("Qualification", 10, "Pipeline"),
    ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline"),
    ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline"),
    ("Negotiation/Review", 90, "Pipeline"),
    ("Closed Won", 100, "Closed"),
    ("Closed Lost", 0, "Omitted"),
)


def _put(world: World, kind: str, record: Record) -> str:
    table = world.state.tables[kind]
    now = times.stamp(world.clock.now())
    stamps = {"CreatedDate": now, "LastModifiedDate": now, "SystemModstamp": now}
    who = {"CreatedById": world.sales.user_id, "LastModifiedById": world.sales.user_id}
    record_id = record.get("Id") or ids.make(table.kind.prefix, world.next_number(kind))
    known = {name: value for name, value in (stamps | who).items() if name in table.kind.by_name}
    given = {name: value for name, value in record.items() if value is not None}
    table.put(table.kind.defaults | known | given | {"Id": record_id})
    return str(record_id)


def put_user(world: World, person: Person, user_id: str = "", *, active: bool = True) -> str:
    """A user, with the given id or the next one; the id."""
    name = {"FirstName": person.first_name or None, "LastName": person.last_name}
    record: dict[str, Any] = {
        **name,
        "Id": user_id or ids.make("005", _USERS + world.next_number("User")),
        "Name": full_name(name),
        "Username": person.username,
        "Email": person.username,
        "Alias": person.last_name[:8].lower(),
        "IsActive": active,
        "TimeZoneSidKey": person.time_zone,
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "UserType": "Standard",
        "CurrencyIsoCode": person.currency,
        "DefaultCurrencyIsoCode": person.currency,
    }
    return _put(world, "User", record)


def _organization(world: World) -> None:
    org = world.org
    record = {
        "Id": world.org_id,
        "Name": org.name,
        "Country": "US",
        "OrganizationType": org.edition,
        "InstanceName": org.instance,
        "TimeZoneSidKey": org.time_zone,
        "LanguageLocaleKey": "en_US",
        "DefaultLocaleSidKey": "en_US",
        "FiscalYearStartMonth": 1,
        "DefaultAccountAccess": "Edit",
        "DefaultContactAccess": "ControlledByParent",
        "DefaultOpportunityAccess": "Edit",
    }
    _put(world, "Organization", record)


def tell_edition(world: World) -> None:
    """The org names the edition that its profile makes it."""
    edition = profiles.edition(world.switches, world.org.edition)
    row = world.state.live("Organization", world.org_id)
    if row is not None and row["OrganizationType"] != edition:
        world.state.tables["Organization"].put(row | {"OrganizationType": edition})


def _currencies(world: World) -> None:
    for place, currency in enumerate(world.org.currencies):
        record = {
            "IsoCode": currency.code,
            "ConversionRate": currency.rate,
            "DecimalPlaces": currency.places,
            "IsActive": True,
            "IsCorporate": place == 0,
        }
        _put(world, "CurrencyType", record)


def _stages(world: World) -> None:
    for place, (name, probability, forecast) in enumerate(_STAGES, 1):
        record = {
            "MasterLabel": name,
            "ApiName": name,
            "IsActive": True,
            "SortOrder": place,
            "IsClosed": name.startswith("Closed"),
            "IsWon": name == "Closed Won",
            "ForecastCategory": forecast,
            "ForecastCategoryName": forecast,
            "DefaultProbability": Decimal(f"{probability}.0"),
        }
        _put(world, "OpportunityStage", record)


def seed(world: World) -> None:
    """Organization, users, currencies, stages, order statuses and the standard price book."""
    _organization(world)
    put_user(world, world.org.integration_user, world.integration.user_id)
    put_user(world, world.org.sales_user, world.sales.user_id)
    put_user(world, world.org.former_user, ids.make("005", 3), active=False)
    _currencies(world)
    _stages(world)
    for place, (name, code) in enumerate(world.org.order_statuses, 1):
        status = {"MasterLabel": name, "ApiName": name, "StatusCode": code, "SortOrder": place}
        _put(world, "OrderStatus", status | {"IsDefault": place == 1})
    _put(world, "TaxTreatment", {"Name": "Standard", "TaxCode": "STANDARD"})
    book = {"Name": "Standard Price Book", "IsActive": True, "IsStandard": True}
    _put(world, "Pricebook2", book)
