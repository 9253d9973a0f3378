"""The command `chatadapters`: its subcommands, and what each of them runs."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING

from ._checks import is_sendable
from ._completion import SHELLS
from ._errors import ChatAdaptersError, OptionError, UnknownBackendError
from ._pipe import drop_output, replace_closed
from ._predict import make_predict
from ._prompt_command import add_prompt_commands, help_format
from ._registry import BACKENDS
from ._version import __version__
from ._weights import EMBEDDED, find_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ._protocols import Predict

FAILED, USAGE, INTERRUPTED = 1, 2, 130
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
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
    replace_closed()
    _accept_any_text()
    parser = _parser()
    args = parser.parse_args(argv)
    if "run" not in args:
        parser.print_help()
        return USAGE
    try:
        return int(args.run(args))
    except BrokenPipeError:  # nobody reads what we say any more
        drop_output()
        return FAILED
    except (ChatAdaptersError, OSError) as error:
        if args.debug:
            raise
        return _failed(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def _failed(error: Exception) -> int:
    print(f"chatadapters: error: {error}", file=sys.stderr)
    return USAGE if isinstance(error, OptionError | UnknownBackendError) else FAILED


def _accept_any_text() -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class _Command(argparse.ArgumentParser):
    """A command, whose options are valid Unicode unless they have a type of their own."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.register("type", None, _text)


def _text(text: str) -> str:
    if not is_sendable(text):  # the shell gave bytes that are not in its encoding
        raise argparse.ArgumentTypeError(f"{text!r} is not valid text: give it in UTF-8")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chatadapters",
        description="Make any language-model backend a predict function for any chat UI.",
        epilog=_CODES,
        formatter_class=help_format,
    )
    parser.add_argument("--version", action="version", version=f"chatadapters {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Command)
    demo = _add(commands, "demo", _demo, "a chat in the browser", _DEMO)
    demo.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    demo.add_argument("--port", type=_port, help=_DEMO_PORT)
    chat = _add(commands, "chat", _chat, "a chat in the terminal", _CHAT)
    serve = _add(commands, "serve", _serve, "an OpenAI-compatible server", _SERVE)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=_port, default=8000, help=_PORT)
    serve.add_argument("--cors", action="append", metavar="ORIGIN", help=_CORS)
    for command in (demo, chat, serve):
        _add_model_options(command)
    add_prompt_commands(commands)
    doctor = _add(commands, "doctor", _doctor, "what works here, and how to mend what does not",
                  _DOCTOR)  # fmt: skip
    doctor.add_argument("--backend", action="append", metavar="NAME", help=_CLOSELY)
    doctor.add_argument("--model", metavar="NAME", help="the backend's model")
    doctor.add_argument("--base-url", metavar="URL", help="the backend's server")
    doctor.add_argument("--ask", action="store_true", help=_ASK)
    completion = _add(commands, "completion", _completion, "let a shell complete the command",
                      _COMPLETION)  # fmt: skip
    completion.add_argument("shell", choices=SHELLS, help="the shell")
    return parser


def _add(
    commands: Any, name: str, run: Callable[..., int], summary: str, text: str
) -> argparse.ArgumentParser:
    """Add a command; its text is a description, and examples after a blank line."""
    description, _, epilog = text.partition("\n\n")
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=help_format,
    )
    command.set_defaults(run=run, debug=False)
    return command


_CODES = """\
`chatadapters COMMAND --help` has examples. Colours are left out where NO_COLOR is set.

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted"""

_DEMO = """\
Chat with a model in the browser; without options it runs here and needs no key.

examples:
  chatadapters demo
  chatadapters demo --backend openai --model gpt-4o-mini
  chatadapters demo --system "You are a pirate." --port 8080"""

_CHAT = """\
Chat with a model in the terminal; each line of a piped input is a message.
Ctrl-C stops an answer and keeps the chat, Ctrl-D leaves.

examples:
  chatadapters chat
  chatadapters chat --backend openai --model gpt-4o-mini --temperature 0
  chatadapters chat --backend openai --base-url http://localhost:8000/v1 --model mine
  echo "What is the capital of France?" | chatadapters chat"""

