"""Runs one fuzz target under a coverage-guided fuzzer, for as long as you like.

    uv run --group fuzz python -m tests.fuzz chat -max_total_time=600

What follows the name goes to libFuzzer. A find is written to a file of the current folder:
`python -m tests.fuzz chat FILE` runs it again; put its bytes into `seeds.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["chatadapters"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.seeds import SEEDS, WORDS


def main() -> None:
    """Run the target that is named."""
    name, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, seed in enumerate(SEEDS[name]):
            (corpus / str(number)).write_bytes(seed)
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS))
        given = [option for option in options if not option.startswith("-")]
        usual = ["-timeout=20", "-max_len=20000", f"-dict={words}"]
        atheris.Setup([name, *usual, *options, *([] if given else [str(corpus)])], TARGETS[name])
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
