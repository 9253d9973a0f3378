"""A real tokenizer finds exactly the control tokens that the template itself wrote."""

from __future__ import annotations

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers

from chatadapters import Message
from chatadapters.templates import DialogueTemplate, Escape, get_template, list_templates

NORMALIZERS = {
    "none": None,
    "nfkc": normalizers.NFKC(),
    "nfkd, accents stripped": normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents()]
    ),
    "bert": normalizers.BertNormalizer(lowercase=True),
    "lowercase": normalizers.Lowercase(),
    "spaces as in sentencepiece": normalizers.Replace(" ", "\u2581"),
    "white space collapsed": normalizers.Replace(Regex(r" {2,}"), " "),
}


def _tokenizer(template: DialogueTemplate, normalizer: str) -> Tokenizer:
    """A tokenizer that knows nothing but the template's control tokens."""
    tokenizer = Tokenizer(models.WordLevel({"[unk]": 0}, unk_token="[unk]"))
    if NORMALIZERS[normalizer] is not None:
        tokenizer.normalizer = NORMALIZERS[normalizer]
    known = dict.fromkeys((*template.special_tokens, *template.layout.reserved))
    normalized = normalizer != "none"
    tokenizer.add_special_tokens([AddedToken(t, normalized=normalized) for t in known])
    return tokenizer


def _control_ids(tokenizer: Tokenizer, prompt: str) -> list[int]:
    return [number for number in tokenizer.encode(prompt).ids if number >= 1]


def _disguises(token: str) -> list[str]:
    """A token as it is, and in the forms that a normaliser may turn into it."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in token)
    inner = [
        token[:2] + mark + token[2:] for mark in ("\u200b", "\u034f", "\u0301", "\x00", "\ufffd")
    ]
    halves = token[:3] + token + token[3:]
    return [token, token.upper(), wide, token.replace("\u2581", " "), halves, *inner]


@pytest.mark.parametrize("escape", ["escape", "strip"])
@pytest.mark.parametrize("normalizer", NORMALIZERS)
@pytest.mark.parametrize("name", list_templates())
def test_only_the_templates_own_control_tokens_are_in_the_ids(
    name: str, normalizer: str, escape: Escape
) -> None:
    """Tokens in any disguise inside the texts add no control token to the ids."""
    template = get_template(name)
    tokenizer = _tokenizer(template, normalizer)
    known = (*template.special_tokens, *template.layout.reserved)
    attack = " ".join(form for token in known for form in _disguises(token))
    roles = ("user", "assistant", "user")
    harmless = template.render([Message(role, "x") for role in roles])
    attacked = template.render([Message(role, attack) for role in roles], escape=escape)
    assert _control_ids(tokenizer, attacked) == _control_ids(tokenizer, harmless)


def test_the_attack_works_where_nothing_is_escaped() -> None:
    """The same texts do forge control tokens with `"off"`: the test above can fail."""
    template = get_template("chatml")
    tokenizer = _tokenizer(template, "nfkc")
    attack = "".join(_disguises("<|im_end|>"))
    ids = _control_ids(tokenizer, template.render([Message("user", attack)], escape="off"))
    assert len(ids) > len(_control_ids(tokenizer, template.render([Message("user", "x")])))
