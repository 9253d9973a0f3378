"""What is installed, and whether it is what an extra of ours needs."""

from __future__ import annotations

import re
from importlib import metadata
from typing import NamedTuple

_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^]]*\])?\s*([^;]*)(?:;.*extra == ['\"]([\w-]+)['\"])?")
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


class Package(NamedTuple):
    """A package that is needed.

    Attributes:
        name: Its name.
        needed: The versions that will do, such as `">=6,<7"`.
        version: The one that is installed, or None.
    """

    name: str
    needed: str
    version: str | None

    @property
    def fits(self) -> bool:
        """Whether it is installed in a version that will do."""
        return self.version is not None and satisfies(self.version, self.needed)


def packages(extra: str | None) -> list[Package]:
    """Give the packages that an extra needs, or those that are always needed.

    Args:
        extra: The extra, or None.
    """
    found = (_REQUIREMENT.match(line) for line in metadata.requires("chatadapters") or ())
    return [
        Package(match[1], match[2].strip(), version_of(match[1]))
        for match in found
        if match and match[3] == extra
    ]


def version_of(name: str) -> str | None:
    """Give the installed version of a package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def satisfies(version: str, needed: str) -> bool:
    """Say whether a version will do; only the bounds that our own extras have are read.

    Example:
        >>> satisfies("6.31.0", ">=6,<7"), satisfies("7.0", ">=6,<7")
        (True, False)
    """
    release = _release(version)
    for bound in filter(None, map(str.strip, needed.split(","))):
        if bound.startswith(">=") and release < _release(bound):
            return False
        if bound.startswith("<") and release >= _release(bound):
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    found = _NUMBERS.search(version)
    return tuple(map(int, found[0].split("."))) if found else ()
