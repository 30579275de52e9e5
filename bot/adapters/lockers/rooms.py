"""Where resolver children run: an own home, own caches, pip's configured index, and nothing else of this machine."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.system.pip_config import PipConfiguration, write_pip_conf
from bot.system.process import base_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A throw-away home for one child and the environment that it sees."""

    home: Path
    env: Mapping[str, str]


class Rooms:
    """Makes rooms that share one cache folder; `timeout` in seconds bounds every child."""

    def __init__(self, data_dir: Path, pip: PipConfiguration, *, timeout: float = 900.0) -> None:
        self.data_dir = data_dir
        self.pip = pip
        self.timeout = timeout

    @contextmanager
    def room(self) -> Iterator[Room]:
        """Give a room that is gone afterwards; nothing is built from source in it, as that would run its code."""
        cache = self.data_dir / "cache"
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
            home = Path(folder)
            write_pip_conf(home / "pip.conf", self.pip)
            yield Room(home=home, env={**base_environment(), **self._settings(home, cache)})

    def _settings(self, home: Path, cache: Path) -> dict[str, str]:
        settings = {
            "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8", "NO_COLOR": "1",
            "PIP_CONFIG_FILE": str(home / "pip.conf"), "PIP_CACHE_DIR": str(cache / "pip"),
            "PIP_TOOLS_CACHE_DIR": str(cache / "pip-tools"), "PIP_ONLY_BINARY": ":all:", "PIP_NO_INPUT": "1",
            "PIP_RETRIES": "2", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1",
            "UV_CACHE_DIR": str(cache / "uv"), "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1", "UV_INDEX_STRATEGY": "unsafe-best-match",
            "UV_HTTP_TIMEOUT": "60", "UV_HTTP_RETRIES": "2",
        }  # fmt: skip
        if self.pip.cert:
            settings["SSL_CERT_FILE"] = self.pip.cert
        if self.pip.index_url:
            settings["UV_DEFAULT_INDEX"] = self.pip.index_url
        if self.pip.extra_index_urls:
            settings["UV_INDEX"] = " ".join(self.pip.extra_index_urls)
        if self.pip.trusted_hosts:
            settings["UV_INSECURE_HOST"] = " ".join(self.pip.trusted_hosts)
        return settings
