"""The corpus `dockerfiles/*.df`: against BuildKit's own parser (PyPI `dockerfile`), and against what a person reads there.

BuildKit's parser gives instructions, flags and words, before any substitution and without stages; so it is the
oracle for the reading of lines and for every mention without a variable, and EXPECTED holds the rest.
Where the oracle (BuildKit 0.12.5) says less than newer frontends or than we need, and what is done about it:
- flags behind ONBUILD stand in `original` only: it is asked again for that text alone;
- mounts are flags to it, so their fields are read here, with the csv module instead of our own reader.
"""

import csv
import re
from pathlib import Path

import dockerfile as buildkit
import pytest

from bot.formats import dockerfile
from bot.formats.dockerfile_lines import read
from bot.formats.dockerfile_words import flags

FOLDER = Path(__file__).parent / "dockerfiles"
CORPUS = sorted(FOLDER.glob("*.df"))
D = "sha256:" + "ab12" * 16
E = "sha256:" + "cd34" * 16

# File: line, reference after substitution, platform.
EXPECTED: dict[str, tuple[tuple[int, str, str | None], ...]] = {
    "argument-quotes": (
        (2, "python:3.12", None),
        (3, "alpine:3.20", None),
        (4, "busybox:1.36", None),
        (5, "debian:12", None),
        (6, "debian:13", None),
    ),
    "argument-scope": (
        (4, "python:3.13", None),
        (6, "python:3.13-slim", None),
    ),
    "argument-without-default": ((7, "alpine:3.20", None),),
    "arguments": (
        (4, "python:3.12-slim", None),
        (5, "python:3.12-slim", None),
        (6, "python:3.12", None),
        (7, "python:3.11", None),
        (8, "python:3.10", None),
        (9, "python:3.12-slim", None),
        (10, "alpine:3.20", None),
    ),
    "backslash-at-end": ((1, "python:3.12", None),),
    "bom-crlf-first-from": ((1, "python:3.12", None),),
    "bom": (
        (1, "docker/dockerfile:1.7", None),
        (2, "python:3.12", None),
    ),
    "check-directive": (
        (2, "docker/dockerfile:1-labs", None),
        (3, "python:3.12", None),
    ),
    "comment-with-backslash": (
        (1, "python:3.12", None),
        (3, "alpine:3.20", None),
    ),
    "continuation-in-a-word": (
        (1, "python:3.12", None),
        (3, "alpine:3.20", None),
    ),
    "continuations": (
        (1, "python:3.12", None),
        (8, "alpine:3.20", None),
    ),
    "crlf": (
        (1, "docker/dockerfile:1", None),
        (3, "python:3.12-slim", None),
        (8, f"alpine:3.20@{D}", None),
        (10, "busybox:1.36", None),
    ),
    "digest-by-argument": (
        (4, f"python:3.12@{D}", None),
        (5, f"alpine:3.20@{E}", None),
        (6, f"busybox:1.36@{E}", None),
        (7, f"debian:12@{D}", None),
    ),
    "double-backslash": (
        (1, "python:3.12", None),
        (3, "alpine:3.20", None),
    ),
    "escape-after-comment": (
        (3, "python:3.12", None),
        (5, "alpine:3.20", None),
    ),
    "escape-backtick": (
        (2, "docker/dockerfile:1", None),
        (3, "mcr.microsoft.com/windows/servercore:ltsc2022", None),
        (6, "python:3.12", None),
    ),
    "heredoc-after-open-quote": (
        (1, "python:3.12", None),
        (3, "alpine:3.20", None),
        (7, "alpine:3.19", None),
    ),
    "heredoc-look-alikes": (
        (1, "python:3.12", None),
        (3, "alpine:3.20", None),
        (5, "alpine:3.19", None),
        (10, "alpine:3.17", None),
        (12, "alpine:3.16", None),
        (14, "alpine:3.15", None),
        (16, "alpine:3.14", None),
        (18, "alpine:3.13", None),
    ),
    "heredoc-odd-names": (
        (1, "python:3.12", None),
        (13, "alpine:3.20", None),
    ),
    "heredoc-with-mount": (
        (1, "python:3.12", None),
        (2, "alpine:3.20", None),
        (8, "alpine:3.19", None),
    ),
    "heredocs": (
        (1, "python:3.12", None),
        (18, "alpine:3.20", None),
    ),
    "lower-case-and-tabs": (
        (1, "python:3.12", None),
        (4, "alpine:3.20", None),
    ),
    "malformed": ((14, "alpine:3.20", None),),
    "mounts": (
        (1, "python:3.12", None),
        (2, "alpine:3.20", None),
        (2, "busybox:1.36", None),
        (4, "debian:12", None),
        (5, "debian:13", None),
        (7, "redis:7", None),
    ),
    "no-final-newline": (
        (1, "python:3.12-slim", None),
        (3, "alpine:3.20", None),
    ),
    "not-images": ((1, "python:3.12", None),),
    "onbuild": (
        (1, "python:3.12", None),
        (2, "alpine:3.20", None),
        (3, "busybox:1.36", None),
        (9, "debian:12", None),
    ),
    "plain": ((1, "python:3.12-slim", None),),
    "platforms": (
        (2, "python:3.12", "linux/amd64"),
        (3, "python:3.12", None),
        (4, "python:3.12", None),
        (5, "python:3.12", "linux/arm/v7"),
        (6, "python:3.12", "linux/arm64"),
        (7, "python:3.12", None),
    ),
    "registries": (
        (1, "localhost/a/b", None),
        (2, "localhost:5000/a", None),
        (3, "ghcr.io/acme/web:1", None),
        (4, "registry-1.docker.io/library/python:3", None),
        (5, "index.docker.io/python", None),
        (6, "quay.io:443/org/a.b_c__d---e:v1.0_x", None),
        (7, "acme/web", None),
        (8, "[::1]:5000/a", None),
    ),
    "shared-arguments": (
        (2, "python:3.12", None),
        (3, "python:3.12-slim", None),
        (4, "python:3.12", None),
    ),
    "stage-by-argument": (
        (3, "python:3.12", None),
        (4, "python:3.13", None),
        (9, "other-dev", None),
    ),
    "stages": (
        (1, "python:3.12", None),
        (8, "alpine:3.20", None),
        (9, "ghcr.io/astral-sh/uv:0.5.1", None),
        (10, "later", None),
        (11, "debian:12", None),
    ),
    "syntax-after-instruction": ((1, "python:3.12", None),),
    "syntax-after-shebang": (
        (2, "docker/dockerfile:1", None),
        (3, "python:3.12", None),
    ),
    "syntax-with-command-line": (
        (1, f"docker/dockerfile:1@{D}", None),
        (2, "python:3.12", None),
    ),
}


