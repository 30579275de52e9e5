"""Hashes of files that the compiler did not see."""

from hypothesis import given
from hypothesis import strategies as st

from bot.formats import lock_hashes

HASHED = "Six[a]==1.0 ; python_version > '3' \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n    # via -r a.in\nplain==1\n"


def test_hashes_are_added_in_order_and_nothing_else_changes() -> None:
    asked = []

    def known(name: str, version: str) -> tuple[str, ...]:
        asked.append((name, version))
        return ("sha256:aa", "sha256:bb", "sha256:dd")

    assert lock_hashes.completed(HASHED, known) == HASHED.replace(
        "    --hash=sha256:bb \\\n    --hash=sha256:cc\n",
        "    --hash=sha256:aa \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n",
    )
    assert asked == [("six", "1.0")]


def test_a_complete_pin_stays_as_it_is_and_line_ends_are_kept() -> None:
    assert lock_hashes.completed(HASHED, lambda name, version: ("sha256:bb",)) == HASHED
    windows = "six==1 \\\r\n    --hash=sha256:bb"
    assert lock_hashes.completed(windows, lambda name, version: ("sha256:aa",)) == (
        "six==1 \\\r\n    --hash=sha256:aa \\\r\n    --hash=sha256:bb"
    )


@given(st.text())
def test_without_anything_known_every_text_stays_as_it_is(text: str) -> None:
    assert lock_hashes.completed(text, lambda name, version: ()) == text
