"""What was done but should be looked at by a person: the closed list of flags, each with the words that people read.

The values stand in the state; they never change.
"""

from __future__ import annotations

from enum import StrEnum


class Flag(StrEnum):
    """A flag, with its sentence: `Flag.REDATED.sentence`."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Flag:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    # orders and entries
    REDATED = "REDATED", "The entry was dated later than the order says, because the books were closed."
    AMENDED_AFTER_POSTING = (
        "AMENDED_AFTER_POSTING",
        "The order was changed after its entry was posted; the entry stays as it is.",
    )
    DELETED_AFTER_POSTING = (
        "DELETED_AFTER_POSTING",
        "The order was deleted after its entry was posted; the entry stays.",
    )
    ORDER_MARK_REFUSED = "ORDER-MARK-REFUSED", "Salesforce refuses to show on the order that it is posted."
    UNRECOGNISED = (
        "DC-4",
        "An item credits a balance account: revenue of it is recognised by nobody (accounting-rules A.11).",
    )
    DIM_OMITTED = "DIM_OMITTED", "A department or class was left out, because QuickBooks does not track it."
    INVENTORY_NOT_MOVED = "INVENTORY_NOT_MOVED", "The item keeps stock; an entry does not move it."

    # customers and accounts
    NAME_CUT = "NAME_CUT", "The name was too long for the other side and was cut."
    CONTACT_ELSEWHERE = "CONTACT_ELSEWHERE", "The address was found on a contact of another account."
    TOO_LONG_FIRST_NAME = "TOO_LONG_FIRST_NAME", "The first name was too long for a contact and was left out."
    TOO_LONG_EMAIL = "TOO_LONG_EMAIL", "The e-mail was too long for the other side and was left out."
    TOO_LONG_BILLING_ADDRESS = (
        "TOO_LONG_BILLING_ADDRESS",
        "The billing address was too long for the other side and was left out.",
    )
    TOO_LONG_SHIPPING_ADDRESS = (
        "TOO_LONG_SHIPPING_ADDRESS",
        "The shipping address was too long for the other side and was left out.",
    )
    TOO_LONG_PHONE = "TOO_LONG_PHONE", "The telephone number was too long for the other side and was left out."
    TOO_LONG_WEBSITE = "TOO_LONG_WEBSITE", "The web site was too long for the other side and was left out."
    CONFLICT_NAME = "CONFLICT_NAME", "The name was changed on both sides; one of them gave way."
    CONFLICT_BILLING_ADDRESS = (
        "CONFLICT_BILLING_ADDRESS",
        "The billing address was changed on both sides; one of them gave way.",
    )
    CONFLICT_SHIPPING_ADDRESS = (
        "CONFLICT_SHIPPING_ADDRESS",
        "The shipping address was changed on both sides; one of them gave way.",
    )
    CONFLICT_PHONE = "CONFLICT_PHONE", "The telephone number was changed on both sides; one of them gave way."
    CONFLICT_WEBSITE = "CONFLICT_WEBSITE", "The web site was changed on both sides; one of them gave way."
    CONFLICT_BILLING_EMAIL = (
        "CONFLICT_BILLING_EMAIL",
        "The billing e-mail was changed on both sides; one of them gave way.",
    )
    CONFLICT_TERMS = "CONFLICT_TERMS", "The terms were changed on both sides; one of them gave way."
    CONFLICT_CURRENCY = "CONFLICT_CURRENCY", "The currency was changed on both sides; one of them gave way."
    CONFLICT_BALANCE = "CONFLICT_BALANCE", "The balance shown was changed by people; the one of QuickBooks stays."
    CONFLICT_ACTIVE = "CONFLICT_ACTIVE", "Whether it is active was changed on both sides; one of them gave way."

    # invoices
    AMOUNT_ROLLUP = (
        "AMOUNT_ROLLUP",
        "Products on the Opportunity make its amount; the net of the invoices stands beside it.",
    )

    @classmethod
    def too_long(cls, field: str) -> Flag:
        """The flag of a field left out because the other side takes less; `field` is a name of `pair_fields.OWNERS`."""
        return cls[f"TOO_LONG_{field.upper()}"]

    @classmethod
    def conflict(cls, field: str) -> Flag:
        """The flag of a field that people changed on both sides (accounting-rules E.2)."""
        return cls[f"CONFLICT_{field.upper()}"]
