"""What changed between two images, and what of it is a security fix."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import contents
from bot.model.contents import ORDER, Advisory, ChangeKind, ImageContents, SourceChange, SourceMove, Told, Waiting
from bot.model.packages import OsRelease, Package, PackageFormat
from bot.model.policy import Severity
from tests.builders import NEW, OLD, a_diff, a_package, a_source_change, an_advisory, some_contents

DEB = PackageFormat.DEB
ROW = a_source_change(kind=ChangeKind.UNKNOWN)
MOVE = SourceMove(source="openssl", old="3.0.11-1", new="3.0.13-1")
GHSA = an_advisory("GHSA-aaaa-bbbb-cccc", aliases=("CVE-2026-1", "DSA-1"))


def told(*ids: str, security: bool = False, changelog: bool = True) -> Told:
    return Told(security=security, ids=ids, changelog=changelog)


def images(old: tuple[Package, ...], new: tuple[Package, ...]) -> tuple[ImageContents, ImageContents]:
    return some_contents(OLD, packages=old), some_contents(NEW, packages=new)


def classify(
    row: SourceChange,
    word: Told | None = None,
    fixed: tuple[Advisory, ...] | None = None,
    named: Mapping[str, Advisory] | None = None,
) -> SourceChange:
    """Classify one row; `fixed` None means that no advisories are known of its system."""
    (move,) = contents.moves((row,))
    says = {move: word} if word else {}
    (found,) = contents.classified((row,), DEB, says, None if fixed is None else {move: fixed}, named or {})
    return found


def test_binary_packages_of_one_source_are_one_row_and_what_stays_is_none() -> None:
    old = (a_package(), a_package("openssl"), a_package("tzdata", "1", "tzdata"), a_package("gone", "1", "gone"))
    new = (
        a_package(version="3.0.13-1"), a_package("openssl", "3.0.13-1"), a_package("tzdata", "1", "tzdata"),
        a_package("came", "2", "came"),
    )  # fmt: skip
    diff = contents.compare(*images(old, new))
    assert diff.sources == (replace(ROW, packages=("libssl3", "openssl")),)
    assert [row.name for row in diff.added] == ["came"]
    assert [row.name for row in diff.removed] == ["gone"]


def test_a_package_of_another_architecture_is_another_package() -> None:
    diff = contents.compare(*images((a_package(),), (a_package(version="3.0.13-1", architecture="i386"),)))
    assert (diff.sources, len(diff.added), len(diff.removed)) == ((), 1, 1)


def test_a_rebuild_of_binaries_alone_shows_the_versions_of_the_binaries() -> None:
    diff = contents.compare(*images((a_package(),), (a_package(version="3.0.11-1+b1", source_version="3.0.11-1"),)))
    assert [(row.old, row.new) for row in diff.sources] == [("3.0.11-1", "3.0.11-1+b1")]


@pytest.mark.parametrize(("before", "after"), [("openssl", "libssl3"), ("libssl3", "openssl")])
def test_a_source_that_only_one_side_knows_counts_for_both(before: str, after: str) -> None:
    old, new = a_package(source=before), a_package(version="3.0.13-1", source=after)
    assert [(row.source, row.old, row.new) for row in contents.compare(*images((old,), (new,))).sources] == [
        ("openssl", "3.0.11-1", "3.0.13-1")
    ]


def test_versions_are_ordered_as_the_package_manager_orders_them() -> None:
    old = (a_package("a", "1.9", "s"), a_package("b", "1.10", "s"))
    new = (a_package("a", "2:1.0", "s"), a_package("b", "1.11", "s"))
    assert [(row.old, row.new) for row in contents.compare(*images(old, new)).sources] == [("1.9", "2:1.0")]


def test_images_without_a_package_manager_compare_to_nothing() -> None:
    diff = contents.compare(some_contents(OLD, format=None, packages=()), some_contents(format=None, packages=()))
    assert (diff.sources, contents.comparable(diff)) == ((), False)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ({}, {}, True),
        ({}, {"os": None}, True),
        ({}, {"os": OsRelease(id="debian", version="12.9")}, True),
        ({}, {"os": OsRelease(id="debian", version="13")}, False),
        ({}, {"os": OsRelease(id="ubuntu", version="12")}, False),
        ({"os": OsRelease(id="ubuntu", version="24.04")}, {"os": OsRelease(id="ubuntu", version="24.10")}, False),
        ({}, {"format": PackageFormat.APK}, False),
    ],
)
def test_only_images_of_one_release_and_one_package_manager_compare(
    old: dict[str, object], new: dict[str, object], same: bool
) -> None:
    diff = a_diff(old=some_contents(OLD, **old), new=some_contents(NEW, **new))
    assert contents.comparable(diff) is same


@pytest.mark.parametrize(
    ("row", "word", "fixed", "kind"),
    [
        (ROW, None, None, ChangeKind.UNKNOWN),
        (ROW, told(changelog=False), None, ChangeKind.UNKNOWN),
        (ROW, told(), None, ChangeKind.BUGFIX),
        (ROW, None, (), ChangeKind.BUGFIX),
        (ROW, told("CVE-2026-1"), None, ChangeKind.SECURITY),
        (ROW, None, (GHSA,), ChangeKind.SECURITY),
        (ROW, told(security=True, changelog=False), None, ChangeKind.SECURITY_UNNAMED),
        (ROW, told(security=True), (), ChangeKind.SECURITY_UNNAMED),
        (replace(ROW, source="tzdata"), told(security=True), (), ChangeKind.DATA),
        (replace(ROW, source="tzdata"), None, None, ChangeKind.DATA),
        (replace(ROW, source="debian-ports-archive-keyring"), None, None, ChangeKind.DATA),
        (replace(ROW, source="acme-keyring"), None, None, ChangeKind.DATA),
        (replace(ROW, source="tzdata"), told("CVE-2026-1"), None, ChangeKind.SECURITY),
    ],
)
def test_every_change_has_a_kind(
    row: SourceChange, word: Told | None, fixed: tuple[Advisory, ...] | None, kind: ChangeKind
) -> None:
    assert classify(row, word, fixed).kind is kind


@pytest.mark.parametrize("new", ["3.0.11-1", "3.0.10-9", "3.0.11-1~deb12u1"])
def test_a_step_back_fixes_nothing(new: str) -> None:
    row = replace(ROW, new=new)
    assert classify(row, told("CVE-2026-1", security=True), (GHSA,)) == row


def test_ids_of_advisories_and_changelogs_are_merged_by_their_aliases() -> None:
    found = classify(ROW, told("CVE-2026-1", "CVE-2026-2"), (GHSA,))
    plain = Advisory(id="CVE-2026-2", url="https://www.cve.org/CVERecord?id=CVE-2026-2")
    assert found.advisories == (GHSA, plain)


def test_an_id_of_a_changelog_gets_what_is_known_of_it_and_its_aliases_count_once() -> None:
    found = classify(ROW, told("CVE-2026-1", "DSA-1", "CVE-2026-9"), None, {"CVE-2026-1": GHSA, "DSA-1": GHSA})
    assert [row.id for row in found.advisories] == ["GHSA-aaaa-bbbb-cccc", "CVE-2026-9"]
    assert found.severity is Severity.HIGH


def test_advisories_stand_with_the_worst_first_and_then_by_id() -> None:
    rows = (an_advisory("B", Severity.LOW), an_advisory("C", Severity.CRITICAL), an_advisory("A", Severity.LOW))
    assert [row.id for row in contents.merged((*rows, rows[0]), (), {})] == ["C", "A", "B"]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("CVE-2026-1", "https://www.cve.org/CVERecord?id=CVE-2026-1"),
        ("GHSA-aaaa-bbbb-cccc", "https://github.com/advisories/GHSA-aaaa-bbbb-cccc"),
        ("DSA-5000-1", "https://osv.dev/vulnerability/DSA-5000-1"),
    ],
)
def test_an_id_is_linked_to_where_people_read_about_it(name: str, url: str) -> None:
    assert contents.url_of(name) == url


def waiting(package: str = "libssl3", **fields: object) -> Waiting:
    values: dict[str, object] = {
        "source": "openssl", "current": "3.0.11-1", "available": "3.0.13-1", "current_source": "3.0.11-1",
        "available_source": "3.0.13-1", "security": False, **fields,
    }  # fmt: skip
    return Waiting(package=package, **values)  # type: ignore[arg-type]


def test_what_waits_is_one_row_per_source_and_security_where_any_package_is() -> None:
    rows, says = contents.offered((waiting("openssl", security=True), waiting(), waiting("z", source="z")), DEB)
    assert rows == (replace(ROW, packages=("libssl3", "openssl")), replace(ROW, source="z", packages=("z",)))
    assert says[MOVE] == told(security=True, changelog=False)
    assert says[replace(MOVE, source="z")] == told(changelog=False)


def test_a_rebuild_that_waits_shows_the_versions_of_the_binaries() -> None:
    rebuilt = waiting(available_source="3.0.11-1", available="3.0.11-1+b2")
    assert [(row.old, row.new) for row in contents.offered((rebuilt,), DEB)[0]] == [("3.0.11-1", "3.0.11-1+b2")]


def test_two_words_on_a_move_are_joined() -> None:
    one, other = told("B", security=True, changelog=False), told("A")
    assert contents.together(None, other) == other
    assert contents.together(one, other) == told("A", "B", security=True)


@pytest.mark.parametrize(
    ("kind", "severities", "least", "counts"),
    [
        (ChangeKind.SECURITY, [Severity.HIGH], Severity.HIGH, True),
        (ChangeKind.SECURITY, [Severity.MEDIUM], Severity.HIGH, False),
        (ChangeKind.SECURITY, [Severity.MEDIUM, Severity.CRITICAL], Severity.HIGH, True),
        (ChangeKind.SECURITY, [Severity.LOW, Severity.UNKNOWN], Severity.CRITICAL, True),
        (ChangeKind.SECURITY_UNNAMED, [], Severity.CRITICAL, True),
        (ChangeKind.BUGFIX, [], Severity.UNKNOWN, False),
        (ChangeKind.UNKNOWN, [], Severity.UNKNOWN, False),
        (ChangeKind.DATA, [], Severity.UNKNOWN, False),
    ],
)
def test_a_fix_is_urgent_from_a_severity_on_and_always_where_that_is_not_known(
    kind: ChangeKind, severities: list[Severity], least: Severity, counts: bool
) -> None:
    row = a_source_change(kind=kind, advisories=tuple(an_advisory(str(one), one) for one in severities))
    assert contents.urgent((row,), least) == ((row,) if counts else ())


@given(st.lists(st.sampled_from(list(Severity)), max_size=4))
def test_what_is_urgent_at_a_severity_is_urgent_at_every_lower_one(severities: list[Severity]) -> None:
    row = a_source_change(advisories=tuple(an_advisory(str(n), one) for n, one in enumerate(severities)))
    found = [bool(contents.urgent((row,), least)) for least in ORDER]
    assert found == sorted(found, reverse=True)


def test_people_read_security_first_then_the_worst_then_names() -> None:
    rows = [
        a_source_change("z", kind=ChangeKind.BUGFIX),
        a_source_change("y", kind=ChangeKind.DATA),
        a_source_change("b", advisories=(an_advisory("1", Severity.LOW),)),
        a_source_change("a", kind=ChangeKind.SECURITY_UNNAMED),
        a_source_change("c", advisories=(an_advisory("2", Severity.CRITICAL),)),
    ]
    assert [row.source for row in contents.by_weight(rows)] == ["c", "b", "a", "y", "z"]


HARMLESS = a_diff(a_source_change(kind=ChangeKind.BUGFIX), a_source_change("tzdata", kind=ChangeKind.DATA))


def test_bug_fixes_and_data_can_wait() -> None:
    assert contents.harmless(HARMLESS)
    assert contents.harmless(a_diff())


@pytest.mark.parametrize(
    "diff",
    [
        a_diff(a_source_change()),
        a_diff(a_source_change(kind=ChangeKind.SECURITY_UNNAMED)),
        a_diff(a_source_change(kind=ChangeKind.UNKNOWN)),
        replace(HARMLESS, new=some_contents(unreadable=("truncated",))),
        replace(HARMLESS, old=some_contents(OLD, packages=())),
        replace(HARMLESS, new=some_contents(python="3.12.10")),
        replace(HARMLESS, new=some_contents(os=OsRelease(id="debian", version="13"))),
        replace(HARMLESS, new=some_contents(env=(("NODE_VERSION", "20.12.0"),))),
    ],
    ids=["named", "unnamed", "unknown", "unreadable", "empty", "python", "release", "program"],
)
def test_what_is_not_known_to_be_harmless_is_not_said_to_be(diff: object) -> None:
    assert not contents.harmless(diff)  # type: ignore[arg-type]


def test_programs_outside_of_packages_are_known_by_their_variables() -> None:
    old = some_contents(OLD, env=(("NODE_VERSION", "20.11.0"), ("PYTHON_VERSION", "3.12.8"), ("PATH", "/a")))
    new = some_contents(NEW, env=(("YARN_VERSION", "1.22"), ("PYTHON_VERSION", "3.12.9"), ("PATH", "/b")))
    assert contents.programs(a_diff(old=old, new=new)) == (
        ("NODE_VERSION", "20.11.0", ""), ("YARN_VERSION", "", "1.22"),
    )  # fmt: skip


PACKAGES = st.lists(
    st.builds(
        a_package, st.sampled_from("abc"), st.sampled_from(["1", "1.0~rc1", "2:0", "1+b1"]), st.sampled_from("ab")
    ),
    max_size=5, unique_by=lambda package: package.name,
)  # fmt: skip


@given(PACKAGES, PACKAGES)
def test_every_package_that_differs_is_told_once_and_the_way_back_tells_the_same(
    old: list[Package], new: list[Package]
) -> None:
    there = contents.compare(*images(tuple(old), tuple(new)))
    back = contents.compare(*images(tuple(new), tuple(old)))
    before, after = ({package.name: package.version for package in side} for side in (old, new))
    moved = [name for row in there.sources for name in row.packages]
    assert sorted(moved) == sorted(name for name in before.keys() & after.keys() if before[name] != after[name])
    assert (there.added, there.removed) == (back.removed, back.added)
    assert sorted(name for row in back.sources for name in row.packages) == sorted(moved)
    assert contents.compare(*images(tuple(old), tuple(old))).sources == ()
