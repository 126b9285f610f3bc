"""What QuickBooks checks and works out when something is written (reference sections 4 and 6)."""
