"""Our words: frozen values and pure functions. Imports nothing of ours."""
