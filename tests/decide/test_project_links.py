import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide.project_links import links, source, upgrades
from bot.model.talk import ReleaseNote
from tests.builders import a_pin_change

GITHUB = "https://github.com/acme/web"
GITLAB = "https://gitlab.example/acme/group/web"


def a_note(version: str, url: str) -> ReleaseNote:
    return ReleaseNote(version=version, title="", text="", url=url)


@pytest.mark.parametrize(
    "label",
    ["Changelog", "changes", "Change Log", "Release notes", "History", "What's new", "WHATSNEW", "release-notes"],
)
def test_a_changelog_is_found_under_what_people_call_it(label: str) -> None:
    assert links({label: "https://a.example/log"}, "1", "2") == (("changelog", "https://a.example/log"),)


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ({"Source Code": GITHUB}, GITHUB),
        ({"Code": "http://www.github.com/acme/web.git"}, GITHUB),
        ({"Repository": f"{GITHUB}/tree/main/packages/web"}, GITHUB),
        ({"GitHub": f"{GITHUB}/"}, GITHUB),
        ({"Home-page": GITHUB}, GITHUB),
        ({"Homepage": "https://web.example", "Bug Tracker": f"{GITHUB}/issues"}, GITHUB),
        ({"Homepage": "https://web.example", "Issues": "https://bugs.example/web"}, ""),
        ({"Source": "https://web.example/hg", "Tracker": f"{GITHUB}/issues"}, GITHUB),
        ({"Source": "https://web.example/hg"}, "https://web.example/hg"),
        ({"Source": f"{GITLAB}/-/tree/main"}, GITLAB),
        ({"Source": "https://codeberg.org/acme/web/src/branch/main"}, "https://codeberg.org/acme/web"),
        ({"Homepage": "https://github.com/sponsors/acme"}, ""),
        ({"Homepage": "https://github.com/acme"}, ""),
        ({"Homepage": "https://github.com.evil.example/a/b"}, "https://github.com.evil.example/a/b"),
        ({"Homepage": "https://["}, ""),
        ({"source": "https://a.example", "Source": "https://b.example"}, "https://a.example"),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_source_is_the_root_of_its_repository(urls: dict[str, str], expected: str) -> None:
    assert source(urls) == expected


def test_without_tags_the_page_of_releases_is_linked_since_a_comparison_would_be_a_guess() -> None:
    assert links({"Source": GITHUB}, "1.0", "1.1") == (("source", GITHUB), ("releases", f"{GITHUB}/releases"))
    assert links({"Source": GITLAB}, "1.0", "1.1")[1:] == (("releases", f"{GITLAB}/-/releases"),)


def test_a_changelog_that_is_the_page_of_releases_is_linked_once() -> None:
    found = links({"Source": GITHUB, "Changelog": f"{GITHUB}/releases/"}, "1.0", "1.1")
    assert found == (("changelog", f"{GITHUB}/releases/"), ("source", GITHUB))


@pytest.mark.parametrize(
    ("root", "between", "tag", "expected"),
    [
        (GITHUB, "", "releases/tag/v", "/compare/v1.0...v1.2"),
        (GITHUB, "", "releases/tag/", "/compare/1.0...1.2"),
        (GITHUB, "", "releases/tag/web%2Fv", "/compare/web/v1.0...web/v1.2"),
        (GITLAB, "/-", "-/releases/v", "/compare/v1.0...v1.2"),
    ],
)
def test_tags_that_the_forge_named_make_a_comparison(root: str, between: str, tag: str, expected: str) -> None:
    notes = [a_note("1.2", f"{root}/{tag}1.2"), a_note("1.1", f"{root}/{tag}1.1")]
    assert links({"Source": root}, "1.0", "1.2", notes)[-1] == ("comparison", f"{root}{between}{expected}")


@pytest.mark.parametrize(
    "notes",
    [
        [a_note("1.1", f"{GITHUB}/releases/tag/v1.1")],
        [a_note("1.2", f"{GITHUB}/releases/tag/v1.2"), a_note("1.1", f"{GITHUB}/releases/tag/1.1")],
        [a_note("1.2", f"{GITHUB}/releases/tag/twelve")],
        [a_note("1.2", f"{GITHUB}/releases/tag/twelve"), a_note("1.1", f"{GITHUB}/releases/tag/v1.1")],
        [a_note("1.2", "")],
    ],
)
def test_tags_that_do_not_tell_the_old_one_make_none(notes: list[ReleaseNote]) -> None:
    assert links({"Source": GITHUB}, "1.0", "1.2", notes)[-1] == ("releases", f"{GITHUB}/releases")


def test_a_reviewer_reads_about_direct_upgrades_once_and_the_major_ones_first() -> None:
    rows = [
        a_pin_change("web", "1.0", "1.1"), a_pin_change("web", "1.0", "1.1", path="dev.txt"),
        a_pin_change("zope", "1.0", "2.0", major=True), a_pin_change("unsaid", "1", "2", direct=None),
        a_pin_change("pulled", "1", "2", direct=False), a_pin_change("new", None, "2"), a_pin_change("gone", "1", None),
        a_pin_change("lower", "2", "1"), a_pin_change("odd", "no version", "1"),
    ]  # fmt: skip
    assert [row.name for row in upgrades(rows)] == ["zope", "unsaid", "web"]


@given(
    st.dictionaries(
        st.text() | st.sampled_from(["Source", "Home-page", "Changes"]), st.text() | st.text().map(GITHUB.__add__)
    )
)
def test_strange_labels_and_addresses_break_nothing(urls: dict[str, str]) -> None:
    found = links(urls, "1", "2")
    assert len({url for _, url in found}) == len(found)
    assert all(url for _, url in found)
