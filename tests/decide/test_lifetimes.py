"""Where releases stand in their lives."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide.lifetimes import lifetime, of_os, of_python
from bot.model.contents import Cycle, Lifetime, LifetimeTable, Support
from bot.model.packages import OsRelease


def cycle(product: str, release: str, end: str | None, extended: str | None = None) -> Cycle:
    return Cycle(
        product=product,
        release=release,
        codename="",
        end=date.fromisoformat(end) if end else None,
        extended_end=date.fromisoformat(extended) if extended else None,
    )


TABLE = LifetimeTable(
    cycles=(
        cycle("almalinux", "9", "2032-05-31"),
        cycle("alpine-linux", "3.20", "2026-04-01"),
        cycle("alpine-linux", "3.23", "2027-11-01"),
        cycle("amazon-linux", "2", "2026-06-30"),
        cycle("amazon-linux", "2023", "2029-06-30"),
        cycle("azure-linux", "3.0", "2027-08-31"),
        cycle("centos", "7", "2024-06-30"),
        cycle("centos-stream", "9", "2027-05-31"),
        cycle("debian", "4", "2010-02-15", "2010-02-15"),
        cycle("debian", "11", "2024-08-14", "2026-08-31"),
        cycle("debian", "12", "2026-07-11", "2028-06-30"),
        cycle("debian", "13", "2028-08-09", "2030-06-30"),
        cycle("fedora", "41", "2025-12-15"),
        cycle("opensuse", "15.6", "2026-04-30"),
        cycle("oracle-linux", "9", "2032-06-30", "2035-06-30"),
        cycle("oracle-linux", "10", None),
        cycle("python", "3.9", "2025-10-31"),
        cycle("python", "3.12", "2028-10-31"),
        cycle("rhel", "9", "2032-05-31", "2036-05-31"),
        cycle("rocky-linux", "9", "2032-05-31"),
        cycle("sles", "15", "2019-12-31", "2022-12-31"),
        cycle("sles", "15.6", "2025-12-31", "2028-12-31"),
        cycle("ubuntu", "24.04", "2029-05-31", "2036-05-31"),
    ),
    source="test",
    as_of=date(2026, 8, 22),
)
TODAY = date(2026, 11, 24)


def of(product: str, release: str, today: str) -> tuple[str, str, bool] | None:
    found = lifetime(TABLE, product, release, date.fromisoformat(today))
    return (found.state.value, found.date.isoformat(), found.extended) if found else None


@pytest.mark.parametrize(
    ("today", "state"),
    [
        ("2020-01-01", "supported"),
        ("2028-08-01", "supported"),
        ("2028-08-02", "ending"),
        ("2028-10-31", "ending"),
        ("2028-11-01", "ended"),
        ("2031-01-01", "ended"),
    ],
)
def test_a_release_is_ending_ninety_days_ahead_and_ended_the_day_after(today: str, state: str) -> None:
    assert of("python", "3.12", today) == (state, "2028-10-31", False)


@pytest.mark.parametrize(
    ("today", "state", "day", "extended"),
    [
        ("2026-04-11", "supported", "2026-07-11", False),
        ("2026-04-12", "ending", "2026-07-11", False),
        ("2026-07-11", "ending", "2026-07-11", False),
        ("2026-07-12", "supported", "2028-06-30", True),
        ("2028-04-01", "ending", "2028-06-30", True),
        ("2028-06-30", "ending", "2028-06-30", True),
        ("2028-07-01", "ended", "2028-06-30", True),
    ],
)
def test_after_its_end_extended_support_takes_over_until_that_ends_too(
    today: str, state: str, day: str, extended: bool
) -> None:
    assert of("debian", "12", today) == (state, day, extended)


def test_an_extended_end_that_adds_nothing_is_no_extension() -> None:
    assert of("debian", "4", "2010-02-16") == ("ended", "2010-02-15", False)


def test_extended_support_that_is_sold_is_no_support_of_everybody() -> None:
    assert of("sles", "15.6", "2026-11-24") == ("ended", "2025-12-31", False)
    assert of("ubuntu", "24.04", "2029-06-01") == ("ended", "2029-05-31", False)


@pytest.mark.parametrize(("product", "release"), [("debian", "14"), ("gentoo", "1"), ("oracle-linux", "10")])
def test_what_the_table_does_not_know_has_no_lifetime(product: str, release: str) -> None:
    assert of(product, release, "2026-11-24") is None


@pytest.mark.parametrize(
    ("os", "version", "product", "release"),
    [
        ("debian", "12", "debian", "12"),
        ("debian", "12.9", "debian", "12"),
        ("ubuntu", "24.04", "ubuntu", "24.04"),
        ("ubuntu", "24.04.1", "ubuntu", "24.04"),
        ("alpine", "3.20.3", "alpine-linux", "3.20"),
        ("rhel", "9.4", "rhel", "9"),
        ("rocky", "9.4", "rocky-linux", "9"),
        ("almalinux", "9.5", "almalinux", "9"),
        ("fedora", "41", "fedora", "41"),
        ("centos", "7", "centos", "7"),
        ("centos", "9", "centos-stream", "9"),
        ("ol", "9.4", "oracle-linux", "9"),
        ("amzn", "2023", "amazon-linux", "2023"),
        ("amzn", "2023.6.20250203", "amazon-linux", "2023"),
        ("amzn", "2", "amazon-linux", "2"),
        ("opensuse-leap", "15.6", "opensuse", "15.6"),
        ("sles", "15.6", "sles", "15.6"),
        ("azurelinux", "3.0", "azure-linux", "3.0"),
    ],
)
def test_an_os_is_found_by_its_own_names(os: str, version: str, product: str, release: str) -> None:
    found = of_os(TABLE, OsRelease(id=os, version=version), TODAY)
    assert found is not None
    assert (found.product, found.release) == (product, release)


@pytest.mark.parametrize(
    ("os", "version"),
    [
        ("debian", ""),
        ("debian", "14"),
        ("alpine", "3.24_alpha20260127"),
        ("alpine", "3.99.0"),
        ("opensuse-leap", "15.9"),
        ("opensuse-tumbleweed", "20261101"),
        ("sles", "15.7"),
        ("wolfi", "20230201"),
        ("ubuntu", "27.04"),
        ("python", "3.12"),
        ("photon", "5.0"),
        ("", ""),
        ("ol", "10.0"),
    ],
)
def test_a_rolling_or_newer_or_unknown_os_has_no_lifetime(os: str, version: str) -> None:
    assert of_os(TABLE, OsRelease(id=os, version=version), TODAY) is None


def test_the_os_of_the_facts_is_in_its_extended_support() -> None:
    assert of_os(TABLE, OsRelease(id="debian", version="12", codename="bookworm"), TODAY) == Lifetime(
        product="debian", release="12", date=date(2028, 6, 30), state=Support.SUPPORTED, extended=True
    )


@pytest.mark.parametrize(
    ("python", "state"),
    [("3.12.9", "supported"), ("3.12", "supported"), ("3.9.25", "ended"), ("3.15.0a1", None), ("3", None), ("", None)],
)
def test_python_is_known_by_its_minor_version(python: str, state: str | None) -> None:
    found = of_python(TABLE, python, TODAY)
    assert (found and found.state.value) == state


@given(st.sampled_from(["debian", "ubuntu"]), st.dates(), st.dates(), st.dates() | st.none(), st.integers(0, 400))
def test_a_life_only_goes_forward(product: str, today: date, end: date, extended: date | None, days: int) -> None:
    one = Cycle(product=product, release="1", codename="", end=end, extended_end=extended)
    table = LifetimeTable(cycles=(one,), source="", as_of=today)
    later = date.fromordinal(min(today.toordinal() + days, date.max.toordinal()))
    first, second = lifetime(table, product, "1", today), lifetime(table, product, "1", later)
    assert first is not None
    assert second is not None
    order = list(Support)
    assert order.index(first.state) <= order.index(second.state) or second.extended > first.extended
    last = max(end, extended or end) if product == "debian" else end
    assert (first.state is Support.ENDED) == (today > last)
    assert first.date <= second.date
