"""Working with the emulators as a process of their own: the demo and the scenarios stand on this."""
