"""A batch of prompts over Ray Data; run it again to go on where it ended.

`python ray_data.py prompts.jsonl answers.jsonl --backend openai:gpt-4o-mini`, with `RAY_ADDRESS`
for a cluster that runs already. The embedded model by default; needs `ray[data]`.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import ray
from answer import Answer
from options import read
from rows import run

if TYPE_CHECKING:
    from collections.abc import Generator

    from options import Options
    from rows import Row


class Batch(Answer):
    """Answers a batch as Ray Data hands it over: a list for each column; a row is one text."""

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """Answer a batch."""
        rows = [json.loads(line) for line in batch["line"]]
        return {"line": [json.dumps(row) for row in self.rows(rows)]}


def answers(options: Options, rows: list[Row]) -> Generator[Row]:
    """Give the answers as they come; a block is small, because it is kept when it is whole."""
    if not rows:
        return
    ray.init()
    lines = [{"line": json.dumps(row)} for row in rows]
    blocks = -(-len(rows) // options.at_once)
    found = ray.data.from_items(lines, override_num_blocks=blocks).map_batches(
        Batch,
        fn_constructor_args=(options.predict, options.at_once),
        batch_size=options.at_once,
        compute=ray.data.ActorPoolStrategy(size=options.workers),
    )
    for row in found.iter_rows():
        yield json.loads(row["line"])


def main() -> int:
    """Answer what has no answer yet."""
    options = read(__doc__)
    return run(options.prompts, options.answers, partial(answers, options))


if __name__ == "__main__":
    sys.exit(main())
