"""What both emulated vendors share: the wire shape, the clock, the request log, faults and the socket shell."""
