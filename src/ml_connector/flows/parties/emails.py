"""E-mail addresses in one field, and the identity of an address (accounting-rules D.10, E.6)."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from ml_connector.model import canonical
from ml_connector.model.plans import Digest
from ml_connector.model.refs import Ref


def split(text: str) -> tuple[str, ...]:
    """The parts of an e-mail field as written, valid or not; `,` and `;` stand between them (accounting-rules D.10)."""
    return tuple(filter(None, (part.strip() for part in re.split(r"[,;]", text))))


def parse(text: str) -> tuple[str, ...]:
    """The valid addresses of an e-mail field, lower-case, each once, in order. What is no address is left out."""
    return tuple(dict.fromkeys(part.lower() for part in split(text) if canonical.is_email(part.lower())))


def mark(address: str, digest: Digest) -> str:
    """What an address is known by (decision 0013): a keyed digest of its digest in accounting-rules E.6."""
    return digest(f"email {plain(address)}")


@lru_cache(maxsize=4096)
def plain(address: str) -> str:
    """First 12 hex characters of the SHA-256 of the lower-case address (accounting-rules E.6).

    All addresses can be tried against it: it stands beside the address in Salesforce, and is not kept by us.
    """
    return hashlib.sha256(address.lower().encode()).hexdigest()[:12]


def ref_of(customer_id: str, address: str, digest: Digest) -> Ref:
    """The source of a `contact` link: this address of this QuickBooks customer (accounting-rules E.6)."""
    return Ref("quickbooks", "Email", f"{customer_id}:{mark(address, digest)}")