def text_of(path: Path) -> str:
    return path.read_bytes().decode()


def test_the_corpus_keeps_its_line_ends_and_its_byte_order_marks() -> None:
    assert len(CORPUS) >= 25
    assert {path.stem for path in CORPUS} == set(EXPECTED)
    assert "\r\n" in text_of(FOLDER / "crlf.df")
    assert text_of(FOLDER / "bom.df").startswith("\ufeff")


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_instructions_are_those_of_buildkit(path: Path) -> None:
    theirs = [(row.start_line, row.cmd.upper(), row.flags) for row in buildkit.parse_string(text_of(path))]
    ours = [(row.line, row.keyword, flags(row.body)[0]) for row in read(text_of(path)).instructions]
    assert [(line, keyword, tuple(flag.text for flag in found)) for line, keyword, found in ours] == theirs


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_image_that_buildkit_mentions_is_found_or_reported(path: Path) -> None:
    theirs = mentions(buildkit.parse_string(text_of(path)))
    uses, unreadable = dockerfile.image_uses(path.name, text_of(path))
    syntax = read(text_of(path)).syntax
    found = {(use.line, use.reference) for use in uses if not syntax or use.line != syntax[0]}
    refused = {row.line for row in unreadable}
    literal = {(line, word) for line, word in theirs if "$" not in word}
    assert {(line, word) for line, word in literal if line not in refused} <= found
    assert {line for line, _ in found} | refused <= {line for line, _ in theirs}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_images_are_those_that_a_person_reads(path: Path) -> None:
    uses, _ = dockerfile.image_uses(path.name, text_of(path))
    assert tuple((use.line, use.reference, use.platform) for use in uses) == EXPECTED[path.stem]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_buildkit_reads_the_new_digests_and_nothing_else_has_changed(path: Path) -> None:
    old = text_of(path)
    uses, unreadable = dockerfile.image_uses(path.name, old)
    new = dockerfile.repin(old, [(use, E) for use in uses])
    assert [use.reference for use in dockerfile.image_uses(path.name, new)[0]] == [
        f"{use.reference.partition('@')[0]}@{E}" for use in uses
    ]
    assert dockerfile.image_uses(path.name, new)[1] == unreadable
    assert re.sub(f"@?{E}|{E[7:]}|@?{D}", "", new) == re.sub(f"@?{E}|{E[7:]}|@?{D}", "", old)
    assert skeleton(new) == skeleton(old)


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN <<EOF\nFROM b\n",
        "FROM a\nRUN <<ONE <<TWO\nONE\nFROM b\n",
        "FROM a\nONBUILD RUN <<EOF\nFROM b\n",
        'FROM a\nRUN echo ${X:-"a <<B"}\nFROM b\n',
    ],
)
def test_a_file_that_buildkit_refuses_for_its_here_document_is_never_silently_clean(text: str) -> None:
    with pytest.raises(buildkit.GoParseError):
        buildkit.parse_string(text)
    uses, unreadable = dockerfile.image_uses("Dockerfile", text)
    assert [use.reference for use in uses] == ["a"]
    assert [row.line for row in unreadable] == [2]


