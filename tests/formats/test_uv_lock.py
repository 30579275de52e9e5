import pytest

from bot.formats.foreign_locks import read
from bot.model.locks import LockerName, Pin

LOCK = """\
version = 1
revision = 3
requires-python = ">=3.9"
resolution-markers = [
    "python_full_version >= '3.11'",
    "python_full_version < '3.11'",
]

[manifest]
members = [
    "Common.Lib",
    "web-app",
]

[[package]]
name = "anyio"
version = "4.12.1"
source = { registry = "https://index.example/simple" }
resolution-markers = [
    "python_full_version < '3.10'",
]
dependencies = [
    { name = "idna" },
]
sdist = { url = "https://index.example/anyio-4.12.1.tar.gz", hash = "sha256:41cf", size = 228685, upload-time = "2026-01-06T11:45:21.246Z" }
wheels = [
    { url = "https://index.example/anyio-4.12.1-py3-none-any.whl", hash = "sha256:d405", size = 113592 },
]

[[package]]
name = "anyio"
version = "4.16.0"
source = { registry = "https://index.example/simple" }
resolution-markers = [
    "python_full_version >= '3.12' and python_full_version < '3.14'",
    "python_full_version == '3.11.*'",
]
dependencies = [
    { name = "idna", marker = "python_full_version < '3.15'" },
]
sdist = { url = "https://index.example/anyio-4.16.0.tar.gz", hash = "sha256:59bb" }

[[package]]
name = "common-lib"
source = { editable = "packages/common" }
dependencies = [
    { name = "mylib" },
]

[[package]]
name = "httpx"
version = "0.28.1"
source = { registry = "https://index.example/simple" }
dependencies = [
    { name = "anyio", version = "4.12.1", source = { registry = "https://index.example/simple" }, marker = "python_full_version < '3.10'" },
    { name = "anyio", version = "4.16.0", source = { registry = "https://index.example/simple" }, marker = "python_full_version >= '3.10'" },
    { name = "idna" },
]
wheels = [
    { url = "https://index.example/httpx-0.28.1-py3-none-any.whl", hash = "sha256:75e9" },
]

[package.optional-dependencies]
http2 = [
    { name = "h2" },
]

[[package]]
name = "h2"
version = "4.3.0"
source = { git = "https://git.example/h2?rev=v4.3.0#6a2f" }

[[package]]
name = "idna"
version = "3.20"
source = { registry = "https://index.example/simple" }

[[package]]
name = "mylib"
version = "0.3"
source = { directory = "lib" }

[[package]]
name = "pytest"
version = "8.4.2"
source = { registry = "https://index.example/simple" }

[[package]]
name = "web-app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "anyio", version = "4.16.0", source = { registry = "https://index.example/simple" }, marker = "python_full_version >= '3.10'" },
    { name = "common-lib" },
    { name = "httpx", extra = ["http2"] },
]

[package.dev-dependencies]
dev = [
    { name = "pytest" },
]

[package.metadata]
requires-dist = [
    { name = "httpx", extras = ["http2"], specifier = ">=0.27" },
]

[package.metadata.requires-dev]
dev = [{ name = "pytest" }]
"""


def test_every_package_but_the_projects_own_is_a_pin_with_who_asks_for_it() -> None:
    found = read("api/uv.lock", LOCK)

    assert found.unreadable == ()
    assert found.locker is LockerName.UV
    assert (found.python, found.requires_python) == ("", ">=3.9")
    assert found.sources == ("api/pyproject.toml", "api/packages/common/pyproject.toml")
    assert found.pins == (
        Pin(name="anyio", version="4.12.1", line=15, marker="python_full_version < '3.10'",
            hashes=("sha256:41cf", "sha256:d405"), via=("httpx",)),
        Pin(name="anyio", version="4.16.0", line=30, hashes=("sha256:59bb",), via=("-r pyproject.toml", "httpx"),
            marker="python_full_version >= '3.12' and python_full_version < '3.14' or python_full_version == '3.11.*'"),
        Pin(name="httpx", version="0.28.1", line=50, extras=("http2",), hashes=("sha256:75e9",),
            via=("-r pyproject.toml",)),
        Pin(name="h2", version="4.3.0", line=68, via=("httpx",)),
        Pin(name="idna", version="3.20", line=73, via=("anyio", "httpx")),
        Pin(name="mylib", version="0.3", line=78, via=("-r packages/common/pyproject.toml",)),
        Pin(name="pytest", version="8.4.2", line=83, via=("-r pyproject.toml",)),
    )  # fmt: skip
    assert [pin.direct for pin in found.pins] == [False, True, True, False, False, True, True]


def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing() -> None:
    assert read("uv.lock", "\ufeff" + LOCK.replace("\n", "\r\n")) == read("uv.lock", LOCK)


@pytest.mark.parametrize("stated", ["2", '"2"', "12345678", "0", "'x'", "1.5", "[[1]]", "0x" + "f" * 5000])
def test_a_format_of_another_major_is_said_and_not_guessed_at(stated: str) -> None:
    found = read("uv.lock", LOCK.replace("version = 1\n", f"version = {stated}\n", 1))

    assert found.pins == ()
    assert found.sources == ("pyproject.toml",)
    (row,) = found.unreadable
    assert row.line == 1
    assert row.why.startswith("its format has version ")
    assert row.why.endswith("; those that can be read: 1")


