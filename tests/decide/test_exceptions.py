"""What people accepted, and until when."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import exceptions, talk
from bot.decide.exceptions import Exceptions
from bot.model.images import ImageName, ImageUse
from bot.model.policy import Ignored, Waiver
from tests.builders import OLD, a_lock, a_pin, a_snapshot, an_advisory, an_image

TODAY = date(2026, 11, 24)
FLAW = an_advisory("PYSEC-2026-1", aliases=("CVE-2026-1", "GHSA-aaaa-bbbb-cccc"))
HUB = an_image(digest=OLD)
OWN = ImageUse(
    path="Dockerfile", line=1, reference="Registry.example:5000/App:1", platform=None, digest_span=None,
    name=ImageName(registry="registry.example:5000", repository="app", tag="1"),
)  # fmt: skip
UNTAGGED = ImageUse(
    path="Dockerfile", line=1, reference=f"redis@{OLD}", platform=None, digest_span=None,
    name=ImageName(registry="docker.io", repository="library/redis", tag=None, digest=OLD),
)  # fmt: skip


def an_ignored(subject: str, until: date = TODAY) -> Ignored:
    return Ignored(subject=subject, until=until, reason="later", by="maintainer")


def a_waiver(name: str, until: date = TODAY) -> Waiver:
    return Waiver(id=name, until=until, reason="not reachable")


@pytest.mark.parametrize("name", ["PYSEC-2026-1", "pysec-2026-1", "cve-2026-1", "ghsa-AAAA-bbbb-cccc"])
def test_an_advisory_is_waived_and_ignored_by_any_of_its_ids_in_any_case(name: str) -> None:
    assert Exceptions(today=TODAY, waivers=(a_waiver(name),)).of(FLAW, "django") == a_waiver(name)
    assert Exceptions(today=TODAY, ignored=(an_ignored(name),)).of(FLAW, "django") == an_ignored(name)


@pytest.mark.parametrize(
    ("until", "holds"), [(TODAY, True), (date(2026, 11, 23), False), (date(9999, 12, 31), True), (date.min, False)]
)
def test_the_last_day_is_included_and_what_is_over_holds_no_more(until: date, holds: bool) -> None:
    found = Exceptions(
        today=TODAY,
        waivers=(a_waiver("PYSEC-2026-1", until),),
        ignored=(an_ignored("django", until), an_ignored("python", until)),
    )
    assert (found.of(FLAW, "other") is not None) is holds
    assert (found.package("django") is not None) is holds
    assert (found.image(HUB) is not None) is holds
    assert bool(found.expired((FLAW,))) is not holds


def test_an_ignored_package_takes_all_of_its_advisories_with_it_however_it_is_written() -> None:
    found = Exceptions(today=TODAY, ignored=(an_ignored("Zope.Interface"),))
    assert found.of(FLAW, "zope-interface") is not None
    assert found.package("zope-interface") is not None
    assert found.of(FLAW, "zope") is None
    assert found.package("zope") is None


def test_a_waiver_that_is_over_is_told_where_its_flaw_is_still_there() -> None:
    found = Exceptions(today=TODAY, waivers=(a_waiver("cve-2026-1", date(2026, 1, 1)), a_waiver("x", date(2026, 1, 1))))
    (reason,) = found.expired((FLAW,))
    assert (reason.code, reason.subject) == (exceptions.EXPIRED, "cve-2026-1")
    assert reason.text == "the waiver of cve-2026-1 ended on 2026-01-01 (not reachable): fix it, or renew it"
    assert found.expired(()) == ()


@pytest.mark.parametrize(
    ("use", "names"),
    [
        (HUB, ("python", "Python", "python:3.12-slim", "library/python", "library/python:3.12-slim", "docker.io/python",
               "docker.io/python:3.12-slim", "docker.io/library/python", "docker.io/library/python:3.12-slim",
               f"python@{OLD}", f"python:3.12-slim@{OLD}", f"docker.io/library/python:3.12-slim@{OLD}")),
        (OWN, ("registry.example:5000/app", "registry.example:5000/app:1", "REGISTRY.example:5000/App:1")),
        (UNTAGGED, ("redis", "library/redis", f"redis@{OLD}")),
    ],
)  # fmt: skip
def test_an_image_is_meant_by_every_name_that_people_give_it_and_the_answer_knows_the_same(
    use: ImageUse, names: tuple[str, ...]
) -> None:
    known = talk.knows(a_snapshot(locks=(), images=(use,)))
    for name in names:
        assert Exceptions(today=TODAY, ignored=(an_ignored(name),)).image(use) is not None, name
        assert known(name), name


@pytest.mark.parametrize("name", ["python:3.11-slim", "python:", "3.12-slim", "docker.io", "app", "other/python", ""])
def test_another_name_means_another_image(name: str) -> None:
    for use in (HUB, OWN, UNTAGGED):
        assert Exceptions(today=TODAY, ignored=(an_ignored(name),)).image(use) is None
        assert not talk.knows(a_snapshot(locks=(), images=(use,)))(name)


@given(st.sampled_from(["zope.interface", "Zope_Interface", "zope-interface", "CVE-2026-1", "python", "flask"]))
def test_what_is_answered_as_known_is_what_an_ignore_then_holds_for(name: str) -> None:
    snapshot = a_snapshot(locks=(a_lock(pins=(a_pin("zope-interface"),)),), images=(HUB,))
    found = Exceptions(today=TODAY, ignored=(an_ignored(name),))
    holds = found.package("zope-interface") or found.image(HUB) or found.of(FLAW, "zope-interface")
    assert talk.knows(snapshot)(name) is (holds is not None)
