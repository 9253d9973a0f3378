"""Answers to the questions of a CSV file, with a progress bar: `python batch.py questions.csv`.

The answers go to `questions.answers.csv`, each as soon as it is there. Run it again after it was
interrupted, and it goes on with what is missing. The embedded model; no key.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from tqdm import tqdm

from chatadapters import local_predict
from chatadapters.ui import explain

predict = local_predict(system="Answer in one short sentence.", temperature=0, max_tokens=64)


def main(path: Path) -> None:
    """Answer every row that has a question and no answer yet."""
    answers = path.with_suffix(".answers.csv")
    done = rows(answers) if answers.exists() else []
    answered = {row["question"] for row in done if row["answer"]}
    with answers.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["question", "answer", "error"])
        if not done:
            writer.writeheader()
        for row in tqdm(rows(path), unit="question"):
            if row["question"] in answered:
                continue
            answer = error = ""
            try:
                answer = predict.complete(row["question"]).text
            except Exception as failure:  # the next question may be fine
                error = explain(failure)
            writer.writerow({"question": row["question"], "answer": answer, "error": error})
            file.flush()


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
