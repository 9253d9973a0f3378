"""Holds an environment with some extras to its word: what is there answers, what is not says how.

`python alone.py openai http`: each extra that is named gives a real reply through its real
packages, the network played by a server of our own; each other one raises the exact line that
installs it. It needs nothing but the package, so that it runs in the barest environment.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import os
import runpy
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import redirect_stdout
from functools import partial
from importlib import metadata
from pathlib import Path

import chatadapters as ca
from chatadapters import MissingDependencyError
from chatadapters import cli as command
from chatadapters._completion import print_completion
from chatadapters.testing.faults import TEXT, FaultServer

JINJA = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"


def openai(server: FaultServer) -> None:
    for dialect, api in (("openai", "chat"), ("responses", "responses")):
        predict = ca.openai_predict("m", base_url=server.url("ok", dialect), api_key="k", api=api)
        check_both(predict)


def http(server: FaultServer) -> None:
    check_both(ca.text_generation_predict(server.url("ok", "tgi")))
    url = server.url("ok", "completions")
    check_both(ca.text_generation_predict(url, wire="completions", template="chatml"))


def text_generation(server: FaultServer) -> None:
    metadata.version("text-generation")
    check_both(ca.text_generation_predict(server.url("ok", "tgi"), max_new_tokens=20))
    from text_generation.errors import BadRequestError

    assert issubclass(BadRequestError, Exception)


def huggingface(server: FaultServer) -> None:
    check_both(ca.huggingface_predict(base_url=server.url("ok"), token="k"))
    url = server.url("ok", "tgi")
    check_both(ca.huggingface_predict(base_url=url, task="text-generation", template="zephyr"))


def langchain(server: FaultServer) -> None:
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    predict = ca.langchain_predict(FakeListChatModel(responses=[TEXT, TEXT]))
    check_both(predict)


def local(server: FaultServer) -> None:
    system = "You are a helpful AI assistant. Give short, clear answers."
    predict = ca.local_predict(system=system, temperature=0, max_tokens=24)
    reply = predict.complete("What is the capital of France?")
    assert "France" in reply.text, reply
    predict.close()


def jinja(server: FaultServer) -> None:
    template = ca.DialogueTemplate.from_jinja(JINJA)
    prompt = template.get_training_prompt([{"role": "user", "content": "Hi"}])
    assert "user: Hi" in prompt, prompt


def server(_: FaultServer) -> None:
    import uvicorn

    from chatadapters.server import asgi

    config = uvicorn.Config(asgi({"parrot": ca.echo_predict()}), port=0, log_level="warning")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    body = {"model": "parrot", "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    running.should_exit = True
    thread.join()
    assert answer["choices"][0]["message"]["content"] == "hello", answer


def demo(_: FaultServer) -> None:
    from gradio_client import Client

    from chatadapters.demo import build_demo

    page = build_demo(ca.echo_predict(), title="Echo")
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, share=False)
    assert "hello" in str(Client(url, verbose=False).predict("hello", api_name="/chat"))
    page.close(verbose=False)


def otel(_: FaultServer) -> None:
    from chatadapters.otel import traced

    assert traced(ca.echo_predict()).complete("hello").text == "hello"


def cli(_: FaultServer) -> None:
    script = io.StringIO()
    with redirect_stdout(script):
        command.main(["completion", "bash"])
    assert "--backend" in script.getvalue()


def example(ui: str, _: FaultServer) -> None:
    """Make the example of a chat UI, from its first line to its last."""
    path = Path(__file__).parents[2] / "examples" / "ui" / f"{ui}_app.py"
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where some UIs write settings
        logging.disable()  # Streamlit warns that nobody looks at it
        try:
            runpy.run_path(str(path), run_name="example")
        finally:
            logging.disable(logging.NOTSET)
            os.chdir(before)


def check_both(predict: ca.Predict) -> None:
    """Take a reply in both colours."""
    assert predict.complete("Hi", [["One", "Two"]]).text == TEXT
    assert asyncio.run(_complete(predict)).text == TEXT
    predict.close()


async def _complete(predict: ca.Predict) -> ca.Reply:
    reply = await predict.aio.complete("Hi")
    await predict.aio.close()
    return reply


#: The chat UIs, and the distributions that tell whether one is there.
UIS = {
    "chainlit": "chainlit",
    "gradio": "gradio",
    "jupyter": "ipywidgets",
    "marimo": "marimo",
    "mesop": "mesop",
    "nicegui": "nicegui",
    "panel": "panel",
    "shiny": "shinychat",
    "streamlit": "streamlit",
    "textual": "textual",
}
#: What each extra is asked, and the distribution without which it is not there.
EXTRAS = {
    "openai": (openai, "openai"),
    "http": (http, "httpx2"),
    "text-generation": (text_generation, "text-generation"),
    "huggingface": (huggingface, "huggingface-hub"),
    "langchain": (langchain, "langchain-core"),
    "local": (local, "xllamacpp"),
    "jinja": (jinja, "jinja2"),
    "server": (server, "starlette"),
    "demo": (demo, "gradio"),
    "otel": (otel, "opentelemetry-api"),
    "cli": (cli, "shtab"),
    **{ui: (partial(example, ui), distribution) for ui, distribution in UIS.items()},
}
#: What works without the extra's own package, so that nothing can be missing.
OPTIONAL = {"text-generation", *UIS}


def installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def main(*wanted: str) -> None:
    assert "site-packages" in ca.__file__, ca.__file__
    os.environ["HF_HUB_OFFLINE"] = "1"
    assert ca.echo_predict().complete("hello").text == "hello"
    with FaultServer() as faults:
        for extra, (ask, distribution) in EXTRAS.items():
            if installed(distribution):
                ask(faults)
                print(f"  {extra}: answers, with {distribution} {metadata.version(distribution)}")
                continue
            assert extra not in wanted, f"{distribution} is not installed"
            if extra not in OPTIONAL:
                says_how(extra)


def says_how(extra: str) -> None:
    """Hold what is missing to the exact line that installs it, and a line to be enough."""
    try:
        MISSING[extra]()
    except MissingDependencyError as error:
        if f'pip install "chatadapters[{extra}]"' in str(error):
            return
        raise
    else:
        raise AssertionError(f"{extra} answered without its packages")


def without_server() -> None:
    from chatadapters.server import asgi

    asgi({"parrot": ca.echo_predict()})


def without_otel() -> None:
    from chatadapters.otel import traced

    traced(ca.echo_predict())


def without_demo() -> None:
    from chatadapters.demo import build_demo

    build_demo(ca.echo_predict())


#: How a user meets an extra that is not there.
MISSING = {
    "openai": lambda: ca.openai_predict("m", api_key="k").complete("Hi"),
    "http": lambda: ca.text_generation_predict("http://127.0.0.1:9").complete("Hi"),
    "huggingface": lambda: ca.huggingface_predict("a/model").complete("Hi"),
    "langchain": lambda: ca.langchain_predict("openai:gpt-4o-mini").complete("Hi"),
    "local": lambda: ca.local_predict().complete("Hi"),
    "jinja": lambda: ca.DialogueTemplate.from_jinja(JINJA),
    "server": without_server,
    "demo": without_demo,
    "otel": without_otel,
    "cli": lambda: print_completion(argparse.ArgumentParser(), "bash"),
}


if __name__ == "__main__":
    main(*sys.argv[1:])
