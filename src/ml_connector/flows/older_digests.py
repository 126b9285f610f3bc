"""Links in which an older version kept digests without a key, with the keyed ones in their place (decision 0013).

A keyed digest is made of the one without a key, so that nobody needs to know what that was made of.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ml_connector.model.plans import Digest
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role

ROLES = (Role.CONTACT, Role.OPPORTUNITY, Role.NAME_TAKEN, Role.REFUSED)
"""The roles of links with digests of personal values."""
REFUSALS = (Role.NAME_TAKEN, Role.REFUSED)
"""Those that remember what a vendor refused, for as long as the retention period."""


def keyed(link: Link, digest: Digest) -> Link:
    """The link with keyed digests; as it is where it has them, or none at all."""

    def address(text: str) -> str:
        head, _, last = text.rpartition(":")
        return f"{head}:{_keyed('email', last, digest)}"

    match link.role:
        case Role.CONTACT:
            return msgspec.structs.replace(link, source=_renamed(link.source, address(link.source.id)))
        case Role.NAME_TAKEN:
            return msgspec.structs.replace(link, source=_renamed(link.source, _keyed("name", link.source.id, digest)))
        case Role.OPPORTUNITY:
            return _agreed(link, {"emails": " ".join(_keyed("email", part, digest) for part in _words(link, "emails"))})
        case Role.REFUSED:
            link = _agreed(link, {"value": " ".join(_keyed("value", part, digest) for part in _words(link, "value"))})
            if link.target.kind != "Contact":
                return link
            source, target = (_renamed(ref, address(ref.id)) for ref in (link.source, link.target))
            return msgspec.structs.replace(link, source=source, target=target)
        case _:
            return link


def _keyed(kind: str, text: str, digest: Digest) -> str:
    """Those without a key are hexadecimal, so none begins with `k`."""
    return text if text.startswith("k") else digest(f"{kind} {text}")


def _renamed(ref: Ref, id: str) -> Ref:
    return Ref(ref.system, ref.kind, id)


def _words(link: Link, name: str) -> list[str]:
    return (link.agreed.get(name) or "").split()


def _agreed(link: Link, changes: Mapping[str, str]) -> Link:
    """With these instead; what was empty stays so."""
    return msgspec.structs.replace(link, agreed={**link.agreed, **{n: text for n, text in changes.items() if text}})
