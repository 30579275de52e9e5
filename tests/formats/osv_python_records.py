"""OSV records of Python packages in the shapes that PYSEC, GHSA and MAL records have; the flaws are made up.

Each stands with the releases that are known of the package, and which of them it affects, worked out by hand.
"""

from typing import Any, NamedTuple

from tests.formats.osv_records import BAD, MEDIUM, VERSION_4, affects, span


class Known(NamedTuple):
    """A record, releases of its package that it affects, and releases that it does not affect."""

    record: dict[str, Any]
    hit: tuple[str, ...]
    safe: tuple[str, ...]


def a_record(name: str, package: str, *ranges: dict[str, Any], versions: Any = (), **more: Any) -> dict[str, Any]:
    """Write a record of one package."""
    row = affects("PyPI", package, list(ranges), versions=list(versions))
    return {"id": name, "modified": "2025-03-01T10:00:00.5Z", "affected": [row], **more}


def semver(*events: tuple[str, str]) -> dict[str, Any]:
    return span(*events, kind="SEMVER")


COMMITS = span(("introduced", "0"), ("fixed", "ab" * 20), kind="GIT")
SAMPLE = (
    Known(
        a_record("PYSEC-2025-1", "plain", span(("introduced", "0"), ("fixed", "1.10")), aliases=["CVE-2025-1"]),
        ("0.1", "1.9", "1.9.post1", "1.10rc1", "1.10.dev1"),
        ("1.10", "1.10.0", "1.10.post1", "2.0a1", "1!0.1"),
    ),
    Known(
        a_record(
            "GHSA-plai-nnnn-0001",
            "Plain",
            span(("introduced", "0"), ("fixed", "1.11")),
            aliases=["CVE-2025-1"],
            severity=[{"type": "CVSS_V3", "score": BAD}],
            summary="Plain lets everybody in",
        ),
        ("1.10", "1.10.1"),
        ("1.11",),
    ),
    Known(
        a_record(
            "PYSEC-2025-2",
            "branches",
            COMMITS,
            span(
                ("introduced", "4.2"),
                ("fixed", "4.2.8"),
                ("introduced", "0"),
                ("fixed", "3.2.9"),
                ("introduced", "5.0"),
                ("fixed", "5.0.2"),
            ),
            versions=["3.1", "4.2.7", "5.0.1"],
        ),
        ("3.1", "3.2.8", "4.2", "4.2.7", "5.0", "5.0.1"),
        ("3.2.9", "4.1", "4.2.8", "4.3", "5.0.2", "5.0rc1"),
    ),
    Known(
        a_record(
            "PYSEC-2025-3",
            "branches",
            span(("introduced", "4.0"), ("fixed", "4.1")),
            span(("introduced", "5.0"), ("fixed", "5.1")),
        ),
        ("4.0.5", "5.0.1"),
        ("3.9", "4.1", "4.9", "5.1"),
    ),
    Known(
        a_record("PYSEC-2025-4", "last", span(("introduced", "1.0"), ("last_affected", "1.4"))),
        ("1.0", "1.4", "1.4.0", "1.4+cu118"),
        ("0.9", "1.4.post1", "1.4.1", "1.5"),
    ),
    Known(
        a_record("GHSA-last-only-0002", "last", span(("introduced", "2.0"), ("last_affected", "2.0"))),
        ("2.0", "2.0.0"),
        ("1.9", "2.0.1"),
    ),
    Known(a_record("PYSEC-2025-5", "nofix", span(("introduced", "0"))), ("0", "0.0.1", "99.1", "oddity-7"), ()),
    Known(
        a_record("PYSEC-2025-6", "empty", span(("introduced", "1.2"), ("fixed", "1.2"))),
        (),
        ("1.1", "1.2", "1.3"),
    ),
    Known(
        a_record(
            "PYSEC-2025-7",
            "meeting",
            span(
                ("introduced", "0"),
                ("fixed", "3.1.1"),
                ("introduced", "3.2.0"),
                ("fixed", "3.2.2"),
                ("introduced", "3.1.1"),
                ("fixed", "3.2.0"),
            ),
        ),
        ("3.1", "3.1.1", "3.1.9", "3.2.0", "3.2.1"),
        ("3.2.2",),
    ),
    Known(
        a_record(
            "PYSEC-2025-8",
            "meeting",
            span(("introduced", "0"), ("last_affected", "1.0"), ("introduced", "1.0"), ("fixed", "1.5")),
        ),
        ("0.5", "1.0", "1.2"),
        ("1.5",),
    ),
    Known(
        a_record("GHSA-nons-ense-0003", "nonsense", span(("fixed", "1.0"), ("introduced", "2.0"), ("fixed", "0.5"))),
        ("2.0", "3.0"),
        ("0.4", "0.5", "1.0", "1.9"),
    ),
    Known(
        a_record("PYSEC-2025-9", "oddnames", versions=["2004d", "0.1.0-final-rc", "1.0"]),
        ("2004d", "0.1.0-final-rc", "1.0", "1.0.0", "v1.0", "1.0+local.1"),
        ("2004e", "0.1.0", "1.0.1", "1.0.post1"),
    ),
    Known(
        a_record("PYSEC-2025-10", "oddbounds", span(("introduced", "0"), ("fixed", "0.2.0-n653"))),
        ("0.1", "0.2.0", "0.3"),
        (),
    ),
    Known(
        a_record(
            "PYSEC-2025-11",
            "oddbounds",
            span(("introduced", "some-day"), ("fixed", "2.0-n1")),
            span(("introduced", "5"), ("fixed", "6")),
            versions=["1.9", "1.8"],
        ),
        ("1.9", "1.8", "1.9.0", "5.5"),
        ("1.7", "2.0", "6"),
    ),
    Known(
        a_record("GHSA-oddi-ntro-0004", "oddbounds", span(("introduced", "some-day"), ("fixed", "0.7"))),
        ("0.1", "0.6"),
        ("0.7", "1.0"),
    ),
    Known(
        a_record("MAL-2025-1", "reqeusts", span(("introduced", "0")), versions=["1.0"], summary="Malware in reqeusts"),
        ("1.0", "2.0"),
        (),
    ),
    Known(
        a_record("MAL-2025-2", "hijacked", versions=["8.3.41", "8.3.42"], aliases=["GHSA-hija-cked-0005"]),
        ("8.3.41", "8.3.42"),
        ("8.3.40", "8.3.43"),
    ),
    Known(
        a_record(
            "GHSA-hija-cked-0005",
            "hijacked",
            span(("introduced", "8.3.41"), ("fixed", "8.3.43")),
            aliases=["PYSEC-2025-12"],
            database_specific={"severity": "CRITICAL"},
        ),
        ("8.3.41", "8.3.42"),
        ("8.3.40", "8.3.43"),
    ),
    Known(
        a_record(
            "PYSEC-2025-12",
            "Hijacked",
            versions=["8.3.41", "8.3.42", "8.3.45"],
            details="## A release was taken over\nby `@somebody`",
        ),
        ("8.3.41", "8.3.45"),
        ("8.3.44",),
    ),
    Known(
        a_record(
            "GHSA-vers-four-0006",
            "Zope_Like.Name",
            span(("introduced", "0"), ("fixed", "2.0.0")),
            severity=[{"type": "CVSS_V4", "score": VERSION_4}],
            aliases=["CVE-2025-20"],
        ),
        ("1.9", "2.0.0a1"),
        ("2.0",),
    ),
    Known(
        a_record("PYSEC-2025-20", "zope-like-name", versions=["1.9"], aliases=["CVE-2025-20"]),
        ("1.9", "1.9.0"),
        ("1.8",),
    ),
    Known(
        a_record("GHSA-semv-erra-0007", "semantic", semver(("introduced", "1.0.0-alpha.1"), ("fixed", "1.2.0"))),
        ("1.0.0a1", "1.0.0", "1.1.9"),
        ("0.9", "1.0.0.dev1", "1.2.0"),
    ),
    Known(
        a_record("PYSEC-2025-21", "torchlike", span(("introduced", "0"), ("fixed", "2.6.0"))),
        ("2.5.1+cu118", "2.5.1"),
        ("2.6.0+cu118", "2.6.0", "2.7"),
    ),
    Known(
        a_record("PYSEC-2025-22", "torchlike", span(("introduced", "1.0"), ("fixed", "1.0+fixed.2"))),
        ("1.0", "1.0+fixed.1"),
        ("1.0+fixed.2", "1.1"),
    ),
    Known(
        a_record(
            "PYSEC-2025-23",
            "withdrawn",
            span(("introduced", "0")),
            withdrawn="2025-04-01T00:00:00Z",
            severity=[{"type": "CVSS_V3", "score": MEDIUM}],
        ),
        (),
        ("1.0",),
    ),
    Known(
        a_record("PYSEC-2025-24", "epochs", span(("introduced", "1!0"), ("fixed", "1!2"))),
        ("1!0", "1!1.5"),
        ("5", "1!2", "2!0"),
    ),
)
RECORDS = tuple(known.record for known in SAMPLE)
