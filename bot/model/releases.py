"""Releases of a package as an index lists them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a package on an index; `uploaded_at` None where the index does not say.

    `wheels` tells whether it has any, else it would have to be built.
    """

    version: str
    yanked: bool
    requires_python: str
    uploaded_at: datetime | None
    wheels: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexView:
    """What a resolver may see of the package indexes.

    `index_url` stands in for the configured default index ("": it does not), `extra_indexes` are searched besides
    the configured ones. Releases whose first file was uploaded at `cutoff` or later are hidden, but for the pairs
    (normalised name, version) in `visible`, the projects in `free`, and those whose page names no upload times at all.
    `banned` pairs are hidden, whatever else holds.
    `sdists` names the only projects whose source distributions are handed out; None: all, as nothing is built.
    """

    index_url: str = ""
    extra_indexes: tuple[str, ...] = ()
    cutoff: datetime | None = None
    visible: frozenset[tuple[str, str]] = frozenset()
    sdists: frozenset[str] | None = None
    free: frozenset[str] = frozenset()
    banned: frozenset[tuple[str, str]] = frozenset()
