"""What was done but should be looked at by a person: the closed list of flags, each with the words that people read.

The values stand in the state; they never change.
"""

from __future__ import annotations

from .spoken import Spoken


def _left_out(what: str, verb: str = "was") -> str:
    return (
        f"The {what} {verb} left out: the other side refuses it, or does not let the user write it (see"
        " ml-connector doctor)."
    )


class Flag(Spoken):
    """A flag, with its sentence: `Flag.REDATED.sentence`."""

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
    ENTRY_DELETED = (
        "ENTRY_DELETED",
        "The journal entry was deleted in QuickBooks after it was posted; none is posted in its place.",
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

    # what the other side does not take
    REGION_IN_STREET = (
        "REGION_IN_STREET",
        "A state or country that the org does not have in its list stands in the street of the address.",
    )
    REGION_LEFT_OUT = (
        "REGION_LEFT_OUT",
        "A state or country that the org does not have in its list was left out: the street has no room for it.",
    )
    LEFT_OUT_PARENT = (
        "LEFT_OUT_PARENT",
        _left_out("parent", "was"),
    )
    LEFT_OUT_NAME = (
        "LEFT_OUT_NAME",
        "The new name was left out: QuickBooks says that it is taken. It is tried again alone, then held.",
    )
    LEFT_OUT_PHONE = (
        "LEFT_OUT_PHONE",
        _left_out("telephone number", "was"),
    )
    LEFT_OUT_WEBSITE = (
        "LEFT_OUT_WEBSITE",
        _left_out("web site", "was"),
    )
    LEFT_OUT_BILLING_ADDRESS = (
        "LEFT_OUT_BILLING_ADDRESS",
        _left_out("billing address, or a part of it,", "was"),
    )
    LEFT_OUT_SHIPPING_ADDRESS = (
        "LEFT_OUT_SHIPPING_ADDRESS",
        _left_out("shipping address, or a part of it,", "was"),
    )
    LEFT_OUT_BILLING_EMAIL = (
        "LEFT_OUT_BILLING_EMAIL",
        _left_out("billing e-mail", "was"),
    )
    LEFT_OUT_TERMS = (
        "LEFT_OUT_TERMS",
        _left_out("terms", "were"),
    )
    LEFT_OUT_CURRENCY = (
        "LEFT_OUT_CURRENCY",
        _left_out("currency shown", "was"),
    )
    LEFT_OUT_BALANCE = (
        "LEFT_OUT_BALANCE",
        _left_out("balance or what is overdue", "was"),
    )
    LEFT_OUT_ACTIVE = (
        "LEFT_OUT_ACTIVE",
        _left_out("mark whether it is active", "was"),
    )
    LEFT_OUT_STATUS = (
        "LEFT_OUT_STATUS",
        _left_out("status", "was"),
    )
    LEFT_OUT_DIMENSION = (
        "LEFT_OUT_DIMENSION",
        _left_out("department or class", "was"),
    )
    LEFT_OUT_FIRST_NAME = (
        "LEFT_OUT_FIRST_NAME",
        _left_out("first name", "was"),
    )
    LEFT_OUT_AMOUNT = (
        "LEFT_OUT_AMOUNT",
        _left_out("amount", "was"),
    )
    LEFT_OUT_FIGURES = (
        "LEFT_OUT_FIGURES",
        _left_out("figures of the invoice, or some of them,", "were"),
    )
    LEFT_OUT_ROLE = (
        "LEFT_OUT_ROLE",
        _left_out("role of the contact", "was"),
    )
    LEFT_OUT_COMPANY_NAME = (
        "LEFT_OUT_COMPANY_NAME",
        _left_out("company name", "was"),
    )

    # invoices
    AMOUNT_ROLLUP = (
        "AMOUNT_ROLLUP",
        "Products on the Opportunity make its amount; the net of the invoices stands beside it.",
    )
    SEVERAL_CURRENCIES = (
        "SEVERAL_CURRENCIES",
        "The account has invoices in several currencies and no customer of its own to choose one: nothing is added up.",
    )

    @classmethod
    def too_long(cls, field: str) -> Flag:
        """The flag of a field left out because the other side takes less; `field` is a name of `pair_fields.OWNERS`."""
        return cls[f"TOO_LONG_{field.upper()}"]

    def is_left_out(self) -> bool:
        """Whether it tells of something that the other side does not take or show."""
        return self.startswith("LEFT_OUT_")

    @classmethod
    def left_out(cls, field: str) -> Flag:
        """The flag of a field that the other side does not show or take; `field` as above."""
        return cls[f"LEFT_OUT_{field.upper()}"]

    @classmethod
    def conflict(cls, field: str) -> Flag:
        """The flag of a field that people changed on both sides (accounting-rules E.2)."""
        return cls[f"CONFLICT_{field.upper()}"]
