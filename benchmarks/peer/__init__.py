"""The same first sync and change burst as a competent user would write them with two public clients."""
