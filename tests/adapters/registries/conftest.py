from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.registries.oci import OciRegistry, RegistryHost
from bot.model.secrets import Credential
from bot.system.clock import fixed_clock
from bot.system.http import Http
from tests.rig.hub import HubFront
from tests.rig.registry import docker_registry, private_registry
from tests.rig.web import Said, Seen, WebServer, certificate

__all__ = ["certificate", "docker_registry", "private_registry"]

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
MakeOci = Callable[..., OciRegistry]
MakeFront = Callable[..., HubFront]
Serve = Callable[..., WebServer]


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=lambda _seconds: None, clock=fixed_clock(NOW)) as client:
        yield client


@pytest.fixture
def oci(http: Http) -> MakeOci:
    """Make the adapter as it would be configured: `RegistryHost`s, and what `docker login` knows by host."""

    def make(*hosts: RegistryHost, logins: Mapping[str, Credential] | None = None, **memory: Any) -> OciRegistry:
        by_name = {entry.host: entry for entry in hosts}
        return OciRegistry(http, by_name, (logins or {}).get, fixed_clock(NOW), **memory)

    return make


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start any number of scripted servers."""
    with ExitStack() as stack:

        def start(answer: Callable[[Seen], Said], certificate: Path | None = None) -> WebServer:
            return stack.enter_context(WebServer(answer, certificate=certificate))

        yield start


@pytest.fixture
def front() -> Iterator[MakeFront]:
    """Start any number of fronts like Docker Hub's."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(HubFront(*args, **kwargs))
