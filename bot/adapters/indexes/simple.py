"""The Index port over the simple repository API: several indexes merged as pip does it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from packaging.utils import canonicalize_name

from bot.adapters.indexes.pages import Pages
from bot.errors import Unavailable
from bot.formats import simple_index
from bot.formats.simple_index import IndexFile
from bot.model.releases import Release
from bot.system.urls import shown

T = TypeVar("T")


class SimpleIndex:
    """Reads releases and metadata from all configured indexes; errors are those of `Pages`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._known: dict[str, tuple[IndexFile, ...]] = {}
        self._gathered: dict[str, tuple[Release, ...]] = {}

    def releases(self, name: str) -> tuple[Release, ...]:
        """Give all releases of a package, lowest first; empty where no index knows it.

        Raises AccessDenied where an index refuses us, Unavailable where one does not answer or answers nonsense.
        """
        project = canonicalize_name(name)
        if project not in self._gathered:
            self._gathered[project] = simple_index.releases(self._files(project))
        return self._gathered[project]

    def requirements(self, name: str, version: str) -> tuple[str, ...] | None:
        """Give a release's Requires-Dist lines from its PEP 658 metadata; None where the index serves none.

        Wheels of one version may differ in this; the one for every platform is read, where there is one.
        Raises Unavailable where the metadata is not what its hash on the page says.
        """
        return self._read(name, version, simple_index.requires_dist)

    def links(self, name: str, version: str) -> Mapping[str, str]:
        """Give a release's http(s) addresses by label, from the metadata that `requirements` reads; raises as it does.

        Empty where the index serves none.
        """
        return self._read(name, version, simple_index.project_urls) or {}

    def _read(self, name: str, version: str, read: Callable[[bytes], T]) -> T | None:
        try:
            file = simple_index.metadata_file(self._files(canonicalize_name(name)), version)
        except ValueError:
            return None
        if file is None:
            return None
        url = f"{file.url}.metadata"
        body = self._pages.metadata_at(url, file.metadata_sha256)
        try:
            return None if body is None else read(body)
        except ValueError as error:
            raise Unavailable(f"{shown(url)}: {error}") from error

    def _files(self, name: str) -> tuple[IndexFile, ...]:
        if name not in self._known:
            self._known[name] = self._merged(name)
        return self._known[name]

    def _merged(self, name: str) -> tuple[IndexFile, ...]:
        """Take the files of all indexes; of those with the same name, the first index's."""
        found: dict[str, IndexFile] = {}
        for page in self._pages.pages(self._pages.places.configured, name):
            body = self._pages.body(page)
            for file in simple_index.parse_page(body, page.content_type, name=name, url=page.base):
                found.setdefault(file.filename, file)
        return tuple(found.values())
