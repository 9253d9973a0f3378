"""The command `chatadapters`: a demo in the browser and a chat in the terminal."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING

from ._errors import ChatAdaptersError, OptionError, UnknownBackendError
from ._predict import make_predict
from ._prompt_command import add_prompt_commands
from ._version import __version__
from ._weights import EMBEDDED, find_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ._protocols import Predict

FAILED, USAGE, INTERRUPTED = 1, 2, 130
_SETTINGS = ("system", "temperature", "max_tokens")
# With these a model of 135 million parameters keeps to the point and seldom repeats itself.
_LOCAL = {
    "system": "You are a helpful AI assistant. Give short, clear answers in English.",
    "temperature": 0.2,
    "max_tokens": 256,
    "frequency_penalty": 0.5,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Its arguments; those of the process by default.

    Returns:
        The exit code: 0, 1 for a failure, 2 for wrong usage, 130 when interrupted.
    """
    _accept_any_text()
    parser = _parser()
    args = parser.parse_args(argv)
    if "run" not in args:
        parser.print_help()
        return USAGE
    try:
        return int(args.run(args))
    except (ChatAdaptersError, OSError) as error:
        if args.debug:
            raise
        return _failed(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def _failed(error: Exception) -> int:
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has left; Python would complain once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    print(f"chatadapters: error: {error}", file=sys.stderr)
    return USAGE if isinstance(error, OptionError | UnknownBackendError) else FAILED


def _accept_any_text() -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chatadapters",
        description="Make any language-model backend a predict function for any chat UI.",
    )
    parser.add_argument("--version", action="version", version=f"chatadapters {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    demo = commands.add_parser("demo", help="a chat in the browser", description=_DEMO)
    demo.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    demo.add_argument("--port", type=_port, help="port to listen on (the first free from 7860)")
    chat = commands.add_parser("chat", help="a chat in the terminal", description=_CHAT)
    serve = commands.add_parser("serve", help="an OpenAI-compatible server", description=_SERVE)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=_port, default=8000, help="port to listen on (%(default)s)")
    serve.add_argument("--cors", action="append", metavar="ORIGIN", help="whose pages may ask")
    for command, run in ((demo, _demo), (chat, _chat), (serve, _serve)):
        _add_model_options(command)
        command.set_defaults(run=run)
    add_prompt_commands(commands)
    return parser


_DEMO = "Chat with a model in the browser; without options it runs here and needs no key."
_CHAT = "Chat with a model in the terminal; each line of a piped input is a message."

_SERVE = (
    "Serve a model to everything that speaks OpenAI's API. Keys in CHATADAPTERS_API_KEYS, with "
    "commas between them, are asked for; without it everybody who reaches the address may ask."
)


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--backend", default="local", metavar="NAME", help="who answers (%(default)s)")
    add("--model", metavar="NAME", help="the backend's model")
    add("--base-url", metavar="URL", help="the server, where a backend can have another one")
    add("--system", metavar="TEXT", help="the system prompt")
    add("--temperature", type=float, metavar="T", help="0 for always the likeliest word")
    add("--max-tokens", type=int, metavar="N", help="the longest answer")
    add("--debug", action="store_true", help="show the traceback of an error")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 2**16:
        raise argparse.ArgumentTypeError(f"{port} is not a port")
    return port


def _demo(args: argparse.Namespace) -> int:
    from .demo import build_demo, run_demo

    options = _options(args)
    settings = {name: options.pop(name) for name in _SETTINGS if name in options}
    predict = _predict(args, additional_inputs=tuple(settings), **options)
    print(f"Starting a chat with {_about(args)} ...", flush=True)
    demo = build_demo(predict, about=_about(args), settings=settings)
    run_demo(demo, host=args.host, port=args.port)
    return 0


def _chat(args: argparse.Namespace) -> int:
    from ._terminal import chat

    options = _options(args)
    system = options.pop("system")
    return chat(_predict(args, **options), system=system, debug=args.debug)


def _serve(args: argparse.Namespace) -> int:
    from .server import asgi, serve

    name = args.model or (EMBEDDED if args.backend == "local" else args.backend)
    keys = filter(None, os.environ.get("CHATADAPTERS_API_KEYS", "").split(","))
    predicts = {name: _predict(args, **_options(args))}
    app = asgi(predicts, api_keys=list(keys), cors_origins=args.cors or ())

    def ready(url: str) -> None:
        print(f"Serving {name!r} on {url} (Ctrl-C stops it)", flush=True)

    serve(app, host=args.host, port=args.port, on_ready=ready)
    return 0


def _predict(args: argparse.Namespace, **options: Any) -> Predict:
    if args.backend == "local":
        find_weights(args.model or EMBEDDED)  # now, where a download can show its progress
    return make_predict(f"{args.backend}:{args.model}" if args.model else args.backend, **options)


def _options(args: argparse.Namespace) -> dict[str, Any]:
    names = (*_SETTINGS, "base_url")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    return {"system": "", **(_LOCAL if args.backend == "local" else {}), **given}


def _about(args: argparse.Namespace) -> str:
    if args.backend == "local" and not args.model:
        return "SmolLM2-135M, a very small model on this machine: quick, and often wrong"
    return " ".join(filter(None, [args.backend, args.model]))
