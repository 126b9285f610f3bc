"""The Tooling API, as far as setting the org up for a connector needs it (salesforce reference 8)."""

from .channels import ChannelBook
from .routes import Tooling

__all__ = ["ChannelBook", "Tooling"]
