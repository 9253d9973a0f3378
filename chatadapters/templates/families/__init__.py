"""The named families: plain data, one dictionary of `Layout` fields for each."""
