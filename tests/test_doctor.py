"""The command `chatadapters doctor`, in this environment and in ones that lack something."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace

import pytest

import chatadapters
from chatadapters import _style, echo_predict, make_predict
from chatadapters._installed import satisfies
from chatadapters.cli import main
from chatadapters.testing import Pause, ScriptedBackend
from tests.server.serving import serving
from tests.terminals import terminal

SECRET = "sk-proj-9f8e7d6c5b4a"
CORE = ("msgspec", "tenacity")


def installed(folder: Path, *names: str) -> None:
    """Put real packages of this environment into a folder, and our own with its metadata."""
    for name in names:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if ".." not in file.parts}:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(found.locate_file(top))))
    ours = distribution("chatadapters")
    (info,) = {file.parts[0] for file in ours.files or () if ".dist-info" in file.parts[0]}
    (folder / info).symlink_to(Path(str(ours.locate_file(info))))
    (folder / "chatadapters").symlink_to(Path(chatadapters.__file__).parent)


def fake(folder: Path, name: str, version: str, code: str = "") -> None:
    """Put a package of this name and version into a folder."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / name.replace("-", "_")).mkdir()
    (folder / name.replace("-", "_") / "__init__.py").write_text(code)


def doctor(folder: Path, *args: str, **env: str) -> tuple[int, str]:
    """Run the command where nothing but a folder is installed; give exit code and output."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from chatadapters.cli import main\n"
    code += "sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, "doctor", *args],
        capture_output=True,
        text=True,
        timeout=60,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], **env},
        check=False,
    )
    assert done.stderr == "" or done.returncode == 2, done.stderr
    return done.returncode, done.stdout + done.stderr


def test_all_is_told_and_no_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every backend and extra is listed with versions; a key is there or not, never shown."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for name in ("echo", "huggingface", "langchain", "local", "openai", "text-generation", "cli"):
        assert re.search(rf"^  ok  {name}\s", said, re.MULTILINE), said
    assert "OPENAI_API_KEY is set" in said
    assert "weights in" in said
    assert not any(SECRET[at : at + 4] in said for at in range(len(SECRET) - 3))


def test_a_lean_environment_is_told_what_to_install(tmp_path: Path) -> None:
    """Nothing is broken, and each thing that is absent has its command."""
    installed(tmp_path, *CORE)
    code, said = doctor(tmp_path)
    assert code == 0
    assert "  ok  echo" in said
    assert "  -   openai          openai is not installed" in said
    for extra in ("openai", "langchain", "local", "http", "demo", "server", "jinja", "cli"):
        assert f'pip install "chatadapters[{extra}]"' in said


def test_a_backend_that_was_named_and_is_absent(tmp_path: Path) -> None:
    """What was asked for and cannot be used is exit code 1; what can be is 0."""
    installed(tmp_path, *CORE)
    assert doctor(tmp_path, "--backend", "openai")[0] == 1
    assert doctor(tmp_path, "--backend", "echo")[0] == 0
    code, said = doctor(tmp_path, "--backend", "opanai")
    assert code == 2
    assert "did you mean 'openai'?" in said


def test_a_server_that_has_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    """text-generation is nothing without one; with one it can be used."""
    assert main(["doctor", "--backend", "text-generation"]) == 1
    said = capsys.readouterr().out
    assert "no address of a server" in said
    assert "give --base-url, such as http://localhost:8080" in said
    url = ["--base-url", "http://localhost:8080"]
    assert main(["doctor", "--backend", "text-generation", *url]) == 0
    assert "  ok  text-generation" in capsys.readouterr().out


def test_a_version_that_does_not_do(tmp_path: Path) -> None:
    """An installed package that is too old or too new is broken, and the command mends it."""
    installed(tmp_path, *CORE)
    fake(tmp_path, "openai", "1.99.0")
    code, said = doctor(tmp_path)
    assert code == 1
    assert "  x   openai          openai 1.99.0 does not do, it takes >=2" in said
    assert 'pip install --upgrade "chatadapters[openai]"' in said


def test_a_package_that_cannot_be_imported(tmp_path: Path) -> None:
    """The closer look imports it and tells why it fails."""
    installed(tmp_path, *CORE)
    fake(tmp_path, "openai", "2.1.0", "raise OSError('libssl is missing')")
    key = {"OPENAI_API_KEY": SECRET}
    assert doctor(tmp_path, **key)[0] == 0
    code, said = doctor(tmp_path, "--backend", "openai", **key)
    assert code == 1
    assert "OSError: libssl is missing" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("env", "args", "says"),
    [
        ({}, [], "OPENAI_API_KEY is not set"),
        ({"OPENAI_API_KEY": " "}, [], "is set, but empty"),
        ({"OPENAI_API_KEY": f"{SECRET} x"}, [], "has spaces or control characters"),
    ],
)
def test_keys_that_cannot_work(
    tmp_path: Path, env: dict[str, str], args: list[str], says: str
) -> None:
    """A key that is unset, empty or broken is told before a provider refuses it."""
    installed(tmp_path, *CORE)
    fake(tmp_path, "openai", "2.1.0")
    code, said = doctor(tmp_path, "--backend", "openai", *args, **env)
    assert code == 1
    assert says in said
    assert "export OPENAI_API_KEY=..." in said
    assert SECRET not in said


def test_a_server_of_ones_own_needs_no_key(tmp_path: Path) -> None:
    """With another base URL the key may be missing."""
    installed(tmp_path, *CORE)
    fake(tmp_path, "openai", "2.1.0")
    code, said = doctor(tmp_path, "--backend", "openai", "--base-url", "http://127.0.0.1:1/v1")
    assert code == 0
    assert "which the server may not need" in said


def test_weights_that_are_not_here(tmp_path: Path) -> None:
    """The model's file is looked for without the network."""
    installed(tmp_path, *CORE)
    for name, version in (("httpx2", "2.12"), ("huggingface-hub", "1.0"), ("xllamacpp", "2026.10")):
        fake(tmp_path, name, version)
    code, said = doctor(tmp_path, "--backend", "local")
    assert code == 1
    assert "the weights of smollm2 are not here yet" in " ".join(said.split())
    code, said = doctor(tmp_path, "--backend", "local", "--model", "nowhere.gguf")
    assert code == 1
    assert "no file nowhere.gguf" in said


