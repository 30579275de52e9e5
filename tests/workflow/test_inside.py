"""Looking inside images with what is at hand: each source that is missing or fails is said, and none is trusted blindly."""

from dataclasses import dataclass, field, replace

import pytest

from bot.errors import AccessDenied, StoreError, Unavailable
from bot.model.contents import ChangeKind, ImageContents, Told
from bot.model.images import ImageName
from bot.model.observed import Difference
from bot.model.packages import OsRelease, PackageFormat
from bot.workflow.inside import Glass, Insides
from tests.builders import NEW, NOW, OLD, a_package, some_contents
from tests.workflow.image_world import MOVE, WAITS
from tests.world import FakeAdvisories, FakeArchive, FakeLifetimes, FakeRegistry, World

NAME = ImageName(registry="docker.io", repository="library/python", tag="3.12-slim")
NEWER = (a_package(version="3.0.13-1"),)


@dataclass
class Setting:
    world: World = field(default_factory=World)
    archive: bool = True
    problems: tuple[str, ...] = ()

    def insides(self, *contents: ImageContents) -> Insides:
        self.world.insides = {one.digest: one for one in contents}
        archives = dict.fromkeys(PackageFormat, FakeArchive(self.world)) if self.archive else {}
        glass = Glass(
            registry=FakeRegistry(self.world), archives=archives, lifetimes=FakeLifetimes(self.world, problem="stale"),
            advisories=FakeAdvisories(self.world, problems=self.problems),
        )  # fmt: skip
        return Insides(glass, NOW)

    def between(self, old: ImageContents, new: ImageContents) -> Difference:
        return self.insides(old, new).difference(NAME, old.digest, new.digest, "linux/amd64")


def test_an_image_whose_archive_nobody_can_ask_is_never_clean() -> None:
    seen = Setting(archive=False).insides(some_contents(format=PackageFormat.RPM)).inspection(NAME, NEW, "linux/amd64")
    assert seen.unreadable == ("the archive of debian 12 packages (rpm) cannot be asked",)
    unknown = Setting(archive=False).insides(some_contents(os=None)).inspection(NAME, NEW, "linux/amd64")
    assert unknown.unreadable == (
        "the archive of these packages (deb) cannot be asked",
        "which operating system it is, it does not say, so when that ends is not known",
    )


def test_what_is_missing_of_advisories_is_unread_and_of_lifetimes_a_note() -> None:
    seen = Setting(problems=("no advisories",)).insides(some_contents()).inspection(NAME, NEW, "linux/amd64")
    assert (seen.unreadable, seen.notes) == (("no advisories",), ("stale",))


def test_an_image_without_packages_asks_nobody() -> None:
    setting = Setting()
    bare = some_contents(format=None, packages=(), os=None, python=None, unreadable=("no package database",))
    seen = setting.insides(bare).inspection(NAME, NEW, "linux/amd64")
    assert (seen.unreadable, seen.updates, seen.lifetimes) == (("no package database",), (), ())
    assert setting.world.trace == ["contents 22 linux/amd64"]


def test_a_change_of_an_unknown_system_is_judged_by_its_changelog_alone() -> None:
    setting = Setting()
    setting.world.told_of = {MOVE: Told(security=False, ids=(), changelog=True)}
    found = setting.between(some_contents(OLD, os=None), some_contents(os=None, packages=NEWER))
    assert [row.kind for row in found.diff.sources] == [ChangeKind.BUGFIX]


def test_without_an_archive_nothing_is_known() -> None:
    found = Setting(archive=False).between(some_contents(OLD), some_contents(packages=NEWER))
    assert [row.kind for row in found.diff.sources] == [ChangeKind.UNKNOWN]


def test_another_release_is_not_judged_and_asks_nobody() -> None:
    setting = Setting()
    found = setting.between(some_contents(OLD), some_contents(packages=NEWER, os=OsRelease(id="debian", version="13")))
    assert [row.kind for row in found.diff.sources] == [ChangeKind.UNKNOWN]
    assert not setting.world.asked("changelogs")


def test_an_image_that_could_not_be_read_is_no_image_whose_packages_all_left() -> None:
    found = Setting().between(some_contents(OLD, unreadable=("truncated",), packages=()), some_contents())
    assert found.unreadable == ("sha256:111111111111: truncated",)
    assert (found.diff.sources, found.diff.added, found.diff.removed) == ((), (), ())


def test_an_image_that_could_be_read_in_part_is_compared_and_that_is_said() -> None:
    found = Setting().between(some_contents(OLD, unreadable=("no os-release",)), some_contents(packages=NEWER))
    assert found.unreadable == ("sha256:111111111111: no os-release",)
    assert len(found.diff.sources) == 1


@pytest.mark.parametrize("error", [Unavailable("down"), AccessDenied("private")])
def test_changelogs_that_cannot_be_had_leave_what_the_archive_says(error: Exception) -> None:
    setting = Setting()
    setting.world.failing["changelogs"] = error
    setting.world.waiting = (replace(WAITS, current="3.0.11-1", current_source="3.0.11-1"),)
    seen = setting.insides(some_contents()).inspection(NAME, NEW, "linux/amd64")
    assert [row.kind for row in seen.updates] == [ChangeKind.SECURITY_UNNAMED]


def test_a_lost_store_stops_everything() -> None:
    setting = Setting()
    setting.world.failing["changelogs"] = StoreError("disk full")
    with pytest.raises(StoreError):
        setting.between(some_contents(OLD), some_contents(packages=NEWER))


def test_every_image_and_every_pair_is_looked_at_once() -> None:
    setting = Setting()
    insides = setting.insides(some_contents(OLD), some_contents(packages=NEWER))
    for _ in range(3):
        insides.inspection(NAME, NEW, "linux/amd64")
        insides.difference(NAME, OLD, NEW, "linux/amd64")
    assert setting.world.asked("waiting") == ["waiting 22"]
    assert setting.world.asked("changelogs") == ["changelogs openssl"]


def test_what_changed_is_known_although_the_new_image_cannot_be_read_to_its_end() -> None:
    setting = Setting()
    old, new = some_contents(OLD), some_contents(NEW, packages=NEWER)
    insides = setting.insides(old, new)
    real = setting.world.told

    def told(event: str) -> None:
        real(event)
        if setting.world.trace.count("contents 22 linux/amd64") > 1:
            raise Unavailable("the registry went away")

    setting.world.told = told  # type: ignore[method-assign]
    found = insides.difference(NAME, OLD, NEW, "linux/amd64")
    assert [row.kind for row in found.diff.sources] == [ChangeKind.UNKNOWN]
    assert found.unreadable == ("the registry went away",)
