"""What a file is, from its content and its name: bytes and URLs to parts, without any I/O."""

from __future__ import annotations

from ._errors import HistoryError
from ._parts import AudioPart, FilePart, ImagePart, Part, TextPart

#: The largest single file, in bytes.
MAX_FILE_BYTES = 20 * 2**20

_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBPVP8", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (8, b"WAVEfmt ", "audio/wav"),
    (0, b"ID3\2", "audio/mpeg"),
    (0, b"ID3\3", "audio/mpeg"),
    (0, b"ID3\4", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS\0", "audio/ogg"),
    (4, b"ftypM4A", "audio/mp4"),
    (0, b"%PDF-", "application/pdf"),
)

# The platform's own table differs from machine to machine; these do not.
_BY_SUFFIX = {
    "aac": "audio/aac",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "flac": "audio/flac",
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "wav": "audio/wav",
    "webp": "image/webp",
}


def part_from_bytes(data: bytes, name: str | None = None, mime: str | None = None) -> Part:
    """Make a part of a file's content.

    Args:
        data: The content.
        name: The file's name, or None.
        mime: The type it was declared to be, or None; what the content shows counts more.

    Returns:
        An image, a sound, a text (anything that is text, whatever it is called), or a file.

    Raises:
        HistoryError: It is larger than `MAX_FILE_BYTES`.
    """
    check_size(len(data), name)
    kind = _sniffed(data) or _declared(mime) or type_of_name(name) or "application/octet-stream"
    if not _is_media(kind) and kind != "application/pdf":
        text = _decoded(data)
        if text is not None:
            return TextPart(text, _shown(name) or "file")
    return _encoded(kind, data, name)


def part_from_url(url: str, name: str | None = None, mime: str | None = None) -> Part:
    """Make a part of a URL; nothing is ever fetched.

    Args:
        url: A `data:` URL, or the http(s) URL of an image, which is passed on as it is.
        name: The file's name, or None.
        mime: The type it was declared to be, or None.

    Raises:
        HistoryError: It is any other URL, or not well formed.
    """
    scheme = url[:8].partition(":")[0].lower()
    if scheme == "data":
        return _from_data_url(url, name, mime)
    if scheme not in ("http", "https"):
        raise HistoryError(f"{url[:200]!r} is no data:, http: or https: URL")
    kind = mime or type_of_name(url.partition("?")[0].partition("#")[0])
    if not kind or not kind.startswith("image/"):
        raise HistoryError(
            f"{url[:200]!r} is not the URL of an image, and URLs are never fetched: "
            "hand over the file itself"
        )
    return ImagePart(url, _shown(name))


def part_from_base64(text: str, name: str | None = None, mime: str | None = None) -> Part:
    """Make a part of a file's content in base64.

    Raises:
        HistoryError: It is not base64.
    """
    from base64 import b64decode

    try:
        data = b64decode("".join(text.split()), validate=True)  # tools write it in lines
    except ValueError as error:
        raise HistoryError(f"{called(name)} is not valid base64: {error}") from error
    return part_from_bytes(data, name, mime)


def type_of_name(name: str | None) -> str | None:
    """Guess a file's type from its name."""
    _, dot, suffix = (name or "").lower().rpartition(".")
    if not dot or suffix in _BY_SUFFIX:
        return _BY_SUFFIX.get(suffix) if dot else None
    import mimetypes

    return mimetypes.guess_type("file." + suffix)[0]


def check_size(size: int, name: str | None) -> None:
    """Refuse a file that is too large.

    Raises:
        HistoryError: It is larger than `MAX_FILE_BYTES`.
    """
    if size > MAX_FILE_BYTES:
        raise HistoryError(f"{called(name)} has {size} bytes; the limit is {MAX_FILE_BYTES} bytes")


def called(name: str | None) -> str:
    """Name a file in an error."""
    return f"file {name[:200]!r}" if name else "a file without a name"


def _from_data_url(url: str, name: str | None, mime: str | None) -> Part:
    head, comma, body = url[len("data:") :].partition(",")
    kind, *parameters = head.lower().split(";")
    if not comma:
        raise HistoryError(f"{url[:80]!r} is no data: URL: it has no comma")
    if "base64" not in parameters:
        from urllib.parse import unquote_to_bytes

        return part_from_bytes(unquote_to_bytes(body), name, kind or mime)
    if _is_media(kind):
        check_size(len(body) * 3 // 4, name)
        return _media_part(kind, url, name)
    return part_from_base64(body, name, kind or mime)


def _sniffed(data: bytes) -> str | None:
    return next((kind for at, magic, kind in _MAGIC if data.startswith(magic, at)), None)


def _declared(mime: str | None) -> str | None:
    kind = (mime or "").partition(";")[0].strip().lower()
    return None if kind in ("", "application/octet-stream") or "*" in kind else kind


def _is_media(kind: str) -> bool:
    # An SVG is text; no model reads it as an image.
    return kind.startswith(("image/", "audio/")) and kind != "image/svg+xml"


def _decoded(data: bytes) -> str | None:
    """Give the text that the bytes are, or None."""
    codec = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _encoded(kind: str, data: bytes, name: str | None) -> Part:
    from base64 import b64encode

    return _media_part(kind, f"data:{kind};base64,{b64encode(data).decode('ascii')}", name)


def _media_part(kind: str, url: str, name: str | None) -> Part:
    if kind.startswith("image/") and _is_media(kind):
        return ImagePart(url, _shown(name))
    return (AudioPart if kind.startswith("audio/") else FilePart)(url, _shown(name))


def _shown(name: str | None) -> str | None:
    """Give a file's own name: no folders, and nothing that could break out of a line."""
    own = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(filter(str.isprintable, own))[:255] or None
