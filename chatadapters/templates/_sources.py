"""Where Jinja chat templates are found: tokenizer configurations, model folders, the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatadapters._errors import MissingDependencyError, TemplateError

from ._compile import compiled, fixed_text, opens_with_bos
from ._jinja import JinjaLayout
from ._json import json_object
from ._layout import tokens_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._layout import Layout

_MOST_STOPS = 4
_FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")


def layout_from_jinja(
    text: str,
    *,
    bos_token: str = "",
    eos_token: str = "",
    special_tokens: tuple[str, ...] = (),
    source: str = "Jinja",
    **variables: Any,
) -> Layout | JinjaLayout:
    """Make the layout of a Jinja chat template.

    Args:
        text: The template.
        bos_token: `bos_token` in the template.
        eos_token: `eos_token` in the template.
        special_tokens: Other control tokens of the vocabulary.
        source: Where the template is from.
        **variables: Other variables of the template.

    Returns:
        A `Layout` that was proved to write the same, else the template to be rendered.

    Raises:
        TemplateError: If the template cannot render one user message, or is none.
        MissingDependencyError: If jinja2 is not installed.
    """
    if "{%" not in text and "{{" not in text:
        raise TemplateError(
            f"{text!r:.80} is no Jinja template, which would write messages: give its text; "
            "from_pretrained(folder) and from_tokenizer_config(path) read files"
        )
    frozen = tuple((name, _frozen(value)) for name, value in sorted(variables.items()))
    template = JinjaLayout(text, bos=bos_token, eos=eos_token, variables=frozen)
    known = dict.fromkeys((*template.reserved, *special_tokens, bos_token, eos_token))
    reserved = tuple(token for token in known if token)
    layout = _layout_of(template)
    if isinstance(layout, JinjaLayout):
        return replace(layout, reserved=reserved, source=f"{source}, rendered by Jinja")
    stop = _stop(layout.assistant[1], eos_token, layout.user[0])
    return replace(
        layout, stop=stop, special_tokens=(), reserved=reserved, source=f"{source}, compiled"
    )


def _layout_of(template: JinjaLayout) -> Layout | JinjaLayout:
    """Compile a template, or take what the same one was compiled to before."""
    try:
        hash(template)
    except TypeError:  # a variable that may change
        return _compiled.__wrapped__(template, "")
    # 1, 1.0 and True are equal, and written differently.
    return _compiled(template, repr(template.variables))


@lru_cache(maxsize=64)
def _compiled(template: JinjaLayout, _written: str) -> Layout | JinjaLayout:
    template = replace(template, opens_with_bos=opens_with_bos(template))
    return compiled(template) or _rendered(template)


def _rendered(template: JinjaLayout) -> JinjaLayout:
    """See what the guard needs to know of a template that is rendered each time."""
    fixed, before_user, generation = fixed_text(template)
    tokens = tuple(dict.fromkeys(tokens_in(fixed)))
    labels: list[str] = []
    for piece in (before_user, generation):
        label = piece.rpartition("\n")[2].strip() or piece.strip().rpartition("\n")[2]
        if label and not tokens_in(label):
            labels.append(label)
    return replace(
        template,
        special_tokens=tokens,
        labels=tuple(labels),
        generation_prompt=generation,
        stop=_stop(before_user, template.eos, before_user),
    )


def _stop(closing: str, eos: str, opening: str) -> tuple[str, ...]:
    """Choose stop sequences: what ends an answer, the end token, what opens the next turn."""
    found = [*tokens_in(closing)[:1], eos, *tokens_in(opening)[:1]]
    if not tokens_in(opening) and opening.strip():
        found.append(opening.strip())
    return tuple(dict.fromkeys(text for text in found if text))[:_MOST_STOPS]


def layout_from_config(
    config: Mapping[str, Any], *, source: str = "tokenizer_config.json", **variables: Any
) -> Layout | JinjaLayout:
    """Make the layout that a tokenizer configuration asks for.

    Args:
        config: The content of a `tokenizer_config.json`, the chat template among it.
        source: Where it is from.
        **variables: Other variables of the template.

    Returns:
        As `layout_from_jinja`.

    Raises:
        TemplateError: If it has no chat template, or a broken one.
    """
    given = {k: _token(v) for k, v in config.items() if k.endswith("_token") and _token(v)}
    added = config.get("added_tokens_decoder") or {}
    special = [_token(entry) for entry in added.values() if entry.get("special")]
    special += config.get("special_tokens", [])
    more = [_token(token) for token in config.get("additional_special_tokens") or []]
    if more:
        variables = {"additional_special_tokens": more, **variables}
    return layout_from_jinja(
        _template_text(config.get("chat_template")),
        special_tokens=tuple(dict.fromkeys([*special, *more])),
        source=source,
        **{**given, **variables},
    )


def read_config(path: str | Path) -> dict[str, Any]:
    """Read a tokenizer configuration, and the template file that may lie beside it.

    Args:
        path: The file `tokenizer_config.json`, or its folder.

    Returns:
        The configuration with its chat template.

    Raises:
        TemplateError: If there is none.
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    file = folder / "tokenizer_config.json" if Path(path).is_dir() else Path(path)
    config = json_object(file) if file.is_file() else {}
    if (folder / "chat_template.jinja").is_file():
        config["chat_template"] = (folder / "chat_template.jinja").read_text("utf-8")
    elif (folder / "chat_template.json").is_file():
        config["chat_template"] = json_object(folder / "chat_template.json").get("chat_template")
    if not config:
        raise TemplateError(f"there is no template in {str(path)!r}: none of {', '.join(_FILES)}")
    return config


def downloaded(repo: str) -> Path:
    """Download the files of a model repository that say how its prompts are written.

    Args:
        repo: The repository, `owner/name`.

    Returns:
        The folder they are in.

    Raises:
        TemplateError: If it has none of them, or is no repository's name but a folder's.
        MissingDependencyError: If huggingface-hub is not installed.
    """
    if repo.startswith((".", "~", "/")) or repo.count("/") > 1 or "\\" in repo:
        raise TemplateError(f"there is no folder {repo!r}; a repository is `owner/name`")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependencyError(
            "a template of a hub repository needs huggingface-hub: "
            'pip install "chatadapters[huggingface]"'
        ) from error
    download: Callable[..., str] = hf_hub_download
    folder: Path | None = None
    unreachable: LocalEntryNotFoundError | None = None
    for name in ("dialogue_template.json", *_FILES):
        try:
            folder = Path(download(repo, name, local_files_only=unreachable is not None)).parent
        except LocalEntryNotFoundError as error:  # offline: what was downloaded before serves
            unreachable = unreachable or error
        except EntryNotFoundError:
            continue
    if folder is None and unreachable is not None:
        raise unreachable
    if folder is None:
        raise TemplateError(f"{repo!r} has no template: none of {', '.join(_FILES)}")
    return folder


def _template_text(value: object) -> str:
    """Find the default one where a model has several templates."""
    if isinstance(value, list):
        value = {entry.get("name"): entry.get("template") for entry in value}
    if isinstance(value, Mapping):
        value = value.get("default")
    if not isinstance(value, str):
        raise TemplateError("the tokenizer configuration has no (default) chat template")
    return value


def _token(value: Any) -> str:
    """Read a token that is written as itself or as an object with its content."""
    text = value.get("content") if isinstance(value, Mapping) else value
    return text if isinstance(text, str) else ""


def _frozen(value: Any) -> Any:
    """Make a variable hashable: lists become tuples, which templates read the same."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
