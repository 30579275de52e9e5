"""Against the real archive: what waits is exactly what apt says in the same root."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.archives.debian import DebianArchive
from bot.formats.dpkg_version import compare
from bot.model.contents import SourceMove
from bot.system.http import Http
from tests.rig.debian_images import DebianImages, contents, debian_images, packages_of, upgradable


@pytest.fixture(scope="module")
def images() -> DebianImages:
    return debian_images()


@pytest.fixture
def http() -> Iterator[Http]:
    with Http() as http:
        yield http


@pytest.mark.parametrize("full", [True, False], ids=["all suites", "security suite"])
def test_what_waits_is_what_apt_says(images: DebianImages, http: Http, tmp_path: Path, full: bool) -> None:
    sources = images.full if full else images.security()
    answer = DebianArchive(http, tmp_path / "kept").waiting(contents(images.old, sources), datetime.now(UTC))
    expected = upgradable(images.old, sources, tmp_path / "root")
    of = {package.name: package.architecture for package in packages_of(images.old)}
    assert (answer.unreadable, answer.notes) == ((), ())
    assert {f"{one.package}:{of[one.package]}": (one.current, one.available) for one in answer.waiting} == expected
    assert expected
    assert any(one.security for one in answer.waiting)


def test_nothing_waits_for_the_new_root_that_apt_does_not_know(
    images: DebianImages, http: Http, tmp_path: Path
) -> None:
    answer = DebianArchive(http, tmp_path / "kept").waiting(contents(images.new, images.full), datetime.now(UTC))
    assert {one.package for one in answer.waiting} == {
        key.partition(":")[0] for key in upgradable(images.new, images.full, tmp_path / "root")
    }


def test_every_change_has_a_changelog_and_openssl_has_ids(images: DebianImages, http: Http, tmp_path: Path) -> None:
    old = {package.source: package.source_version for package in packages_of(images.old)}
    new = {package.source: package.source_version for package in packages_of(images.new)}
    moves = [
        SourceMove(source=name, old=old[name], new=new[name])
        for name in sorted(old)
        if compare(old[name], new[name]) < 0
    ]
    assert moves
    told = DebianArchive(http, tmp_path).told(contents(images.new, images.full), moves, datetime.now(UTC))
    assert [move.source for move in moves if not told[move].changelog] == []
    assert any(one.security and one.ids for one in told.values())
