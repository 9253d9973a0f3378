"""`make_predict` and the predict function with its views, sync and async side by side."""

from __future__ import annotations

from functools import lru_cache
from inspect import Parameter, Signature
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from ._errors import OptionError
from ._policies import EndsWith, Limits, Retry, Timeout, Window
from ._run import astreaming, streaming
from ._spec import Spec, as_tuple, split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._backend import Backend
    from ._events import Finish, Reply
    from ._files import Roots
    from ._protocols import AsyncPredict, Predict
    from ._reply import ReplyState
    from ._run import Start
    from ._spec import SpecLike
    from ._views import View


def make_predict(
    backend: Backend | str,
    *,
    system: str | Callable[[], str | None] | None = None,
    stop: str | Sequence[str] = (),
    retry: Any = Retry(),
    timeout: Timeout = Timeout(),
    limits: Limits = Limits(),
    window: Window | None = None,
    show_reasoning: bool = False,
    pace: float = 25,
    ends_with: EndsWith = "finish",
    notice: Callable[[Finish], str | None] | None = None,
    on_finish: Callable[[Reply], object] | None = None,
    allowed_roots: Roots = None,
    additional_inputs: Sequence[str] = (),
    **options: Any,
) -> Predict:
    """Make a predict function of a backend.

    Nothing is sent and no provider SDK is imported until the first message.

    Args:
        backend: A `Backend`, or `"name:model"` with the name of a registered one, such as
            `"openai:gpt-4o-mini"`; then its own options may stand among `options`.
        system: The system text, or a callable without arguments that gives one per message.
        stop: Stop sequences. They are sent where the provider takes them and enforced here
            in any case: the reply ends before the first one. A server that finds one in
            the reasoning ends the reply there.
        retry: A `Retry`, or a tenacity object such as `tenacity.Retrying(...)`.
        timeout: How long to wait for the provider.
        limits: How much the provider may send.
        window: How much of the history is sent; all of it by default.
        show_reasoning: Whether string views show the model's reasoning, as
            `<think>...</think>` before the answer.
        pace: Most values a second, on average, that `predict` and `deltas` give; 0 gives each
            piece of text as it comes. They are fewer the longer the text is, because a UI draws
            all of it anew for each: a value waits 4 ms longer for each 1,000 characters, at most
            1 s. The first text comes at once, and the last always does.
        ends_with: What a complete reply ends with: `"finish"` (a finish reason), or for servers
            that send none `"done"` (`[DONE]`) or `"close"` (the end of the stream).
        notice: Gives a line to append to the text for a `Finish`, such as
            "(cut at the length limit)", or None.
        on_finish: Called with the `Reply` when it ended: complete, failed or stopped.
        allowed_roots: Folders from which handed-over files may be read, as in `normalize`:
            by default those where UIs keep uploads; `()` reads none.
        additional_inputs: Names of options whose values come after the history, in the order
            of the UI's extra inputs, such as `("system", "temperature")`. A value of None
            leaves the option as it is.
        **options: The provider's own request options, sent unchanged.

    Returns:
        The predict function.

    Raises:
        OptionError: When an option cannot have its value, or `backend` is none.
        UnknownBackendError: When no backend has this name.

    Example:
        >>> predict = make_predict("echo", additional_inputs=["delay"])
        >>> [*predict("hello", [], 0)][-1]
        'hello'
    """
    backend, options = split(backend, options)
    spec = Spec(
        backend=backend,
        system=system,
        stop=as_tuple(stop),
        retry=retry,
        timeout=timeout,
        limits=limits,
        window=window,
        show_reasoning=show_reasoning,
        pace=pace,
        ends_with=ends_with,
        notice=notice,
        on_finish=on_finish,
        allowed_roots=allowed_roots,
        additional_inputs=as_tuple(additional_inputs),
        options=options,
    )
    return predict_of(spec)


def predict_of(spec: SpecLike) -> Predict:
    """Make the predict function of a spec, with its views."""

    def complete(message: Any, history: Any = None, *extra: Any, **named: Any) -> Reply:
        reply = _start(spec, _events)(message, history, extra, named)
        del extra, named
        for _ in streaming(_given(reply))(message):
            pass
        return reply.reply()

    def using(**changes: Any) -> Predict:
        return predict_of(spec.changed(changes))

    predict, deltas, events = (view_of(spec, *view) for view in _VIEWS)
    predict.deltas, predict.events = deltas, events
    predict.complete = _dressed(complete, spec, _WHOLE)
    predict.build = _builder(spec)
    predict.aio = async_predict_of(spec)
    predict.using, predict.backend, predict.close = using, spec.backend, spec.close
    predict.spec = spec
    return cast("Predict", predict)


