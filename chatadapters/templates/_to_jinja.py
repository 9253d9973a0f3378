"""Write a layout as a Jinja chat template, for tokenizers and servers that take one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._fields import INSIDE, LATER, MERGED
from ._render import ORDINARY, all_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._layout import Layout
    from ._texts import Thinking


def to_jinja(layout: Layout, system: str) -> str:
    """Write the Jinja chat template that gives a layout's prompts.

    Args:
        layout: The layout.
        system: The system text used when the messages bring none.

    Returns:
        The template.
    """
    parts = [*_opening(layout, system)]
    if layout.bos:
        parts.append("{{- bos_token -}}")
    parts += [_text(layout, layout.begin), *_system(layout), *_closing(layout), *_turns(layout)]
    return "\n".join(part for part in parts if part)


def _opening(layout: Layout, own: str) -> Iterator[str]:
    """Set `system`, the text of the system messages that come first, and `turns`, the rest."""
    yield "{%- set given = namespace(first=0, system='') -%}"
    yield "{%- for message in messages -%}"
    yield "{%- if message['role'] == 'system' and loop.index0 == given.first -%}"
    yield "{%- set given.first = loop.index -%}"
    yield "{%- set gap = '\\n\\n' if given.system and message['content'] else '' -%}"
    yield "{%- set given.system = given.system ~ gap ~ message['content'] -%}"
    yield "{%- endif -%}"
    yield "{%- endfor -%}"
    system = f"(given.system or {_literal(own)})"
    if layout.blank_system is not None:
        yield f"{{%- set asked = {system} -%}}"
    if layout.system_place == "refuse":
        yield f"{{%- if {system} -%}}{_raise('System role not supported')}{{%- endif -%}}"
    yield f"{{%- set system = {_stripped(layout, 'system', system)} -%}}"
    yield "{%- set turns = messages[given.first:] -%}"


def _system(layout: Layout) -> Iterator[str]:
    """Write the system text, or find the turn that it is put into."""
    if layout.system_place == "block":
        yield _system_text(layout)
    if not _merges(layout):
        return
    more = {"first_user": " and place.at < 0", "last_message": " and loop.last"}
    yield "{%- set place = namespace(at=-1) -%}"
    yield "{%- for message in turns -%}"
    yield f"{{%- if message['role'] == 'user'{more.get(layout.system_place, '')} -%}}"
    yield "{%- set place.at = loop.index0 -%}"
    yield "{%- endif -%}"
    yield "{%- endfor -%}"
    if layout.system_place != "last_message":
        yield f"{{%- set block -%}}{_system_text(layout)}{{%- endset -%}}"
        missing = _raise("There is no user message")
        yield f"{{%- if place.at < 0 and block -%}}{missing}{{%- endif -%}}"


def _closing(layout: Layout) -> Iterator[str]:
    """Find the answers that are treated on their own: those from, or at, `closing.at`."""
    if not layout.closing:
        return
    reply = layout.closing == "reply"
    yield f"{{%- set closing = namespace(at={0 if reply else -1}) -%}}"
    yield "{%- for message in turns -%}"
    found = {"last": "loop.last and message['role'] == 'assistant'"}
    found |= {"reply": "message['role'] != 'assistant'", "newest": "message['role'] == 'assistant'"}
    at = "loop.index" if reply else "loop.index0"
    yield f"{{%- if {found[layout.closing]} -%}}{{%- set closing.at = {at} -%}}{{%- endif -%}}"
    yield "{%- endfor -%}"


def _turns(layout: Layout) -> Iterator[str]:
    table = _table(layout)
    if table:
        yield f"{{%- set between = {{{table}}} -%}}"
    yield "{%- set at = namespace(kind='start', after='') -%}"
    yield "{%- for message in turns -%}"
    yield from _turn(layout)
    usual = "at.after ~ before"
    joint = f"between.get(at.kind ~ ' ' ~ kind, {usual})" if table else usual
    yield f"{{%- set joint = {joint} -%}}"
    yield from _joint(layout)
    yield "{{- joint -}}"
    yield from _merged(layout)
    yield "{{- thought ~ text -}}" if layout.thinking else "{{- text -}}"
    yield "{%- set at.kind, at.after = kind, after -%}"
    yield "{%- endfor -%}"
    generation = f"at.after ~ {_literal(layout.generation_prompt)}"
    end = "between.get(at.kind ~ ' end', at.after)" if table else "at.after"
    yield f"{{{{- {generation} if add_generation_prompt else {end} -}}}}"


def _table(layout: Layout) -> str:
    """Write what stands between particular neighbours, each as `'before after': 'text'`."""
    rows = {" ".join(pair): text for pair, text in all_pairs(layout).items()}
    rows.pop("start end", None)  # without a turn there are no neighbours
    return ", ".join(f"{_literal(pair)}: {_literal(text)}" for pair, text in rows.items())


def _turn(layout: Layout) -> Iterator[str]:
    """Set `kind`, what usually stands `before` and `after` the text, and the `text`."""
    rows = [("user", layout.user), ("assistant", layout.assistant)]
    if layout.later_system is not None:
        rows.append(("system", layout.later_system))
    if layout.thinking:
        yield "{%- set thought, lead = '', '' -%}"
    for number, (role, around) in enumerate(rows):
        before, after = map(_literal, around)
        if role == "user" and layout.first_user is not None:
            before = f"{_literal(layout.first_user)} if loop.first else {before}"
        yield f"{{%- {'elif' if number else 'if'} message['role'] == '{role}' -%}}"
        yield f"{{%- set kind, before, after = '{role}', {before}, {after} -%}}"
        if role == "system" and layout.later_place == "between":
            yield "{%- if loop.last or loop.previtem['role'] != 'assistant' -%}"
            yield _raise("A system message stands before a user's, after an answer")
            yield "{%- elif loop.nextitem['role'] != 'user' -%}"
            yield _raise("A system message stands before a user's, after an answer")
            yield "{%- endif -%}"
        kind = LATER if role == "system" else role
        yield from _answer(layout) if role == "assistant" else _content(layout, kind)
    yield "{%- else -%}"
    yield _raise("Only the roles system, user and assistant are supported, system first")
    yield "{%- endif -%}"


def _answer(layout: Layout) -> Iterator[str]:
    """Set the kind of an assistant's turn, its `text`, and the `thought` before it."""
    if layout.closing:
        at = ">=" if layout.closing == "reply" else "=="
        yield f"{{%- if loop.index0 {at} closing.at -%}}"
        yield f"{{%- set kind = '{layout.closing}' -%}}"
        yield from _content(layout, layout.closing)
        yield "{%- else -%}"
    yield from _content(layout, "assistant")
    if layout.closing:
        yield "{%- endif -%}"
    if any("empty" in row[:2] for row in layout.between):
        yield "{%- if not text -%}{%- set kind = 'empty' -%}{%- endif -%}"


