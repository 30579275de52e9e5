"""One requirement, as pip and packaging read it: a name with versions, an address, or a path."""

import re
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from bot.formats.compile_command import inside
from bot.formats.requirement_source import Build, RequirementFile, Where, gather, without_login
from bot.model.locks import Requirement

EGG = re.compile(r"egg=(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[(?P<extras>[^]]*)\])?")
TRAILING_EXTRAS = re.compile(r"(?P<what>[^\[]+)\[[^]]*\]$")
VCS = re.compile(r"(?:git|hg|svn|bzr)(?:\+|:)")
FILE = re.compile(r"\.(?:whl|zip|tar|tgz|tbz|txz|tar\.[a-z0-9]+)$", re.IGNORECASE)


def read(where: Where, text: str, *, shown: str = "", editable: bool = False) -> RequirementFile:
    """Read a requirement without its options; `shown` is how people see it. What is not understood is Unreadable."""
    shown = shown or text
    body, marker = _marker(text)
    try:
        parsed = None if editable else Parsed(text)
        why = ""
    except InvalidRequirement as error:
        parsed, why = None, str(error).splitlines()[0]
    if parsed is not None and (parsed.url is not None or not FILE.search(_bare(body))):
        return _named(where, parsed, shown)
    if "://" in body and not body.startswith("file:"):
        return _address(where, body, marker, shown)
    if editable or _is_path(body):
        return _path(where, body, shown)
    return where.unreadable(shown, f"{shown!r} is no requirement: {why[:1].lower()}{why[1:]}")


def _named(where: Where, parsed: Parsed, shown: str) -> RequirementFile:
    requirement = Requirement(
        name=canonicalize_name(parsed.name),
        specifier=str(parsed.specifier),
        path=where.path,
        line=where.line,
        text=shown,
        extras=tuple(sorted(canonicalize_name(extra) for extra in parsed.extras)),
        marker=str(parsed.marker or ""),
        url=parsed.url or "",
        constraint=where.constraint,
        group=where.group,
    )
    row = RequirementFile(requirements=(requirement,))
    if parsed.url is None:
        return row
    read_url = _path if _is_path(parsed.url) else _fetched
    return gather([row, read_url(where, parsed.url, shown)])


def _marker(text: str) -> tuple[str, str]:
    """Part an address or path from its marker, as pip does: at `; `, since an address may hold a semicolon."""
    body, semicolon, marker = text.partition("; ")
    if not semicolon:
        body, _, marker = text.partition(" ;")
    return body.strip(), marker.strip()


def _is_path(text: str) -> bool:
    if text.startswith((".", "/", "~", "file:")):
        return True
    bare = _bare(text)
    return "://" not in text and bool(FILE.search(bare) or ("/" in bare and not re.search(r"[=<>@ ]", bare)))


def _bare(text: str) -> str:
    """Give a path without its extras."""
    found = TRAILING_EXTRAS.match(text)
    return found["what"] if found else text


def _path(where: Where, text: str, shown: str) -> RequirementFile:
    bare = _bare(text).partition("#")[0]
    if bare.startswith("file:"):
        address = urlsplit(bare)
        bare = unquote(address.netloc + address.path)
    local = None if bare.startswith("~") else inside(where.directory, bare)
    if local is None:
        return where.refused(f"{shown}: outside the repository")
    builds = () if _wheel(local) else (Build(line=where.line, text=shown, why=_why(shown, "is a path")),)
    return RequirementFile(paths=(local,), builds=builds)


def _address(where: Where, text: str, marker: str, shown: str) -> RequirementFile:
    """Read an address without `name @`; it counts by the name that its fragment or its wheel gives it."""
    row = _fetched(where, text, shown)
    address, _, fragment = text.partition("#")
    found = next(filter(None, map(EGG.match, fragment.split("&"))), None)
    name = found["name"] if found else _wheel(address)
    if not name:
        return row
    extras = ((found["extras"] or "") if found else "").split(",")
    requirement = Requirement(
        name=canonicalize_name(name),
        specifier="",
        path=where.path,
        line=where.line,
        text=shown,
        extras=tuple(sorted(canonicalize_name(extra.strip()) for extra in extras if extra.strip())),
        marker=marker,
        url=text,
        constraint=where.constraint,
        group=where.group,
    )
    return gather([RequirementFile(requirements=(requirement,)), row])


def _wheel(address: str) -> str:
    """Give the package's name where an address or path names a wheel file, "" where it does not."""
    name, dash, rest = address.rpartition("/")[2].partition("-")
    return name if dash and rest.lower().endswith(".whl") and not VCS.match(address) else ""


def _fetched(where: Where, url: str, shown: str) -> RequirementFile:
    """Say what fetching an address takes: a wheel is only unpacked, everything else is built."""
    address = (where.line, url)
    if _wheel(url.partition("#")[0]):
        return RequirementFile(urls=(address,))
    why = _why(shown, "is fetched as source")
    build = Build(line=where.line, text=without_login(shown), why=why)
    return gather([RequirementFile(urls=(address,), builds=(build,)), where.refused(why)])


def _why(shown: str, what: str) -> str:
    told = without_login(shown)
    return f"{told} {what}, and building it would execute its code; require a released version from an index instead"
