"""SARIF: valid by the published schema and for GitHub, the same between runs, and silent about nothing."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.decide import sarif
from bot.model.contents import ChangeKind, FeedState, Support
from bot.model.findings import (
    ArchiveAhead,
    EndOfLife,
    Finding,
    FrozenTag,
    LockOutOfDate,
    MovedDigest,
    PythonMismatch,
    QuarterDue,
    Unreadable,
)
from bot.model.policy import Severity
from bot.model.repository import Repository
from bot.model.runs import Failure, Outcome, RunRecord
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_diff,
    a_lifetime,
    a_lock,
    a_record,
    a_snapshot,
    a_source_change,
    a_vulnerable_pin,
    an_accepted,
    an_advisory,
    an_image,
)  # fmt: skip
from tests.rig.published import sarif_problems

USE = an_image(digest=OLD, line=3)
FIX = a_source_change(advisories=(an_advisory("CVE-2026-9", Severity.CRITICAL),))
DATA = a_source_change("tzdata", kind=ChangeKind.DATA)
UNREADABLE = Unreadable(path="setup.py", line=4, subject="setup.py", why="it would have to be run")


def written(*runs: RunRecord) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(sarif.log(runs, "0.1.0")))
    assert sarif_problems(document) == []
    return document


def run(*findings: Finding, **fields: Any) -> dict[str, Any]:
    (found,) = written(a_record(findings=findings, **fields))["runs"]
    return dict(found)


def result(finding: Finding) -> dict[str, Any]:
    (found,) = run(finding)["results"]
    return dict(found)


def notices(**fields: Any) -> list[tuple[str, str, str]]:
    found = written(a_record(**fields))["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    return [(one["descriptor"]["id"], one["level"], one["message"]["text"]) for one in found]


def test_a_vulnerable_pin_is_a_result_under_its_advisory() -> None:
    one = an_advisory(
        "PYSEC-1", aliases=("CVE-2026-1", "GHSA-x"), url="https://osv.dev/PYSEC-1", summary="SQL injection in views"
    )
    found = run(a_vulnerable_pin(one, path="req/prod.txt", line=12, direct=False, via=("web",), why="web pulls it in"))
    assert found["tool"]["driver"] == {
        "name": "quarterdeck", "version": "0.1.0", "notifications": [],
        "rules": [{
            "id": "PYSEC-1",
            "shortDescription": {"text": "SQL injection in views"},
            "fullDescription": {"text": "SQL injection in views. Also known as CVE-2026-1, GHSA-x."},
            "help": {"text": "SQL injection in views. Also known as CVE-2026-1, GHSA-x. See https://osv.dev/PYSEC-1"},
            "helpUri": "https://osv.dev/PYSEC-1",
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["security", "dependencies"], "precision": "high", "security-severity": "8.0"},
        }],
    }  # fmt: skip
    (row,) = found["results"]
    mark = row.pop("partialFingerprints")
    assert row == {
        "ruleId": "PYSEC-1", "ruleIndex": 0, "level": "error",
        "message": {"text": "django 4.2.15 is affected by PYSEC-1 (high); upgrade to 4.2.16. web pulls it in"},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": "req/prod.txt", "uriBaseId": "SRCROOT"}, "region": {"startLine": 12}}}],
        "properties": {"kind": "vulnerable-pin", "subject": "django", "current": "4.2.15", "fixed_in": "4.2.16",
                       "direct": False, "via": ["web"]},
    }  # fmt: skip
    assert list(mark) == ["primaryLocationLineHash"]


def test_a_pin_without_a_fix_says_so() -> None:
    said = result(a_vulnerable_pin(fixed_in=None, why="django itself"))
    assert said["message"]["text"] == (
        "django 4.2.15 is affected by CVE-2026-1 (high); no release that fits here is without it. django itself"
    )
    assert "fixed_in" not in said["properties"]


@pytest.mark.parametrize(
    ("severity", "name", "level", "score"),
    [
        (Severity.CRITICAL, "CVE-1", "error", "9.5"),
        (Severity.HIGH, "CVE-1", "error", "8.0"),
        (Severity.MEDIUM, "CVE-1", "warning", "5.5"),
        (Severity.LOW, "CVE-1", "note", "2.0"),
        (Severity.UNKNOWN, "CVE-1", "warning", None),
        (Severity.UNKNOWN, "MAL-2026-1", "error", "9.5"),
    ],
)
def test_gravity_follows_severity_and_malware_is_always_grave(
    severity: Severity, name: str, level: str, score: str | None
) -> None:
    found = run(a_vulnerable_pin(an_advisory(name, severity)))
    (rule,) = found["tool"]["driver"]["rules"]
    assert (found["results"][0]["level"], rule["properties"].get("security-severity")) == (level, score)
    assert ("malware" in rule["properties"]["tags"]) == name.startswith("MAL-")


@pytest.mark.parametrize(
    ("finding", "kind", "level", "place"),
    [
        (MovedDigest(use=USE, current=OLD, available=NEW, diffs=(a_diff(FIX),)), "moved-digest", "error", ("Dockerfile", 3)),
        (MovedDigest(use=USE, current=OLD, available=NEW, diffs=(a_diff(DATA),)), "moved-digest", "note", ("Dockerfile", 3)),
        (MovedDigest(use=USE, current=OLD, available=NEW), "moved-digest", "note", ("Dockerfile", 3)),
        (ArchiveAhead(use=USE, digest=NEW, updates=(FIX,), remedy="wait"), "archive-ahead", "error", ("Dockerfile", 3)),
        (ArchiveAhead(use=USE, digest=NEW, updates=(replace(FIX, advisories=()),), remedy="wait"), "archive-ahead", "warning", ("Dockerfile", 3)),
        (FrozenTag(use=USE, since=None, move_to=None, why="it stands still"), "frozen-tag", "warning", ("Dockerfile", 3)),
        (EndOfLife(use=USE, lifetime=a_lifetime()), "end-of-life", "error", ("Dockerfile", 3)),
        (EndOfLife(use=USE, lifetime=a_lifetime(state=Support.ENDING, extended=True)), "end-of-life", "warning", ("Dockerfile", 3)),
        (EndOfLife(use=USE, lifetime=a_lifetime(state=Support.ENDING)), "end-of-life", "note", ("Dockerfile", 3)),
        (PythonMismatch(path="a.txt", locked="3.11", other="3.12", where="Dockerfile:3"), "python-mismatch", "warning", ("a.txt", 1)),
        (LockOutOfDate(path="a.txt", subject="django", why="w"), "lock-out-of-date", "warning", ("a.txt", 1)),
        (QuarterDue(quarter="2026q4", since=None), "quarter-due", "note", ("requirements.txt", 1)),
        (UNREADABLE, "unreadable", "warning", ("setup.py", 4)),
    ],
)  # fmt: skip
def test_every_other_finding_is_a_result_under_its_kind(
    finding: Finding, kind: str, level: str, place: tuple[str, int]
) -> None:
    found = result(finding)
    where = found["locations"][0]["physicalLocation"]
    assert (found["ruleId"], found["level"]) == (kind, level)
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == place


def test_an_image_names_what_a_move_would_fix() -> None:
    found = result(MovedDigest(use=USE, current=OLD, available=NEW, diffs=(a_diff(FIX, DATA),)))
    assert found["properties"]["advisories"] == ["CVE-2026-9"]
    assert "it fixes CVE-2026-9 in openssl" in found["message"]["text"]


@pytest.mark.parametrize(
    ("snapshot", "uri"),
    [
        (a_snapshot(locks=(a_lock("z.txt"), a_lock("b/a.txt"))), "b/a.txt"),
        (a_snapshot(locks=(), images=(USE,)), "Dockerfile"),
        (a_snapshot(locks=()), "."),
        (None, "."),
    ],
)
def test_what_concerns_the_whole_repository_still_has_a_place(snapshot: object, uri: str) -> None:
    (found,) = run(QuarterDue(quarter="2026q4", since=None), snapshot=snapshot)["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_waived_advisory_is_a_suppressed_result_with_its_reason() -> None:
    (row,) = run(accepted=(an_accepted(),))["results"]
    assert row["suppressions"] == [
        {"kind": "external", "status": "accepted",
         "justification": "not reachable: we never parse XML (accepted until 2027-01-31)"}
    ]  # fmt: skip
    assert (row["ruleId"], row["level"]) == ("CVE-2026-1", "error")
    assert "suppressions" not in result(a_vulnerable_pin())


def test_two_advisories_of_a_pin_are_two_results_and_two_pins_with_one_advisory_share_its_rule() -> None:
    pins = (a_vulnerable_pin(an_advisory("A-2"), an_advisory("A-1")), a_vulnerable_pin(an_advisory("A-1"), name="six"))
    found = run(*pins)
    assert [rule["id"] for rule in found["tool"]["driver"]["rules"]] == ["A-1", "A-2"]
    assert [(row["ruleId"], row["properties"]["subject"]) for row in found["results"]] == [
        ("A-1", "django"), ("A-1", "six"), ("A-2", "django"),
    ]  # fmt: skip


def test_a_result_is_known_again_after_its_line_and_its_version_changed() -> None:
    first, later = result(a_vulnerable_pin()), result(a_vulnerable_pin(line=99, version="4.2.14", fixed_in="4.2.20"))
    assert first["partialFingerprints"] == later["partialFingerprints"]
    others = (a_vulnerable_pin(path="b.txt"), a_vulnerable_pin(name="six"), a_vulnerable_pin(an_advisory("CVE-2")))
    marks = {str(result(one)["partialFingerprints"]) for one in (a_vulnerable_pin(), *others)}
    assert len(marks) == 4


def test_a_package_that_stands_twice_in_a_lock_is_two_results() -> None:
    found = run(a_vulnerable_pin(line=9, version="4.1"), a_vulnerable_pin(line=7))
    marks = [row["partialFingerprints"]["primaryLocationLineHash"] for row in found["results"]]
    assert [mark.partition(":")[2] for mark in marks] == ["1", "2"]
    assert len({mark.partition(":")[0] for mark in marks}) == 1


def test_the_same_findings_give_the_same_document_in_any_order() -> None:
    findings = (a_vulnerable_pin(), UNREADABLE, a_vulnerable_pin(name="six"), QuarterDue(quarter="2026q4", since=None))
    assert run(*findings)["results"] == run(*reversed(findings))["results"]


def test_a_run_tells_where_and_when_it_looked() -> None:
    found = run(finished_at=NOW + timedelta(seconds=5))
    assert found["versionControlProvenance"] == [
        {"repositoryUri": "https://example.org/acme/web.git", "revisionId": "c" * 40, "branch": "main",
         "mappedTo": {"uriBaseId": "SRCROOT"}}
    ]  # fmt: skip
    (invocation,) = found["invocations"]
    assert (invocation["startTimeUtc"], invocation["endTimeUtc"]) == ("2026-11-24T12:00:00Z", "2026-11-24T12:00:05Z")
    assert (found["automationDetails"], found["results"]) == ({"id": "quarterdeck/acme/web/"}, [])


def test_a_folder_of_this_machine_is_not_told_to_anybody() -> None:
    found = run(snapshot=a_snapshot(url="/home/me/web"))
    assert "versionControlProvenance" not in found
    assert found["properties"] == {"repository": "acme/web", "outcome": "planned", "commit": "c" * 40}
    assert "/home/me" not in json.dumps(found)


def test_several_repositories_are_runs_of_their_own_also_when_they_are_called_alike() -> None:
    found = written(a_record("acme/web"), a_record("acme/api"))
    assert [one["automationDetails"]["id"] for one in found["runs"]] == [
        "quarterdeck/acme/web/",
        "quarterdeck/acme/api/",
    ]
    here, there = (replace(a_record(), repository=Repository(name="web", url=url)) for url in ("/a/web", "/b/web"))
    first, second = (one["automationDetails"]["id"] for one in written(here, there)["runs"])
    assert first != second
    assert [one["automationDetails"]["id"] for one in written(there, here)["runs"]] == [second, first]
    assert len({one["automationDetails"]["id"] for one in written(here, here)["runs"]}) == 2
    assert written()["runs"] == []


def test_a_failed_run_is_no_success_and_says_why_and_what_to_do() -> None:
    failure = Failure(kind="CloneFailed", message="the server is not there", hint="look at its address")
    record = a_record(snapshot=None, outcome=Outcome.FAILED, failure=failure)
    (invocation,) = written(record)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert notices(failure=failure) == [("CloneFailed", "error", "the server is not there. look at its address")]
    assert notices(failure=replace(failure, hint="")) == [("CloneFailed", "error", "the server is not there")]


def test_what_could_not_be_read_is_a_notification_beside_its_result() -> None:
    found = run(UNREADABLE)
    (notice,) = found["invocations"][0]["toolExecutionNotifications"]
    assert (notice["level"], notice["message"]["text"]) == ("warning", "setup.py: it would have to be run")
    assert notice["associatedRule"] == {"id": "unreadable", "index": 0}
    assert notice["locations"][0]["physicalLocation"]["region"] == {"startLine": 4}
    assert found["invocations"][0]["executionSuccessful"] is True


def test_the_age_of_advisories_is_told_and_an_old_or_absent_feed_is_a_warning() -> None:
    fresh = FeedState(ecosystem="PyPI", source="file:///srv/all.zip", as_of=NOW, records=17000)
    old = replace(fresh, records=None, problem="it is 9 days old")
    absent = replace(old, as_of=None, problem="")
    assert notices(feeds=(fresh, old, absent)) == [
        ("advisory-feed", "note", "17000 PyPI advisories from file:///srv/all.zip, as of 2026-11-24T12:00:00Z"),
        ("advisory-feed", "warning",
         "PyPI advisories from file:///srv/all.zip, as of 2026-11-24T12:00:00Z: it is 9 days old"),
        ("advisory-feed", "warning", "PyPI advisories from file:///srv/all.zip, of unknown age"),
    ]  # fmt: skip


def test_what_is_over_the_bound_is_the_least_grave_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    pins = [a_vulnerable_pin(an_advisory(f"A-{one}", one), name=f"p{one}") for one in Severity]
    found = run(*pins)
    assert {row["ruleId"] for row in found["results"]} == {"A-critical", "A-high"}
    (notice,) = found["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("3 further results are not in this document")


def test_hostile_names_and_texts_stay_words() -> None:
    one = an_advisory(
        'CVE-"1"\n', summary="<script>\n[click](https://evil.example) {0} \ud800" + "x" * 5_000_000,
        url="javascript:alert(1)", aliases=("a\x00b",),
    )  # fmt: skip
    pin = a_vulnerable_pin(one, path="a b/ü\n'\".txt", line=0, name='dj"ango\n', via=("x\ud800",), why="[a](b) {1}")
    found = run(pin, snapshot=a_snapshot(branch="x\ny"))
    (row,) = found["results"]
    assert row["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/%C3%BC%0A%27%22.txt", "uriBaseId": "SRCROOT"}, "region": {"startLine": 1},
    }  # fmt: skip
    assert row["message"]["text"] == ('dj"ango 4.2.15 is affected by CVE-"1" (high); upgrade to 4.2.16. [a] (b) {{1}}')
    (rule,) = found["tool"]["driver"]["rules"]
    assert "helpUri" not in rule
    assert rule["shortDescription"]["text"].startswith("<script> [click] (https://evil.example) {{0}} x")
