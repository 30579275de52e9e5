"""Releases of a package as an index lists them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a package on an index; `uploaded_at` None where the index does not say."""

    version: str
    yanked: bool
    requires_python: str
    uploaded_at: datetime | None
