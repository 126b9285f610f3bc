"""The command line: a thin door. Commands call `actions`; renderers turn values into lines."""
