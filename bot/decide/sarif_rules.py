"""The rules of the SARIF document, one for each advisory and each kind of finding, and how grave they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.decide.exchange import LONGEST_NAME, LONGEST_TEXT, weight
from bot.formats.exchange_text import line, link
from bot.model.contents import Advisory
from bot.model.policy import Severity

Level: TypeAlias = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
GRAVITY: Mapping[Severity, Level] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.UNKNOWN: "warning",  # what nobody rated triggers a rebuild like what is grave, so it is no mere note
}
SCORES: Mapping[Severity, str] = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.UNKNOWN: "",  # a score that nobody gave would be ours
}
"""The middle of each of GitHub's bands for `security-severity` (code scanning, "reportingDescriptor object")."""

KINDS: Mapping[str, tuple[str, str, bool]] = {
    "moved-digest": ("MovedDigest", "The tag of a pinned image points to another digest than the pin.", True),
    "archive-ahead": ("ArchiveAhead", "Security updates wait for the packages of an image in its archive.", True),
    "frozen-tag": ("FrozenTag", "The tag of an image is no longer built, so no fix will come through it.", True),
    "end-of-life": ("EndOfLife", "A release of an operating system or of Python in an image is near its end.", True),
    "python-mismatch": ("PythonMismatch", "A lock is compiled for another Python than the one that uses it.", False),
    "lock-out-of-date": ("LockOutOfDate", "The sources of a lock ask for something that it does not pin.", False),
    "quarter-due": ("QuarterDue", "The broad upgrade of this quarter is due.", False),
    "unreadable": ("Unreadable", "Something could not be looked at, so nobody knows whether it is safe.", False),
}
"""Of each kind of finding that is a rule by itself: its name, what it says, and whether it is about security."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A `reportingDescriptor`; `name`, `link` and `score` are "" where there is none."""

    id: str
    short: str
    full: str
    level: Level
    tags: tuple[str, ...]
    name: str = ""
    link: str = ""
    score: str = ""


def advisory_rule(one: Advisory) -> Rule:
    """Give the rule of an advisory; nothing in it depends on the version that was asked about."""
    grave = weight(one)
    aliases = f" Also known as {', '.join(one.aliases)}." if one.aliases else ""
    name = line(one.id, LONGEST_NAME) or "advisory"
    said = line(one.summary, LONGEST_TEXT) or f"{name} is a known flaw; its severity is {grave}."
    return Rule(
        id=name,
        short=said,
        full=line(f"{said.removesuffix('.')}.{aliases}", LONGEST_TEXT),
        level=GRAVITY[grave],
        tags=("security", "dependencies", *(("malware",) if one.malicious else ())),
        link=link(one.url) or "",
        score=SCORES[grave],
    )


def kind_rule(kind: str) -> Rule:
    """Give the rule of a kind of finding: a name of KINDS."""
    name, text, security = KINDS[kind]
    tags = ("security", "images") if security else ("maintenance",)
    return Rule(id=kind, short=text, full=text, level="warning", tags=tags, name=name)
