"""What each object adds to a save or a deletion."""
