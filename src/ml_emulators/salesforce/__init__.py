"""An emulated Salesforce org, written from the vendor's documents and recorded answers."""

from .actions.user_actions import ActError
from .org import Automation, Currency, Org, Person, Switches, ValidationRule
from .service import Salesforce
from .world import ChangeNotice

__all__ = [
    "ActError",
    "Automation",
    "ChangeNotice",
    "Currency",
    "Org",
    "Person",
    "Salesforce",
    "Switches",
    "ValidationRule",
]
