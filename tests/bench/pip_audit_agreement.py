"""Our verdicts beside pip-audit's on releases of real packages: `python tests/bench/pip_audit_agreement.py ZIP [HOW_MANY]`.

ZIP is a dump of OSV records of PyPI. pip-audit is fed their lists of versions (see tests/rig/osv_api.py), we read
their ranges. Every disagreement is printed, with what explains it where that can be told.
"""

import json
import os
import random
import sys
import tempfile
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.adapters.advisories.pins import DumpAdvisories, Feed
from bot.model.contents import Advisory
from bot.system.http import Http
from tests.rig.osv_api import OsvApi, Pin, Verdict, audited


def main() -> None:
    path, number = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500
    records = read(path)
    pins = chosen(records, number)
    os.environ["no_proxy"] = "*"
    with tempfile.TemporaryDirectory() as name:
        feed = Feed(ecosystem="PyPI", url=path.absolute().as_uri(), configured=True)
        with Http() as http, DumpAdvisories(http, [feed], Path(name), lambda: datetime.now(UTC)) as advisories:
            ours = {pin: advisories.affecting(*pin) for pin in pins}
        with OsvApi(records) as api:
            theirs = audited(pins, api.url, Path(name))
    counted: Counter[str] = Counter()
    for pin in pins:
        found = differences(records, pin, ours[pin], theirs[pin]) or ["agreed"]
        counted.update({text.partition(":")[0] for text in found})
        for text in found if found != ["agreed"] else ():
            print(f"{pin[0]} {pin[1]}: {text}")
    affected = sum(bool(rows) for rows in ours.values())
    print(f"{len(pins)} releases, {affected} affected: {dict(counted)}")


def differences(records: list[dict[str, Any]], pin: Pin, ours: tuple[Advisory, ...], theirs: Verdict) -> list[str]:
    if theirs.failure:
        return [theirs.failure]
    mine = {name for row in ours for name in row.names}
    own = {record["id"] for record in records}
    found = [f"only we say: {explained(records, name, pin)}" for name in sorted((mine - theirs.ids) & own)]
    found += [f"only pip-audit says: {explained(records, name, pin)}" for name in sorted((theirs.ids - mine) & own)]
    if not found and {frozenset(row.names) for row in ours} != {names for names, _ in theirs.flaws}:
        found.append(f"other rows: {[row.names for row in ours]} and {[sorted(names) for names, _ in theirs.flaws]}")
    fixes = {version for _, versions in theirs.flaws for version in versions}
    strange = [row.fixed_in for row in ours if fixes and row.fixed_in and str(Version(row.fixed_in)) not in fixes]
    return [*found, *(f"other fix: {version} is not among {sorted(fixes)}" for version in strange)]


def explained(records: list[dict[str, Any]], name: str, pin: Pin) -> str:
    named = [one for one in records if one["id"] == name]
    rows = [row for one in named for row in one["affected"] if canonicalize_name(row["package"]["name"]) == pin[0]]
    events = [one["events"] for row in rows for one in row.get("ranges", []) if one["type"] == "ECOSYSTEM"]
    listed = sum(len(row.get("versions", [])) for row in rows)
    return f"{name} lists {listed} versions, and its ranges are {json.dumps(events)}"


def chosen(records: list[dict[str, Any]], number: int) -> list[Pin]:
    """Choose half of the releases among those that a record lists, half among those that have a fix."""
    listed: dict[str, set[str]] = {}
    fixed: dict[str, set[str]] = {}
    for row in (row for record in records for row in record["affected"]):
        name = canonicalize_name(row["package"]["name"])
        events = [event for one in row.get("ranges", []) if one["type"] == "ECOSYSTEM" for event in one["events"]]
        listed.setdefault(name, set()).update(filter(is_version, row.get("versions", [])))
        fixed.setdefault(name, set()).update(event["fixed"] for event in events if is_version(event.get("fixed", "")))
    source = random.Random(11)
    pins: set[Pin] = set()
    while len(pins) < number:
        pool = (listed, fixed)[len(pins) % 2]
        chosen_name = source.choice(sorted(pool))
        if pool[chosen_name]:
            pins.add((chosen_name, source.choice(sorted(pool[chosen_name]))))
    return sorted(pins)


def read(path: Path) -> list[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        return [json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")]


def is_version(text: str) -> bool:
    try:
        return bool(Version(text))
    except InvalidVersion:
        return False


if __name__ == "__main__":
    main()
