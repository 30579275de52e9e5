"""The web server: waitress, with limits, in threads of its own."""

import logging
import socket
import threading
from functools import partial
from typing import Any, Final

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from bot.errors import ConfigError
from bot.web.app import BODY_BYTES

THREADS: Final = 64  # most of them wait for a disk: see TAKERS in `app`
CONNECTIONS: Final = 1000
REQUEST_SECONDS: Final = 20.0  # from the first byte of a request to its last
LOOK_SECONDS: Final = 2  # between two looks at connections
BACKLOG: Final = 1024
IDLE_SECONDS: Final = 30
HEADER_BYTES: Final = 32 << 10
CLOSING_SECONDS: Final = 5.0


class WebServer:
    """Listens from the beginning, answers from `start` to `stop`; a slow client costs a connection, never a thread."""

    def __init__(self, app: Flask, listen: tuple[str, int]) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a burst that waits a moment is no news
        self._map: dict[int, Any] = {}
        self._server: Any = create_server(
            app, map=self._map, sockets=[_listening(listen)], threads=THREADS, connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS, max_request_body_size=BODY_BYTES, max_request_header_size=HEADER_BYTES,
            ident=None, clear_untrusted_proxy_headers=True, asyncore_use_poll=True, cleanup_interval=LOOK_SECONDS,
        )  # fmt: skip
        self._maintenance = self._server.maintenance
        self._server.maintenance = self._look_at_connections
        self._begun: dict[int, tuple[object, float]] = {}
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """The port, which the system chose where 0 was asked for."""
        return int(self._server.effective_port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Take no further request, and let those that are being answered come to their end."""
        self._server.trigger.pull_trigger(partial(wasyncore.dispatcher.close, self._server))
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=CLOSING_SECONDS)

    def _look_at_connections(self, now: float) -> None:
        """Close, besides those that idle, connections whose request comes too slowly. Called by waitress's own loop."""
        self._maintenance(now)
        begun: dict[int, tuple[object, float]] = {}
        for channel in list(self._server.active_channels.values()):
            if (request := channel.request) is None:
                continue
            _, since = begun[id(request)] = self._begun.get(id(request), (request, now))
            if now - since > REQUEST_SECONDS:
                channel.will_close = True
        self._begun = begun


def _listening(listen: tuple[str, int]) -> socket.socket:
    """Listen on the first address that the host has; raises ConfigError."""
    host, port = listen
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        hint = "does another service listen there? [service] listen names another address"
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}", hint=hint) from error
