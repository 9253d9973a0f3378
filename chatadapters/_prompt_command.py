"""The commands `chatadapters prompt` and `chatadapters templates`: see what a model would read."""

from __future__ import annotations

import re
import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import OptionError
from ._style import CYAN, DIM, colours

if TYPE_CHECKING:
    import argparse

    from .templates import DialogueTemplate, Rendered

_TOKEN, _DIM, _RESET = f"\x1b[{CYAN}m", f"\x1b[{DIM}m", "\x1b[0m"
_PROMPT = """\
Print the prompt that a template writes: plain when piped, in a terminal with control
tokens coloured and newlines visible."""
_PROMPT_EXAMPLES = """\
examples:
  chatadapters prompt --template zephyr --system "Be brief." --message Hi
  chatadapters prompt --template ./tokenizer_config.json --message Hi --message Hello --message Bye
  chatadapters prompt --template model.gguf --message Hi > prompt.txt"""
_LIST = "List the template families: the name, the model it was taken from, where it stops."


def help_format(*, prog: str) -> argparse.HelpFormatter:
    """Make the formatter of every help: examples as they are written, options in two columns."""
    return RawDescriptionHelpFormatter(prog, max_help_position=30)


def add_prompt_commands(commands: Any) -> None:
    """Add `prompt` and `templates` to a command's subcommands.

    Args:
        commands: What `add_subparsers` gave.
    """
    prompt = commands.add_parser(
        "prompt",
        help="print a template's prompt",
        description=_PROMPT,
        epilog=_PROMPT_EXAMPLES,
        formatter_class=help_format,
    )
    add = prompt.add_argument
    add("--template", type=str, default="starchat", metavar="NAME", help=_NAME)
    add("--system", metavar="TEXT", help="the system text")
    add("--message", action="append", metavar="TEXT", help=_MESSAGE)
    add("--training", action="store_true", help="close every turn, as a model is trained")
    add("--bos", action="store_true", help="write the beginning-of-sequence token too")
    add("--escape", default="escape", choices=("escape", "strip", "error", "off"), help=_ESCAPE)
    prompt.set_defaults(run=_prompt, debug=False)
    listing = commands.add_parser("templates", help="list the templates", description=_LIST)
    listing.set_defaults(run=_templates, debug=False)


_NAME = "a family, or a .json, .jinja or .gguf file or a model's folder (%(default)s)"
_MESSAGE = "a message; again for the next one, user and assistant in turn"
_ESCAPE = "what happens to control tokens in the texts (%(default)s)"


def _prompt(args: argparse.Namespace) -> int:
    if not args.message:
        raise OptionError("give at least one --message")
    roles = ("user", "assistant") * len(args.message)
    messages = [
        {"role": role, "content": text} for role, text in zip(roles, args.message, strict=False)
    ]
    template = _template(args.template)
    rendered = template.rendered(
        messages,
        system=args.system,
        escape=args.escape,
        bos=args.bos,
        inference=not args.training,
    )
    _show(rendered, template)
    return 0


def _template(name: str) -> DialogueTemplate:
    from .templates import DialogueTemplate, get_template

    path = Path(name)
    if path.suffix == ".gguf":
        return DialogueTemplate.from_gguf(path)
    if path.suffix == ".jinja":
        return DialogueTemplate.from_jinja(path.read_text("utf-8"))
    if path.name == "tokenizer_config.json":
        return DialogueTemplate.from_tokenizer_config(path)
    if path.suffix == ".json":
        return DialogueTemplate.load(path)
    if path.is_dir():
        return DialogueTemplate.from_pretrained(path)
    return get_template(name)


def _show(rendered: Rendered, template: DialogueTemplate) -> None:
    """Write the prompt: exactly as it is into a pipe, in UTF-8, made visible in a terminal."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(rendered.prompt.encode(errors="replace"))
    else:
        shown = visible(rendered.prompt, template.special_tokens, color=colours(sys.stdout))
        sys.stdout.write(shown + "\n")
    for change in rendered.changes:
        sys.stderr.write(f"chatadapters: {change.role} text held {change.found!r}\n")


def visible(prompt: str, tokens: tuple[str, ...], *, color: bool) -> str:
    r"""Show a prompt with its newlines visible and its control tokens coloured.

    Args:
        prompt: The prompt.
        tokens: Its control tokens.
        color: Whether to colour at all.

    Returns:
        The text for a terminal; control characters that could move its cursor are escaped.

    Example:
        >>> print(visible("<|user|>\nHi", ("<|user|>",), color=False))
        <|user|>↵
        Hi
    """
    named = "|".join(map(re.escape, sorted(tokens, key=len, reverse=True)))
    pattern = f"({named})|(\n)" if named else "()(\n)"
    pieces: list[str] = []
    done = 0
    for match in re.finditer(pattern, prompt):
        pieces.append(_harmless(prompt[done : match.start()]))
        token = match[1] or "↵"
        style = _TOKEN if match[1] else _DIM
        pieces.append(f"{style}{token}{_RESET}" if color else token)
        pieces.append("\n" * (match[2] is not None))
        done = match.end()
    return "".join((*pieces, _harmless(prompt[done:])))


def _harmless(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _templates(args: argparse.Namespace) -> int:
    del args
    from .templates import get_template, list_templates

    rows = [
        (name, template.source, " ".join(map(repr, template.stop)))
        for name in list_templates()
        for template in [get_template(name)]
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, source, stop in rows:
        sys.stdout.write(f"{name:{widths[0]}}  {source:{widths[1]}}  {stop}\n")
    return 0
