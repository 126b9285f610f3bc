"""Sign-in: OAuth tokens, JWT assertions, SOAP login, and who a session is."""
