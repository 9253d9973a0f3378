"""Reads a training prompt back into turns, knowing nothing but the layout."""

from __future__ import annotations

from chatadapters.templates import Layout


def parse(layout: Layout, prompt: str) -> list[tuple[str, str]]:
    """Read the turns of a training prompt without system text that begins with the user."""
    around = {"user": layout.user, "assistant": layout.assistant}
    merges = layout.system_place in {"first_user", "last_user"}
    opening = layout.user[0] if layout.first_user is None else layout.first_user
    head = layout.begin + layout.no_system + opening
    if merges:
        head = layout.begin + opening
        if layout.system_place == "first_user":
            head += layout.no_system
    assert prompt.startswith(head), (head, prompt)
    rest = prompt[len(head) :]
    turns: list[tuple[str, str]] = []
    role = "user"
    while True:
        other = "assistant" if role == "user" else "user"
        text, found, after = rest.partition(around[role][1] + around[other][0])
        if not found or (around[other][1] and not after):
            break
        turns.append((role, text))
        role, rest = other, after
    end = around[role][1]
    assert rest.endswith(end), (end, rest)
    return [*turns, (role, rest.removesuffix(end))]
