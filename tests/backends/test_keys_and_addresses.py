"""What is secret in keys and addresses is kept to be hidden, and never shown."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from chatadapters import (
    OptionError,
    huggingface_predict,
    openai_predict,
    text_generation_predict,
)
from chatadapters.backends._addresses import check_url
from chatadapters.backends._sent_keys import SentKeys

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("make", [openai_predict, huggingface_predict, text_generation_predict])
@pytest.mark.parametrize("login", ["ann:pa55word", "pa55word"])
@pytest.mark.parametrize("scheme", ["", "ftp://"])
def test_a_wrong_address_is_shown_without_its_password(
    make: Callable[..., object], login: str, scheme: str
) -> None:
    """Also one that has no scheme, in which no parser finds a password."""
    options = {"model": "m"} if make is openai_predict else {}
    with pytest.raises(OptionError, match="give a URL that begins with http") as caught:
        make(base_url=f"{scheme}{login}@host/v1?key=pa55word", **options)
    assert "host/v1" in str(caught.value)
    assert "pa55word" not in str(caught.value)


def test_a_right_address_passes() -> None:
    """Both schemes of HTTP do."""
    check_url("base_url", "http://127.0.0.1:8000/v1")
    check_url("base_url", "https://ann:pa55word@host/v1?key=1")


def test_the_last_keys_are_kept() -> None:
    """Each once; a key that no header can carry is refused and not kept."""
    keys = SentKeys()
    assert [keys.note(key) for key in ("a", "b", "a", "k\u00e9y", "c\n")] == [True] * 3 + [
        False
    ] * 2
    assert list(keys) == ["a", "b"]
    assert all(keys.note(f"key {number}") for number in range(100))
    assert list(keys) == [f"key {number}" for number in range(92, 100)]


def test_a_pickle_has_no_key() -> None:
    """Another process gets none."""
    keys = SentKeys()
    keys.note("sk-secret")
    data = pickle.dumps(keys)
    assert b"sk-secret" not in data
    assert list(pickle.loads(data)) == []
