"""Whom an account's orders are posted with, after merges and deletions (accounting-rules D.9, E.5)."""

from __future__ import annotations

import pytest

from accounting import books
from ml_connector.accounting.customers import customer_of, has_ended, live_links, posting_customer, present
from ml_connector.model.held import Held
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked

ACCOUNT = Ref("salesforce", "Account", books.ACCOUNT_ID)
OWN, MERGED, SURVIVOR = (Ref("quickbooks", "Customer", id_) for id_ in ("77", "12", "90"))
PAIR = Link(Role.ACCOUNT, OWN, ACCOUNT, exclusive=True)
SHOWN = Link(Role.ACCOUNT, MERGED, ACCOUNT)
POSTS_WITH = Link(Role.ACCOUNT, ACCOUNT, SURVIVOR)
ENDED = Link(Role.ACCOUNT, OWN, Ref("salesforce", "AccountPast", books.ACCOUNT_ID))


def test_its_own_customer_comes_first() -> None:
    assert live_links([POSTS_WITH, SHOWN, ENDED, PAIR], ACCOUNT) == [PAIR, SHOWN, POSTS_WITH]
    assert posting_customer([POSTS_WITH, SHOWN, PAIR], ACCOUNT) == OWN


def test_a_customer_that_was_merged_posts_with_the_survivor() -> None:
    assert posting_customer([ENDED, POSTS_WITH], ACCOUNT) == SURVIVOR
    assert customer_of(POSTS_WITH) == SURVIVOR


def test_an_ended_link_is_no_link() -> None:
    assert has_ended(ENDED)
    with pytest.raises(Held) as held:
        posting_customer([ENDED], ACCOUNT)
    assert (held.value.code, held.value.knocks) == ("H-CUST-UNLINKED", (ACCOUNT,))
    assert held.value.waits_for == (linked(Role.ACCOUNT, ACCOUNT),)


def test_a_customer_that_is_gone_holds() -> None:
    assert present(books.CUSTOMER, OWN, ACCOUNT) is books.CUSTOMER
    assert books.held(lambda: present(Gone(OWN), OWN, ACCOUNT)) == "H-CUST-INACTIVE"
