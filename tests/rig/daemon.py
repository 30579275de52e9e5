"""A `quarterdeck serve` of one's own: a real process over a configuration, on a free port."""

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bot.adapters.stores.sql import SqlStore
from bot.model.tasks import Task

ROOT = Path(__file__).parents[2]
SECRET = "made-up-webhook-secret"
PATIENCE = 120.0  # seconds


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass
class Daemon:
    """A context manager; `config` is TOML without [bot] and [service], which are written here."""

    folder: Path
    config: str
    env: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    hook: str = '{ env = "HOOK" }'
    options: tuple[str, ...] = ("--verbose",)
    program: str = "from bot.cli import main; main()"
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def path(self) -> Path:
        return self.folder / "serve.toml"

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    def configure(self, config: str) -> None:
        self.config = config
        service = f'[service]\nlisten = "127.0.0.1:{self.port}"\nwebhook_secret = {self.hook}\n{self.service}\n'
        self.path.write_text(f"{service}{config}")

    def start(self, *, wait: bool = True) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configure(self.config)
        argv = [sys.executable, "-c", self.program, "serve", "--config", str(self.path),
                "--data-dir", str(self.data), *self.options]  # fmt: skip
        env = {**os.environ, "HOOK": SECRET, "PYTHONPATH": str(ROOT), "HOME": str(self.folder), **self.env}
        with (self.folder / "serve.log").open("ab") as log:
            self.child = subprocess.Popen(argv, cwd=self.folder, env=env, stdout=log, stderr=log)
        if wait:
            self.until(self.is_alive)
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal and give its exit code."""
        assert self.child is not None
        self.child.send_signal(number)
        return self.child.wait(PATIENCE)

    def until(self, come: Callable[[], Any], seconds: float = PATIENCE, pause: float = 0.05) -> Any:
        """Wait until something is so, and give it."""
        end = time.monotonic() + seconds
        while not (found := come()):
            assert self.child is not None
            assert self.child.poll() is None, f"it ended with {self.child.returncode}:\n{self.log[-4000:]}"
            assert time.monotonic() < end, self.log[-4000:]
            time.sleep(pause)
        return found

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=30, trust_env=False)

    def is_alive(self) -> bool:
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def is_ready(self) -> bool:
        return self.get("/readyz").status_code == 200

    def metric(self, name: str) -> float | None:
        """Give the value of a series, written as the text format has it; None where there is none."""
        for line in self.get("/metrics").text.splitlines():
            if line.rpartition(" ")[0] == name:
                return float(line.rpartition(" ")[2])
        return None

    def tasks(self) -> tuple[Task, ...]:
        with SqlStore.open(self.data) as store:
            return store.queue.tasks()

    def documents(self) -> dict[str, Any]:
        """Give the documents of the last runs by name."""
        with SqlStore.open(self.data) as store:
            return {str(one["name"]): dict(one) for one in store.last_runs()}

    def is_idle(self) -> bool:
        """Whether nothing waits that is due by now."""
        return not self.tasks()

    def deliver(self, event: str, payload: Any, *, delivery: str = "", secret: str = SECRET) -> httpx.Response:
        """Send a webhook as GitHub does."""
        body = json.dumps(payload).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
                   "X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}  # fmt: skip
        url = f"http://127.0.0.1:{self.port}/webhooks/github"
        return httpx.post(url, content=body, headers=headers, timeout=30, trust_env=False)
