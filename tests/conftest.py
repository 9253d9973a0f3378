"""Fixtures that many tests share."""

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.both import run

__all__ = ["run"]

# What a shell begins with `&` ignores Ctrl-C, and so would every program that is tested with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something about the machine, not about us. A run of all checks
# says something about the code, so it tries the same examples each time; any other tries new ones.
settings.register_profile(
    "chatadapters", deadline=None, derandomize="CHATADAPTERS_CI_RUN" in os.environ
)
settings.load_profile("chatadapters")


def pytest_collection_finish() -> None:
    """Leave ten thousand collected tests out of each later search for garbage: 0.4 s for each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Spare clients of servers on loopback the list of authorities: each would read it anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("authorities")))
        yield
