"""The order of Alpine's versions: apk-package(5), "pkgver", in the order of apk-tools 3.

A version is `number{.number}...{letter}{_suffix{number}}...{~hash}{-r#}`.
"""

import re

Token = tuple[int, int, str]
Key = tuple[Token, ...]

BEFORE = ("alpha", "beta", "pre", "rc")
AFTER = ("cvs", "svn", "git", "hg", "p")
SUFFIX = rf"_({'|'.join(BEFORE + AFTER)})(?![a-z])([0-9]*)"
SUFFIXES = re.compile(SUFFIX)
VERSION = re.compile(
    r"(?P<first>[0-9]*)(?P<numbers>(?:\.[0-9]+)*)(?P<letter>[a-z]?)"
    rf"(?P<suffixes>(?:{SUFFIX})*)(?:~(?P<hash>[0-9a-f]+))?(?:-r(?P<revision>[0-9]+))?(?P<rest>.*)",
    re.DOTALL,
)
# What may stand at the same place in two versions, lowest first.
EARLY, REST, END, REVISION, HASH, COUNT, LATE, LETTER, NUMBER = range(9)
LONGEST = 10_000  # characters that count; no manager allows so many


def compare(one: str, other: str) -> int:
    """Give -1, 0 or 1 as `one` is lower than, the same as or higher than `other`; it never fails.

    What does not fit a version is lower than the end of one, so `1.0!` is lower than `1.0`.
    """
    first, second = key(one), key(other)
    return (first > second) - (first < second)


def key(version: str) -> Key:
    """Give what versions sort by; versions that count as the same have the same key."""
    found = next(VERSION.finditer(version[:LONGEST]))  # every part of the pattern may be empty: it fits any text
    tokens = [_value(NUMBER, found["first"])]
    tokens += [_fraction(number) for number in found["numbers"].split(".")[1:]]
    tokens += [(LETTER, 0, letter) for letter in found["letter"]]
    for name, count in SUFFIXES.findall(found["suffixes"]):
        tokens.append((EARLY, BEFORE.index(name), "") if name in BEFORE else (LATE, AFTER.index(name), ""))
        tokens += [_value(COUNT, count)] if count else []
    tokens += [(HASH, 0, found["hash"])] if found["hash"] else []
    tokens += [_value(REVISION, found["revision"])] if found["revision"] else []
    return *tokens, (REST, 0, found["rest"]) if found["rest"] else (END, 0, "")


def _value(kind: int, digits: str) -> Token:
    """Place a number of any length by its value."""
    kept = digits.lstrip("0")
    return kind, len(kept), kept


def _fraction(digits: str) -> Token:
    """Place a number behind a point: one that begins with 0 is read as text, so that `1.06` is lower than `1.1`."""
    return (NUMBER, 0, digits) if digits.startswith("0") else _value(NUMBER, digits)
