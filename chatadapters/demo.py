"""A predict function as a chat in the browser, with its additional inputs as settings."""

from __future__ import annotations

import functools
import html
import inspect
import os
import signal
import time
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import ChatAdaptersError
from ._explain import early
from ._listen import listen
from ._registry import missing
from .ui import for_gradio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from gradio import ChatInterface

    from ._events import Finish
    from ._protocols import Predict

EXAMPLES = (
    "What is the capital of France?",
    "How do plants make food?",
    "Write a short story about a dragon.",
)

_LABELS = {
    "system": "System prompt",
    "temperature": "Temperature",
    "max_tokens": "Longest answer, in tokens",
}


def build_demo(
    predict: Predict,
    *,
    title: str = "chatadapters",
    about: str = "",
    examples: Sequence[str] = EXAMPLES,
    settings: Mapping[str, Any] | None = None,
) -> ChatInterface:
    """Build a Gradio chat around a predict function.

    Args:
        predict: What answers; its `additional_inputs` become settings below the chat.
        title: The heading.
        about: Markdown that an empty chat shows.
        examples: Messages to click on.
        settings: What the settings show at first, by name.

    Returns:
        A `ChatInterface` to launch.

    Raises:
        MissingDependencyError: When Gradio is not installed.
        ChatAdaptersError: When its folder for files cannot be written.

    Example:
        >>> from chatadapters import echo_predict
        >>> demo = build_demo(echo_predict(), title="Echo")
        >>> demo.title
        'Echo'
    """
    gr = _gradio()
    names = list(inspect.signature(predict).parameters)[2:]
    initial = settings or {}
    demo: ChatInterface = gr.ChatInterface(
        _with_ends_told(predict),
        title=title,
        chatbot=gr.Chatbot(
            scale=1,
            min_height=320,
            show_label=False,
            buttons=["copy", "copy_all"],
            placeholder=about,
        ),
        examples=[[text, *(None for _ in names)] for text in examples] if names else [*examples],
        additional_inputs=[_setting(gr, name, initial.get(name)) for name in names],
        additional_inputs_accordion=gr.Accordion("Settings", open=False),
        api_name="chat",
        concurrency_limit=8,
        analytics_enabled=False,
    )
    return demo


def run_demo(demo: ChatInterface, *, host: str = "127.0.0.1", port: int | None = None) -> None:
    """Serve a demo until Ctrl-C or SIGTERM.

    Args:
        demo: What `build_demo` gave.
        host: The address to listen on.
        port: The port; 0 takes a free one, None the first free one from 7860.

    Raises:
        ChatAdaptersError: When the port is taken.
    """
    port = open_port(host, port)
    try:
        _, url, _ = demo.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            run_history=False,
        )
    except OSError as error:
        where = f"port {port}" if port else "any port from 7860"
        raise ChatAdaptersError(f"cannot listen on {host}, {where}: {error}") from error
    _wait_for_interrupt(url)
    demo.close(verbose=False)


def open_port(host: str, port: int | None) -> int | None:
    """Say early, before Gradio is imported and a model is loaded, that nothing can listen.

    Args:
        host: The address to listen on.
        port: The port; 0 is any that is free, None is Gradio's to choose.

    Returns:
        The port, another one only for 0.

    Raises:
        ChatAdaptersError: Nothing can listen there.
    """
    with listen(host, port or 0) as listener:
        found: int = listener.getsockname()[1]
    return None if port is None else found


def _wait_for_interrupt(url: str) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        print(f"\n  Open {url} in your browser. Ctrl-C stops it.\n", flush=True)
        while True:
            time.sleep(3600)


def _gradio() -> Any:
    # Gradio asks its home for news at import and at launch; a demo should not.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    _check_folder()
    try:
        import gradio
    except ModuleNotFoundError as error:
        raise missing("gradio", "demo") from error
    return gradio


def _check_folder() -> None:
    """Say early, and what to do, where Gradio cannot keep the files that are uploaded."""
    from tempfile import TemporaryFile, gettempdir

    folder = None
    try:
        folder = Path(os.environ.get("GRADIO_TEMP_DIR") or Path(gettempdir(), "gradio"))
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ChatAdaptersError(
            f"Gradio cannot keep its files in {folder or 'a temporary folder'} ({error}): set "
            "GRADIO_TEMP_DIR to a folder that can be written"
        ) from error


def _setting(gr: Any, name: str, value: Any) -> Any:
    label = _LABELS.get(name, name)
    match name, value:
        case "system", _:
            return gr.Textbox(value, label=label, lines=2)
        case "temperature", float() | int():
            return gr.Slider(0, 2, value, step=0.05, label=label)
        case "max_tokens", int():
            return gr.Slider(1, max(2048, value), value, step=1, label=label)
        case (("temperature" | "max_tokens"), _):
            return gr.Number(value, label=label)
        case _:
            return gr.Textbox(value, label=label)


def _with_ends_told(predict: Predict) -> Callable[..., AsyncGenerator[Any, None]]:
    """Tell in the chat, beside the answer, why one ended early, as it is told that one failed."""

    @functools.wraps(predict.aio)
    async def chat(message: Any, history: Any, *values: Any) -> AsyncGenerator[Any, None]:
        ends: list[Finish] = []
        # It gives None, so nothing is appended.
        answer = for_gradio(predict.aio.using(notice=ends.append))
        given = (None if value == "" else value for value in values)
        shown: str | list[Any] = []
        async with aclosing(answer(message, history, *given)) as replies:
            async for shown in replies:
                yield shown
        if ends and (note := early(ends[0].reason)):
            title = html.escape(note, quote=False)
            box = {"role": "assistant", "content": "", "metadata": {"title": title}}
            yield [*([shown] if isinstance(shown, str) else shown), box]

    return chat
