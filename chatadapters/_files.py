"""The local files a UI handed over, read with care."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, TypeAlias

from ._errors import HistoryError
from ._media import MAX_FILE_BYTES, called, check_size, part_from_bytes, part_from_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._parts import Part

FilePath: TypeAlias = "str | os.PathLike[str]"
Roots: TypeAlias = "FilePath | Iterable[FilePath] | None"

#: The most that the local files of one conversation may have together, in bytes.
MAX_CONVERSATION_BYTES = 100 * 2**20

# What was a regular file a moment ago must neither block nor lead elsewhere when it is opened.
_CAREFULLY = sum(
    getattr(os, flag, 0) for flag in ("O_BINARY", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK")
)


class Files:
    """Reads the files of one conversation.

    A path may have been written by whoever sits at the browser, so a string is read only
    inside the folders where chat UIs keep uploads: the system's temporary folder,
    `GRADIO_TEMP_DIR`, and Chainlit's `.files`. A `pathlib.Path` cannot come over a network: it
    is the program's own and is read wherever it is. With `allowed_roots` both are read only
    below these, and with `allowed_roots=()` no local file is read at all.

    Args:
        allowed_roots: A folder or several, or None for the default above.
    """

    def __init__(self, allowed_roots: Roots = None) -> None:
        self._roots = None if allowed_roots is None else _each(allowed_roots)
        self._left = MAX_CONVERSATION_BYTES

    def part(self, path: FilePath, name: str | None = None, mime: str | None = None) -> Part:
        """Read one file.

        Args:
            path: Where it lies; a string that is a URL is passed on, never fetched.
            name: What the user calls it; its own name by default.
            mime: The type it was declared to be, or None.

        Returns:
            The file as a part.

        Raises:
            HistoryError: It is outside of the allowed folders, not a regular file, too large,
                or cannot be read.
        """
        if isinstance(path, str) and _is_url(path):
            return part_from_url(path, name, mime)
        shown = os.fsdecode(path)
        real = _real(path)
        self._require_allowed(path, real)
        data = _read(real, shown)
        self._left -= len(data)
        if self._left < 0:
            raise HistoryError(
                f"{called(shown)} is too much: the limit for the files of a conversation is "
                f"{MAX_CONVERSATION_BYTES} bytes"
            )
        return part_from_bytes(data, name or shown, mime)

    def _require_allowed(self, path: FilePath, real: str) -> None:
        if self._roots is not None:
            if not _is_below(real, self._roots):
                where = (
                    "is outside of allowed_roots"
                    if self._roots
                    else "is local: no such file is read"
                )
                raise HistoryError(f"{called(os.fsdecode(path))} {where}")
        elif isinstance(path, str) and not _is_below(real, _upload_folders()):
            raise HistoryError(
                f"{called(path)} is outside of the folders where UIs keep uploads: name its "
                "folder in allowed_roots, or give a file of your own as a pathlib.Path"
            )


def _each(roots: FilePath | Iterable[FilePath]) -> tuple[FilePath, ...]:
    # A single string would be taken letter by letter, and its first may be "/".
    return (roots,) if isinstance(roots, (str, os.PathLike)) else tuple(roots)


def _is_url(path: str) -> bool:
    return "://" in path[:16] or path[:5].lower() in ("data:", "file:")


def _real(path: FilePath) -> str:
    try:
        return os.path.realpath(os.fsdecode(path))
    except (OSError, ValueError) as error:
        raise _unreadable(os.fsdecode(path), error) from error


def _is_below(real: str, roots: Iterable[FilePath]) -> bool:
    from pathlib import Path

    return any(Path(real).is_relative_to(_real(root)) for root in roots)


def _upload_folders() -> Iterator[str]:
    import tempfile

    yield tempfile.gettempdir()
    if gradio := os.environ.get("GRADIO_TEMP_DIR"):
        yield gradio
    yield os.environ.get("CHAINLIT_APP_ROOT", ".") + "/.files"


def _read(real: str, name: str) -> bytes:
    try:
        size, data = _size_and_content(real)
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    check_size(size, name)
    # Files of the kernel, such as those in /proc, have a size of 0 and content all the same.
    if len(data) != size:
        raise HistoryError(f"{called(name)} is no ordinary file, or changed while it was read")
    return data


def _size_and_content(real: str) -> tuple[int, bytes]:
    from pathlib import Path

    # Opening a device can set something off, so one is not even opened.
    _require_regular(Path(real).stat())
    with os.fdopen(os.open(real, os.O_RDONLY | _CAREFULLY), "rb") as file:
        info = os.fstat(file.fileno())
        _require_regular(info)
        too_large = info.st_size > MAX_FILE_BYTES
        return info.st_size, b"" if too_large else file.read(info.st_size + 1)


def _require_regular(info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise OSError("it is not a regular file")


def _unreadable(name: str, error: Exception) -> HistoryError:
    return HistoryError(f"{called(name)} cannot be read: {getattr(error, 'strerror', 0) or error}")