def _content(layout: Layout, kind: str) -> Iterator[str]:
    text = _stripped(layout, kind, "message['content']")
    yield f"{{%- set text = {text} -%}}"
    rule = next((rule for rule in layout.thinking[::-1] if rule.kind == kind), None)
    if rule is None:
        return
    if rule.cut == "each":
        yield from _without_blocks(rule)
    else:
        yield from _thought(rule)


def _without_blocks(rule: Thinking) -> Iterator[str]:
    """Take every block of reasoning out of the text."""
    yield "{%- set text -%}"
    yield f"{{%- for part in text.split({_literal(rule.close)}) -%}}"
    yield f"{{{{- part.split({_literal(rule.open)})[0] -}}}}"
    yield "{%- endfor -%}"
    yield "{%- endset -%}"
    yield f"{{%- set text = {_cut('text', *rule.strip)} -%}}"


def _thought(rule: Thinking) -> Iterator[str]:
    """Divide the text into reasoning and answer."""
    close = _literal(rule.close)
    reasoning = f"text.split({close})[0]"
    if rule.open:
        reasoning += f".split({_literal(rule.open)})[-1]"
    if rule.trim != "":
        reasoning += f".strip({_literal(rule.trim or '') if rule.trim else ''})"
    answer = f"text.split({close})[-1]" if rule.cut == "last" else f"text.split({close}, 1)[1]"
    yield f"{{%- if {close} in text -%}}"
    if rule.before is not None:
        yield f"{{%- set thought = {reasoning} -%}}"
    yield f"{{%- set text = {_cut(answer, *rule.strip)} -%}}"
    if rule.before is not None:
        between, alone = _literal(rule.between), _literal(rule.alone or "")
        if rule.alone is not None:
            between = f"({between} if text else {alone})"
        yield "{%- if thought -%}"
        yield f"{{%- set thought, lead = thought ~ {between}, {_literal(rule.before)} -%}}"
        yield "{%- endif -%}"
    yield "{%- endif -%}"