_SERVE = """\
Serve a model to everything that speaks OpenAI's API. Keys in CHATADAPTERS_API_KEYS, with
commas between them, are asked for; without it all who reach the address may ask, but no
web pages. --cors names pages that may.
Ctrl-C and SIGTERM let replies that run end for five seconds.

examples:
  chatadapters serve
  CHATADAPTERS_API_KEYS=one,two chatadapters serve --host 0.0.0.0 --port 80
  chatadapters serve --backend text-generation --base-url http://localhost:8080

then, from anywhere that speaks OpenAI's API:
  curl http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \\
    -d '{"model": "smollm2", "messages": [{"role": "user", "content": "Hello"}]}'"""

_DOCTOR = """\
Say what is installed, which backends can be used and what they lack, with the command
that mends it. Keys are never shown. The exit code is 1 when something is broken, or a
backend that was named cannot be used.

examples:
  chatadapters doctor
  chatadapters doctor --backend openai
  chatadapters doctor --backend local --ask"""

_COMPLETION = """\
Print a script that lets a shell complete the command; needs the extra `cli`.

examples:
  bash: eval "$(chatadapters completion bash)"                     in ~/.bashrc
  zsh:  chatadapters completion zsh > "${fpath[1]}/_chatadapters"  once
  fish: chatadapters completion fish > ~/.config/fish/completions/chatadapters.fish"""

_DEMO_PORT = "port to listen on, 0 for a free one (the first free from 7860)"
_PORT = "port to listen on, 0 for a free one (%(default)s)"
_CORS = "whose pages may ask, such as https://chat.example; again for another one"
_CLOSELY = "a backend to look at closely; again for another one"
_ASK = "also ask it a short question: this uses the network and may cost a token"


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--backend", default="local", metavar="NAME", help=_BACKEND)
    add("--model", metavar="NAME", help="the backend's model")
    add("--base-url", metavar="URL", help="the server, where a backend can have another one")
    add("--system", metavar="TEXT", help="the system prompt")
    add("--temperature", type=float, metavar="T", help="0 for always the likeliest word")
    add("--max-tokens", type=int, metavar="N", help="the longest answer")
    add("--debug", action="store_true", help="show the traceback of an error")


_BACKEND = f"who answers: {', '.join(BACKENDS)} (%(default)s)"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def _demo(args: argparse.Namespace) -> int:
    from .demo import build_demo, open_port, run_demo

    port = open_port(args.host, args.port)
    options = _options(args)
    settings = {name: options.pop(name) for name in _SETTINGS if name in options}
    predict = _predict(args, additional_inputs=tuple(settings), **options)
    print(f"Starting a chat with {_about(args)} ...", flush=True)
    demo = build_demo(predict, about=_about(args), settings=settings)
    run_demo(demo, host=args.host, port=port)
    return 0


def _chat(args: argparse.Namespace) -> int:
    from ._terminal import chat

    options = _options(args)
    system = options.pop("system")
    return chat(_predict(args, **options), system=system, debug=args.debug)


def _serve(args: argparse.Namespace) -> int:
    from .server import asgi, serve

    name = args.model or (EMBEDDED if args.backend == "local" else args.backend)
    given = os.environ.get("CHATADAPTERS_API_KEYS")
    keys = [key for each in (given or "").split(",") if (key := each.strip())]
    if given is not None and not keys:
        raise OptionError("CHATADAPTERS_API_KEYS is set, but empty: set keys, or unset it")
    predicts = {name: _predict(args, **_options(args))}
    app = asgi(predicts, api_keys=keys, cors_origins=args.cors or ())

    def ready(url: str) -> None:
        print(f"Serving {name!r} on {url} (Ctrl-C stops it)", flush=True)
        if not keys and args.host not in _LOOPBACK:
            print("Warning: everybody who reaches this address may ask; "
                  "CHATADAPTERS_API_KEYS sets keys", file=sys.stderr, flush=True)  # fmt: skip

    serve(app, host=args.host, port=args.port, on_ready=ready)
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from ._doctor import doctor

    named = {"model": args.model, "base_url": args.base_url}
    options = {name: value for name, value in named.items() if value is not None}
    return doctor(args.backend or (), options, ask=args.ask)


def _completion(args: argparse.Namespace) -> int:
    from ._completion import print_completion

    return print_completion(_parser(), args.shell)


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
