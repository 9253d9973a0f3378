"""What LangChain's client makes impossible for whoever reads its streams, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Comes: TypeAlias = Literal["error", "wrong", "no reasoning", "stays open", "long error"]


class Limit(NamedTuple):
    """What comes in place of what is wanted.

    Attributes:
        comes: `"error"`: an error where the text could be had; `"wrong"`: another reply, and
            nobody is told; `"no reasoning"`: the text alone; `"stays open"`: in sync code the
            connection may outlive the reply; `"long error"`: an error that quotes everything.
        why: The reason.
    """

    comes: Comes
    why: str


_SDK = "The openai SDK inside raises at this event, and what follows is lost."
_NO_CHUNK = "LangChain reads no body that is not a stream of chunks."
_UNSEEN = "ChatOpenAI drops the field."
_NO_FIELD = "The SDK skips a line that is no field of an event."
_THREAD = (
    "A sync client hides its socket, so a read that keep-alives prolong ends only with its server."
)

#: By the names of scenarios; everywhere else `langchain_predict` is as wanted.
LIMITS: Mapping[str, Limit] = {
    "ping_event": Limit("error", _SDK),
    "event_only": Limit("error", _SDK),
    "finish_event_open": Limit("error", "The SDK drops an event that no blank line follows."),
    "invalid_utf8": Limit("error", _SDK),
    "null_fields": Limit("error", "The SDK gives up on chunks without an index, and their finish."),
    "done_is_the_end": Limit("error", 'The SDK keeps `[DONE]`; `ends_with="close"` does it.'),
    "json_completion_200": Limit("error", _NO_CHUNK),
    "message_last": Limit("error", "ChatOpenAI drops a chunk without a delta, and its finish."),
    "second_choice": Limit("wrong", "Chunks do not say to which choice they belong."),
    "refusal": Limit("wrong", _UNSEEN),
    "choice_error": Limit("wrong", _UNSEEN),
    "groq_error": Limit("wrong", _UNSEEN),
    "error_line": Limit("wrong", _NO_FIELD),
    "error_without_data": Limit("wrong", _NO_FIELD),
    "redirect_other_origin": Limit("wrong", "Its client follows redirects to other origins."),
    "reasoning": Limit("no reasoning", _UNSEEN),
    "reasoning_openrouter": Limit("no reasoning", _UNSEEN),
    "reasoning_thinking": Limit("no reasoning", _UNSEEN),
    "reasoning_details": Limit("no reasoning", _UNSEEN),
    "reasoning_two_names": Limit("no reasoning", _UNSEEN),
    "slow_reasoning": Limit("no reasoning", _UNSEEN),
    "huge_error_body": Limit("long error", "The message is the SDK's own."),
    "finish_then_comments": Limit("stays open", _THREAD),
    "stall_first_comments_once": Limit("stays open", _THREAD),
    "stall_mid_comments_once": Limit("stays open", _THREAD),
    "stall_in_event_once": Limit("stays open", _THREAD),
}
