"""Whole journeys: the real command line and whole installations, against both emulated vendors."""
