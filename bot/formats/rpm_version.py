"""The order of rpm's versions: rpm-version(7), which is `rpmvercmp` with tildes and carets."""

import re

Token = tuple[int, int, str]
Key = tuple[tuple[int, str], tuple[Token, ...], tuple[Token, ...]]

TOKENS = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")
EPOCH = re.compile(r"([0-9]*):")
# What may stand at the same place in two versions, lowest first; all other signs only separate.
TILDE, END, CARET, LETTERS, DIGITS = range(5)
LONGEST = 10_000  # characters that count; no manager allows so many


def compare(one: str, other: str) -> int:
    """Give -1, 0 or 1 as `one` is lower than, the same as or higher than `other`; it never fails.

    Versions are `epoch:version-release`. No epoch is 0; a version without a release is lower than one with it.
    """
    first, second = key(one), key(other)
    return (first > second) - (first < second)


def key(version: str) -> Key:
    """Give what versions sort by; versions that count as the same (`1.0`, `0:1_00`) have the same key."""
    text = version[:LONGEST]
    epoch = EPOCH.match(text)
    text = text[epoch.end() :] if epoch else text
    name, dash, release = text.rpartition("-")
    number = epoch[1].lstrip("0") if epoch else ""
    return (len(number), number), _tokens(name if dash else release), _tokens(release if dash else "")


def _tokens(text: str) -> tuple[Token, ...]:
    return (*(_token(found) for found in TOKENS.findall(text)), (END, 0, ""))


def _token(text: str) -> Token:
    """Place a run of digits by its value, of any length, and a run of letters by their codes."""
    if text == "~":
        return TILDE, 0, ""
    if text == "^":
        return CARET, 0, ""
    if text.isalpha():
        return LETTERS, 0, text
    kept = text.lstrip("0")
    return DIGITS, len(kept), kept
