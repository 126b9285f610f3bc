"""The proof that both systems show the same money (accounting-rules G): fresh reads, compared report by report.

`tie_out` is the way in. One file for each report, with its reading beside it:

| Report | Compares | Files |
|---|---|---|
| R1 | invoices with Opportunities | `r1.py`, `r1_reading.py` |
| R2 | orders with journal entries | `r2.py`, `r2_reading.py`, `order_reading.py` |

R3 to R8 take their places in the same way (`r3.py` with `r3_reading.py`, ...), each one line in `proof.py`. `rN.py` is
pure and knows no vendor; `rN_reading.py` turns what was read into its facts; what all share is in `reading.py`, what a
report says in `report.py`. Nothing here asks a flow: what an order posts says `accounting`, to flows and tie-out alike.
"""

from .proof import tie_out
from .reading import Links, months_between
from .report import TieOut

__all__ = ["Links", "TieOut", "months_between", "tie_out"]
