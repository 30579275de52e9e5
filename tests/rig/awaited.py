"""What tests of processes wait for: a port that is free, and a condition that comes true."""

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    """Give a port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Ask again and again until the condition holds; fails where it does not within the seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds"
        time.sleep(0.05)