def test_a_lock_of_a_project_without_dependencies_is_read_and_clean() -> None:
    found = read("uv.lock", 'version = 1\nrequires-python = "==3.12.*"\n')
    assert (found.pins, found.unreadable) == ((), ())
    assert (found.python, found.requires_python) == ("3.12", "==3.12.*")


def test_a_text_that_is_no_lock_is_not_clean() -> None:
    (row,) = read("uv.lock", "").unreadable
    assert row.why == "it states no format version and has no 'package'"


def test_the_array_of_uv_before_0_3_is_read() -> None:
    found = read("uv.lock", 'version = 1\n\n[[distribution]]\nname = "idna"\nversion = "3.7"\n')
    assert [(pin.name, pin.line) for pin in found.pins] == [("idna", 3)]


def test_what_the_root_of_a_workspace_asks_for_without_being_a_package_is_direct() -> None:
    text = """\
version = 1
[manifest]
requirements = [{ name = "idna", specifier = ">=3" }]
[manifest.dependency-groups]
dev = [{ name = "six" }]
[[package]]
name = "idna"
version = "3.7"
[[package]]
name = "six"
version = "1.16.0"
"""
    assert [pin.via for pin in read("uv.lock", text).pins] == [("-r pyproject.toml",)] * 2


def test_a_member_outside_the_repository_is_no_source_of_it() -> None:
    text = 'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = { virtual = "../a" }\n'
    found = read("uv.lock", text)
    assert (found.pins, found.sources) == ((), ("pyproject.toml",))


def test_a_package_that_states_no_version_is_said() -> None:
    text = 'version = 1\n\n[[package]]\nname = "lib"\nsource = { editable = "../lib" }\n'
    found = read("uv.lock", text)
    assert found.pins == ()
    assert [(row.line, row.subject, row.why) for row in found.unreadable] == [
        (3, "lib", "it comes from editable and states no version to match with advisories")
    ]


def test_what_has_an_odd_type_is_said_with_its_line_and_the_rest_is_read() -> None:
    text = """\
version = 1
requires-python = 3
manifest = { members = [1, "[x]"], dependency-groups = [], requirements = "idna" }
package = [
  1,
  { name = 5, version = "1" },
  { name = "-", version = "1" },
  { name = "a", version = "1", source = "registry", sdist = [], wheels = [1], resolution-markers = ["a\\nb", 1] },
  { name = "b", version = "one", dependencies = [{ name = "a", version = 1, extra = ["x", "!"] }, { name = 1 }] },
  { name = "c", version = [1], optional-dependencies = { x = 1 }, dev-dependencies = 1 },
  { name = "d", version = "1", wheels = [{ hash = 1 }, { hash = "md5:aa" }, { hash = "sha256:bb" }, { hash = "zz" }] },
]
"""
    found = read("uv.lock", text)

    assert found.pins == (
        Pin(name="a", version="1", line=8, extras=("x",), via=("b",)),
        Pin(name="d", version="1", line=11, hashes=("sha256:bb",)),
    )
    assert [(row.line, row.subject, row.why) for row in found.unreadable] == [
        (3, "uv.lock", "'members' has an element that is no text of one line"),
        (3, "uv.lock", "'dependency-groups' is no table"),
        (3, "uv.lock", "an array of its dependencies is no array"),
        (5, "uv.lock", "element 1 of 'package' is no table"),
        (6, "uv.lock", "5 is no name of a package"),
        (7, "uv.lock", "'-' is no name of a package"),
        (8, "a", "'source' is no table"),
        (8, "a", "'sdist' is no table"),
        (8, "a", "'wheels' has an element that is no table"),
        (8, "a", "'resolution-markers' has an element that is no text of one line"),
        (9, "b", "'one' is no version (PEP 440) to match with advisories"),
        (9, "b", "the version of a dependency is no text of one line"),
        (9, "uv.lock", "1 is no name of a package"),
        (10, "c", "a value of the kind list is no version (PEP 440) to match with advisories"),
        (10, "c", "an array of its dependencies is no array"),
        (10, "c", "'dev-dependencies' is no table"),
        (11, "d", "one of its hashes is no algorithm:hex"),
        (2, "uv.lock", "'requires-python' is no text of one line"),
    ]


def test_a_text_that_is_no_toml_is_said_with_its_line() -> None:
    (row,) = read("uv.lock", "version = 1\n[[package\n").unreadable
    assert (row.line, row.subject) == (2, "uv.lock")
    assert row.why.startswith("it is no TOML: ")


def test_a_number_that_python_does_not_read_and_a_nesting_too_deep_are_said() -> None:
    (row,) = read("uv.lock", f"version = {'9' * 5000}\n").unreadable
    assert (row.line, row.why[:15]) == (0, "it is no TOML: ")
    (row,) = read("uv.lock", f"version = {'[' * 50_000}{']' * 50_000}\n").unreadable
    assert row.why == "it is nested too deeply"


def test_a_version_of_more_digits_than_python_reads_is_said() -> None:
    found = read("uv.lock", f'version = 1\n[[package]]\nname = "a"\nversion = "{"1" * 5000}"\n')
    assert [row.subject for row in found.unreadable] == ["a"]
    assert len(found.unreadable[0].why) < 200
