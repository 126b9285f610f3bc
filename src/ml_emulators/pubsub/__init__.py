"""The emulated Pub/Sub API with change events, written from the vendor's documents. `door` has the gRPC server."""

from .bus import Bus, Delivered
from .refusals import Refusal
from .service import Produced, PubSub
from .subscription import CUSTOM, EARLIEST, LATEST, Batch, Ended, Fetch, Subscription
from .switches import Switches

__all__ = [
    "CUSTOM",
    "EARLIEST",
    "LATEST",
    "Batch",
    "Bus",
    "Delivered",
    "Ended",
    "Fetch",
    "Produced",
    "PubSub",
    "Refusal",
    "Subscription",
    "Switches",
]
