"""The proof that both systems show the same money (accounting-rules G). Fresh reads in, figures out."""
