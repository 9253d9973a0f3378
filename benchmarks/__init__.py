"""Measures chatadapters side by side with its peers: `python -m benchmarks` does all of it."""
