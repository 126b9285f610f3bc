"""AccountContactRelation: there only in orgs that relate a contact to several accounts.

From the vendor's object reference (API 37.0 and later). Neither end can be changed afterwards, and there is no
undelete: a relation comes back with its contact or account.
"""

from __future__ import annotations

from .model import SObject
from .words import create_only, day, deleted_flag, derived, flag, picks, record_id, ref, stamps

ROLES = (
    *("Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator"),
    *("Executive Sponsor", "Influencer", "Technical Buyer", "Other"),
)

RELATION = SObject(
    "AccountContactRelation",
    "07k",
    label="Account Contact Relationship",
    undeletable=False,
    fields=(
        record_id("AccountContactRelation"),
        create_only(ref("AccountId", "Account", "AccountContactRelations", nillable=False, cascade=True)),
        create_only(ref("ContactId", "Contact", "AccountContactRelations", nillable=False, cascade=True)),
        picks("Roles", *ROLES),
        derived(flag("IsDirect", label="Direct", permissionable=False)),
        flag("IsActive", label="Active", default=True),
        day("StartDate"),
        day("EndDate"),
        *stamps(),
        deleted_flag(),
    ),
)
