import json
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.foreign_locks import ForeignLock, locker_of, read
from bot.formats.lock_reading import one_minor
from bot.model.locks import LockerName

NAMES = ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "conda-lock.yml", "a.conda-lock.yml", "pylock.toml",
         "pylock.dev.toml")  # fmt: skip
KEYS = st.sampled_from(
    (
        "version", "package", "packages", "distribution", "metadata", "manifest", "members", "name", "source", "files",
        "hashes", "hash", "sdist", "wheels", "dependencies", "optional-dependencies", "markers", "marker", "groups",
        "lock-version", "lock_version", "_meta", "pipfile-spec", "requires", "default", "manager", "extras", "extra",
        "targets", "requires-python", "requires_python", "python-versions", "sha256", "path", "virtual", "directory",
        "python_version", "sources", "resolution-markers", "url", "x",
    )
)  # fmt: skip
LEAVES = st.sampled_from(
    ("", "1", "1.0", "a", "b", "python", "pip", "conda", "==1", "*", ".", "sha256:aa", "a[b]>=1", "\n", "é")
) | st.integers(-1, 7) | st.booleans()  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=6)


def _sound(found: ForeignLock, path: str, text: str) -> bool:
    """Whether places are in the text and nothing but known values stand where others rely on them."""
    last = text.count("\n") + 1
    return (
        all(1 <= pin.line <= last and pin.name and pin.version for pin in found.pins)
        and all(digest.startswith("sha256:") for pin in found.pins for digest in pin.hashes)
        and all(row.path == path and 0 <= row.line <= last and row.why for row in found.unreadable)
        and len({(pin.name, pin.version) for pin in found.pins}) == len(found.pins)
    )


@pytest.mark.parametrize(
    ("path", "locker"),
    [
        ("uv.lock", LockerName.UV),
        ("a/b/poetry.lock", LockerName.POETRY),
        ("Pipfile.lock", LockerName.PIPENV),
        ("x/pdm.lock", LockerName.PDM),
        ("conda-lock.yml", LockerName.CONDA_LOCK),
        ("env/dev.conda-lock.yml", LockerName.CONDA_LOCK),
        ("pylock.toml", LockerName.PYLOCK),
        ("a/pylock.dev-3.toml", LockerName.PYLOCK),
        ("pylock.a.b.toml", None),
        ("pylock..toml", None),
        ("my-uv.lock", None),
        ("uv.lock/README", None),
        ("pipfile.lock", None),
        ("Cargo.lock", None),
        ("", None),
    ],
)
def test_the_name_of_a_file_tells_whose_lock_it_is(path: str, locker: LockerName | None) -> None:
    assert locker_of(path) is locker


def test_a_path_that_is_no_lock_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match=r"requirements\.txt is no name of a lock file"):
        read("requirements.txt", "")


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(text=st.text())
def test_no_text_makes_the_reader_fail(name: str, text: str) -> None:
    assert _sound(read(name, text), name, text)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=150)
@given(document=DOCUMENTS)
def test_no_document_makes_the_reader_fail(name: str, document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document) if name.endswith((".toml", "v.lock", "y.lock", "m.lock")) else json.dumps(document)
    assert _sound(read(f"sub/{name}", text), f"sub/{name}", text)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_without_a_package_or_a_format_is_clean(name: str) -> None:
    assert [row.line for row in read(name, "{}" if name.startswith("Pip") else "x: 1\n").unreadable]


def test_a_file_full_of_mistakes_does_not_flood_the_report() -> None:
    found = read("uv.lock", "version = 1\n" + "[[package]]\n" * 500)
    assert len(found.unreadable) == 51
    assert found.unreadable[0].line == 2
    assert found.unreadable[-1].why == "450 more of its entries are not understood"


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"])
@pytest.mark.parametrize("key", ["a" + ".a" * 50_000, ' "b c" . ' * 50 + "d", "'e'" + ".f-g" * 40])
def test_a_key_of_very_many_parts_is_refused_before_it_costs_the_square_of_its_length(name: str, key: str) -> None:
    (row,) = read(name, f"# a comment\n{key} = 1\n").unreadable
    assert (row.line, row.why) == (2, "it is nested too deeply")


def test_a_text_of_megabytes_in_one_string_is_read() -> None:
    escaped = '\\"' * 1_000_000
    found = read("uv.lock", f'version = 1\nx = """{escaped}"""\ny = "{escaped}"\n')
    assert (found.pins, found.unreadable) == ((), ())
    (row,) = read("Pipfile.lock", f'{{"{escaped}": 1}}').unreadable
    assert row.line == 1


def test_many_entries_of_one_version_are_joined_once() -> None:
    entries = "".join(f'[[package]]\nname = "a"\nversion = "1"\nmarker = "{n}"\n' for n in range(3000))
    (pin,) = read("pdm.lock", entries).pins
    assert pin.marker == " or ".join(str(n) for n in range(3000))


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("==3.12.*", "3.12"),
        ("== 3.12.4", "3.12"),
        ("===3.12", "3.12"),
        ("3.12.*", "3.12"),
        ("~3.12", "3.12"),
        ("~3.12.1", "3.12"),
        ("~=3.12.0", "3.12"),
        (">=3.12,<3.13", "3.12"),
        ("<3.13.0, >=3.12.2", "3.12"),
        ("~=3.12", ""),
        ("^3.12", ""),
        (">=3.12", ""),
        (">=3.12,<3.14", ""),
        (">=3.12,<4.13", ""),
        (">=3.12,!=3.12.1", ""),
        (">=3.12,<3.13.1", ""),
        (">=3.12,<3.13,!=3.12.1", ""),
        ("3", ""),
        (f">=3.{'1' * 5000},<3.{'1' * 5000}", ""),
        ("", ""),
    ],
)
def test_a_range_of_one_minor_is_that_minor(written: str, minor: str) -> None:
    assert one_minor(written) == minor
