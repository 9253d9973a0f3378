"""Make any language-model backend a `predict` function for any chat UI."""

from ._version import __version__ as __version__
