"""CycloneDX: valid by the library's own strict validator, the same bytes every time, and careful in what it claims."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.decide import bom
from bot.model.contents import ChangeKind, FeedState
from bot.model.findings import ArchiveAhead, MovedDigest, QuarterDue, Unreadable
from bot.model.packages import OsRelease, PackageFormat
from bot.model.policy import Severity
from bot.model.runs import Failure, Outcome, RunRecord
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_diff,
    a_lock,
    a_package,
    a_pin,
    a_record,
    a_snapshot,
    a_source_change,
    a_state,
    a_vulnerable_pin,
    an_accepted,
    an_advisory,
    an_image,
    an_inspection,
    some_contents,
)  # fmt: skip
from tests.rig.published import cyclonedx_problems, nested

USE = an_image(digest=OLD, line=3)
FIX = a_source_change(packages=("libssl3", "openssl"), advisories=(an_advisory("CVE-2026-9", Severity.CRITICAL),))
WEB = (
    a_pin("django", "4.2.15", line=5), a_pin("sqlparse", "0.5.1", line=8, via=("django",)),
    a_pin("redis", "5.0", line=9, via=("celery[redis]", "-c constraints.txt")), a_pin("celery", "5.4", line=3),
)  # fmt: skip


def written(*runs: RunRecord) -> dict[str, Any]:
    text = bom.text(runs, "0.1.0", NOW)
    assert cyclonedx_problems(text) == []
    assert bom.text(runs, "0.1.0", NOW) == text
    document: dict[str, Any] = json.loads(text)
    return document


def flaws(*findings: Any, **fields: Any) -> list[dict[str, Any]]:
    return list(written(a_record(findings=findings, **fields)).get("vulnerabilities", []))


def places(component: dict[str, Any]) -> list[dict[str, Any]]:
    rows = component["evidence"]["occurrences"]
    return [{"location": row["location"], "line": row["line"]} for row in rows]


def graph(document: dict[str, Any]) -> dict[str, list[str]]:
    return {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}


def test_the_document_is_about_the_repository_at_its_commit() -> None:
    found = written(a_record())
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    assert found["metadata"] == {
        "timestamp": "2026-11-24T12:00:00+00:00",
        "tools": {"components": [
            {"type": "application", "name": "quarterdeck", "version": "0.1.0", "bom-ref": "quarterdeck:tool"}]},
        "component": {
            "type": "application", "name": "acme/web", "version": "c" * 40, "bom-ref": "acme/web",
            "externalReferences": [{"type": "vcs", "url": "https://example.org/acme/web.git"}],
            "properties": [{"name": "quarterdeck:outcome", "value": "planned"}],
        },
    }  # fmt: skip


def test_its_serial_number_is_that_of_the_repository_and_the_commit() -> None:
    one = written(a_record())["serialNumber"]
    assert written(a_record(findings=(a_vulnerable_pin(),)))["serialNumber"] == one
    assert written(a_record(snapshot=a_snapshot(commit="d" * 40)))["serialNumber"] != one


def test_a_pin_is_one_component_with_every_place_that_mentions_it() -> None:
    locks = (a_lock("a.txt"), a_lock("b.txt", pins=(a_pin(line=2), a_pin(version="5.0", line=4))))
    components = written(a_record(snapshot=a_snapshot(locks=locks)))["components"]
    assert [(one["purl"], places(one)) for one in components] == [
        ("pkg:pypi/django@4.2.15", [{"location": "a.txt", "line": 7}, {"location": "b.txt", "line": 2}]),
        ("pkg:pypi/django@5.0", [{"location": "b.txt", "line": 4}]),
    ]


def test_the_graph_says_who_asks_for_whom() -> None:
    found = graph(written(a_record(snapshot=a_snapshot(locks=(a_lock(pins=WEB),), images=(USE,)))))
    assert found == {
        "acme/web": [f"acme/web#oci/python:3.12-slim@{OLD}", "acme/web#pypi/celery@5.4", "acme/web#pypi/django@4.2.15"],
        "acme/web#pypi/celery@5.4": ["acme/web#pypi/redis@5.0"],
        "acme/web#pypi/django@4.2.15": ["acme/web#pypi/sqlparse@0.5.1"],
        "acme/web#pypi/redis@5.0": [],
        "acme/web#pypi/sqlparse@0.5.1": [],
        f"acme/web#oci/python:3.12-slim@{OLD}": [],
    }


@pytest.mark.parametrize(
    ("via", "direct"),
    [
        (("django", "-r requirements.in"), True),  # asked for twice over
        ((), True),  # nobody says who asks for it
        (("nobody",), True),
        (("django",), False),
        (("sqlparse",), True),  # itself, under one of its extras
    ],
)
def test_what_a_source_asks_for_or_nobody_is_known_to_is_the_repositorys_own(
    via: tuple[str, ...], direct: bool
) -> None:
    pins = (a_pin(), a_pin("sqlparse", "0.5.1", via=via))
    found = graph(written(a_record(snapshot=a_snapshot(locks=(a_lock(pins=pins),)))))
    assert ("acme/web#pypi/sqlparse@0.5.1" in found["acme/web"]) == direct


def test_pins_that_only_ask_for_each_other_are_still_reached() -> None:
    pins = (a_pin("a", "1", via=("b",)), a_pin("b", "1", via=("a",)))
    found = graph(written(a_record(snapshot=a_snapshot(locks=(a_lock(pins=pins),)))))
    assert found["acme/web"] == ["acme/web#pypi/a@1", "acme/web#pypi/b@1"]


def test_an_image_is_a_container_with_the_packages_that_were_read() -> None:
    use = replace(USE, name=replace(USE.name, digest=NEW))
    contents = some_contents(
        packages=(a_package(version="1:3.0+x~y-1"), a_package("tzdata", "2026b", architecture="all"))
    )
    arm = replace(contents, platform="linux/arm64", packages=(*contents.packages, a_package(architecture="arm64")))
    state = a_state(use, inspections=(an_inspection(contents=contents), an_inspection(contents=arm)))
    (image,) = written(a_record(snapshot=a_snapshot(locks=(), images=(use, replace(use, line=9))), images=(state,)))[
        "components"
    ]
    assert (image["type"], image["name"], image["version"]) == ("container", "library/python", "3.12-slim")
    assert image["purl"] == (f"pkg:oci/python@{NEW}?repository_url=docker.io/library/python&tag=3.12-slim")
    assert image["hashes"] == [{"alg": "SHA-256", "content": "2" * 64}]
    assert places(image) == [
        {"location": "Dockerfile", "line": 3},
        {"location": "Dockerfile", "line": 9},
    ]
    assert sorted((one["type"], one["name"], one.get("purl")) for one in image["components"]) == [
        ("library", "libssl3", "pkg:deb/debian/libssl3@1:3.0%2Bx~y-1?arch=amd64&distro=debian-12"),
        ("library", "libssl3", "pkg:deb/debian/libssl3@3.0.11-1?arch=arm64&distro=debian-12"),
        ("library", "tzdata", "pkg:deb/debian/tzdata@2026b?arch=all&distro=debian-12"),
        ("operating-system", "debian", None),
    ]


@pytest.mark.parametrize(
    ("format", "os", "version", "purl"),
    [
        (PackageFormat.APK, OsRelease(id="alpine", version="3.20.3"), "1.36.1-r29", "pkg:apk/alpine/busybox@1.36.1-r29?arch=x86_64&distro=alpine-3.20.3"),
        (PackageFormat.RPM, OsRelease(id="fedora", version="41"), "1:3.2-5.fc41", "pkg:rpm/fedora/busybox@3.2-5.fc41?arch=x86_64&distro=fedora-41&epoch=1"),
        (PackageFormat.RPM, OsRelease(id="fedora", version="41"), "3.2-5.fc41", "pkg:rpm/fedora/busybox@3.2-5.fc41?arch=x86_64&distro=fedora-41"),
        (PackageFormat.DEB, OsRelease(id="debian", version=""), "1", "pkg:deb/debian/busybox@1?arch=x86_64&distro=debian"),
        (None, OsRelease(id="debian", version="12"), "1", None),
        (PackageFormat.DEB, None, "1", None),
    ],
)  # fmt: skip
def test_packages_are_named_as_their_system_names_them(
    format: PackageFormat | None, os: OsRelease | None, version: str, purl: str | None  # noqa: A002 - the field's name
) -> None:  # fmt: skip
    package = a_package("busybox", version, architecture="x86_64")
    contents = some_contents(format=format, os=os, packages=(package,))
    state = a_state(USE, moved=False, inspections=(an_inspection(contents=contents),))
    found = written(a_record(snapshot=a_snapshot(images=(USE,)), images=(state,)))
    (one,) = [part for part in nested(found["components"]) if part["name"] == "busybox"]
    assert one.get("purl") == purl


def test_the_packages_are_those_of_the_image_that_is_pinned_not_of_the_newest() -> None:
    old = some_contents(OLD, packages=(a_package(version="3.0.11-1"),))
    new = some_contents(NEW, packages=(a_package(version="3.0.13-1"),))
    state = a_state(USE, diffs=(a_diff(FIX, old=old, new=new),), inspections=(an_inspection(contents=new),))
    found = written(a_record(snapshot=a_snapshot(images=(USE,)), images=(state,)))
    assert [one["version"] for one in nested(found["components"]) if one["name"] == "libssl3"] == ["3.0.11-1"]


def test_an_image_without_a_pin_is_what_its_tag_points_to_and_one_that_nobody_saw_has_no_digest() -> None:
    loose, unseen, pinned = an_image(), an_image("3.13"), an_image(digest=NEW)
    record = a_record(snapshot=a_snapshot(locks=(), images=(loose, unseen, pinned)), images=(a_state(loose),))
    found = written(record)["components"]
    assert [(one["bom-ref"].partition("#")[2], "hashes" in one, "purl" in one) for one in found] == [
        (f"oci/python:3.12-slim@{NEW}", True, True), ("oci/python:3.12-slim@unpinned", True, True),
        ("oci/python:3.13@unpinned", False, False),
    ]  # fmt: skip


def test_an_image_of_another_registry_is_named_with_it() -> None:
    use = an_image()
    use = replace(use, name=replace(use.name, registry="ghcr.io", repository="Acme/Base"))
    (one,) = written(a_record(snapshot=a_snapshot(locks=(), images=(use,)), images=(a_state(use),)))["components"]
    assert one["name"] == "ghcr.io/Acme/Base"
    assert one["purl"].startswith("pkg:oci/base@")


def test_a_pin_with_a_fix_is_exploitable_and_says_what_to_do() -> None:
    one = an_advisory(
        "GHSA-x", Severity.MEDIUM, aliases=("CVE-2026-1", "PYSEC-2", "XYZ-3"), url="https://osv.dev/GHSA-x",
        summary="SQL injection",
    )  # fmt: skip
    (flaw,) = flaws(a_vulnerable_pin(one))
    assert flaw == {
        "bom-ref": "acme/web#pypi/django@4.2.15#GHSA-x#1",
        "id": "GHSA-x",
        "source": {"name": "GitHub Advisories", "url": "https://osv.dev/GHSA-x"},
        "references": [
            {"id": "CVE-2026-1", "source": {"name": "CVE"}}, {"id": "PYSEC-2", "source": {"name": "PyPA"}},
            {"id": "XYZ-3", "source": {"name": "OSV"}},
        ],
        "ratings": [{"severity": "medium"}],
        "description": "SQL injection",
        "recommendation": "upgrade to 4.2.16",
        "advisories": [{"url": "https://osv.dev/GHSA-x"}],
        "analysis": {"state": "exploitable", "response": ["update"], "detail": "requirements.in asks for it"},
        "affects": [{"ref": "acme/web#pypi/django@4.2.15", "versions": [{"version": "4.2.15", "status": "affected"}]}],
    }  # fmt: skip


def test_a_pin_without_a_fix_is_in_triage() -> None:
    (flaw,) = flaws(a_vulnerable_pin(fixed_in=None, why="no release is without it"))
    assert flaw["analysis"] == {"state": "in_triage", "detail": "no release is without it"}
    assert "recommendation" not in flaw


def test_a_waiver_is_a_decision_and_no_claim_that_nothing_is_affected() -> None:
    (flaw,) = flaws(accepted=(an_accepted(),))
    assert flaw["analysis"] == {
        "state": "exploitable", "response": ["will_not_fix"],
        "detail": "not reachable: we never parse XML (accepted until 2027-01-31)",
    }  # fmt: skip


def test_malware_is_critical() -> None:
    assert flaws(a_vulnerable_pin(an_advisory("MAL-1", Severity.UNKNOWN)))[0]["ratings"] == [{"severity": "critical"}]


def test_the_same_flaw_of_two_packages_is_told_of_each_and_told_once_of_each() -> None:
    pins = (a_pin(), a_pin("six", "1"))
    findings = (
        a_vulnerable_pin(),
        a_vulnerable_pin(name="six", version="1"),
        a_vulnerable_pin(),
        a_vulnerable_pin(fixed_in="5"),
    )
    found = flaws(*findings, snapshot=a_snapshot(locks=(a_lock(pins=pins),)))
    assert [one["bom-ref"].partition("#")[2] for one in found] == [
        "pypi/django@4.2.15#CVE-2026-1#1", "pypi/django@4.2.15#CVE-2026-1#2", "pypi/six@1#CVE-2026-1#1",
    ]  # fmt: skip


def test_updates_that_wait_for_an_image_are_vulnerabilities_of_its_packages() -> None:
    state = a_state(USE, moved=False, inspections=(an_inspection(FIX),))
    fields: dict[str, Any] = {"snapshot": a_snapshot(images=(USE,)), "images": (state,)}
    (flaw,) = flaws(ArchiveAhead(use=USE, digest=NEW, updates=(FIX,), remedy="add an upgrade layer"), **fields)
    assert flaw["affects"] == [
        {"ref": f"acme/web#oci/python:3.12-slim@{OLD}/libssl3@3.0.11-1?amd64",
         "versions": [{"version": "3.0.11-1", "status": "affected"}]}
    ]  # fmt: skip
    assert flaw["recommendation"] == "add an upgrade layer"
    assert flaw["analysis"] == {
        "state": "exploitable", "response": ["update"], "detail": "openssl 3.0.13-1 fixes it, 3.0.11-1 is installed",
    }  # fmt: skip


def test_a_digest_that_fixes_something_is_a_vulnerability_of_the_pinned_image() -> None:
    bug = a_source_change("perl", kind=ChangeKind.BUGFIX, advisories=(an_advisory("CVE-2026-8"),))
    finding = MovedDigest(use=USE, current=OLD, available=NEW, diffs=(a_diff(FIX, bug),))
    (flaw,) = flaws(finding, snapshot=a_snapshot(images=(USE,)))
    assert flaw["affects"] == [{"ref": f"acme/web#oci/python:3.12-slim@{OLD}"}]
    assert flaw["recommendation"] == f"move to python:3.12-slim@{NEW}"


def test_a_flaw_of_what_is_no_component_is_one_of_the_repository() -> None:
    findings = (
        a_vulnerable_pin(),
        ArchiveAhead(use=USE, digest=NEW, updates=(FIX,), remedy="r"),
        QuarterDue(quarter="q", since=None),
    )
    assert {one["affects"][0]["ref"] for one in flaws(*findings, snapshot=None)} == {"acme/web"}


def test_several_repositories_stay_apart_inside_of_one_document() -> None:
    found = written(a_record("acme/web", findings=(a_vulnerable_pin(),)), a_record("acme/api"))
    assert found["metadata"]["component"]["bom-ref"] == "quarterdeck:repositories"
    assert [(one["name"], [part["purl"] for part in one["components"]]) for one in found["components"]] == [
        ("acme/api", ["pkg:pypi/django@4.2.15"]), ("acme/web", ["pkg:pypi/django@4.2.15"]),
    ]  # fmt: skip
    assert graph(found)["quarterdeck:repositories"] == ["acme/api", "acme/web"]
    assert found["vulnerabilities"][0]["affects"][0]["ref"] == "acme/web#pypi/django@4.2.15"
    assert len({one["name"] for one in written(a_record("web"), a_record("web"))["components"]}) == 2
    assert "components" not in written()


def test_a_document_of_a_failed_run_says_so_and_what_is_not_known_besides() -> None:
    failure = Failure(kind="CloneFailed", message="not there", hint="")
    feed = FeedState(ecosystem="PyPI", source="s", as_of=None, problem="never read")
    unreadable = Unreadable(path="setup.py", line=0, subject="setup.py", why="it would have to be run")
    record = a_record(snapshot=None, outcome=Outcome.FAILED, failure=failure, feeds=(feed,), findings=(unreadable,))
    component = written(record)["metadata"]["component"]
    assert [(one["name"], one["value"]) for one in component["properties"]] == [
        ("quarterdeck:error", "CloneFailed: not there"),
        ("quarterdeck:outcome", "failed"),
        ("quarterdeck:warning", "advisory-feed: PyPI advisories from s, of unknown age: never read"),
        ("quarterdeck:warning", "unreadable: setup.py: it would have to be run"),
    ]
    assert "version" not in component


def test_a_folder_of_this_machine_is_not_told_to_anybody() -> None:
    assert "/home/me" not in json.dumps(written(a_record(snapshot=a_snapshot(url="/home/me/web"))))


def test_what_no_purl_can_name_is_told_without_one() -> None:
    use = an_image(digest=OLD)
    use = replace(use, name=replace(use.name, repository="acme/"))
    found = written(a_record(snapshot=a_snapshot(locks=(a_lock(pins=(a_pin("//"),)),), images=(use,))))["components"]
    assert sorted((one["name"], "purl" in one) for one in found) == [("//", False), ("acme/", False)]


def test_hostile_names_are_told_as_words() -> None:
    pin = a_pin('a"/\n@', "1 2\x00", line=1, via=("-r \ud800",))
    flaw = an_advisory("X-\n1", summary="\ud800" * 9, url="https://x y", aliases=("",))
    record = a_record(
        "ü \u202e'\n", snapshot=a_snapshot(locks=(a_lock("caf\udce9\n.txt", pins=(pin,)),)),
        findings=(a_vulnerable_pin(flaw, name=pin.name, version=pin.version, why="\x00"),),
    )  # fmt: skip
    found = written(record)
    (one,) = found["components"]
    assert (one["name"], one["version"], one["evidence"]["occurrences"][0]["location"]) == ('a"/ @', "1 2", "caf .txt")
    assert found["metadata"]["component"]["name"] == "ü '"
    (told,) = found["vulnerabilities"]
    assert (told["id"], told["affects"][0]["ref"]) == ("X- 1", one["bom-ref"])
