import pytest

from bot.errors import Unavailable
from bot.system.once import Once


def test_a_value_is_made_once_and_a_failure_is_kept_like_one() -> None:
    once: Once[str, int] = Once(errors=True)
    made: list[int] = []

    def fail() -> int:
        made.append(1)
        raise Unavailable("no")

    def make() -> int:
        made.append(0)
        return 7

    assert [once.get("a", make) for _ in range(2)] == [7, 7]
    for _ in range(2):
        with pytest.raises(Unavailable, match="no"):
            once.get("b", fail)
    assert made == [0, 1]


def test_what_was_used_last_is_kept() -> None:
    once: Once[str, str] = Once(room=2)
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    for name in ("a", "b", "a", "c", "a", "b"):
        once.get(name, lambda name=name: make(name))  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]


def test_a_failure_is_tried_again_where_failures_are_not_kept() -> None:
    once: Once[str, int] = Once()
    made: list[int] = []

    def make() -> int:
        made.append(1)
        if len(made) == 1:
            raise Unavailable("not yet")
        return 7

    with pytest.raises(Unavailable, match="not yet"):
        once.get("a", make)
    assert once.get("a", make) == once.get("a", make) == 7
    assert len(made) == 2
