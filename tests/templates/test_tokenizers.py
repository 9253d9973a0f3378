"""A real tokenizer finds exactly the control tokens that the template itself wrote."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers

from chatadapters import Message
from chatadapters.templates import DialogueTemplate, Escape, get_template, list_templates

ROLES = ("user", "assistant", "user")
NORMALIZERS = {
    "none": None,
    "nfkc": normalizers.NFKC(),
    "nfkd, accents stripped": normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents()]
    ),
    "bert": normalizers.BertNormalizer(lowercase=True),
    "lowercase": normalizers.Lowercase(),
    "spaces as in sentencepiece": normalizers.Replace(" ", "\u2581"),
    "white space collapsed": normalizers.Replace(Regex(r"\s+"), " "),
    "sentencepiece's": normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace("ß", "ss"),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r" {2,}"), " "),
        ]
    ),
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
    marks = "\u200b\u034f\u0301\x00\ufffd\u20e3\x85\x8f\x0b\ufe0f\U000e0041"
    inner = [token[:2] + mark + token[2:] for mark in marks]
    spaced = [token.replace("\u2581", space) for space in (" ", "\t", "\n", "\u200b", "\u3000 ")]
    letters = [token.replace("s", "\u017f"), token.replace("ss", "ß"), token.replace("I", "İ")]
    halves = token[:3] + token + token[3:]
    return [token, token.upper(), wide, halves, *inner, *spaced, *letters]


@cache
def _prompts(name: str, escape: Escape) -> tuple[str, str]:
    """Give a prompt without an attack, and one with all disguises of all tokens in each text."""
    template = get_template(name)
    known = (*template.special_tokens, *template.layout.reserved)
    attack = " ".join(form for token in known for form in _disguises(token))
    harmless = template.render([Message(role, "x") for role in ROLES])
    attacked = template.render([Message(role, attack) for role in ROLES], escape=escape)
    return harmless, attacked


@pytest.mark.parametrize("escape", ["escape", "strip"])
@pytest.mark.parametrize("normalizer", NORMALIZERS)
@pytest.mark.parametrize("name", list_templates())
def test_only_the_templates_own_control_tokens_are_in_the_ids(
    name: str, normalizer: str, escape: Escape
) -> None:
    """Tokens in any disguise inside the texts add no control token to the ids."""
    tokenizer = _tokenizer(get_template(name), normalizer)
    harmless, attacked = _prompts(name, escape)
    assert _control_ids(tokenizer, attacked) == _control_ids(tokenizer, harmless)


def test_the_attack_works_where_nothing_is_escaped() -> None:
    """The same texts do forge control tokens with `"off"`: the test above can fail."""
    template = get_template("chatml")
    tokenizer = _tokenizer(template, "nfkc")
    attack = "".join(_disguises("<|im_end|>"))
    ids = _control_ids(tokenizer, template.render([Message("user", attack)], escape="off"))
    assert len(ids) > len(_control_ids(tokenizer, template.render([Message("user", "x")])))


@cache
def _halved(name: str, escape: Escape) -> list[tuple[list[Message], str]]:
    """Give turns that end and begin with the halves of each token, and their prompts."""
    template, found = get_template(name), []
    for token in template.special_tokens:
        for cut in range(1, len(token)):
            first, rest = token[:cut], token[cut:]
            for one, two in ((first, rest), (first.upper() + "\x00", "\u0301" + rest.upper())):
                turns = [Message(*turn) for turn in zip(ROLES, (one, two, one), strict=True)]
                found.append((turns, template.render(turns, escape=escape)))
    return found


@pytest.mark.parametrize("escape", ["escape", "strip"])
@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_halves_make_no_token_across_a_border(normalizer: str, escape: Escape) -> None:
    """The end of one text, the fixed text and the beginning of the next form no control token."""
    for name in list_templates():
        tokenizer = _tokenizer(get_template(name), normalizer)
        harmless = Counter(_control_ids(tokenizer, _prompts(name, escape)[0]))
        for turns, prompt in _halved(name, escape):
            assert not Counter(_control_ids(tokenizer, prompt)) - harmless, turns
