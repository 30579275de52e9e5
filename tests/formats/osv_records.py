"""OSV records in the shapes that the databases have them: Debian, Ubuntu, Alpine, PyPI. The flaws are made up."""

from typing import Any

BAD = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MEDIUM = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H"
VERSION_4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"


def span(*events: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    """One range, by its events in their order: `("introduced", "0"), ("fixed", "1.2")`."""
    return {"type": kind, "events": [{name: version} for name, version in events]}


def until(fixed: str) -> list[dict[str, Any]]:
    """The ranges of a flaw that was always there, until a version."""
    return [span(("introduced", "0"), ("fixed", fixed))]


def affects(ecosystem: str, name: str, ranges: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges, **more}


DEBIAN_CVE: dict[str, Any] = {
    "schema_version": "1.7.3",
    "id": "DEBIAN-CVE-2025-1001",
    "published": "2025-02-01T10:00:00Z",
    "modified": "2025-09-12T11:00:05.986201214Z",
    "upstream": ["CVE-2025-1001"],
    "details": "glass can be broken by throwing stones.",
    "severity": [{"type": "CVSS_V3", "score": BAD}],
    "affected": [
        affects(
            "Debian:12",
            "glass",
            until("2.36-9+deb12u3"),
            versions=["2.36-8", "2.36-9", "2.36-9+deb12u1"],
            ecosystem_specific={"urgency": "not yet assigned"},
            database_specific={"source": "https://storage.example/debian-cve-osv/DEBIAN-CVE-2025-1001.json"},
        ),
        affects("Debian:13", "glass", until("2.41-1"), ecosystem_specific={"urgency": "not yet assigned"}),
    ],
}
DEBIAN_NOTICE: dict[str, Any] = {
    "schema_version": "1.7.3",
    "id": "DSA-9001-1",
    "summary": "glass - security update",
    "modified": "2025-02-03T00:00:00Z",
    "upstream": ["CVE-2025-1001", "CVE-2025-1002", "DEBIAN-CVE-2025-1001"],
    "affected": [affects("Debian:12", "glass", until("2.36-9+deb12u3"), versions=["2.36-9"])],
}
DEBIAN_OPEN: dict[str, Any] = {
    "id": "DEBIAN-CVE-2025-1003",
    "upstream": ["CVE-2025-1003"],
    "affected": [
        affects(
            "Debian:12",
            "glass",
            [span(("introduced", "0"))],
            ecosystem_specific={"urgency": "unimportant"},
        )
    ],
}
UBUNTU_CVE: dict[str, Any] = {
    "schema_version": "1.7.0",
    "id": "UBUNTU-CVE-2025-2001",
    "aliases": [],
    "upstream": ["CVE-2025-2001"],
    "related": ["USN-7001-1"],
    "severity": [{"type": "Ubuntu", "score": "medium"}],
    "affected": [
        affects("Ubuntu:Pro:22.04:LTS", "pipes", until("8.12-1ubuntu0.1~esm1")),
        affects(
            "Ubuntu:22.04:LTS",
            "pipes",
            [span(("introduced", "0"))],
            versions=["8.12-1"],
            ecosystem_specific={"binaries": [{"binary_name": "pipes", "binary_version": "8.12-1"}]},
        ),
        affects("Ubuntu:25.10", "pipes", until("8.16-1ubuntu1")),
        affects("Ubuntu:24.04:LTS", "pipes", until("8.15-1ubuntu0.1")),
    ],
}
UBUNTU_NOTICE: dict[str, Any] = {
    "id": "USN-7001-1",
    "upstream": ["CVE-2025-2001", "UBUNTU-CVE-2025-2001"],
    "related": ["CVE-2025-2002"],
    "affected": [affects("Ubuntu:24.04:LTS", "pipes", until("8.15-1ubuntu0.1"))],
}
ALPINE_CVE: dict[str, Any] = {
    "id": "ALPINE-CVE-2025-3001",
    "upstream": ["CVE-2025-3001"],
    "severity": [{"type": "CVSS_V3", "score": MEDIUM}],
    "affected": [
        affects("Alpine:v3.20", "busybox", until("1.36.1-r29")),
        affects("Alpine:v3.21", "busybox", until("1.37.0-r9")),
    ],
}
PYPI: dict[str, Any] = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["PYSEC-2025-1", "CVE-2025-4001"],
    "severity": [{"type": "CVSS_V4", "score": VERSION_4}],
    "database_specific": {"severity": "MODERATE", "github_reviewed": True},
    "affected": [
        affects(
            "PyPI",
            "webframe",
            [
                span(("introduced", "0"), ("fixed", "ab12"), kind="GIT"),
                span(("introduced", "4.0"), ("fixed", "4.2.8"), ("introduced", "0"), ("fixed", "3.2.9")),
            ],
            versions=["3.1", "4.1"],
        )
    ],
}
ALL = (DEBIAN_CVE, DEBIAN_NOTICE, DEBIAN_OPEN, UBUNTU_CVE, UBUNTU_NOTICE, ALPINE_CVE, PYPI)
