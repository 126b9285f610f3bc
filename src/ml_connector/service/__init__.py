"""What lives between commands."""
