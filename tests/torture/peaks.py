"""Runs scenarios in a process of its own and says how much memory each took at its peak."""

from __future__ import annotations

import asyncio
import gc
import re
import sys
from pathlib import Path
from typing import Any

from chatadapters import Limits, Retry, Timeout
from tests.http_backends import BACKENDS


def main() -> None:
    """Print what came of each URL: the name of the error, and the peak in MiB."""
    backend, colour, limit, *urls = sys.argv[1:]
    most = int(limit)
    options = {
        "limits": Limits(event=most, reply=most, buffer=most),
        "retry": Retry(attempts=2, wait=0),
        "timeout": Timeout(connect=10, first=10, idle=0.5),
    }
    listen = _sync if colour == "sync" else _async
    for url in urls:
        predict = BACKENDS[backend][1](url, **options)
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = _memory("VmRSS")
        failed = listen(predict)
        print(failed, round(_memory("VmHWM") - before, 1), flush=True)  # noqa: T201


def _memory(name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def _sync(predict: Any) -> str | None:
    try:
        for _ in predict("Hello", []):
            pass
    except Exception as error:  # which one it is, is what is asked
        return type(error).__name__
    finally:
        predict.close()
    return None


def _async(predict: Any) -> str | None:
    async def read() -> str | None:
        try:
            async for _ in predict.aio("Hello", []):
                pass
        except Exception as error:  # which one it is, is what is asked
            return type(error).__name__
        finally:
            await predict.aio.close()
        return None

    return asyncio.run(read())


if __name__ == "__main__":
    main()