def async_predict_of(spec: SpecLike) -> AsyncPredict:
    """Make the async predict function of a spec, with its views; the twin of `predict_of`."""

    async def complete(message: Any, history: Any = None, *extra: Any, **named: Any) -> Reply:
        reply = _start(spec, _events)(message, history, extra, named)
        del extra, named
        async for _ in astreaming(_given(reply))(message):
            pass
        return reply.reply()

    def using(**changes: Any) -> AsyncPredict:
        return async_predict_of(spec.changed(changes))

    predict, deltas, events = (aview_of(spec, *view) for view in _VIEWS)
    predict.deltas, predict.events = deltas, events
    predict.complete = _dressed(complete, spec, _WHOLE)
    predict.build = _builder(spec)
    predict.using, predict.backend, predict.close = using, spec.backend, spec.aclose
    predict.spec = spec
    return cast("AsyncPredict", predict)


def spec_of(predict: Any, taker: str) -> SpecLike:
    """Give what a predict is configured with.

    Args:
        predict: What should be one.
        taker: Who wants one, for the error.

    Raises:
        OptionError: It is none that a factory made, or one of its views or async twins.
    """
    if not (hasattr(predict, "spec") and hasattr(predict, "aio")):
        raise OptionError(f"{taker} takes a predict as a factory makes it, not {predict!r:.80}")
    spec: SpecLike = predict.spec
    return spec


def view_of(spec: SpecLike, view: Callable[..., View], gives: str) -> Any:
    """Make the generator function of one view.

    Args:
        spec: The configuration.
        view: Makes the view of one reply.
        gives: What is handed out, in one sentence.
    """
    return _dressed(streaming(_start(spec, view)), spec, gives)


def aview_of(spec: SpecLike, view: Callable[..., View], gives: str) -> Any:
    """Make the async generator function of one view; the twin of `view_of`."""
    return _dressed(astreaming(_start(spec, view)), spec, gives)


def _growing(*shown: Any) -> View:
    from ._views import GrowingView  # by the first message, and with it all events

    return GrowingView(*shown)


def _deltas(*shown: Any) -> View:
    from ._views import DeltaView

    return DeltaView(*shown)


def _events(*shown: Any) -> View:
    from ._views import EventView

    return EventView(*shown)


_VIEWS = (
    (_growing, "The reply so far; each value replaces the last."),
    (_deltas, "Only what is new; each value follows the last."),
    (_events, "What happens, as typed events."),
)
_WHOLE = "The whole reply."


def _builder(spec: SpecLike) -> Any:
    def build(message: Any, history: Any = None, *extra: Any, **named: Any) -> Any:
        return spec.with_inputs(extra, named).built(message, history)

    return _dressed(build, spec, "Exactly what would be sent.")


def _start(spec: SpecLike, view: Callable[..., View]) -> Start:
    def start(
        message: Any, history: Any, extra: tuple[Any, ...], named: dict[str, Any]
    ) -> ReplyState:
        from ._reply import ReplyState

        chosen = spec.with_inputs(extra, named)
        strings = view is not _events
        call = chosen.call(message, history, paced=strings, needs_text=strings)
        return ReplyState(call, view(chosen.show_reasoning, chosen.notice), monotonic())

    return start


def _given(reply: ReplyState) -> Start:
    def start(*_: Any) -> ReplyState:
        return reply

    return start


def _dressed(function: Any, spec: SpecLike, gives: str) -> Any:
    """Give a function the name, the signature and the docstring that chat UIs read."""
    names = spec.additional_inputs
    function.__signature__ = _signature(names)
    function.__name__ = function.__qualname__ = "predict"
    function.__annotations__ = {}  # UIs inject objects of their own by annotations
    inputs = "".join(f"    {name}: The option of this name.\n" for name in names)
    function.__doc__ = (
        f"Chat with a model.\n\nArgs:\n    message: The user's message.\n"
        f"    history: The conversation so far.\n{inputs}\nReturns:\n    {gives}\n"
    )
    return function


@lru_cache  # one for all views, and for the predicts of most apps
def _signature(names: tuple[str, ...]) -> Signature:
    either = Parameter.POSITIONAL_OR_KEYWORD
    optional = (Parameter(name, either, default=None) for name in ("history", *names))
    return Signature([Parameter("message", either), *optional])
