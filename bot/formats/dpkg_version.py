"""The order of Debian's versions: deb-version(7), "Sorting algorithm"."""

import re

Number = tuple[int, str]
Part = tuple[tuple[str, Number], ...]
Key = tuple[Number, Part, Part]

RUNS = re.compile(r"([^0-9]*)([0-9]*)")
EPOCH = re.compile(r"[0-9]+:")
# Letters sort before all other signs, the end of a run before letters, and a tilde even before that end.
END = "\x01"
SIGNS = {code: chr(0x10FF00 + code) for code in range(128) if not chr(code).isalpha()} | {ord("~"): "\x00"}
LONGEST = 10_000  # characters that count; no manager allows so many


def compare(one: str, other: str) -> int:
    """Give -1, 0 or 1 as `one` is lower than, the same as or higher than `other`; it never fails.

    Versions that dpkg would refuse have a place in the order too: an epoch that is no number counts as upstream.
    """
    first, second = key(one), key(other)
    return (first > second) - (first < second)


def key(version: str) -> Key:
    """Give what versions sort by; versions that count as the same (`1.0`, `0:1.00`) have the same key."""
    text = version[:LONGEST].strip()
    epoch = EPOCH.match(text)
    text = text[epoch.end() :] if epoch else text
    upstream, dash, revision = text.rpartition("-")
    return _number(epoch[0][:-1] if epoch else ""), _part(upstream if dash else revision), _part(revision * bool(dash))


def _part(text: str) -> Part:
    """Split into runs of signs and of digits; nothing is the same as `0`, and the last run is always empty."""
    return tuple((signs.translate(SIGNS) + END, _number(digits)) for signs, digits in RUNS.findall(text or "0"))


def _number(digits: str) -> Number:
    """Give what numbers of any length sort by: Python does not turn long ones into integers."""
    kept = digits.lstrip("0")
    return len(kept), kept
