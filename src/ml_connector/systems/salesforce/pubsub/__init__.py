"""The Pub/Sub API of Salesforce as a subscriber needs it: wire messages, faults, event headers, the stream itself.

Written from the field table and the semantics of salesforce reference 5 and 6. An event is a knock: of what it carries
only the header is read, which names the records. `client` loads gRPC, which is slow; nothing else here does.
"""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# Before grpc is imported: what it writes to stderr by itself, `StreamEnded` says in our words.
