"""What real compilers write today goes into locks that real compilers wrote, now and years ago."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import uv

from bot.formats import lock_file
from bot.formats.lock_merge import merged
from bot.model.locks import LockerName
from tests.rig.index import LocalIndex

LOCKS = Path(__file__).parents[2] / "formats" / "locks"
PIP, UV = LockerName.PIP_TOOLS, LockerName.UV_PIP
STYLES = ("split", "line")
SOURCE = "Web[fast]<2\ndb ; python_version > '3'\nsetuptools\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilers:
    """Both compilers in a folder of their own, against an index of our own."""

    folder: Path
    index: LocalIndex

    def pip(self, *options: str, output: str = "a.txt") -> str:
        argv = [sys.executable, "-m", "piptools", "compile", "--quiet", "--no-config", f"--output-file={output}"]
        return self._run(
            [*argv, f"--index-url={self.index.url}", f"--trusted-host={self.index.host}", *options], output
        )

    def uv(self, *options: str, output: str = "b.txt") -> str:
        argv = [uv.find_uv_bin(), "pip", "compile", "--quiet", f"--python={sys.executable}", f"--output-file={output}"]
        return self._run([*argv, f"--default-index={self.index.url}", *options], output)

    def _run(self, argv: list[str], output: str) -> str:
        env = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1",
               "UV_CACHE_DIR": str(self.folder / "uv")}  # fmt: skip
        subprocess.run([*argv, "a.in"], cwd=self.folder, check=True, timeout=120, env=env)
        return (self.folder / output).read_text()


@pytest.fixture
def compilers(tmp_path: Path, local_index: LocalIndex) -> Compilers:
    local_index.json_api = True
    for version in ("1.0", "1.1"):
        local_index.add("web", version, requires=["db", "core"], extras={"fast": ["turbo"]})
        local_index.add("core", version)
        local_index.add("turbo", version, requires=["core"])
    local_index.add("db", "1.0", requires=["core>=1"])
    local_index.add("setuptools", "80.0")
    (tmp_path / "a.in").write_text(SOURCE)
    return Compilers(folder=tmp_path, index=local_index)


def for_people(text: str) -> str:
    """Make a lock as it stands in a repository: without the options of the compiler's machine, with a person's hand."""
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    text = "\n".join(lines) + "\n"
    return text.replace("\n\ncore==", "\ncore==").replace("db==", "# keep an eye on this\ndb==")


@pytest.mark.parametrize("hashes", [(), ("--generate-hashes",)], ids=["plain", "hashed"])
@pytest.mark.parametrize("unsafe", [(), ("--allow-unsafe",)], ids=["safe", "unsafe"])
@pytest.mark.parametrize("style", STYLES)
def test_whatever_either_compiler_writes_a_lock_that_says_the_same_stays(
    compilers: Compilers, style: str, unsafe: tuple[str, ...], hashes: tuple[str, ...]
) -> None:
    own = f"--annotation-style={style}"
    old = for_people(compilers.pip(own, *hashes, *unsafe, "--upgrade"))
    pins, strange = lock_file.pins("a.txt", old)
    assert strange == ()
    assert len(pins) == 4 + bool(unsafe)
    for other in STYLES:
        done = merged(old, compilers.pip(f"--annotation-style={other}", *hashes, *unsafe), by=PIP)
        assert done.text == old
        assert done.leaked == (f"--index-url {compilers.index.url}", f"--trusted-host {compilers.index.host}")
        assert merged(old, compilers.uv(f"--annotation-style={other}", *hashes), by=UV).text == old


@pytest.mark.parametrize("hashes", [(), ("--generate-hashes",)], ids=["plain", "hashed"])
@pytest.mark.parametrize("style", STYLES)
def test_what_changed_is_written_as_the_locks_own_compiler_would(
    compilers: Compilers, style: str, hashes: tuple[str, ...]
) -> None:
    own = f"--annotation-style={style}"
    compilers.index.yank("web", "1.1")
    compilers.index.yank("turbo", "1.1")
    old = for_people(compilers.pip(own, *hashes))
    compilers.index.yank("web", "1.1", reason=False)
    compilers.index.add("web", "1.2", requires=["db", "core", "zebra"], extras={"fast": ["turbo"]})
    compilers.index.add("zebra", "1.0")
    expected = for_people(compilers.pip(own, *hashes, "--upgrade"))
    assert "web[fast]==1.2" in expected
    other = STYLES[style == STYLES[0]]
    by_pip = compilers.pip(f"--annotation-style={other}", *hashes, output="c.txt")
    header = expected[: expected.index("core==")]
    assert merged(old, by_pip, by=PIP).text == expected
    by_uv = merged(old, compilers.uv(f"--annotation-style={other}", *hashes), by=UV).text
    assert by_uv == expected
    assert by_uv.startswith(header)


def test_uvs_own_locks_stay_as_they_are_and_take_over_what_changed(compilers: Compilers) -> None:
    command = compilers.uv("--generate-hashes", "--emit-index-annotation")
    old = command.replace(compilers.index.url, "https://index.example/simple")
    done = merged(old, compilers.uv("--generate-hashes", "--annotation-style=line"), by=UV)
    assert done.text == old
    compilers.index.add("turbo", "1.5", requires=["core"])
    changed = merged(old, compilers.uv("--generate-hashes", "--emit-index-annotation", "--upgrade"), by=UV).text
    assert "turbo==1.5 \\" in changed
    assert "127.0.0.1" not in changed
    lost = set(old.splitlines()) - set(changed.splitlines())
    assert {line.partition("=")[0].strip() for line in lost} == {"turbo", "--hash"}


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_locks_of_old_compilers_are_read_and_stay_when_uv_says_the_same(path: Path) -> None:
    """The same pins as uv writes them today, made by rule from what was read."""
    old = path.read_bytes().decode()
    pins, strange = lock_file.pins(path.name, old)
    assert strange == ()
    assert [pin.name for pin in pins] == sorted(pin.name for pin in pins)
    assert all(pin.via for pin in pins)
    new = ""
    for pin in pins:
        extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
        marker = f" ; {pin.marker}" if pin.marker else ""
        hashes = "".join(f" \\\n    --hash={each}" for each in sorted(pin.hashes))
        via = "".join(f"    #   {name}\n" for name in sorted(pin.via))
        new += f"{pin.name}{extras}=={pin.version}{marker}{hashes}\n    # via\n{via}"
    assert merged(old, new, by=UV).text == old
