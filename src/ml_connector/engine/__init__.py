"""Arrivals to settled records. Names no vendor and no flow."""