def _joint(layout: Layout) -> Iterator[str]:
    """Change what stands before a text where reasoning, or today's date, stands there."""
    if any(rule.before is not None for rule in layout.thinking):
        kept = "at.after if joint.startswith(at.after) else ''"
        yield f"{{%- if thought -%}}{{%- set joint = ({kept}) ~ lead -%}}{{%- endif -%}}"
    if layout.dates:
        yield f"{{%- if loop.first -%}}{{%- set joint = joint{_dated(layout)} -%}}{{%- endif -%}}"


def _system_text(layout: Layout) -> str:
    before, after = layout.system
    given = f"{_text(layout, before)}{{{{- system -}}}}{_text(layout, after)}"
    none = _text(layout, layout.no_system)
    otherwise = f"{{%- else -%}}{none}" if none else ""
    if layout.blank_system is not None:
        otherwise = f"{{%- elif asked -%}}{_text(layout, layout.blank_system)}{otherwise}"
    return f"{{%- if system -%}}{given}{otherwise}{{%- endif -%}}"


def _merged(layout: Layout) -> Iterator[str]:
    """Write the system text before a turn's text, or make one text of the two."""
    if not _merges(layout):
        return
    yield "{%- if loop.index0 == place.at -%}"
    if MERGED in layout.trim:
        yield f"{{%- set block -%}}{_system_text(layout)}{{%- endset -%}}"
        yield "{%- if block -%}{%- set text = (block ~ message['content']).strip() -%}{%- endif -%}"
    else:
        yield _system_text(layout)
    yield "{%- endif -%}"


def _merges(layout: Layout) -> bool:
    return layout.system_place in INSIDE


def _stripped(layout: Layout, kind: str, text: str) -> str:
    """Write the white space away that texts of a kind lose."""
    rows = {role: (left, right) for role, left, right in layout.strip}
    rows |= dict.fromkeys(layout.trim, (None, None))
    left, right = rows.get(kind) or rows.get(ORDINARY.get(kind, "")) or ("", "")
    return _cut(text, left, right)


def _cut(text: str, left: str | None, right: str | None) -> str:
    if left is None and right is None:
        return f"{text}.strip()"
    for name, characters in (("lstrip", left), ("rstrip", right)):
        if characters != "":
            text += f".{name}({_literal(characters) if characters else ''})"
    return text


def _raise(problem: str) -> str:
    return f"{{{{- raise_exception({_literal(problem)}) -}}}}"


def _text(layout: Layout, text: str) -> str:
    return f"{{{{- {_literal(text)}{_dated(layout, text)} -}}}}" if text else ""


def _dated(layout: Layout, text: str | None = None) -> str:
    """Write that today's date stands for its placeholders, all or those in a text."""
    return "".join(
        f".replace({_literal(placeholder)}, strftime_now({_literal(form)}))"
        for placeholder, form in layout.dates
        if text is None or placeholder in text
    )


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"
