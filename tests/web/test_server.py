"""The web server as one: it stops whenever it is told to, and a slow client costs it a connection for a while."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from bot.errors import ConfigError
from bot.web import server
from bot.web.app import make_app
from bot.web.server import WebServer
from tests.web.test_app import FakeService

SOON = 30.0


@contextmanager
def serving() -> Iterator[WebServer]:
    web = WebServer(make_app(FakeService()), ("127.0.0.1", 0))
    web.start()
    try:
        yield web
    finally:
        web.stop()


def test_it_answers_from_start_to_stop_and_stops_whenever_it_is_told_to() -> None:
    for _ in range(30):
        with serving() as web:
            url = f"http://127.0.0.1:{web.port}/healthz"
            assert httpx.get(url, trust_env=False, timeout=SOON).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(url, trust_env=False, timeout=SOON)


def test_a_request_that_comes_drop_by_drop_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.5)
    with serving() as web, socket.create_connection(("127.0.0.1", web.port), timeout=SOON) as slow:
        slow.sendall(b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        until = time.monotonic() + SOON
        slow.settimeout(0.2)
        while True:
            assert time.monotonic() < until, "it is never cut"
            try:
                slow.sendall(b"x")
                if slow.recv(1000) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert httpx.get(f"http://127.0.0.1:{web.port}/healthz", trust_env=False, timeout=SOON).status_code == 200


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on nowhere\.invalid:1"):
        WebServer(make_app(FakeService()), ("nowhere.invalid", 1))
