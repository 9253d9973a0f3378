"""The version of chatadapters."""

__version__ = "0.1.0.dev0"
