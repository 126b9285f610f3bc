"""Rights by REST: permission sets, what they grant, and who has them (salesforce reference 8.3)."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.salesforce.orgs import Reply, TestOrg
from emulators.salesforce.tooling.test_routes import FIELD, TEXT


def me(org: TestOrg) -> str:
    return str(org.send("GET", "/services/oauth2/userinfo").body["user_id"])


def new_set(org: TestOrg, name: str = "Connector", *, mine: bool = True) -> str:
    """A permission set, assigned to the integration user."""
    made = org.add("PermissionSet", Name=name, Label=name)
    if mine:
        org.add("PermissionSetAssignment", PermissionSetId=made, AssigneeId=me(org))
    return made


def grant(org: TestOrg, parent: str, field: str = "Account.Region__c", **more: bool) -> Reply:
    rights = {"PermissionsRead": True, "PermissionsEdit": True} | more
    body = {"ParentId": parent, "SobjectType": field.partition(".")[0], "Field": field}
    return org.post("/sobjects/FieldPermissions", body | rights)


def can(org: TestOrg, name: str = "Region__c") -> tuple[bool, bool]:
    """Whether the field of accounts may be read and edited, as describe tells."""
    fields = {entry["name"]: entry for entry in org.get("/sobjects/Account/describe").body["fields"]}
    return name in fields, name in fields and fields[name]["updateable"]


def test_a_new_field_is_opened_by_rest_alone(org: TestOrg) -> None:
    org.post(FIELD, {"FullName": "Account.Region__c", "Metadata": TEXT})
    assert can(org) == (False, False)
    made = grant(org, new_set(org))
    assert (made.status, made.body["id"][:3]) == (201, "01k")
    assert can(org) == (True, True)
    acme = org.add("Account", Name="Acme", Region__c="West")
    assert org.rows("SELECT Id FROM Account WHERE Region__c = 'West'") == [{"Id": acme}]


def test_a_grant_to_read_only(org: TestOrg) -> None:
    org.post(FIELD, {"FullName": "Account.Region__c", "Metadata": TEXT})
    made = grant(org, new_set(org), PermissionsEdit=False).body["id"]
    assert can(org) == (True, False)
    assert org.patch(f"/sobjects/FieldPermissions/{made}", {"PermissionsEdit": True}).status == 204
    assert can(org) == (True, True)


@pytest.mark.parametrize("taken", ["grant", "assignment", "set"])
def test_what_is_taken_away_is_closed_again(org: TestOrg, taken: str) -> None:
    org.post(FIELD, {"FullName": "Account.Region__c", "Metadata": TEXT})
    parent = new_set(org)
    granted = grant(org, parent).body["id"]
    assert can(org) == (True, True)
    assignment = org.column("SELECT Id FROM PermissionSetAssignment")[0]
    urls = {"grant": f"FieldPermissions/{granted}", "assignment": f"PermissionSetAssignment/{assignment}"}
    assert org.delete(f"/sobjects/{urls.get(taken, f'PermissionSet/{parent}')}").status == 204
    assert can(org) == (False, False)
    assert taken != "set" or org.rows("SELECT Id FROM FieldPermissions") == []


def test_a_second_set_keeps_open_what_the_first_opened(org: TestOrg) -> None:
    org.post(FIELD, {"FullName": "Account.Region__c", "Metadata": TEXT})
    first = grant(org, new_set(org, "One")).body["id"]
    grant(org, new_set(org, "Two"), PermissionsEdit=False)
    assert can(org) == (True, True)
    org.delete(f"/sobjects/FieldPermissions/{first}")
    assert can(org) == (True, False)


def test_a_set_opens_nothing_for_who_does_not_have_it(org: TestOrg) -> None:
    org.post(FIELD, {"FullName": "Account.Region__c", "Metadata": TEXT})
    parent = new_set(org, mine=False)
    grant(org, parent)
    assert can(org) == (False, False)
    org.add("PermissionSetAssignment", PermissionSetId=parent, AssigneeId=me(org))
    assert can(org) == (True, True)


def test_rights_on_an_object(org: TestOrg) -> None:
    org.act("set_object_rights", "", object="Account", create=False, edit=False)
    assert org.post("/sobjects/Account", {"Name": "Acme"}).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    parent = new_set(org)
    rights = {"PermissionsRead": True, "PermissionsCreate": True}
    made = org.add("ObjectPermissions", ParentId=parent, SobjectType="Account", **rights)
    acme = org.add("Account", Name="Acme")
    assert org.patch(f"/sobjects/Account/{acme}", {"Name": "Beta"}).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.patch(f"/sobjects/ObjectPermissions/{made}", {"PermissionsEdit": True})
    assert org.patch(f"/sobjects/Account/{acme}", {"Name": "Beta"}).status == 204
    org.delete(f"/sobjects/ObjectPermissions/{made}")
    assert org.post("/sobjects/Account", {"Name": "Acme"}).status == 400


def test_an_application_is_approved_beforehand(org: TestOrg) -> None:
    parent = new_set(org)
    body = {"ParentId": parent, "SetupEntityId": "0H4Hs00000Abcde"}
    assert org.post("/sobjects/SetupEntityAccess", body).status == 201
    assert org.post("/sobjects/SetupEntityAccess", body).code == "DUPLICATE_VALUE"


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("FieldPermissions", {"Field": "Account.Nope__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("FieldPermissions", {"Field": "Contact.QBO_Id__c"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("FieldPermissions", {"Field": "Account.Name"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("FieldPermissions", {"SobjectType": "Nope"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("FieldPermissions", {"PermissionsRead": False}, "FIELD_INTEGRITY_EXCEPTION"),
        ("FieldPermissions", {"ParentId": None}, "REQUIRED_FIELD_MISSING"),
        ("FieldPermissions", {"ParentId": "0PSHs00000ZZZZZ"}, "INVALID_CROSS_REFERENCE_KEY"),
        ("ObjectPermissions", {"PermissionsRead": False, "PermissionsEdit": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ("ObjectPermissions", {"PermissionsModifyAllRecords": True}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_grants_that_cannot_be(org: TestOrg, kind: str, changes: dict[str, Any], code: str) -> None:
    body = {"ParentId": new_set(org), "SobjectType": "Account", "PermissionsRead": True}
    field = {"Field": "Account.Site"} if kind == "FieldPermissions" else {}
    reply = org.post(f"/sobjects/{kind}", body | field | changes)
    assert (reply.status, reply.code) == (400, code)


def test_nothing_is_granted_twice(org: TestOrg) -> None:
    parent = new_set(org)
    assert [grant(org, parent, "Account.Site").status for _ in range(2)] == [201, 400]
    again = org.post("/sobjects/PermissionSetAssignment", {"PermissionSetId": parent, "AssigneeId": me(org)})
    assert again.code == "DUPLICATE_VALUE"
    assert org.post("/sobjects/PermissionSet", {"Name": "connector", "Label": "x"}).code == "DUPLICATE_VALUE"


def test_only_an_administrator_grants(org: TestOrg) -> None:
    org.switches.customize_application = False
    assert org.post("/sobjects/PermissionSet", {"Name": "A", "Label": "A"}).code == "INSUFFICIENT_ACCESS"


def test_a_rolled_back_grant_opens_nothing(org: TestOrg) -> None:
    org.post(FIELD, {"FullName": "Account.Region__c", "Metadata": TEXT})
    good = {"ParentId": new_set(org), "SobjectType": "Account", "PermissionsRead": True}
    records = [
        good | {"attributes": {"type": "FieldPermissions"}, "Field": field} for field in ("Account.Region__c", "x")
    ]
    reply = org.post("/composite/sobjects", {"allOrNone": True, "records": records})
    assert not any(item["success"] for item in reply.body)
    assert can(org) == (False, False)


def test_a_reset_forgets_what_was_granted(org: TestOrg) -> None:
    org.act("set_fls", "", object="Account", field="Site", readable=False)
    grant(org, new_set(org), "Account.Site")
    assert can(org, "Site") == (True, True)
    org.vendor.reset()
    del org.token
    assert can(org, "Site") == (True, True)
