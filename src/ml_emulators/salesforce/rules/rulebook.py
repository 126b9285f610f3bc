"""Which object has which rules of its own."""

from __future__ import annotations

from . import billing
from .opportunities import LineRules, OpportunityRules, RoleRules
from .orders import ItemRules, OrderRules
from .people import AccountRules, ContactRules
from .permissions import AccessRules, AssignmentRules, FieldRules, ObjectRules, SetRules
from .prices import ContractRules, CurrencyRules, DatedRateRules, EntryRules, PricebookRules, ProductRules
from .relations import RelationRules
from .rule import Rules

_PLAIN = Rules()
_BOOK: dict[str, Rules] = {
    "Account": AccountRules(),
    "AccountContactRelation": RelationRules(),
    "Contact": ContactRules(),
    "FieldPermissions": FieldRules(),
    "ObjectPermissions": ObjectRules(),
    "PermissionSet": SetRules(),
    "PermissionSetAssignment": AssignmentRules(),
    "SetupEntityAccess": AccessRules(),
    "Invoice": billing.InvoiceRules(),
    "InvoiceLine": billing.LineRules(),
    "InvoiceLineTax": billing.TaxRules(),
    "Payment": billing.PaymentRules(),
    "PaymentLineInvoice": billing.PaymentLineRules(),
    "Contract": ContractRules(),
    "CurrencyType": CurrencyRules(),
    "DatedConversionRate": DatedRateRules(),
    "Opportunity": OpportunityRules(),
    "OpportunityContactRole": RoleRules(),
    "OpportunityLineItem": LineRules(),
    "Order": OrderRules(),
    "OrderItem": ItemRules(),
    "Pricebook2": PricebookRules(),
    "PricebookEntry": EntryRules(),
    "Product2": ProductRules(),
}


def rules_of(kind: str) -> Rules:
    """The rules of an object; the plain ones, which add nothing, for most."""
    return _BOOK.get(kind, _PLAIN)
