from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import chatadapters.ui
from chatadapters import OptionError, Predict, echo_predict
from chatadapters.ui import (
    for_chainlit,
    for_gradio,
    for_marimo,
    for_mesop,
    for_open_webui,
    for_panel,
)


def test_names_are_sorted_and_there() -> None:
    """Every public name can be had and is listed."""
    assert chatadapters.ui.__all__ == sorted(chatadapters.ui.__all__)
    assert all(callable(getattr(chatadapters.ui, name)) for name in chatadapters.ui.__all__)
    assert {*chatadapters.ui.__all__} <= {*dir(chatadapters.ui)}


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that is not there is told as usual."""
    with pytest.raises(AttributeError, match="for_nobody"):
        chatadapters.ui.for_nobody  # noqa: B018


def test_adapters_import_no_ui() -> None:
    """Making a callback imports neither a UI nor asyncio."""
    code = (
        "import sys\nfrom chatadapters import echo_predict\nimport chatadapters.ui as ui\n"
        "for name in ui.__all__[2:-1]: getattr(ui, name)(echo_predict())\n"
        "heavy = {'asyncio', 'chainlit', 'gradio', 'marimo', 'mesop', 'panel', 'shiny'}\n"
        "print(sorted(heavy & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("adapter", [for_panel, for_marimo, for_gradio])
def test_async_generator_functions(adapter: object) -> None:
    """UIs that look for an async generator function find one."""
    assert callable(adapter)
    assert inspect.isasyncgenfunction(adapter(echo_predict()))
    assert inspect.isasyncgenfunction(adapter(echo_predict().aio))


def test_the_other_kinds() -> None:
    """Mesop finds a generator function, Chainlit and Open WebUI coroutine functions."""
    predict: Predict = echo_predict()
    assert inspect.isgeneratorfunction(for_mesop(predict))
    assert inspect.iscoroutinefunction(for_chainlit(predict))
    assert inspect.iscoroutinefunction(for_open_webui(predict)().pipe)


def test_parameters_are_what_uis_count() -> None:
    """Panel takes three parameters, marimo two, Chainlit one."""
    counts = [
        len(inspect.signature(adapter(echo_predict())).parameters)
        for adapter in (for_panel, for_marimo, for_chainlit)
    ]
    assert counts == [3, 2, 1]


def test_something_else_is_refused() -> None:
    """A function that no factory made is named."""
    with pytest.raises(OptionError, match="not a predict"):
        for_panel(len)  # type: ignore[arg-type]
