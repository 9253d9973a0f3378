"""Answers to the questions of a CSV file, with a progress bar: `python batch.py questions.csv`.

The answers go to `questions.answers.csv`, each as soon as it is there, and once for a question that
is there twice. Run it again after it was interrupted, and it asks what is missing or failed. One
run at a time; `examples/scale_out` asks many at once. The embedded model; no key; needs `tqdm`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from tqdm import tqdm

from chatadapters import local_predict
from chatadapters.ui import explain

predict = local_predict(system="Answer in one short sentence.", temperature=0, max_tokens=64)
_HEAD = ["question", "answer", "error"]


def main(path: Path) -> None:
    """Answer every question that has no answer yet."""
    asked = [row["question"] for row in rows(path)]
    path = path.with_suffix(".answers.csv")
    # What failed has an error; a row that was cut when a run was killed has None.
    done = [row for row in rows(path) if row["error"] == ""] if path.exists() else []
    answers = {row["question"]: row["answer"] for row in done}
    whole = path.with_suffix(".whole")
    with whole.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_HEAD, *([*pair, ""] for pair in answers.items())])
    whole.replace(path)
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for question in tqdm(dict.fromkeys(asked), unit="question"):
            if question in answers:
                continue
            answer = error = ""
            try:
                answer = predict.complete(question).text
            except Exception as failure:  # the next question may be fine
                error = explain(failure)
            writer.writerow([question, answer, error])
            file.flush()


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file, as a spreadsheet writes it too."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.exit("usage: python batch.py questions.csv")
    try:
        main(Path(sys.argv[1]))
    except (KeyError, OSError, UnicodeError) as error:  # such as a file without the column
        sys.exit(f"{sys.argv[1]}: {error!r}")
    except KeyboardInterrupt:
        sys.exit(130)
