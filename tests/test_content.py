"""What is done with a message's content, apart from reading it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatadapters import AudioPart, FilePart, ImagePart, TextPart, UnsupportedContentError
from chatadapters._content import text_of


def test_text_stays_as_it_is() -> None:
    """A string is its own text."""
    assert text_of("  hi\n") == "  hi\n"
    assert text_of(()) == ""


def test_a_text_file_is_shown_with_its_name() -> None:
    """It is fenced, a blank line apart from what is said about it."""
    content = (TextPart("a note\n", "note.txt"), TextPart("Sum it up."))
    assert text_of(content) == "note.txt:\n```\na note\n```\n\nSum it up."


@given(st.text(alphabet="`a\n", max_size=30))
def test_no_text_can_end_its_block(text: str) -> None:
    """The fence is longer than any run of backticks in the file."""
    _, fence, *body, end = text_of((TextPart(text, "x.md"),)).split("\n")
    assert fence == end
    assert set(fence) == {"`"}
    assert len(fence) >= 3
    assert fence not in "\n".join(body)


@pytest.mark.parametrize("part", [ImagePart, AudioPart, FilePart])
def test_what_is_no_text_is_an_error_that_names_part_and_backend(part: type[ImagePart]) -> None:
    """The file's name is shown, its content is not."""
    with pytest.raises(UnsupportedContentError) as caught:
        text_of((TextPart("x"), part("data:x/y;base64,AAAA", "px.png")), "text-generation")
    text = str(caught.value)
    kind = part.__name__.removesuffix("Part").lower()
    assert f"the {kind} 'px.png' cannot be sent to backend 'text-generation'" in text
    assert text.endswith("remove the file or start a new chat")
    assert "AAAA" not in text


def test_a_part_without_a_name_is_named_by_its_kind() -> None:
    """There is always something to look for."""
    with pytest.raises(UnsupportedContentError, match="the image cannot be sent to a backend that"):
        text_of((ImagePart("https://x.test/a.png"),))
