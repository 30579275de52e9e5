"""The configured lists of tags that are still built, each read once in a run."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bot.errors import ConfigError, Unavailable
from bot.formats import built_tags
from bot.model.images import ImageName
from bot.system.http import Http
from bot.system.once import Once


class BuiltTags:
    """Lists by image (`docker.io/library/python`); an address may be http(s) or `file:`."""

    def __init__(self, http: Http, urls: Mapping[str, str]) -> None:
        self._http, self._urls = http, urls
        self._read: Once[str, frozenset[str]] = Once()

    def of(self, name: ImageName) -> frozenset[str] | None:
        """Give the tags of an image that are still built; None where no list is configured.

        Raises ConfigError where a list cannot be read or names none, Unavailable where it does not answer.
        """
        url = self._urls.get(f"{name.registry}/{name.repository}")
        return None if url is None else self._read.get(url, lambda: self._list(url))

    def _list(self, url: str) -> frozenset[str]:
        try:
            return built_tags.read(self._text(url).decode("utf-8", "replace"))
        except ValueError as error:
            raise ConfigError(f"[[built_tags]] {url}: {error}", hint="list one tag a line") from error

    def _text(self, url: str) -> bytes:
        if urlsplit(url).scheme != "file":
            answer = self._http.get(url)
            if answer.status != 200:  # noqa: PLR2004 - OK
                raise Unavailable(f"{url} answers {answer.status}")
            return answer.body
        path = Path(unquote(urlsplit(url).path))
        try:
            return path.read_bytes()
        except OSError as error:
            raise ConfigError(f"[[built_tags]] {path} cannot be read: {error.strerror}") from error
