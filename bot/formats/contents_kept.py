"""What is known of an image's contents, as text: written once per digest, read for ever after."""

import base64
import json
from datetime import datetime
from typing import Any, TypeVar

from bot.formats import json_text
from bot.model.contents import ImageContents
from bot.model.packages import OsRelease, Package, PackageFormat, SystemFile

Value = TypeVar("Value")
FORM = 2  # counted up where the fields or how they are read change: what an older version kept is then read anew


def dumps(contents: ImageContents) -> str:
    """Write contents so that `loads` gives the same."""
    document = {
        "form": FORM,
        "digest": contents.digest,
        "platform": contents.platform,
        "os": [contents.os.id, contents.os.version, contents.os.codename] if contents.os else None,
        "format": contents.format,
        "packages": [[p.name, p.version, p.source, p.source_version, p.architecture] for p in contents.packages],
        "python": contents.python,
        "created": contents.created.isoformat() if contents.created else None,
        "env": contents.env,
        "user": contents.user,
        "layers": contents.layers,
        "size": contents.size,
        "sources": [[one.path, base64.b64encode(one.data).decode()] for one in contents.sources],
        "sources_read": contents.sources_read,
        "read_from": contents.read_from,
        "unreadable": contents.unreadable,
    }
    return json.dumps(document, separators=(",", ":"))


def loads(text: str | None) -> ImageContents | None:
    """Read what `dumps` wrote; None where there is nothing, or something that this version does not write."""
    try:
        found = json_text.read(text or "null")
        return _contents(found) if found is not None and found["form"] == FORM else None
    except (ValueError, TypeError, KeyError):
        return None


def _contents(found: dict[str, Any]) -> ImageContents:
    return ImageContents(
        digest=_be(str, found["digest"]),
        platform=_be(str, found["platform"]),
        os=_os(*_words(found["os"])) if found["os"] is not None else None,
        format=PackageFormat(found["format"]) if found["format"] is not None else None,
        packages=tuple(_package(*_words(row)) for row in _be(list, found["packages"])),
        python=_be(str, found["python"]) if found["python"] is not None else None,
        created=_moment(found["created"]) if found["created"] is not None else None,
        env=tuple((name, value) for name, value in map(_words, _be(list, found["env"]))),
        user=_be(str, found["user"]),
        layers=_be(int, found["layers"]),
        size=_be(int, found["size"]),
        sources=tuple(_file(*_words(row)) for row in _be(list, found["sources"])),
        sources_read=_be(bool, found["sources_read"]),
        read_from=_be(str, found["read_from"]),
        unreadable=_words(found["unreadable"]),
    )


def _os(name: str, version: str, codename: str) -> OsRelease:
    return OsRelease(id=name, version=version, codename=codename)


def _package(name: str, version: str, source: str, source_version: str, architecture: str) -> Package:
    return Package(name=name, version=version, source=source, source_version=source_version, architecture=architecture)


def _file(path: str, data: str) -> SystemFile:
    return SystemFile(path=path, data=base64.b64decode(data, validate=True))


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is none")
    return moment


def _words(value: Any) -> tuple[str, ...]:
    return tuple(_be(str, one) for one in _be(list, value))


def _be(kind: type[Value], value: Any) -> Value:
    if not isinstance(value, kind):
        raise TypeError(f"this is no {kind.__name__}")
    return value
