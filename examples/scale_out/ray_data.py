"""A batch of prompts over Ray Data; run it again to go on where it ended.

`python ray_data.py prompts.jsonl answers.jsonl --backend openai:gpt-4o-mini`, with `RAY_ADDRESS`
for a cluster that runs already. The embedded model by default; needs `ray[data]`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import ray
from options import read
from rows import Answer, keep, left

if TYPE_CHECKING:
    from collections.abc import Iterator

    from options import Options
    from rows import Row


class Batch(Answer):
    """Answers a batch as Ray Data hands it over: a list for each column."""

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:  # type: ignore[override] # a batch
        """Answer a batch."""
        pairs = zip(batch["key"], batch["prompt"], strict=True)
        return {"row": super().__call__([{"key": str(key), "prompt": str(p)} for key, p in pairs])}


def answers(options: Options, rows: list[Row]) -> Iterator[Row]:
    """Give the answers as they come; a block is small, because it is kept when it is whole."""
    blocks = -(-len(rows) // options.at_once)
    found = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        Batch,
        fn_constructor_args=(options.predict, options.at_once),
        batch_size=options.at_once,
        compute=ray.data.ActorPoolStrategy(size=options.workers),
    )
    for row in found.iter_rows():
        yield {name: value for name, value in row["row"].items() if value is not None}


def main() -> int:
    """Answer what has no answer yet."""
    options = read(__doc__)
    rows = left(options.prompts, options.answers)
    if not rows:
        return 0
    ray.init()
    return 1 if keep(answers(options, rows), options.answers, len(rows)) else 0


if __name__ == "__main__":
    sys.exit(main())
