"""The settings of the pages and the webhooks."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta


def names_of(text: str) -> list[str]:
    """The names in a setting that holds several, with commas between them."""
    return [name for part in text.split(",") if (name := part.strip().lower())]


class Web(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pages and the webhooks of `ml-connector up`, and how they are reached from outside."""

    public_url: Annotated[
        str,
        Meta(
            description="Address by which others reach it through a reverse proxy, https://connector.example.com. "
            "Webhooks are sent to it with /hooks/quickbooks at its end."
        ),
    ] = ""
    hosts: Annotated[
        str,
        Meta(
            description="More host names that are answered, with commas between them; those of this machine and of "
            "public_url always are."
        ),
    ] = ""
    proxies: Annotated[
        str,
        Meta(
            description="Addresses of the reverse proxies whose word about the client is believed, with commas between "
            "them. Without them X-Forwarded-For counts for nothing."
        ),
    ] = "127.0.0.1"

    @property
    def answered(self) -> list[str]:
        """The host names that are answered besides those of this machine."""
        public = urlsplit(self.public_url).hostname
        return [*names_of(self.hosts), *([public] if public else [])]

    @property
    def trusted(self) -> list[str]:
        """The addresses of the proxies that are believed."""
        return names_of(self.proxies)
