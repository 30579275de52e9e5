from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.system.http import Http
from tests.rig.index import local_index
from tests.rig.web import Said, Seen, WebServer, certificate

__all__ = ["certificate", "local_index"]

Serve = Callable[..., WebServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start any number of scripted servers."""
    with ExitStack() as stack:

        def start(
            answer: Callable[[Seen], Said], *, address: str = "127.0.0.1", certificate: Path | None = None
        ) -> WebServer:
            return stack.enter_context(WebServer(answer, address=address, certificate=certificate))

        yield start


@pytest.fixture
def waits() -> list[float]:
    """The seconds that `http` was told to sleep."""
    return []


@pytest.fixture
def http(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=waits.append, jitter=lambda: 0.5) as client:
        yield client
