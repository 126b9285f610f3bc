"""What both emulated vendors share: the wire shape, the clock, request log, faults, socket shell."""
