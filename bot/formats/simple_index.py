"""Project pages of a Python package index: PEP 691 JSON and PEP 503 HTML text -> files -> releases.

Fields beyond those: PEP 592 (yanked), PEP 700 (upload-time), PEP 658 and PEP 714 (core metadata). The rules are those
of the "simple repository API" specification; where an index breaks one in a single file, that file or field is left
out, as pip does it, and where the page itself is broken a ValueError says how.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html.parser import HTMLParser
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from bot.model.releases import Release

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"  # PEP 691
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_FILENAME = 255
LONGEST_SPECIFIER = 1000
LONGEST_URL = 500
MOST_URLS = 32  # PyPI takes that many
HOME_PAGE = "Home-page"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One wheel or source distribution; hashes are 64 hex digits, "" where the page gives none.

    `version` is in normal form (PEP 440), `url` absolute http(s) without its fragment. `metadata` says that
    `{url}.metadata` is served; `metadata_sha256` is then its hash, "" where the page gives none.
    """

    filename: str
    version: str
    url: str
    sha256: str
    requires_python: str
    uploaded_at: datetime | None
    yanked: bool
    metadata: bool
    metadata_sha256: str

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel; else it is a source distribution."""
        return self.filename.endswith(".whl")


def parse_page(body: bytes, content_type: str, *, name: str, url: str) -> tuple[IndexFile, ...]:
    """Read the page of project `name` that was found at `url`; files are in the order of the page.

    Raises ValueError where it is no such page, or of a major version of the API that is not ours (1).
    """
    rows, base = raw_rows(body, content_type, url=url)
    return tuple(file for row in rows if (file := _file(row, name, base)) is not None)


def raw_rows(body: bytes, content_type: str, *, url: str) -> tuple[list[Mapping[str, Any]], str]:
    """Give the page's rows in the form of PEP 691, unchecked, and the address that their links are relative to.

    Raises ValueError as `parse_page` does.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/vnd.pypi.simple.") and kind.endswith("+json")):
        return _json_rows(body), url
    if kind == "text/html" or (kind.startswith("application/vnd.pypi.simple.") and kind.endswith("+html")):
        return _html_rows(body, url)
    raise ValueError(f"not a page of a package index: Content-Type {kind[:80]!r}")


def releases(files: Iterable[IndexFile]) -> tuple[Release, ...]:
    """Gather files into releases, lowest first.

    A release is yanked when all its files are. Its age is that of the earliest upload that is known, so that an
    index that leaves some times out makes it look younger, never older; None where no file has one. Its
    `requires_python` is its first wheel's, or else its first source distribution's.
    """
    known = [(Version(file.version), not file.is_wheel, file.filename, file) for file in files]
    ordered = sorted(known, key=itemgetter(0, 1, 2))
    return tuple(_release([row[3] for row in group]) for _, group in groupby(ordered, key=itemgetter(0)))


def metadata_file(files: Iterable[IndexFile], version: str) -> IndexFile | None:
    """Choose the file of a version whose metadata is to be read: a wheel for every platform before the others.

    Gives None where none is served. Raises ValueError where `version` is none.
    """
    wanted = Version(version)
    served = [file for file in files if file.metadata and Version(file.version) == wanted]
    return min(served, key=lambda file: (not file.filename.endswith("-none-any.whl"), file.filename), default=None)


def requires_dist(metadata: bytes) -> tuple[str, ...]:
    """Give the Requires-Dist lines of a core metadata file as they stand; ValueError where it is none."""
    return tuple(" ".join(line.split()) for line in _fields(metadata).get("requires_dist", ()))


def project_urls(metadata: bytes) -> dict[str, str]:
    """Give the http(s) addresses of a core metadata file by label, at most MOST_URLS; ValueError where it is none.

    They are the Project-URL lines, and Home-page under its own name where no label says so.
    """
    fields = _fields(metadata)
    found = {" ".join(label.split()): url.strip() for label, url in fields.get("project_urls", {}).items()}
    found.setdefault(HOME_PAGE, fields.get("home_page", "").strip())
    usable = {label: url for label, url in found.items() if label and _is_address(url)}
    return dict(list(usable.items())[:MOST_URLS])


def _is_address(url: str) -> bool:
    return 0 < len(url) <= LONGEST_URL and not re.search(r"\s", url) and joined("", url) == url.partition("#")[0]


def _fields(metadata: bytes) -> "RawMetadata":
    from packaging.metadata import parse_email  # noqa: PLC0415 - costs more than all else here, and most runs do without

    fields, _ = parse_email(metadata)
    if "metadata_version" not in fields:
        raise ValueError("not a core metadata file: no Metadata-Version")
    return fields


def _release(files: list[IndexFile]) -> Release:
    return Release(
        version=files[0].version,
        yanked=all(file.yanked for file in files),
        requires_python=files[0].requires_python,
        uploaded_at=min((file.uploaded_at for file in files if file.uploaded_at), default=None),
        wheels=any(file.is_wheel for file in files),
    )


