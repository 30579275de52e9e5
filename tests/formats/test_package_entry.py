"""Building packages from words of databases."""

import pytest

from bot.formats import package_entry
from bot.model.packages import Package


def test_a_package_is_built_from_its_words() -> None:
    assert package_entry.package("libc6", "2.36-9", ("glibc", "2.36-9"), "amd64") == Package(
        name="libc6", version="2.36-9", source="glibc", source_version="2.36-9", architecture="amd64"
    )
    assert package_entry.package("a", "1", ("a", "1"), "") is not None


@pytest.mark.parametrize("word", ["", " ", "a b", " a", "a\0", "a\x1b[31m", "a\n", "a\u202eb", "a\ufffd", "a" * 2000])
def test_words_that_could_trick_a_reader_are_refused(word: str) -> None:
    assert package_entry.package(word, "1", ("a", "1"), "x") is None
    assert package_entry.package("a", word, ("a", "1"), "x") is None
    assert package_entry.package("a", "1", (word, "1"), "x") is None
    assert package_entry.package("a", "1", ("a", word), "x") is None
    assert not word or package_entry.package("a", "1", ("a", "1"), word) is None


def test_packages_are_given_once_and_in_order() -> None:
    found = [
        package_entry.package(name, version, (name, version), architecture)
        for name, version, architecture in [
            ("b", "1", "x"),
            ("a", "2", "y"),
            ("a", "1", "y"),
            ("a", "3", "x"),
            ("b", "1", "x"),
        ]
    ]
    ordered = package_entry.ordered([None, *found])
    assert [(one.name, one.architecture, one.version) for one in ordered] == [
        ("a", "x", "3"),
        ("a", "y", "1"),
        ("a", "y", "2"),
        ("b", "x", "1"),
    ]
