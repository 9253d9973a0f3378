"""The public surface, and what importing it costs."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

import chatadapters

#: Measuring coverage imports modules of its own into every process.
UNMEASURED = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
SDKS = (
    "aiohttp",
    "asyncio",
    "gradio",
    "httpx",
    "httpx2",
    "huggingface_hub",
    "jinja2",
    "langchain_core",
    "msgspec",
    "openai",
    "requests",
    "tenacity",
    "text_generation",
    "xllamacpp",
)


def test_all_is_sorted_and_every_name_is_there() -> None:
    """Every public name is listed once, in order, and can be had."""
    assert chatadapters.__all__ == sorted(set(chatadapters.__all__))
    for name in chatadapters.__all__:
        assert getattr(chatadapters, name).__module__.startswith("chatadapters."), name
    assert set(chatadapters.__all__) <= set(dir(chatadapters))


#: The other public modules; a name that is added or taken away is a decision, made here too.
SURFACE = {
    "chatadapters.otel": "traced",
    "chatadapters.server": "asgi serve",
    "chatadapters.templates": "Change DialogueTemplate Escape JinjaLayout Layout Rendered Thinking "
    "get_template list_templates prepare_dialogue template_for",
    "chatadapters.testing": "BackendContract ModelServer Pause ScriptedBackend TgiServer "
    "model_server tgi_server",
    "chatadapters.testing.faults": "SCENARIOS TEXT Answer Ask End FaultRequest FaultServer "
    "Scenario Want fault_server good_body scenario",
    "chatadapters.ui": "Conversation explain for_chainlit for_gradio for_marimo for_mesop "
    "for_open_webui for_panel for_shiny",
}


@pytest.mark.parametrize("module", SURFACE)
def test_the_other_public_modules_are_pinned(module: str) -> None:
    """They have exactly these names, each can be had, and `dir` shows them."""
    home = importlib.import_module(module)
    assert home.__all__ == SURFACE[module].split()
    assert all(hasattr(home, name) for name in home.__all__)
    assert {*home.__all__} <= {*dir(home)}


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """Looking names up late changes nothing for a typing mistake."""
    with pytest.raises(AttributeError, match="no attribute 'openai_predictt'"):
        _ = chatadapters.openai_predictt  # type: ignore[attr-defined]


def test_importing_and_making_a_predict_imports_no_sdk() -> None:
    """An SDK is imported by the message that needs it, not before."""
    code = (
        "import sys, chatadapters as c\n"
        "c.openai_predict('m'); c.local_predict(); c.echo_predict()\n"
        f"print([name for name in {SDKS!r} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=UNMEASURED
    )
    assert ran.stdout.strip() == "[]"


def test_the_error_tree_has_one_root() -> None:
    """Everything that is ours can be caught by one name."""
    for name in chatadapters.__all__:
        value = getattr(chatadapters, name)
        if name.endswith("Error"):
            assert issubclass(value, chatadapters.ChatAdaptersError)
