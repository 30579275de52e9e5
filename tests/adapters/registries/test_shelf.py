"""What is kept by digest: whole or not at all, within bounds, the least recently used makes room."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.registries import shelf as shelves
from bot.adapters.registries.shelf import Shelf
from bot.errors import StoreError

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_kept_is_known_to_the_next_process(tmp_path: Path) -> None:
    Shelf(tmp_path).remember("layer", "sha256:1", "groß", NOW)
    shelf = Shelf(tmp_path)
    assert shelf.recall("layer", "sha256:1") == "groß"
    assert shelf.recall("layer", "sha256:2") is None
    assert shelf.recall("document", "sha256:1") is None
    shelf.remember("layer", "sha256:1", "new", NOW)
    assert shelf.recall("layer", "sha256:1") == "new"
    assert len(files(tmp_path)) == 1


def test_keys_cannot_lead_elsewhere(tmp_path: Path) -> None:
    Shelf(tmp_path / "shelf").remember("tags", "../../../etc/passwd\0", "text", NOW)
    (path,) = files(tmp_path)
    assert path.is_relative_to(tmp_path / "shelf" / "tags")


def test_bytes_that_are_no_text_and_text_that_is_none_do_no_harm(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.remember("document", "a", "half a character: \ud800", NOW)
    assert shelf.recall("document", "a") == "half a character: ?"
    (path,) = files(tmp_path)
    path.write_bytes(b"\xff\xfe")
    assert shelf.recall("document", "a") == "\ufffd\ufffd"


def test_the_least_recently_used_makes_room(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, limit=40)
    for number, key in enumerate("abcd"):
        shelf.remember("layer", key, key * 10, NOW)
        for path in files(tmp_path):
            if path.read_text().startswith(key):
                os.utime(path, (number, number))
    assert len(files(tmp_path)) == 4
    assert shelf.recall("layer", "a") == "a" * 10, "used just now"
    Shelf(tmp_path, limit=40).remember("layer", "e", "e" * 10, NOW)
    assert [key for key in "abcde" if shelf.recall("layer", key)] == ["a", "c", "d", "e"]


@pytest.mark.parametrize(("size", "count"), [(1, 300), (1000, 50)])
def test_it_stays_within_its_bounds_while_it_is_written(tmp_path: Path, size: int, count: int) -> None:
    limit = 32 * size
    shelf = Shelf(tmp_path, limit=limit)
    for number in range(count):
        shelf.remember("layer", str(number), "x" * size, NOW)
        held = sum(path.stat().st_size for path in files(tmp_path))
        assert held <= limit + limit // shelves.TIDY_SHARE + size


def test_many_small_files_are_counted_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Path] = []
    monkeypatch.setattr("bot.system.kept.bound", lambda folder, _limit: looks.append(folder))
    shelf = Shelf(tmp_path)
    for number in range(3 * shelves.TIDY_EVERY):
        shelf.remember("tags", str(number % 4), "x", NOW)
    assert len(looks) == 3


def test_several_threads_may_use_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, limit=2000)

    def work(number: int) -> str | None:
        shelf.remember("layer", str(number % 20), "x" * 100, NOW)
        return shelf.recall("layer", str(number % 20))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(400))) <= {"x" * 100, None}


def test_a_folder_that_cannot_be_used_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Shelf(tmp_path / "file").remember("layer", "a", "x", NOW)
    with pytest.raises(StoreError, match="cannot be read"):
        Shelf(tmp_path / "file").recall("layer", "a")
