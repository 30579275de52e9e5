"""Alpine's security database: which version of which source package fixed what.

One JSON file for each release and repository, as https://secdb.alpinelinux.org/ serves them; the entries are those
of `# secfixes:` in APKBUILD files (aports, `CODINGSTYLE.md` and secfixes-check(1)).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.formats.apk_version import compare

NOT_AFFECTED = "0"  # the version under which flaws stand that never were in the package
# people write them: `CVE-2019-1 GHSA-…`, `CVE-2017-2 (+ regression fix)`, `CVE_2019-3`, `XSA-123`, `CVE N/A ZBX-1`
ID = re.compile(r"\b(?:CVE[-_][0-9]{4}-[0-9]{4,19}|GHSA(?:-[0-9a-z]{4}){3}|[A-Z]{2,12}-[0-9][0-9A-Z.-]{0,30})(?![\w-])")
LONGEST_ENTRY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Secfix:
    """The ids that a version of a source package fixes, sorted; there may be none that can be read."""

    version: str
    ids: tuple[str, ...]


def secfixes(body: bytes) -> Mapping[str, tuple[Secfix, ...]]:
    """Read a file of the database: what was fixed, by source package; entries that break the format are left out.

    Raises ValueError where it is no such file.
    """
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise ValueError("this is not a security database of Alpine") from error
    packages = document.get("packages", ()) if isinstance(document, dict) else ()
    if packages is None:  # as repositories without any entry have it
        return {}
    if not isinstance(packages, list):
        raise ValueError("this is not a security database of Alpine")  # noqa: TRY004 - a document, not an argument
    found = (_package(row.get("pkg")) for row in packages if isinstance(row, dict))
    return dict(package for package in found if package is not None)


def between(fixes: Iterable[Secfix], old: str, new: str) -> tuple[bool, tuple[str, ...]]:
    """Tell whether a package that goes from `old` to `new` passes a fix, and which ids, sorted."""
    passed = [fix for fix in fixes if compare(old, fix.version) < 0 <= compare(new, fix.version)]
    return bool(passed), tuple(sorted({name for fix in passed for name in fix.ids}))


def _package(row: Any) -> tuple[str, tuple[Secfix, ...]] | None:
    name, fixes = (row.get("name"), row.get("secfixes")) if isinstance(row, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(fixes, dict):
        return None
    read = (
        Secfix(version=version, ids=_ids(entries)) for version, entries in fixes.items() if _is_fix(version, entries)
    )
    return name, tuple(read)


def _is_fix(version: str, entries: Any) -> bool:
    return version != NOT_AFFECTED and isinstance(entries, list) and bool(entries)


def _ids(entries: list[Any]) -> tuple[str, ...]:
    texts = (entry for entry in entries if isinstance(entry, str) and len(entry) <= LONGEST_ENTRY)
    return tuple(sorted({found.replace("_", "-") for text in texts for found in ID.findall(text)}))
