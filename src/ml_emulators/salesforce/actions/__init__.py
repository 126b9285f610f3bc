"""What people do on their screens and in the set-up of the org: the acts of the control door."""
