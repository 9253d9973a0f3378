"""Everything a predict is configured with, and how a message becomes a `Call`. Pure.

What reads a message is imported by the first one, so that a predict is made in a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from keyword import iskeyword
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol

from ._backend import Backend
from ._checks import NO_STOP, NOT_SENDABLE, check_headers, check_number, is_above, is_sendable
from ._errors import OptionError
from ._policies import EndsWith, Limits, Retry, Timeout, Window, check_retry
from ._redact import named_secrets
from ._registry import field_names, make_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._backend import Payload
    from ._call import Call
    from ._events import Notice, Reply, Trimmed
    from ._files import Roots
    from ._parts import Message

_ENDS = ("finish", "done", "close")
_REFUSED = ("stream", "n")
_DICTS = frozenset({"extra_body", "extra_query"})
_ADDED = ("extra_headers", "extra_query", "extra_body", "tools")  # what may have keys in it
_NAMES = frozenset({"stop", "additional_inputs"})


class SpecLike(Protocol):
    """What a predict function asks of its configuration: a `Spec`, or several in a row."""

    @property
    def backend(self) -> Backend: ...
    @property
    def additional_inputs(self) -> tuple[str, ...]: ...
    @property
    def show_reasoning(self) -> bool: ...
    @property
    def notice(self) -> Notice | None: ...
    def close(self) -> None: ...
    async def aclose(self) -> None: ...
    def changed(self, changes: Mapping[str, Any]) -> SpecLike: ...
    def with_inputs(self, values: Sequence[Any], named: Mapping[str, Any]) -> SpecLike: ...
    def built(self, message: Any, history: Any) -> Payload: ...
    def conversation(self, message: Any, history: Any) -> list[Message]: ...
    def call(self, message: Any, history: Any, *, paced: bool, needs_text: bool) -> Call: ...


@dataclass(frozen=True)
class Spec:
    """The configuration of one predict; `make_predict` documents the fields."""

    backend: Backend
    system: str | Callable[[], str | None] | None = None
    stop: tuple[str, ...] = ()
    retry: Any = field(default_factory=Retry)
    timeout: Timeout = field(default_factory=Timeout)
    limits: Limits = field(default_factory=Limits)
    window: Window | None = None
    show_reasoning: bool = False
    pace: float = 25
    ends_with: EndsWith = "finish"
    notice: Notice | None = None
    on_finish: Callable[[Reply], object] | None = None
    allowed_roots: Roots = None
    additional_inputs: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # headers have keys

    def __post_init__(self) -> None:
        if not {*map(type, self.stop)} <= {str} or "" in self.stop or not is_sendable(self.stop):
            raise OptionError(f"stop={self.stop!r}: give strings {NO_STOP}")
        if self.ends_with not in _ENDS:
            raise OptionError(f"ends_with={self.ends_with!r}: give one of {_ENDS}")
        self._check_policies()
        if not is_above(0, self.pace, or_equal=True):
            raise OptionError(f"pace={self.pace!r}: give values a second, or 0 for no pacing")
        if self.additional_inputs:
            self._check_inputs(self.additional_inputs)
        for name in _DICTS & self.options.keys():
            if not isinstance(value := self.options[name], (Mapping, NoneType)):
                raise OptionError(f"{name} is of type {type(value).__name__}: give a dict")
        if (body := self.options.get("extra_body")) and self.backend.conversation_field() in body:
            raise OptionError(
                f"extra_body[{self.backend.conversation_field()!r}] would replace the "
                "conversation: give it as message and history"
            )
        check_headers("extra_headers", self.options.get("extra_headers"))
        for name, value in self.options.items():
            if not is_sendable(value):
                raise OptionError(f"{name}={value!r:.200}: {NOT_SENDABLE}")
            check_number(name, value)
        for name in (*self.options, *self.additional_inputs):
            if name in _REFUSED:
                raise OptionError(f"{name!r} is not an option here: a reply is always one stream")

    def _check_inputs(self, names: tuple[str, ...]) -> None:
        if not all(map(_is_name, names)) or len(set(names)) < len(names):
            raise OptionError(
                f"additional_inputs={names!r}: give names of options, each once, such as "
                "('system', 'temperature')"
            )
        for name in ("message", "history"):
            if name in names:
                raise OptionError(f"additional_inputs: {name!r} is an argument already")
        if names_of(self.backend).isdisjoint(names):  # else the values say which names there are
            self.backend.check_names(name for name in names if name not in _OWN)

    def _check_policies(self) -> None:
        for name in ("notice", "on_finish"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise OptionError(f"{name}={value!r}: give a function, or None")
        for name, kind in (("timeout", Timeout), ("limits", Limits), ("window", Window)):
            value = getattr(self, name)
            if not isinstance(value, kind) and not (value is None and name == "window"):
                raise OptionError(f"{name}={value!r}: give a chatadapters.{kind.__name__}(...)")
        if self.show_reasoning not in (True, False):
            raise OptionError(f"show_reasoning={self.show_reasoning!r}: give True or False")
        check_retry(self.retry)

    def changed(self, changes: Mapping[str, Any]) -> Spec:
        """Give a spec with other options.

        Args:
            changes: Names of fields of this spec, of the backend, or of provider options.
        """
        own = {name: value for name, value in changes.items() if name in _OWN}
        backend, options = split(changes.get("backend", self.backend), changes)
        own["backend"] = backend
        for name in _NAMES & own.keys():
            own[name] = as_tuple(own[name])
        return replace(self, **own, options={**self.options, **options})

    def with_inputs(self, values: Sequence[Any], named: Mapping[str, Any]) -> Spec:
        """Give a spec with the values of the additional inputs; None leaves one unset."""
        names = self.additional_inputs
        if len(values) > len(names):
            raise TypeError(
                f"predict() got {len(values)} values after history, but "
                f"additional_inputs={names!r} names {len(names)}"
            )
        given = dict(zip(names, values, strict=False))
        for name, value in named.items():
            if name not in names or name in given:
                raise TypeError(
                    f"predict() got an unexpected or repeated argument {name!r}: options of one "
                    f"message are given with predict.using({name}=...)"
                )
            given[name] = value
        given = {name: value for name, value in given.items() if value is not None}
        return self.changed(given) if given else self

    def secrets(self) -> tuple[str, ...]:
        """Give the keys in what the caller adds to a request: headers, query, body, tools."""
        added = [self.options[name] for name in _ADDED if name in self.options]
        return tuple(key for given in added for key in named_secrets(given))

    def __getstate__(self) -> dict[str, Any]:
        if self.secrets():
            raise TypeError(
                f"a predict with a key among its {'=, '.join(_ADDED)}= cannot be pickled: give the "
                "key as api_key= or token=, leave it to the environment, or let the other process "
                "add it with predict.using(...)"
            )
        return vars(self)

    def close(self) -> None:
        """Close the clients that the backend made."""
        self.backend.close()

    async def aclose(self) -> None:
        """Close the clients that the backend made for the running event loop."""
        await self.backend.aclose()

    def conversation(self, message: Any, history: Any) -> list[Message]:
        """Give the whole conversation, before it is fitted into the window."""
        from ._conversation import normalize

        system = self.system() if callable(self.system) else self.system
        return normalize(message, history, system=system, allowed_roots=self.allowed_roots)

    def built(self, message: Any, history: Any) -> Payload:
        """Give exactly what is sent for a message."""
        return self.payload(self._fitted(self.conversation(message, history))[0])

    def _fitted(self, messages: list[Message]) -> tuple[list[Message], Trimmed | None]:
        if self.window is None:
            return messages, None
        from ._window import fit

        return fit(messages, self.window)

    def payload(self, messages: Sequence[Message]) -> Payload:
        """Give exactly what is sent."""
        options = {name: value for name, value in self.options.items() if value is not None}
        if self.stop:
            options["stop"] = self.stop
        return self.backend.build(messages, options)

    def call(self, message: Any, history: Any, *, paced: bool, needs_text: bool) -> Call:
        """Decide everything that is decided before a reply begins."""
        conversation = self.conversation(message, history)
        return self.call_for(conversation, paced=paced, needs_text=needs_text)

    def call_for(self, conversation: list[Message], *, paced: bool, needs_text: bool) -> Call:
        """Decide the same for a conversation that was read already."""
        from ._call import call_of

        messages, trimmed = self._fitted(conversation)
        payload = self.payload(messages)
        return call_of(self, payload, trimmed, paced=paced, needs_text=needs_text)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier() and not iskeyword(value)


def as_tuple(value: Any) -> tuple[str, ...]:
    """Give one string or several as a tuple; what is neither is in it, for who checks it."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) or not hasattr(value, "__iter__") else tuple(value)


