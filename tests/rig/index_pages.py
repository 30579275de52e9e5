"""The pages of a package index as the specifications write them: simple API in HTML and JSON, and the JSON API."""

import html
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFile:
    """One file of a project; `metadata` None where there is none to serve (source distributions)."""

    name: str
    version: str
    filename: str
    data: bytes
    metadata: bytes | None
    requires_python: str | None
    uploaded_at: datetime | None
    yanked: bool | str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """How pages are written; `digest` gives the sha256 that the index claims, by file name and bytes."""

    base: str
    digest: Callable[[str, bytes], str]
    upload_times: bool
    core_metadata: bool


def _metadata_digest(file: ServedFile, options: PageOptions) -> str | None:
    if file.metadata is None or not options.core_metadata:
        return None
    return options.digest(f"{file.filename}.metadata", file.metadata)


def project_json(name: str, files: Iterable[ServedFile], options: PageOptions) -> bytes:
    """Render a project page as PEP 691 JSON with PEP 700 and PEP 714 fields."""
    rows = list(files)
    document = {
        "meta": {"api-version": "1.1" if options.upload_times else "1.0"},
        "name": name,
        "versions": list(dict.fromkeys(file.version for file in rows)),
        "files": [_file_json(file, options) for file in rows],
    }
    return json.dumps(document, indent=1).encode()


def _file_json(file: ServedFile, options: PageOptions) -> dict[str, object]:
    row: dict[str, object] = {
        "filename": file.filename,
        "url": f"{options.base}/files/{file.filename}",
        "hashes": {"sha256": options.digest(file.filename, file.data)},
        "requires-python": file.requires_python,
        "size": len(file.data),
        "yanked": file.yanked,
    }
    digest = _metadata_digest(file, options)
    row["core-metadata"] = row["dist-info-metadata"] = {"sha256": digest} if digest else False
    if options.upload_times and file.uploaded_at is not None:
        row["upload-time"] = upload_time(file.uploaded_at)
    return row


def upload_time(moment: datetime) -> str:
    """Write a time as PEP 700 wants it: UTC, microseconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def project_html(name: str, files: Iterable[ServedFile], options: PageOptions) -> bytes:
    """Render a project page as PEP 503 HTML with the attributes of PEP 592 and PEP 714."""
    links = "\n".join(_file_html(file, options) for file in files)
    return _page(f"Links for {name}", links)


def _file_html(file: ServedFile, options: PageOptions) -> str:
    address = f"{options.base}/files/{file.filename}#sha256={options.digest(file.filename, file.data)}"
    attributes = {"href": address}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not False:
        attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
    digest = _metadata_digest(file, options)
    if digest:
        attributes["data-core-metadata"] = attributes["data-dist-info-metadata"] = f"sha256={digest}"
    text = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<a {text}>{file.filename}</a><br />"


def root_json(names: Iterable[str]) -> bytes:
    """Render the list of projects as PEP 691 JSON."""
    return json.dumps({"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in names]}).encode()


def root_html(names: Iterable[str]) -> bytes:
    """Render the list of projects as PEP 503 HTML."""
    return _page("Simple index", "\n".join(f'<a href="/simple/{name}/">{name}</a><br />' for name in names))


def _page(title: str, body: str) -> bytes:
    meta = '<meta name="pypi:repository-version" content="1.1">'
    return f"<!DOCTYPE html>\n<html><head>{meta}<title>{title}</title></head><body>\n{body}\n</body></html>\n".encode()


def legacy_json(name: str, files: Iterable[ServedFile], options: PageOptions) -> bytes:
    """Render the older JSON API's project document, as far as installers read it (pip-tools: url, digests, type)."""
    releases: dict[str, list[dict[str, object]]] = {}
    for file in files:
        releases.setdefault(file.version, []).append(_legacy_file(file, options))
    newest = list(releases.values())[-1] if releases else []
    return json.dumps({"info": {"name": name}, "releases": releases, "urls": newest}).encode()


def _legacy_file(file: ServedFile, options: PageOptions) -> dict[str, object]:
    return {
        "filename": file.filename,
        "url": f"{options.base}/files/{file.filename}",
        "digests": {"sha256": options.digest(file.filename, file.data)},
        "packagetype": "bdist_wheel" if file.filename.endswith(".whl") else "sdist",
        "requires_python": file.requires_python,
        "size": len(file.data),
        "yanked": file.yanked is not False,
    }
