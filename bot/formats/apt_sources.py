"""Which archives an image's packages come from: apt's sources in both of its formats.

sources.list(5): the one-line format (`*.list`), and deb822 (`*.sources`, that is Debian policy, section 5.1).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.model.packages import SystemFile

MAIN = "etc/apt/sources.list"
PARTS = "etc/apt/sources.list.d/"
BYTES = 1 << 20  # of one file; real ones have a few hundred
MOST = 100  # archives of one image that are looked at
OPTIONS = re.compile(r"\[([^\]]*)\]")
OPTION = re.compile(r'([A-Za-z-]+[+-]?)=("[^"]*"|[^\s"]*)')
DENIED = frozenset({"no", "false", "without", "off", "disable", "0"})  # apt's StringToBool
AGREED = frozenset({"yes", "true", "with", "on", "enable", "1"})
LISTED = ("arch", "signed-by")
NAMES = {"architectures": "arch", "architectures-add": "arch+", "architectures-remove": "arch-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AptSource:
    """One suite of one archive: `uri` has no slash at its end and may hold a password, so it is never shown.

    `signed_by` are absolute paths of keyrings, or fingerprints; `key` is a key block that stands in the source itself.
    `architectures` is empty where the source is for all. `dated` is False where an old Valid-Until does not matter.
    """

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: tuple[str, ...]
    key: str
    trusted: bool
    architectures: tuple[str, ...]
    where: str
    dated: bool = True

    @property
    def label(self) -> str:
        """Name it as people may see it."""
        return f"{self.suite} of {shown(self.uri)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AptSources:
    """What apt would ask; `unreadable` has a sentence for each thing that cannot be asked here."""

    sources: tuple[AptSource, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One line or stanza, before it is looked at; `options` have names in lower case."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str]
    where: str


def apt_sources(files: Iterable[SystemFile], architecture: str) -> AptSources:
    """Read all sources of binary packages among files, in apt's order; never fails.

    `architecture` is Debian's name and stands for `$(ARCH)`. Sources that are not for it are left out.
    """
    found: list[AptSource] = []
    unreadable: list[str] = []
    for file in sorted((file for file in files if _is_source(file.path)), key=lambda one: (one.path != MAIN, one.path)):
        if len(file.data) > BYTES:
            unreadable.append(f"{file.path} is larger than {BYTES} bytes and was not read")
            continue
        text = file.data.decode(errors="replace")
        entries = _stanzas(file.path, text) if file.path.endswith(".sources") else _lines(file.path, text)
        for entry in entries:
            _split(entry, architecture, found, unreadable)
    if len(found) > MOST:
        unreadable.append(f"this image names {len(found)} archives, of which the first {MOST} are looked at")
    return AptSources(sources=tuple(found[:MOST]), unreadable=tuple(dict.fromkeys(unreadable)))


def shown(uri: str) -> str:
    """Give an address without user, password and query."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "an address that cannot be read"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _is_source(path: str) -> bool:
    name = path.removeprefix(PARTS)
    return path == MAIN or (name != path and "/" not in name and name.endswith((".list", ".sources")))


def _split(entry: _Entry, architecture: str, found: list[AptSource], unreadable: list[str]) -> None:
    """Add every archive that an entry names, or the reason why one cannot be asked."""
    architectures = _architectures(entry.options, architecture)
    if architectures and architecture not in architectures:
        return
    signed_by = entry.options.get("signed-by", "")
    block = "-----BEGIN" in signed_by
    for uri in entry.uris:
        for suite in entry.suites:
            source = AptSource(
                uri=uri.replace("$(ARCH)", architecture).rstrip("/"),
                suite=suite.replace("$(ARCH)", architecture),
                components=entry.components,
                signed_by=() if block else tuple(re.split(r"[,\s]+", signed_by.strip())) if signed_by.strip() else (),
                key=signed_by if block else "",
                trusted=entry.options.get("trusted", "").lower() in AGREED,
                architectures=architectures,
                where=entry.where,
                dated=entry.options.get("check-valid-until", "").lower() not in DENIED,
            )
            reason = _reason(source)
            if reason:
                unreadable.append(f"{entry.where}: {reason}")
            else:
                found.append(source)


def _reason(source: AptSource) -> str:
    """Say why a source cannot be asked; "" where it can."""
    if reason := _no_address(source.uri):
        return reason
    if source.suite.endswith("/"):
        return f"{source.label} is a flat repository, which is not read"
    if not source.components:
        return f"{source.label} names no component"
    if any(not _is_plain(word) for word in (source.suite, *source.components)):
        return "it names a suite or a component that no archive can have"
    return ""


def _no_address(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        scheme, host = parts.scheme.lower(), parts.hostname
    except ValueError:
        return "its address cannot be read"
    if scheme not in {"http", "https"}:
        return f"addresses with {scheme}: are not asked" if scheme else "it names no address"
    return "" if host else "its address names no server"


def _is_plain(word: str) -> bool:
    """Tell whether a word may become part of a path below the archive's address."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+~:/-]*", word) is not None and ".." not in word


def _architectures(options: Mapping[str, str], architecture: str) -> tuple[str, ...]:
    """Give what the source is for; empty: everything."""
    named = re.split(r"[,\s]+", options.get("arch", ""))
    more = re.split(r"[,\s]+", options.get("arch+", ""))
    less = {*re.split(r"[,\s]+", options.get("arch-", ""))}
    if "arch" not in options and architecture not in less:
        return ()
    return tuple(dict.fromkeys(name for name in (*named, *more) if name and name not in less)) or ("none",)


def _lines(path: str, text: str) -> Iterator[_Entry]:
    """Read `deb [options] uri suite component…`; lines of other types and comments are passed over."""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        kind, *more = line.partition("#")[0].split(None, 1)[:2] or [""]
        rest = more[0].strip() if more else ""
        if kind != "deb" or not rest:
            continue
        options, rest = _options(rest)
        uri, *words = rest.split() or [""]
        yield _Entry(
            uris=(uri,), suites=tuple(words[:1]) or ("",), components=tuple(words[1:]), options=options,
            where=f"{path}:{number}",
        )  # fmt: skip


def _options(rest: str) -> tuple[dict[str, str], str]:
    """Split `[name=value …]` from what follows; a value may be quoted, lists have commas."""
    match = OPTIONS.match(rest)
    if match is None:
        return {}, rest
    found: dict[str, str] = {}
    for name, value in OPTION.findall(match[1]):
        found[name.lower()] = value.strip('"')
    return found, rest[match.end() :]


def _stanzas(path: str, text: str) -> Iterator[_Entry]:
    for number, fields in _fields(text):
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in DENIED:
            continue
        yield _Entry(
            uris=tuple(fields.get("uris", "").split()) or ("",),
            suites=tuple(fields.get("suites", "").split()) or ("",),
            components=tuple(fields.get("components", "").split()),
            options={NAMES.get(name, name): value for name, value in fields.items()},
            where=f"{path}:{number}",
        )


def _fields(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each stanza with the number of its first line; names in lower case, ` .` stands for an empty line."""
    fields: dict[str, str] = {}
    first, name = 0, ""
    for number, line in enumerate((*text.splitlines(), ""), 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield first, fields
            fields, name = {}, ""
        elif line[0] in " \t":
            fields[name] = fields.get(name, "") + "\n" + ("" if line.strip() == "." else line.strip())
        else:
            first = number if not fields else first
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
