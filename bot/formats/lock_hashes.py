"""Completing the hashes of a freshly compiled lock.

pip-compile hashes only the files that it could take. Where source distributions are not to be built it does not see
them, so that their hashes are missing; an index page names those of all files of a version.
"""

import re
from collections.abc import Callable

from packaging.utils import canonicalize_name

PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?\s*===?\s*(?P<version>[^\s;\\]+)[^\r\n]*\\(?P<end>\r?\n)$"
)
HASH = re.compile(r"^(?P<space>\s+)--hash=(?P<hash>\w+:[0-9a-fA-F]+)(?P<more>\s*\\)?\r?\n?$")


def completed(text: str, known: Callable[[str, str], tuple[str, ...]]) -> str:
    """Add to every hashed pin the hashes that `known(name, version)` gives, in pip-compile's order and form."""
    lines = text.splitlines(keepends=True)
    written: list[str] = []
    at = 0
    while at < len(lines):
        written.append(lines[at])
        pin = PIN.match(lines[at])
        at += 1
        block = at
        while block < len(lines) and HASH.match(lines[block]):
            block += 1
        if pin is None or block == at:
            continue
        written += _hashes(lines[at:block], known(canonicalize_name(pin["name"]), pin["version"]), pin["end"])
        at = block
    return "".join(written)


def _hashes(lines: list[str], known: tuple[str, ...], end: str) -> list[str]:
    found = [match for line in lines if (match := HASH.match(line)) is not None]
    wanted = sorted({*(match["hash"] for match in found), *known})
    if len(wanted) == len(found):
        return lines
    space = found[0]["space"]
    last = lines[-1][len(lines[-1].rstrip("\r\n")) :]
    return [f"{space}--hash={one} \\{end}" for one in wanted[:-1]] + [f"{space}--hash={wanted[-1]}{last}"]