def split(backend: Backend | str, changes: Mapping[str, Any]) -> tuple[Backend, dict[str, Any]]:
    """Give the backend with the changes that name its fields, and the other changes.

    Args:
        backend: A `Backend`, or `"name:model"`.
        changes: Names of fields of a spec, of the backend, or of provider options.
    """
    if isinstance(backend, str):
        others = {name: value for name, value in changes.items() if name not in _OWN | {"backend"}}
        return make_backend(backend, others)
    _check(backend)
    names = names_of(backend)
    own = {name: value for name, value in changes.items() if name in names}
    others = {
        name: value for name, value in changes.items() if name not in names | _OWN | {"backend"}
    }
    return (replace(backend, **own) if own and is_dataclass(backend) else backend), others


def names_of(backend: Backend) -> set[str]:
    """Give the names of a backend's own options that can be changed."""
    return field_names(backend) if is_dataclass(backend) else set()


def _check(backend: object) -> None:
    if isinstance(backend, type):
        name = backend.__name__
        raise OptionError(f"backend is the class {name}: give an object, {name}(...)")
    if not isinstance(backend, Backend):
        raise OptionError(
            f"backend is of type {type(backend).__name__}: give a Backend, or a name such as "
            "'openai:gpt-4o-mini'"
        )


_OWN = {item.name for item in fields(Spec)} - {"backend", "options"}
