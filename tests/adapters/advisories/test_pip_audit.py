"""Our verdicts beside pip-audit's, on the written sample: it is fed what was worked out by hand, we read the ranges."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bot.adapters.advisories.pins import DumpAdvisories, Feed
from bot.model.contents import Advisory
from bot.system.http import Http
from tests.formats.osv_python_records import SAMPLE, Known, a_record
from tests.formats.osv_records import span
from tests.rig.osv_api import OsvApi, Pin, Verdict, audited
from tests.rig.osv_bucket import zipped

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def alone(known: Known, versions: tuple[str, ...]) -> dict[str, Any]:
    """Give a record of a package of its own, with a list of versions."""
    row = known.record["affected"][0]
    package = {"ecosystem": "PyPI", "name": canonicalize_name(known.record["id"])}
    return {**known.record, "affected": [{**row, "package": package, "versions": list(versions)}]}


def by_hand(known: Known) -> dict[str, Any]:
    """Let a record list what it affects; a withdrawn one lists everything, as pip-audit has to skip it."""
    return alone(known, known.safe if "withdrawn" in known.record else known.hit)


def is_version(text: str) -> bool:
    try:
        return bool(Version(text))
    except InvalidVersion:
        return False


def ours(records: list[dict[str, Any]], pins: Sequence[Pin], folder: Path) -> dict[Pin, tuple[Advisory, ...]]:
    (folder / "all.zip").write_bytes(zipped(*records))
    feed = Feed(ecosystem="PyPI", url=(folder / "all.zip").as_uri(), configured=True)
    with Http() as http, DumpAdvisories(http, [feed], folder / "osv", lambda: NOW) as advisories:
        return {pin: advisories.affecting(*pin) for pin in pins}


def theirs(records: list[dict[str, Any]], pins: Sequence[Pin], folder: Path) -> dict[Pin, Verdict]:
    with pytest.MonkeyPatch.context() as patch, OsvApi(records) as api:
        patch.setenv("no_proxy", "*")
        return audited(pins, api.url, folder)


def test_pip_audit_and_we_agree_about_every_record(tmp_path: Path) -> None:
    pins = sorted(
        (canonicalize_name(known.record["id"]), version)
        for known in SAMPLE
        for version in (*known.hit, *known.safe)
        if is_version(version)
    )
    listed = [tuple(known.record["affected"][0]["versions"]) for known in SAMPLE]
    found = ours([alone(known, versions) for known, versions in zip(SAMPLE, listed, strict=True)], pins, tmp_path)
    audited = theirs([by_hand(known) for known in SAMPLE], pins, tmp_path / "cache")
    assert len(pins) > 120
    failed = {pin for pin, verdict in audited.items() if verdict.failure}
    assert {name for name, _ in failed} == {"pysec-2025-10", "pysec-2025-11"}
    assert all("InvalidVersion" in audited[pin].failure for pin in failed)
    assert {
        pin: (rows, audited[pin])
        for pin, rows in found.items()
        if pin not in failed and {name for row in rows for name in row.names} != audited[pin].ids
    } == {}


def test_pip_audit_merges_the_same_records(tmp_path: Path) -> None:
    def one(name: str, *aliases: str, fixed: str) -> dict[str, Any]:
        ranges = span(("introduced", "0"), ("fixed", fixed))
        return a_record(name, "one", ranges, versions=["1.0"], aliases=list(aliases))

    records = [
        one("GHSA-1", "CVE-1", fixed="1.2"),
        one("PYSEC-1", "CVE-1", "GHSA-1", fixed="1.1"),
        one("GHSA-2", "CVE-2", fixed="2.0"),
        one("MAL-1", fixed="3.0"),
    ]
    pin = ("one", "1.0")
    rows, verdict = ours(records, [pin], tmp_path)[pin], theirs(records, [pin], tmp_path / "cache")[pin]
    assert {frozenset(row.names) for row in rows} == {names for names, _ in verdict.flaws}
    assert {row.fixed_in for row in rows} == {version for _, fixes in verdict.flaws for version in fixes}
