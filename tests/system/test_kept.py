"""Files that are kept within bounds, whole or not at all."""

import os
import time
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.system import kept


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "old", "older")):
        kept.keep(tmp_path / name, b"x" * 100)
        os.utime(tmp_path / name, (time.time() - age * 60,) * 2)
    kept.bound(tmp_path, 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_what_a_killed_process_was_writing_goes_after_a_day_and_counts_for_nothing(tmp_path: Path) -> None:
    kept.keep(tmp_path / "good", b"x" * 100)
    for name, age in (("new-killed", 2 * 86400), ("new-writing", 0)):
        (tmp_path / name).write_bytes(b"x" * 1000)
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    kept.bound(tmp_path, 1200)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "new-writing"]


def test_a_place_that_cannot_be_used_says_so_and_not_that_it_is_full(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError) as caught:
        kept.keep(tmp_path / "file/inside", b"x")
    assert "--data-dir" in caught.value.hint
    with pytest.raises(StoreError) as caught:
        kept.recalled(tmp_path / "file/inside")
    assert "--data-dir" in caught.value.hint
