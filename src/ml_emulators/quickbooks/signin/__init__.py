"""Signing in: consent, tokens, OpenID (reference section 1)."""
