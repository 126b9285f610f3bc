"""How a record is saved, deleted and merged: the steps that all objects share."""
