"""What the site does to its pages: files of the repository are named, not linked, and exist."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parent.parent
_LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#\s]+)\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Turn links that leave the site into names, because the site has no copy of the repository.

    Raises:
        FileNotFoundError: A page links to a file that is not there.
    """
    folder = PurePosixPath("docs", page.file.src_uri).parent

    def named(match: re.Match[str]) -> str:
        target = (ROOT / folder / match[2]).resolve()
        if target.is_relative_to(ROOT / "docs"):
            return match[0]
        if not target.exists():
            raise FileNotFoundError(f"{page.file.src_uri} links to {match[2]}, which is not there")
        name = target.relative_to(ROOT).as_posix()
        text = match[1].strip("`")
        return f"`{name}`" if text in (name, target.name) else f"{match[1]} (`{name}`)"

    return _LINK.sub(named, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Let tables be scrolled with the keyboard: those that are wide are regions of their own."""
    return html.replace("<table>", '<table tabindex="0">')


def on_post_page(output: str, **_: Any) -> str:
    """Name the dialog of the search, which the theme leaves without a name."""
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, f'{dialog} aria-label="Search"')


def on_post_template(output_content: str, **_: Any) -> str:
    """Do the same on the page for what is not there."""
    return on_post_page(output_content)
