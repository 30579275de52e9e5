"""What readers of lock files share: a place in the text, typed access to what stands there, and what is objected to."""

import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from bot.formats import toml_lines
from bot.formats.locked_package import LockedPackage, Need, pins
from bot.formats.toml_lines import Path
from bot.model.findings import Unreadable
from bot.model.locks import Pin

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
REQUIREMENT = re.compile(rf"\s*(?P<name>{NAME.pattern})\s*(?:\[(?P<extras>[^]]*)\])?")
HASH = re.compile(r"(?P<algorithm>[a-z0-9_]+):[0-9a-fA-F]+")
MAJOR = re.compile(r"(\d{1,4})(?:\..*)?")
TOML_LINE = re.compile(r"at line (\d+)")
EXACT = re.compile(r"={0,3}\s*(\d\.\d{1,3})(?:\.(?:\*|\d+))?")
COMPATIBLE = re.compile(r"~(?:=\s*(\d\.\d{1,3})\.\d+|\s*(\d\.\d{1,3})(?:\.\d+)?)")
FLOOR = re.compile(r">=\s*(\d)\.(\d{1,3})(?:\.\d+)*")
CEILING = re.compile(r"<\s*(\d)\.(\d{1,3})(?:\.0)*")
QUOTED = 60
LARGE = 1_000_000
NOTED = 2
TOLD = 50
LONG_KEY = re.compile(
    r"""(?<![\w\\-])(?:(?:[\w-]++|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""", re.ASCII
)
TOO_DEEP = "it is nested too deeply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What one lock holds; the fields are those of `foreign_locks.ForeignLock`."""

    pins: tuple[Pin, ...] = ()
    sources: tuple[str, ...] = ()
    python: str = ""
    requires_python: str = ""
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(slots=True, kw_only=True)
class Reading:
    """A lock while it is read: `path`, the lines of its keys, and the packages and objections found up to here.

    `stated` says whether the text states a format version that is known; `untold` counts the objections that are left
    out, so that a broken file does not flood a report.
    """

    path: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    stated: bool = False
    packages: list[LockedPackage] = field(default_factory=list)
    asked: list[tuple[str, Need]] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    untold: int = 0

    def contents(self, sources: Iterable[str], *, python: str = "", requires_python: str = "") -> Contents:
        """Close the reading; a `requires_python` that allows one minor only is that `python`."""
        if self.untold:
            why = f"{self.untold} more of its entries are not understood"
            self.unreadable.append(Unreadable(path=self.path, line=0, subject=self.path, why=why))
        return Contents(
            pins=pins(self.packages, self.asked),
            sources=tuple(dict.fromkeys(sources)),
            python=python or one_minor(requires_python),
            requires_python=requires_python,
            unreadable=tuple(self.unreadable),
        )

    def beside(self, name: str) -> str:
        """Give the path of a file in the folder of the lock."""
        return posixpath.join(posixpath.dirname(self.path), name)

    def line(self, *path: str | int) -> int:
        """Give the line of a key path; 0, the whole file, where the text has no such key."""
        return self.lines.get(path, 0)

    def objects(self, line: int, subject: str, why: str) -> None:
        """Note what is not understood."""
        if len(self.unreadable) < TOLD:
            self.unreadable.append(Unreadable(path=self.path, line=line, subject=subject, why=why))
        else:
            self.untold += 1

    def known_format(self, value: object, line: int, known: range) -> bool:
        """Whether the major of a format version is one of `known`; a lock that states none has the first format."""
        if value is None:
            return True
        found = MAJOR.fullmatch(value) if isinstance(value, str) else None
        self.stated = (isinstance(value, int) and value in known) or (found is not None and int(found[1]) in known)
        if not self.stated:
            majors = ", ".join(str(major) for major in known)
            self.objects(line, self.path, f"its format has version {shown(value)}; those that can be read: {majors}")
        return self.stated

    def table(self, value: object, line: int, subject: str, what: str) -> dict[str, Any]:
        """Give a table; none is an empty one, anything else is objected to."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.objects(line, subject, f"{what} is no table")
        return {}

    def array(self, value: object, line: int, subject: str, what: str) -> list[Any]:
        """Give an array; none is an empty one, anything else is objected to."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.objects(line, subject, f"{what} is no array")
        return []

    def text(self, value: object, line: int, subject: str, what: str) -> str:
        """Give a text of one line; none is "", anything else is objected to."""
        if isinstance(value, str) and value.isprintable():
            return value
        if value is not None:
            self.objects(line, subject, f"{what} is no text of one line")
        return ""

    def tables(self, value: object, line: int, subject: str, what: str) -> list[dict[str, Any]]:
        """Give the tables of an array; one objection for all elements that are none."""
        elements = self.array(value, line, subject, what)
        found = [element for element in elements if isinstance(element, dict)]
        if len(found) < len(elements):
            self.objects(line, subject, f"{what} has an element that is no table")
        return found

    def texts(self, value: object, line: int, subject: str, what: str) -> list[str]:
        """Give the texts of an array, of one line each; one objection for all elements that are none."""
        elements = self.array(value, line, subject, what)
        found = [element for element in elements if isinstance(element, str) and element.isprintable()]
        if len(found) < len(elements):
            self.objects(line, subject, f"{what} has an element that is no text of one line")
        return found

    def entries(self, document: Mapping[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give the tables of an array at the top of the document, each with the line where it begins."""
        if key not in document and not self.stated:
            self.objects(0, self.path, f"it states no format version and has no {key!r}")
        for index, entry in enumerate(self.array(document.get(key), self.line(key), self.path, repr(key))):
            line = self.line(key, index)
            if isinstance(entry, dict):
                yield line, entry
            else:
                self.objects(line, self.path, f"element {index + 1} of {key!r} is no table")

    def name(self, entry: Mapping[str, Any], line: int) -> str:
        """Give the normalised name of an entry, "" where it has none that a package can have."""
        name = entry.get("name")
        if isinstance(name, str) and NAME.fullmatch(name):
            return canonicalize_name(name)
        self.objects(line, self.path, f"{shown(name)} is no name of a package")
        return ""

    def version(self, value: object, line: int, name: str, origin: str) -> str:
        """Give a version as written, "" where it states none (`origin` says where it is from) or no PEP 440 version."""
        if value is None:
            self.objects(line, name, f"it comes from {origin} and states no version to match with advisories")
            return ""
        try:
            Version(value if isinstance(value, str) else "")
        except ValueError:  # InvalidVersion, and numbers of more digits than Python reads
            self.objects(line, name, f"{shown(value)} is no version (PEP 440) to match with advisories")
            return ""
        return str(value).strip()

    def hashes(self, values: Iterable[object], line: int, name: str) -> tuple[str, ...]:
        """Give the sha256 digests; one objection for all that are no `algorithm:hex`, other algorithms are left out."""
        found: dict[str, None] = {}
        strange = False
        for value in values:
            match = HASH.fullmatch(value) if isinstance(value, str) else None
            if match and match["algorithm"] == "sha256":
                found[match[0]] = None
            strange = strange or (match is None and value is not None)
        if strange:
            self.objects(line, name, "one of its hashes is no algorithm:hex")
        return tuple(found)


def load_toml(path: str, text: str) -> tuple[dict[str, Any], Reading]:
    """Parse a TOML text and find its lines; an empty document and an objection where it is none."""
    if found := LONG_KEY.search(text):  # tomllib takes the square of the length of a key
        return {}, refused(path, text.count("\n", 0, found.start()) + 1, TOO_DEEP)
    try:
        document = tomllib.loads(text)
        return document, Reading(path=path, lines=toml_lines.lines(text, deepest=NOTED))
    except RecursionError:
        return {}, refused(path, 0, TOO_DEEP)
    except ValueError as error:
        at = TOML_LINE.search(str(error))
        return {}, refused(path, int(at[1]) if at else 0, f"it is no TOML: {error}")


def refused(path: str, line: int, why: str) -> Reading:
    """Begin a reading that is over: of this text nothing can be understood."""
    reading = Reading(path=path)
    reading.objects(line, path, why)
    return reading


def need(requirement: str) -> Need | None:
    """Read the name and the extras of a requirement (PEP 508); None where it begins with no name."""
    found = REQUIREMENT.match(requirement)
    return (
        Need(name=canonicalize_name(found["name"]), extras=names((found["extras"] or "").split(","))) if found else None
    )


def shown(value: object) -> str:
    """Quote a value of a lock in an objection, briefly; of what is no text and no small number only its kind."""
    if isinstance(value, str):
        return repr(value[:QUOTED])
    if isinstance(value, int) and abs(value) < LARGE:
        return str(value)
    return f"a value of the kind {type(value).__name__}"


def names(written: Iterable[str]) -> tuple[str, ...]:
    """Normalise names of extras, without what is no name."""
    return tuple(canonicalize_name(name.strip()) for name in written if NAME.fullmatch(name.strip()))


def one_minor(requires_python: str) -> str:
    """Give the minor (`3.12`) where a range of versions allows only one, "" where it allows several or is not known.

    Both spellings are known: PEP 440's and Poetry's (`~3.12`, `3.12.*`).
    """
    parts = sorted(part.strip() for part in requires_python.split(","))
    match parts:
        case [one]:
            found = EXACT.fullmatch(one) or COMPATIBLE.fullmatch(one)
            return next((minor for minor in found.groups() if minor), "") if found else ""
        case [upper, lower]:
            ceiling, floor = CEILING.fullmatch(upper), FLOOR.fullmatch(lower)
            if ceiling and floor and ceiling[1] == floor[1] and int(ceiling[2]) == int(floor[2]) + 1:
                return f"{floor[1]}.{floor[2]}"
    return ""
