"""The parts of `chatadapters.testing.faults`, the server that injects one fault per request."""