def test_a_token_of_hugging_face(tmp_path: Path) -> None:
    """One that was saved counts as well as one of the environment."""
    installed(tmp_path, *CORE)
    fake(tmp_path, "httpx2", "2.12")
    fake(tmp_path, "huggingface-hub", "1.0")
    code, said = doctor(tmp_path, "--backend", "huggingface")
    assert (code, "hf auth login" in said) == (1, True)
    saved = tmp_path / ".cache" / "huggingface" / "token"
    saved.parent.mkdir(parents=True)
    saved.write_text(SECRET)
    code, said = doctor(tmp_path, "--backend", "huggingface")
    assert (code, "a token is saved" in said, SECRET in said) == (0, True, False)


def test_asking(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--ask` it is answered or says why not, and the key stays hidden."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    command = ["doctor", "--backend", "openai", "--ask", "--model", "parrot", "--base-url"]
    with serving({"parrot": echo_predict()}, api_keys=[SECRET]) as url:
        assert main([*command, f"{url}/v1"]) == 0
        assert "answered in" in capsys.readouterr().out
        monkeypatch.setenv("OPENAI_API_KEY", SECRET[::-1])
        assert main([*command, f"{url}/v1"]) == 1
    said = capsys.readouterr().out
    assert "AuthenticationError" in said
    assert SECRET[::-1] not in said


def test_an_answer_without_end_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    """No more of an answer is waited for than is shown."""
    endless = make_predict(ScriptedBackend(["All work and no play. " * 20, Pause(3600)]))
    with serving({"jack": endless}) as url:
        command = ["doctor", "--backend", "openai", "--ask", "--model", "jack", "--base-url"]
        assert main([*command, f"{url}/v1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert re.search(r"answered in \d+.\d s: 'All work and no play. .* \[...\]'", said)


def test_asking_a_backend_of_another_package(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing stands before what it says."""
    assert main(["doctor", "--backend", "echo", "--ask"]) == 0
    assert re.search(r"ok  echo +answered in", capsys.readouterr().out)
    wrong = ["doctor", "--backend", "echo", "--ask", "--model", "nope"]
    assert main(wrong) == 1
    assert re.search(r"x   echo +asked: ", capsys.readouterr().out)


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours(no_color: str, coloured: bool) -> None:
    """Marks have colours in a terminal, and none where NO_COLOR is set."""
    command = [sys.executable, "-m", "chatadapters", "doctor"]
    with terminal(command, TERM="xterm", NO_COLOR=no_color) as seen:
        assert ("\x1b[32mok\x1b[0m" in seen.until("A closer look")) is coloured


@pytest.mark.parametrize(("environ", "coloured"), [({}, False), ({"WT_SESSION": "1"}, True)])
def test_colours_on_windows(
    environ: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its old console, which would show the escapes, gets none."""

    class Console(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(_style, "os", SimpleNamespace(name="nt", environ=environ))
    assert _style.colours(Console()) is coloured


@pytest.mark.parametrize(
    ("version", "needed", "fits"),
    [
        ("2.0", ">=2", True),
        ("2", ">=2.0.1", False),
        ("6.31.0", "<7,>=6", True),
        ("7.0", "<7,>=6", False),
        ("2026.10.11549", ">=2026.10", True),
        ("10.0rc1", ">=9", True),
        ("1.0", "", True),
    ],
)
def test_versions(version: str, needed: str, fits: bool) -> None:
    """Releases are compared number by number."""
    assert satisfies(version, needed) is fits