def skeleton(text: str) -> list[tuple[int, str]]:
    return [(row.start_line, row.cmd) for row in buildkit.parse_string(text)]


def mentions(rows: tuple[buildkit.Command, ...]) -> set[tuple[int, str]]:
    """Give what the oracle's rows mention as images: (line, word), without stages, their numbers and scratch."""
    found: set[tuple[int, str]] = set()
    stages: set[str] = set()
    everywhere = {row.value[2].lower() for row in rows if row.cmd.upper() == "FROM" and len(row.value) == 3}
    for row in rows:
        keyword, row_flags = row.cmd.upper(), row.flags
        if keyword == "ONBUILD":
            trigger = re.sub(r"(?i)\A\s*ONBUILD\s+", "", row.original).replace("<<", "")
            inner = buildkit.parse_string(trigger)[0]
            keyword, row_flags = inner.cmd.upper(), inner.flags
        if keyword == "FROM":
            word = row.value[0].strip("\"'") if row.value else ""
            found |= {(row.start_line, word)} if word.lower() not in {*stages, "scratch"} else set()
            stages |= {row.value[2].lower()} if len(row.value) == 3 else set()
        sources = [source for source in sources_of(keyword, row_flags) if not source.isdecimal()]
        found |= {(row.start_line, source) for source in sources if source.lower() not in {*everywhere, "scratch"}}
    return found


def sources_of(keyword: str, row_flags: tuple[str, ...]) -> list[str]:
    if keyword == "COPY":
        return [flag.removeprefix("--from=") for flag in row_flags if flag.startswith("--from=")]
    mounts = [flag.removeprefix("--mount=") for flag in row_flags if flag.startswith("--mount=")]
    fields = [cell.partition("=") for cells in csv.reader(mounts) for cell in cells]
    return [value for key, _, value in fields if key.lower() == "from" and keyword == "RUN"]