def _json_rows(body: bytes) -> list[Mapping[str, Any]]:
    try:
        page = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON, though the index says so") from error
    match page:
        case {"meta": {"api-version": version}}:
            _check_version(version)
    match page:
        case {"files": [*rows]}:
            return [row for row in rows if isinstance(row, dict)]
    raise ValueError("not a project page: no list of files")


def _check_version(version: object) -> None:
    """Refuse a page of another major version, as PEP 629 demands; one that names none is of version 1."""
    if version is not None and str(version).partition(".")[0] != "1":
        raise ValueError(f"version {str(version)[:20]!r} of the simple repository API is not known")


def _html_rows(body: bytes, url: str) -> tuple[list[Mapping[str, Any]], str]:
    """Give rows like those of a JSON page, and the address that their links are relative to."""
    parser = _Links()
    try:
        parser.feed(body.decode("utf-8", errors="replace"))
        parser.close()
    except AssertionError as error:  # html.parser's word for a marked section that it does not know
        raise ValueError("not readable as HTML") from error
    _check_version(parser.version)
    return [_html_row(link) for link in parser.links], joined(url, parser.base) or url


class _Links(HTMLParser):
    """Collects the attributes of the page's links, its `<base>` and its version (PEP 629)."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []
        self.base = ""
        self.version: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.links.append(found)
        elif tag == "base" and not self.base:
            self.base = found.get("href", "")
        elif tag == "meta" and found.get("name") == "pypi:repository-version":
            self.version = found.get("content")


def _html_row(link: Mapping[str, str]) -> dict[str, Any]:
    address, _, fragment = link["href"].strip().partition("#")
    row: dict[str, Any] = {"filename": unquote(address.partition("?")[0].rpartition("/")[2]), "url": address}
    row["hashes"] = dict([fragment.split("=", 1)]) if "=" in fragment else {}
    row["requires-python"] = link.get("data-requires-python")
    row["yanked"] = "data-yanked" in link and (link["data-yanked"] or True)
    for name in ("core-metadata", "dist-info-metadata"):
        value = link.get(f"data-{name}")
        if value is not None:
            row[name] = dict([value.split("=", 1)]) if "=" in value else value.lower() == "true"
    return row


def _file(row: Mapping[str, Any], name: str, base: str) -> IndexFile | None:
    """Read one row; None where its file name says nothing to us, or another project, or its address is no use."""
    filename = row.get("filename")
    version = _version(filename, name) if isinstance(filename, str) else None
    url = joined(base, row.get("url"))
    if version is None or not url:
        return None
    metadata = row.get("core-metadata", row.get("dist-info-metadata"))
    return IndexFile(
        filename=str(filename),
        version=version,
        url=url,
        sha256=sha256_of(row.get("hashes")),
        requires_python=_specifier(row.get("requires-python")),
        uploaded_at=moment(row.get("upload-time")),
        yanked=bool(row.get("yanked")),
        metadata=metadata is True or isinstance(metadata, dict),
        metadata_sha256=sha256_of(metadata),
    )


def _version(filename: str, name: str) -> str | None:
    if len(filename) > LONGEST_FILENAME:
        return None
    try:
        if filename.endswith(".whl"):
            found, version, *_ = parse_wheel_filename(_without_tags(filename))
        else:
            found, version = parse_sdist_filename(filename)
        return str(version) if found == canonicalize_name(name) else None
    except ValueError:
        return None


def _without_tags(filename: str) -> str:
    """Put one plain tag in the place of a wheel's: a hostile set of them would be multiplied out, slowly."""
    parts = filename.removesuffix(".whl").split("-")
    return "-".join([*parts[:-3], "py3-none-any.whl"]) if all(parts) else ""


def joined(base: str, address: object) -> str:
    """Give the absolute http(s) address without fragment, "" where there is none."""
    if not isinstance(address, str) or not address.strip():
        return ""
    try:
        url = urldefrag(urljoin(base, address.strip())).url
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return ""
    return url if usable else ""


def sha256_of(hashes: object) -> str:
    """Give the sha256 of a row's `hashes` or `core-metadata`, "" where there is none."""
    value = hashes.get("sha256") if isinstance(hashes, dict) else None
    text = value.lower() if isinstance(value, str) else ""
    return text if SHA256.fullmatch(text) else ""


def _specifier(text: object) -> str:
    return _known_specifier(text.strip()) if isinstance(text, str) and len(text) <= LONGEST_SPECIFIER else ""


@lru_cache(maxsize=256)
def _known_specifier(text: str) -> str:
    """Leave out what is no version specifier: pip takes such a file for every Python."""
    try:
        SpecifierSet(text)
    except ValueError:
        return ""
    return text


def moment(text: object) -> datetime | None:
    """Read PEP 700's upload-time; one without a zone is none."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None
