"""What our own index answers to resolvers: rows of upstream pages -> files -> pages without young releases, hashes.

Pages are PEP 691 JSON and PEP 503 HTML with the fields of PEP 592, 658, 700 and 714, and of PyPI's older JSON API
what pip-tools reads of it. Rows are taken as they stand wherever possible: a page may list thousands of files, and a
resolver is waiting.
"""

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

from bot.formats.simple_index import joined, moment, sha256_of

ENDINGS = (".whl", ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz", ".tar")  # what pip takes for a distribution
PLAIN_VERSION = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*")
PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")
TRAILING_ZEROS = re.compile(r"(?:\.0)+$")
NO_HASH = "-"
HASH_DIGITS = 16  # of the sha256 in a file's address, so that an address never means two files


class Listed(NamedTuple):
    """One file of a page; a tuple, as thousands are made at once.

    `version` stands as the file's name spells it, `key` is equal for equal versions, `uploaded` is in seconds since
    the epoch, `base` is what the address in `row` (PEP 691, unchecked) is relative to.
    """

    filename: str
    version: str
    key: str
    uploaded: float | None
    base: str
    row: Mapping[str, Any]

    @property
    def url(self) -> str:
        """The file's address upstream, "" where the page gives none that can be asked."""
        return joined(self.base, self.row.get("url"))

    @property
    def sha256(self) -> str:
        """The file's sha256 (hex), "" where the page gives none."""
        return sha256_of(self.row.get("hashes"))

    @property
    def metadata(self) -> bool | str:
        """The sha256 of its metadata (PEP 658); True where it is served without one, False where it is not."""
        found = self.row.get("core-metadata", self.row.get("dist-info-metadata"))
        return sha256_of(found) or found is True or isinstance(found, dict)

    @property
    def path(self) -> str:
        """Its address below that of its project's files; the same bytes have the same address."""
        name = self.filename if PLAIN_NAME.fullmatch(self.filename) else quote(self.filename)
        return f"{self.tag}/{name}"

    @property
    def tag(self) -> str:
        """What is different in the address when the bytes are."""
        return self.sha256[:HASH_DIGITS] or NO_HASH


class Ages(NamedTuple):
    """When the releases of a page first appeared: (seconds since the epoch, version key), the youngest first.

    `complete` says whether older ones were left out; `undated` that a release without any time is among them.
    """

    firsts: tuple[tuple[float, str], ...]
    complete: bool
    undated: bool

    def young(self, cutoff: float, visible: frozenset[str]) -> frozenset[str] | None:
        """Give the keys of releases that are not older than `cutoff`, but for the visible ones.

        None where that cannot be told, as older ones were left out.
        """
        young = frozenset(key for first, key in self.firsts if first >= cutoff)
        if not self.complete and len(young) == len(self.firsts):
            return None
        return young - visible


def listed(rows: Iterable[Mapping[str, Any]], base: str, *, name: str) -> list[Listed]:
    """Read the rows of project `name` (normalised); what pip would not take for a file of it is left out."""
    found = []
    keys: dict[str, str] = {}
    for row in rows:
        filename = row.get("filename")
        version = _spelled(filename, name) if isinstance(filename, str) else ""
        if not version:
            continue
        if version not in keys:
            keys[version] = version_key(version)
        time = moment(row.get("upload-time"))
        uploaded = time.timestamp() if time else None
        found.append(Listed(str(filename), version, keys[version], uploaded, base, row))
    return found


def merged(pages: Iterable[Iterable[Listed]]) -> list[Listed]:
    """Take the files of all pages; of those with the same name, the first page's."""
    found: dict[str, Listed] = {}
    for page in pages:
        for file in page:
            found.setdefault(file.filename, file)
    return list(found.values())


def version_key(text: str) -> str:
    """Give a text that is the same for equal versions (PEP 440); one that is no version stands for itself."""
    if PLAIN_VERSION.fullmatch(text):
        return TRAILING_ZEROS.sub("", text)
    return canonicalize_version(text.replace("_", "-"))


def ages(files: Iterable[Listed]) -> Ages:
    """Say when each release first appeared, as far as the index tells."""
    firsts: dict[str, float] = {}
    dated, every = set(), set()
    for file in files:
        every.add(file.key)
        if file.uploaded is not None:
            dated.add(file.key)
            firsts[file.key] = min(file.uploaded, firsts.get(file.key, file.uploaded))
    youngest = sorted(((first, key) for key, first in firsts.items()), reverse=True)
    return Ages(firsts=tuple(youngest), complete=True, undated=dated != every)


def page_json(name: str, files: Iterable[Listed], prefix: str) -> bytes:
    """Write a PEP 691 page; `prefix` is the address of the project's files, ending in "/"."""
    rows = [_answered(file, prefix) for file in files]
    document = {"meta": {"api-version": "1.0"}, "name": name, "files": rows}
    return json.dumps(document, separators=(",", ":")).encode()


def page_html(name: str, files: Iterable[Listed], prefix: str) -> bytes:
    """Write a PEP 503 page of the same files, for pip before 22.2."""
    links = "\n".join(_link(_answered(file, prefix)) for file in files)
    head = f'<meta name="pypi:repository-version" content="1.0"><title>Links for {html.escape(name)}</title>'
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n{links}\n</body></html>\n".encode()


def hashes_json(name: str, files: Sequence[Listed], prefix: str) -> bytes:
    """Write what pip-tools asks for: every hash of every version, under each spelling that it may look for."""
    rows: dict[str, list[dict[str, object]]] = defaultdict(list)
    spellings: dict[str, set[str]] = defaultdict(set)
    for file in files:
        spellings[file.key].update({file.version, _normal(file.version)})
        if file.sha256:
            rows[file.key].append(_hashed(file, prefix))
    document = {spelling: rows[key] for key, found in spellings.items() for spelling in sorted(found) if rows[key]}
    return json.dumps({"info": {"name": name}, "releases": document}, separators=(",", ":")).encode()


def misnamed(metadata: bytes, file: Listed, *, name: str) -> str:
    """Say what a core metadata file calls itself where that is not what the file's name says; "" where it is."""
    said: dict[str, str] = {}
    for line in metadata.split(b"\n\n", 1)[0].decode("utf-8", "replace").splitlines():
        field, colon, text = line.partition(":")
        if colon and field in {"Name", "Version"}:
            said.setdefault(field, text.strip())
    found, version = said.get("Name", ""), said.get("Version", "")
    if canonicalize_name(found) == name and version_key(version) == file.key:
        return ""
    return f"{found} {version}".strip() or "nothing"


def _spelled(filename: str, name: str) -> str:
    """Give the version as a file name spells it, "" where it is no distribution of this project."""
    ending = next((each for each in ENDINGS if filename.endswith(each)), "")
    if not ending or "/" in filename or not filename.isprintable():
        return ""
    stem = filename[: -len(ending)]
    if ending == ".whl":
        parts = stem.split("-")
        fitting = len(parts) in {5, 6} and _called(parts[0], name)
        return parts[1] if fitting else ""
    at = len(name)  # what normalisation changes nearly always keeps the length
    if stem[at : at + 1] == "-" and _called(stem[:at], name):
        return stem[at + 1 :]
    dashes = (at for at, letter in enumerate(stem) if letter == "-")
    return next((stem[at + 1 :] for at in dashes if _called(stem[:at], name)), "")


def _called(text: str, name: str) -> bool:
    return text == name or canonicalize_name(text) == name


def _normal(version: str) -> str:
    if PLAIN_VERSION.fullmatch(version):
        return version
    try:
        return str(Version(version.replace("_", "-")))
    except InvalidVersion:
        return version


def _answered(file: Listed, prefix: str) -> dict[str, Any]:
    row = file.row
    sha256, metadata, python, size = file.sha256, file.metadata, row.get("requires-python"), row.get("size")
    answer: dict[str, Any] = {"filename": file.filename, "url": prefix + file.path, "hashes": {}}
    if sha256:
        answer["hashes"] = {"sha256": sha256}
    if isinstance(python, str) and python:
        answer["requires-python"] = python
    if row.get("yanked"):
        answer["yanked"] = row["yanked"] if isinstance(row["yanked"], str) else True
    if metadata:
        # not its older name too: pip 22.3 to 23.1 read that, and fail on the table that PEP 691 wants there
        answer["core-metadata"] = _as_row(metadata)
    if file.uploaded is not None:
        answer["upload-time"] = row["upload-time"]
    if isinstance(size, int):
        answer["size"] = size
    return answer


def _as_row(metadata: bool | str) -> object:  # noqa: FBT001 - the value of `Listed.metadata`
    return {"sha256": metadata} if isinstance(metadata, str) else metadata


def _link(answer: Mapping[str, Any]) -> str:
    sha256 = answer["hashes"].get("sha256")
    attributes = {"href": answer["url"] + (f"#sha256={sha256}" if sha256 else "")}
    if "requires-python" in answer:
        attributes["data-requires-python"] = answer["requires-python"]
    if "yanked" in answer:
        attributes["data-yanked"] = answer["yanked"] if isinstance(answer["yanked"], str) else ""
    if "core-metadata" in answer:
        said = answer["core-metadata"]
        text = "true" if said is True else f"sha256={said['sha256']}"
        attributes["data-core-metadata"] = attributes["data-dist-info-metadata"] = text
    words = " ".join(f'{key}="{html.escape(text)}"' for key, text in attributes.items())
    return f"<a {words}>{html.escape(answer['filename'])}</a><br />"


def _hashed(file: Listed, prefix: str) -> dict[str, object]:
    kind = "bdist_wheel" if file.filename.endswith(".whl") else "sdist"
    return {"url": prefix + file.path, "digests": {"sha256": file.sha256}, "packagetype": kind}
