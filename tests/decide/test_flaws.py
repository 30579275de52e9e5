"""Which pins are unsafe, and where each may go."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from bot.decide import flaws
from bot.decide.exceptions import Exceptions
from bot.decide.flaws import Suspect
from bot.model.contents import Advisory
from bot.model.flaws import FlawedPin
from bot.model.locks import Lock, LockerName, Pin, Requirement
from bot.model.policy import Severity, Waiver
from bot.model.releases import Release
from tests.builders import a_lock, a_pin, a_snapshot, an_advisory

FLAW = an_advisory("PYSEC-2026-1", aliases=("CVE-2026-1",))
OTHER = an_advisory("PYSEC-2026-2", Severity.LOW)
MALWARE = an_advisory("MAL-2026-1", Severity.UNKNOWN)
IDS = ("PYSEC-2026-1", "PYSEC-2026-2", "MAL-2026-1")
POOL = (
    "0.9",
    "1!0.5",
    "1.0",
    "1.0.post1",
    "1.0+local",
    "1.1.dev1",
    "1.1a1",
    "1.1",
    "1.2",
    "1.3rc1",
    "1.3",
    "2.0",
    "odd",
)


def a_release(version: str, **fields: object) -> Release:
    values = {"yanked": False, "requires_python": "", "uploaded_at": None, **fields}
    return Release(version=version, **values)  # type: ignore[arg-type]


def a_line(specifier: str, **fields: object) -> Requirement:
    values = {"name": "django", "path": "requirements.in", "line": 1, "text": f"django{specifier}", **fields}
    return Requirement(specifier=specifier, **values)  # type: ignore[arg-type]


def judged(
    known: Mapping[str, tuple[Advisory, ...]],
    releases: tuple[Release, ...],
    lines: tuple[Requirement, ...] = (),
    *,
    pin: Pin | None = None,
    lock: Lock | None = None,
    build: tuple[str, ...] = (),
) -> FlawedPin:
    standing = pin or a_pin("django", "1.0")
    suspect = Suspect(lock=lock or a_lock(), pin=standing, advisories=known.get(standing.version, (FLAW,)))
    return flaws.flawed(suspect, releases, lines, lambda version: known.get(version, ()), build)


def why(found: FlawedPin) -> str:
    assert found.way is None
    assert found.obstacle is not None
    return found.obstacle.text


def versions(*names: str) -> tuple[Release, ...]:
    return tuple(a_release(name) for name in names)


# ---- which pins are unsafe


def test_every_fork_of_a_package_is_asked_about_by_itself() -> None:
    lock = a_lock(pins=(a_pin("click", "8.1", marker="a"), a_pin("click", "8.3", marker="b")))
    found, accepted = flaws.suspects(
        a_snapshot(locks=(lock,)), lambda _, at: (FLAW,) if at == "8.1" else (), Exceptions(today=date(2026, 1, 1))
    )
    assert [(one.pin.version, one.advisories) for one in found] == [("8.1", (FLAW,))]
    assert accepted == ()


def test_what_is_accepted_is_named_and_what_is_not_stays_a_suspect() -> None:
    today = date(2026, 11, 24)
    exceptions = Exceptions(today=today, waivers=(Waiver(id="cve-2026-1", until=today, reason="not reachable"),))
    found, accepted = flaws.suspects(a_snapshot(), lambda *_: (FLAW, OTHER), exceptions)
    assert [one.advisories for one in found] == [(OTHER,)]
    assert [(one.advisory, one.until, one.reason) for one in accepted] == [(FLAW, today, "not reachable")]


# ---- where a pin may go


@pytest.mark.parametrize(
    ("pin", "releases", "way"),
    [
        ("1.0", ("1.1", "1.2"), "1.1"),
        ("1.0", ("1.1a1", "1.2"), "1.2"),
        ("1.1a1", ("1.1a2", "1.1"), "1.1a2"),
        ("1.0", ("1.0.post1", "1.1"), "1.0.post1"),
        ("1.0+local", ("1.0", "1.0.post1"), "1.0.post1"),
        ("1.0", ("1.1.dev1", "1.1"), "1.1"),
        ("2020.1", ("1!1.0", "2020.2"), "2020.2"),
        ("2020.1", ("1!1.0",), "1!1.0"),
        ("1.0", ("odd", "1.1"), "1.1"),
    ],
)
def test_the_lowest_release_above_is_taken_in_the_order_of_versions(
    pin: str, releases: tuple[str, ...], way: str
) -> None:
    found = judged({}, versions(*releases), pin=a_pin("django", pin))
    assert found.way is not None
    assert found.way.version == way


def test_a_release_that_only_one_more_database_knows_to_be_affected_is_no_clean_one() -> None:
    here = an_advisory("PYSEC-2026-1", aliases=("CVE-2026-1", "GHSA-x"))
    there = an_advisory("GHSA-x", aliases=("CVE-2026-1",))
    found = judged({"1.0": (here,), "1.1": (there,)}, versions("1.1"))
    assert why(found) == "no release of django fixes it yet"
    found = judged({"1.0": (here, OTHER), "1.1": (there,)}, versions("1.1"))
    assert (found.way, found.left) == (a_release("1.1"), (there,))
    assert [one.id for one in flaws.gone(found)] == ["PYSEC-2026-2"]


def test_releases_above_the_way_that_are_affected_by_more_are_never_taken() -> None:
    found = judged({"1.2": (OTHER,), "1.3": (MALWARE,)}, versions("1.1", "1.2", "1.3", "1.4"))
    assert found.never == ("1.2", "1.3")


@pytest.mark.parametrize(
    ("line", "forbids"),
    [
        (a_line("<1.1"), True),
        (a_line("<1.1", path="elsewhere.in"), False),
        (a_line("<1.1", path="limits.txt", constraint=True), True),
        (a_line("<1.1", marker='python_version < "3.8"'), False),
        (a_line("<1.1", marker='python_version >= "3.8"'), True),
        (a_line("<1.1", marker='sys_platform == "win32"'), False),
        (a_line("<1.1", marker='platform_machine == "aarch64"'), False),
        (a_line("<1.1", marker='python_full_version < "3.11.4"'), True),
        (a_line("<1.1", marker='extra == "x"'), False),
        (a_line("<1.1", marker="what is this"), True),
        (a_line("<1.1", group="extra:web"), False),
        (a_line("<1.1", group="group:dev"), False),
        (a_line("<1.1", group="extra:api"), True),
        (a_line("<1.1", url="https://example.org/django.zip"), False),
        (a_line(""), False),
    ],
)
def test_only_lines_that_are_read_for_a_lock_and_hold_there_bind_it(line: Requirement, forbids: bool) -> None:
    lock = a_lock(inputs=("limits.txt",), arguments=("--extra=api",))
    found = judged({}, versions("1.1"), (line,), lock=lock)
    assert (found.way is None) is forbids
    if forbids:
        assert why(found) == f"1.1 would fix it, and django<1.1 in {line.path}:1 forbids that"


def test_a_known_patch_release_of_python_settles_a_marker() -> None:
    line = a_line("<1.1", marker='python_full_version < "3.11.4"')
    assert judged({}, versions("1.1"), (line,), lock=a_lock(python_full="3.11.9")).way is not None


@pytest.mark.parametrize(
    ("release", "text"),
    [
        (a_release("1.1", requires_python=">=3.12"), "1.1 would fix it, but it needs Python >=3.12, and the lock is for 3.11"),
        (a_release("1.1", wheels=False), "1.1 would fix it, but it is a source distribution only, which build_from_source does not allow to be built"),
        (a_release("1.1", yanked=True), "1.1 would fix it, but it was yanked"),
    ],
)  # fmt: skip
def test_a_release_that_does_not_fit_is_named_with_why(release: Release, text: str) -> None:
    assert why(judged({}, (release,))) == text


def test_what_may_be_built_and_a_lock_that_names_no_python_fit() -> None:
    assert judged({}, (a_release("1.1", wheels=False),), build=("django",)).way is not None
    assert judged({}, (a_release("1.1", requires_python=">=3.12"),), lock=a_lock(python="")).way is not None


@pytest.mark.parametrize(
    ("known", "releases", "pin", "text"),
    [
        ({}, (), "1.0", "1.0 is the newest release there is"),
        ({"1.1": (FLAW,)}, ("1.1",), "1.0", "no release of django fixes it yet"),
        ({"1.0": (MALWARE,), "1.1": (MALWARE,)}, ("1.1",), "1.0", "django 1.0 is malware, and no later release is free of it: go back, and look for harm"),
        ({}, ("1.1",), "master", "master is no version that can be compared (PEP 440)"),
    ],
)  # fmt: skip
def test_where_there_is_no_way_it_says_why(
    known: dict[str, tuple[Advisory, ...]], releases: tuple[str, ...], pin: str, text: str
) -> None:
    assert why(judged(known, versions(*releases), pin=a_pin("django", pin))) == text


@pytest.mark.parametrize(
    ("lock", "text"),
    [
        (a_lock("uv.lock", locker=LockerName.UV), "uv.lock (uv) can be read, but not written yet: move it with its own tool"),
        (a_lock("poetry.lock", locker=LockerName.POETRY), "poetry.lock (poetry) can be read, but not written yet: move it with its own tool"),
        (a_lock(locker=LockerName.BY_HAND), "requirements.txt is pinned by hand: move it there, or compile it from a source to have it moved"),
        (a_lock(obstacle="its header is odd"), "requirements.txt cannot be compiled: its header is odd"),
    ],
)  # fmt: skip
def test_a_lock_that_is_not_written_says_so_and_its_pins_stay_findings(lock: Lock, text: str) -> None:
    found = judged({}, versions("1.1"), lock=lock)
    assert why(found) == text
    (finding,) = flaws.findings((found,))
    assert finding.fixed_in == "1.1"
    free = "1.1 is the lowest release without it"
    assert finding.why == f"django 1.0 is affected by PYSEC-2026-1 (high); {free}; {text}"
    (left,) = flaws.findings((judged({"1.0": (FLAW,), "1.1": (FLAW,)}, versions("1.1"), lock=lock),))
    assert left.fixed_in is None
    assert left.why == f"django 1.0 is affected by PYSEC-2026-1 (high); {text}"


def test_of_those_that_nobody_has_fixed_wholly_the_one_with_the_fewest_flaws_is_taken() -> None:
    third = an_advisory("PYSEC-2026-3")
    known = {"1.0": (FLAW, OTHER, third), "1.1": (FLAW, OTHER), "1.2": (FLAW,), "1.3": (FLAW,)}
    found = judged(known, versions("1.1", "1.2", "1.3"))
    assert (found.way, found.left) == (a_release("1.2"), (FLAW,))
    (finding,) = flaws.findings((found,))
    assert finding.fixed_in is None
    assert finding.why.endswith("1.2 fixes a part of it, and nobody has fixed PYSEC-2026-1 (high) yet")


def test_a_finding_names_what_pulls_a_package_in_and_an_unknown_index() -> None:
    suspect = Suspect(lock=a_lock(), pin=a_pin("sqlparse", "0.5", via=("django", "-c limits.txt")), advisories=(FLAW,))
    (finding,) = flaws.findings((flaws.unknown(suspect, "it does not answer"),))
    assert (finding.via, finding.direct, finding.fixed_in) == (("django",), False, None)
    assert finding.why.endswith("its releases are not known: it does not answer")
    (bare,) = flaws.findings((FlawedPin(path="a.txt", pin=a_pin(via=()), advisories=(FLAW,), way=None),))
    assert (bare.direct, bare.why) == (None, "django 4.2.15 is affected by PYSEC-2026-1 (high)")


def test_ids_are_named_worst_first_and_counted() -> None:
    many = (OTHER, an_advisory("A", Severity.UNKNOWN), FLAW, an_advisory("B", Severity.UNKNOWN))
    assert flaws.ids(many) == "PYSEC-2026-1 (high), PYSEC-2026-2 (low), A and 1 more"


# ---- what is urgent


@pytest.mark.parametrize(
    ("advisories", "least", "urgent"),
    [
        ((OTHER,), Severity.LOW, True),
        ((OTHER,), Severity.MEDIUM, False),
        ((OTHER, FLAW), Severity.HIGH, True),
        ((FLAW,), Severity.CRITICAL, False),
        ((an_advisory("X", Severity.UNKNOWN),), Severity.CRITICAL, True),
        ((an_advisory("MAL-1", Severity.LOW),), Severity.CRITICAL, True),
        ((OTHER,), Severity.UNKNOWN, True),
    ],
)
def test_a_flaw_is_urgent_from_the_policys_severity_on(
    advisories: tuple[Advisory, ...], least: Severity, urgent: bool
) -> None:
    found = FlawedPin(path="a.txt", pin=a_pin(), advisories=advisories, way=a_release("5"))
    assert flaws.urgent(found, least) is urgent


def test_a_severe_flaw_that_nobody_has_fixed_makes_no_mild_fix_urgent() -> None:
    found = FlawedPin(path="a.txt", pin=a_pin(), advisories=(FLAW, OTHER), way=a_release("5"), left=(FLAW,))
    assert not flaws.urgent(found, Severity.HIGH)
    assert flaws.urgent(found, Severity.LOW)
    assert flaws.urgent(replace(found, left=(OTHER,)), Severity.HIGH)


# ---- properties

some_releases = st.builds(
    Release,
    version=st.sampled_from(POOL),
    yanked=st.booleans(),
    requires_python=st.sampled_from(("", ">=3.8", ">=3.12", "nonsense")),
    uploaded_at=st.none(),
    wheels=st.booleans(),
)
sets_of_ids = st.frozensets(st.sampled_from(IDS))


def advisories(names: frozenset[str]) -> tuple[Advisory, ...]:
    return tuple(an_advisory(name) for name in sorted(names))


@given(
    st.lists(some_releases, max_size=8, unique_by=lambda one: one.version),
    st.dictionaries(st.sampled_from(POOL), sets_of_ids),
    st.frozensets(st.sampled_from(IDS), min_size=1),
    st.sampled_from(("", "<1.3", "<2", ">=1.2", "nonsense")),
    st.sampled_from(POOL),
)
def test_the_way_is_never_worse_than_the_pin_always_fits_and_is_the_lowest_such_release(
    releases: list[Release], flawed: dict[str, frozenset[str]], now: frozenset[str], bound: str, at: str
) -> None:
    known = {version: advisories(names) for version, names in flawed.items()} | {at: advisories(now)}
    found = judged(known, tuple(releases), (a_line(bound),), pin=a_pin("django", at))

    def ids(version: str) -> set[str]:
        return {one.id for one in known.get(version, ())}

    def may(one: Release) -> bool:
        if "odd" in {one.version, at}:
            return False
        there, here = Version(one.version), Version(at)
        final = here.is_prerelease or not there.is_prerelease
        python = one.requires_python != ">=3.12"
        source = bound in {"", "nonsense"} or SpecifierSet(bound).contains(one.version, prereleases=True)
        return there > here and final and python and source and one.wheels and not one.yanked

    good = sorted((one for one in releases if may(one)), key=lambda one: Version(one.version))
    clean = [one for one in good if not ids(one.version)]
    better = [one for one in good if ids(one.version) < now and "MAL-2026-1" not in ids(one.version)]
    if found.way is None:
        assert found.obstacle is not None
        assert not better
        return
    assert found.way in better
    assert {one.id for one in found.left} == ids(found.way.version)
    assert found.way == (clean[0] if clean else min(better, key=lambda one: len(ids(one.version))))
    assert set(found.never) == {
        one.version for one in good[good.index(found.way) + 1 :] if ids(one.version) - ids(found.way.version)
    }
    (finding,) = flaws.findings((found,))
    assert finding.fixed_in == (found.way.version if clean else None)
