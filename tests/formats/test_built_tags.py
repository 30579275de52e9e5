"""Reading lists of tags that are still built."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import built_tags

LIBRARY = """\
# this file is generated
Maintainers: Somebody <somebody@mail.example> (@somebody),
             Another <another@mail.example>
GitRepo: https://git.example/python.git

Tags: 3.14.0-slim-trixie, 3.14-slim-trixie, slim-trixie
SharedTags: 3.14, latest   # as it is called
Architectures: amd64, arm64v8
Directory: 3.14/slim-trixie

Tags: 3.9-slim
"""


def test_a_library_file_gives_its_tags_and_nothing_else() -> None:
    assert built_tags.read(LIBRARY) == {
        "3.14.0-slim-trixie", "3.14-slim-trixie", "slim-trixie", "3.14", "latest", "3.9-slim",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["3.12\n\n # older\r\n3.11-slim # soon gone\n", '[ "3.12", "3.11-slim", 5, "a b"]'])
def test_a_plain_list_and_json_give_their_tags(text: str) -> None:
    assert built_tags.read(text) == {"3.12", "3.11-slim"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no tag"),
        ("# 3.12\n", "names no tag"),
        ("Tags:\nDirectory: a\n", "names no tag"),
        ("[]", "names no tag"),
        ("[5]", "names no tag"),
        ("3.12\nplease log in\n", "line 2 of this list is no tag"),
        ("<html>\nbody\n", "line 1 of this list is no tag"),
        ("[" * 100_000, "nested too deeply"),
        ("[", r".+"),
    ],
)
def test_what_is_no_list_of_tags_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        built_tags.read(text)


@given(st.lists(st.from_regex(built_tags.TAG, fullmatch=True), min_size=1))
def test_every_tag_of_a_list_is_found(tags: list[str]) -> None:
    assert built_tags.read("\n".join(tags)) == set(tags)
    assert built_tags.read(f"Tags: {', '.join(tags)}\n") == set(tags)


@given(st.text() | st.text(alphabet='[]{}",:#Tags \n'))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert built_tags.read(text)
